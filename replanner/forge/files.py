"""Decides, for every forge alike, which files are read, which a proposal may replace, and which
branches are ours to look at."""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from replanner.errors import InputError
from replanner.planning.stored import is_inside
from replanner.propose import Blob

LARGEST_FILE = 16 * 1024**2
# git's modes of plain files; the rest are links, submodules and folders.
_PLAIN_MODES = ("100644", "100755")


class Entry(NamedTuple):
    """A plain file of a commit: git's mode, the blob's id, its size in bytes."""

    mode: str
    id: str
    size: int


class Listing(Protocol):
    """A commit's plain files, and apart from them its links and submodules."""

    @property
    def entries(self) -> Collection[str]: ...

    @property
    def others(self) -> Collection[str]: ...


def is_plain(mode: str, path: str) -> bool:
    """Is it a file that may be read, under a path that can be shown?"""
    return mode in _PLAIN_MODES and path.isprintable()


def entry_at(path: str, entries: Mapping[str, Entry], *, commit: str) -> Entry:
    """The file to read; InputError where it is missing or too large."""
    entry = entries.get(path)
    if entry is None:
        raise InputError(f"{path}: no such file in commit {commit[:7]}.")
    if entry.size > LARGEST_FILE:
        raise InputError(f"{path}: larger than {LARGEST_FILE} bytes.")
    return entry


def check_path(tree: Listing, path: str, blob: Blob | None) -> None:
    """A proposal replaces plain files; a link, submodule or folder in its way is somebody's."""
    if not is_inside(path):
        raise InputError(f"{path[:100]!r} is no path inside the repository.")
    in_way = blocks(tree, path) if blob else None
    if in_way:
        raise InputError(f"{path}: cannot be written, {in_way!r} is in its way.")


def blocks(tree: Listing, path: str) -> str | None:
    """What of the tree a file at `path` would replace: a link, a folder, a file as folder."""
    parents = [path[:at] for at, char in enumerate(path) if char == "/"]
    in_way = [one for one in (*parents, path) if one in tree.others]
    in_way += [one for one in parents if one in tree.entries]
    in_way += [path] if any(one.startswith(path + "/") for one in tree.entries) else []
    return in_way[0] if in_way else None


def is_directly_below(branch: str, prefix: str) -> bool:
    """A group's name holds no `/`: what lies deeper belongs to another scope."""
    return branch.startswith(prefix) and "/" not in branch.removeprefix(prefix)
