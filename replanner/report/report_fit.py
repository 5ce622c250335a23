"""Decides what a report leaves out where all of it would be more than is read again: the lines of
the diff, the plans of the profiles least in need, then those profiles themselves."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

Row = Mapping[str, Any]
MOST_BYTES: Final = 5 * 1024 * 1024
MOST_PROFILES: Final = 5_000
_ROOM_FOR_NOTE: Final = 500
_NO_PLANS: Final = {"before": None, "after": None, "without_plans": True}


def text_of(told: Row) -> str:
    """JSON with sorted keys, as a file."""
    return json.dumps(told, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def fitted(told: Row, *, most_bytes: int = MOST_BYTES) -> Row:
    """The report in so many bytes. Its profiles stand in order, the worst first."""
    rows: Sequence[Row] = told["profiles"]
    if len(rows) <= MOST_PROFILES and _size(told) <= most_bytes:
        return told
    bare = {**told, "changed_lines": {}, "profiles": []}
    kept = _slimmed(rows[:MOST_PROFILES], most_bytes - _size(bare) - _ROOM_FOR_NOTE)
    return {**bare, "notes": [_note(rows, kept), *told["notes"]], "profiles": kept}


def _size(told: Row) -> int:
    """Bytes of that, with what stands between it and the next."""
    return len(text_of(told).encode("utf-8", "surrogatepass")) + 1


def _slimmed(rows: Sequence[Row], room: int) -> list[Row]:
    """Without the plans of as many as need be, from the last on; then without the last."""
    kept, sizes = list(rows), [_size(row) for row in rows]
    over = sum(sizes) - room
    for at in reversed(range(len(kept))):
        if over <= 0:
            return kept
        if kept[at]["before"] or kept[at]["after"]:
            kept[at] = {**kept[at], **_NO_PLANS}
            bare = _size(kept[at])
            over, sizes[at] = over - sizes[at] + bare, bare
    while over > 0 and kept:
        kept.pop()
        over -= sizes.pop()
    return kept


def _note(rows: Sequence[Row], kept: Sequence[Row]) -> str:
    bare, gone = sum(row["without_plans"] for row in kept), len(rows) - len(kept)
    more = f", and {gone} profiles altogether" if gone else ""
    return f"The report would be too large: it leaves out the plans of {bare} profiles{more}."
