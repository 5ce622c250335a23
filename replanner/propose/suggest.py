"""Decides which small edits are offered as review suggestions: few, each only once, and only
where the diff shows the line."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, Protocol

from replanner.propose.shapes import Note

MOST_NOTES: Final = 10
_LONGEST_TEXT: Final = 1000
_MOST_LINES: Final = 5
_MARKER: Final = re.compile(r"\A<!-- replanner:suggestion ([0-9a-f]{16}) -->")


class Edit(Protocol):
    """A change of one line of a profile: `line` becomes `text`, which may be several."""

    @property
    def path(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def setting(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def effect(self) -> str: ...


class Advised(Protocol):
    """A profile, the edits that would help it, and whether its trouble is older than the change."""

    @property
    def edits(self) -> Sequence[Edit]: ...
    @property
    def inherited(self) -> bool: ...


def suggestions(
    profiles: Iterable[Advised],
    *,
    shown: Collection[tuple[str, int]],
    escape: Callable[[str], str],
) -> tuple[Note, ...]:
    """At most one a profile and ten in all, in the order given; `shown` are the places that the
    diff shows, `escape` makes inline Markdown of foreign text."""
    firsts = (_first(one.edits, shown) for one in profiles if not one.inherited)
    found = [edit for edit in firsts if edit]
    return tuple(_note(edit, escape) for edit in found[:MOST_NOTES])


def unsaid(wanted: Iterable[Note], existing: Iterable[Note]) -> tuple[Note, ...]:
    """Those that were not made before."""
    known = {_mark(note.body) for note in existing}
    return tuple(note for note in wanted if _mark(note.body) not in known)


def _first(edits: Iterable[Edit], shown: Collection[tuple[str, int]]) -> Edit | None:
    fits = (edit for edit in edits if (edit.path, edit.line) in shown and _is_plain(edit.text))
    return next(fits, None)


def _is_plain(text: str) -> bool:
    """A line to put in its place, or that line and the key below it."""
    lines = text.split("\n")
    written = all(line.isprintable() and line.strip() for line in lines)
    return written and len(lines) <= _MOST_LINES and len(text) <= _LONGEST_TEXT


def _note(edit: Edit, escape: Callable[[str], str]) -> Note:
    identity = f"{edit.path}\0{edit.setting}\0{edit.value}"
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    fence = "`" * max(3, 1 + _longest_run(edit.text))
    effect = f": {escape(edit.effect)}" if edit.effect else ""
    body = (
        f"<!-- replanner:suggestion {digest} -->\n"
        f"Try <code>{escape(f'{edit.setting}: {edit.value}')}</code>{effect}.\n\n"
        f"{fence}suggestion\n{edit.text}\n{fence}"
    )
    return Note(edit.path, edit.line, body)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _mark(body: str) -> str | None:
    found = _MARKER.match(body)
    return found[1] if found else None
