"""Decides which paths a glob finds, and what the profile found there is called."""

from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from posixpath import splitext
from typing import Final

from replanner.errors import InputError

DEFAULT_GLOBS: Final = ("profiles/**/*.yaml", "profiles/**/*.yml")
_WILD: Final = frozenset("*?[")


def find_profiles(paths: Iterable[str], globs: Iterable[str]) -> list[tuple[str, str]]:
    """(name, path) of every profile among the paths, in the order of the names.

    The name is the path below the fixed part of the first glob that finds it, without the ending.
    """
    patterns = [glob.split("/") for glob in globs]
    found: dict[str, str] = {}
    for path in sorted(set(paths)):
        name = _name(path, patterns)
        if name is None:
            continue
        if name in found:
            raise InputError(
                f"two profiles are called {name!r}: {found[name]} and {path}",
                hint="Rename one of the files.",
            )
        found[name] = path
    return sorted(found.items())


def narrowed(
    named: Collection[tuple[str, str]], paths: Iterable[str], globs: Collection[str]
) -> list[tuple[str, str]]:
    """What some globs leave of the named profiles, and what they find beside them.

    `!` excludes. A profile keeps the name that it has when nothing is narrowed, since its files
    lie where the name says; globs that only exclude take away from the named ones.
    """
    wanted = [glob for glob in globs if not glob.startswith("!")]
    unwanted = [glob[1:] for glob in globs if glob.startswith("!")]
    known = {path: name for name, path in named}
    found = find_profiles(paths, wanted) if wanted else list(named)
    kept = [(known.get(path, name), path) for name, path in found]
    return sorted(one for one in kept if not any(matches(one[1], glob) for glob in unwanted))


def matches(path: str, glob: str) -> bool:
    """Whether the glob finds the path: `*` within a segment, `**` any number of folders.

    As in a shell, a leading dot is found only by a pattern that spells it.
    """
    return _match(path.split("/"), glob.split("/"))


def _name(path: str, patterns: Sequence[Sequence[str]]) -> str | None:
    parts = path.split("/")
    glob = next((glob for glob in patterns if _match(parts, glob)), None)
    if glob is None:
        return None
    return splitext("/".join(parts[_fixed(glob) :]))[0]


def _fixed(glob: Sequence[str]) -> int:
    """How many leading segments hold no wildcard; the last segment is never fixed."""
    folders = glob[:-1]
    return next((i for i, part in enumerate(folders) if _WILD & set(part)), len(folders))


def _match(parts: Sequence[str], glob: Sequence[str]) -> bool:
    # All states of the pattern at once: linear in the path however many `**` there are.
    states = _skip({0}, glob)
    for part in parts:
        states = _skip({after for at in states for after in _step(part, at, glob)}, glob)
    return len(glob) in states


def _step(part: str, at: int, glob: Sequence[str]) -> Iterable[int]:
    if at == len(glob):
        return ()
    if glob[at] == "**":
        # A last `**` needs something to match, so that `prod/**` means what is below prod.
        return () if part.startswith(".") else (at, len(glob)) if at + 1 == len(glob) else (at,)
    hidden = part.startswith(".") and not glob[at].startswith(".")
    return () if hidden or not fnmatchcase(part, glob[at]) else (at + 1,)


def _skip(states: set[int], glob: Sequence[str]) -> set[int]:
    """A `**` before more pattern may also stand for no folder at all."""
    reached = set(states)
    for at in sorted(states):
        after = at
        while after + 1 < len(glob) and glob[after] == "**":
            after += 1
            reached.add(after)
    return reached
