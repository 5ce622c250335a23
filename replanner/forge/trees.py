"""Files of one commit, and files on disk: both as the use-case's Tree."""

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from replanner.errors import InputError
from replanner.forge.files import LARGEST_FILE, Entry, entry_at, is_plain
from replanner.forge.git import Git, GitError

_AHEAD_FILE = 1024**2
_AHEAD_TOTAL = 64 * 1024**2
# Never profiles or plans, often a hundred thousand files.
_PRUNED = frozenset({".git", ".venv", "node_modules", "__pycache__"})


@dataclass(eq=False)
class LocalTree:
    """A commit's files. `others` are its links and submodules, which are never read."""

    git: Git
    commit: str
    entries: dict[str, Entry] = field(default_factory=dict, init=False, repr=False)
    others: set[str] = field(default_factory=set, init=False, repr=False)
    _kept: dict[str, bytes] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        listing = self.git.run("ls-tree", "-r", "-z", "-l", "--full-tree", self.commit, "--")
        for line in filter(None, listing.decode("utf-8", "surrogateescape").split("\0")):
            fields, path = line.split("\t", 1)
            mode, _, name, size = fields.split()
            if is_plain(mode, path):
                self.entries[path] = Entry(mode, name, int(size))
            else:
                self.others.add(path)

    def paths(self) -> Collection[str]:
        return self.entries.keys()

    def read(self, path: str) -> bytes:
        entry = entry_at(path, self.entries, commit=self.commit)
        if entry.id not in self._kept:
            self._fetch(path, entry)
        return self._kept[entry.id]

    def expect(self, paths: Iterable[str]) -> None:
        """Nothing to do: reading one file reads its neighbours."""

    def _fetch(self, path: str, entry: Entry) -> None:
        """Read a file, and with it its neighbours: one process for hundreds of files."""
        wanted = list(dict.fromkeys([entry.id, *self._neighbours(path)]))
        answer = self.git.run(
            "cat-file", "--batch", stdin="".join(f"{one}\n" for one in wanted).encode()
        )
        at = 0
        for name in wanted:
            end = answer.index(b"\n", at)
            size = int(answer[at:end].split()[2])
            self._kept[name] = answer[end + 1 : end + 1 + size]
            at = end + size + 2

    def _neighbours(self, path: str) -> Iterator[str]:
        top, room = path.partition("/")[0], _AHEAD_TOTAL
        for other, entry in self.entries.items():
            near = other.partition("/")[0] == top and entry.size <= _AHEAD_FILE
            if near and entry.id not in self._kept and room >= entry.size:
                room -= entry.size
                yield entry.id


def tree_at(git: Git, revision: str) -> LocalTree:
    """The files of a branch, tag or commit; InputError where there is none."""
    commit = git.resolve(revision)
    if commit is None:
        raise InputError(f"{str(git.root)!r} has no revision {revision[:80]!r}.")
    try:
        return LocalTree(git, commit)
    except GitError as error:
        raise InputError(f"commit {commit[:7]} cannot be read: {error.stderr[:200]}") from None


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """Files on disk, links left out as in a commit: both trees must show the same profiles."""

    root: Path

    def paths(self) -> Collection[str]:
        return list(self._walk())

    def read(self, path: str) -> bytes:
        file = self.root / path
        if not self._is_inside(file):
            raise InputError(f"{path}: leads out of {str(self.root)!r}.")
        try:
            with file.open("rb") as opened:
                data = opened.read(LARGEST_FILE + 1)
        except (OSError, ValueError):
            raise InputError(f"{path}: cannot be read.") from None
        if len(data) > LARGEST_FILE:
            raise InputError(f"{path}: larger than {LARGEST_FILE} bytes.")
        return data

    def expect(self, paths: Iterable[str]) -> None:
        """Nothing to do: the files are here."""

    def _walk(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in _PRUNED)
            for name in sorted(files):
                file = Path(folder, name)
                path = file.relative_to(self.root).as_posix()
                if path.isprintable() and not file.is_symlink() and file.is_file():
                    yield path

    def _is_inside(self, file: Path) -> bool:
        try:
            return file.resolve().is_relative_to(self.root.resolve())
        except (OSError, ValueError, RuntimeError):  # RuntimeError: a link to itself, up to 3.12
            return False
