"""Decides how good each profile's news is: the mark before its name, and what comes first."""

from typing import Literal

from replanner.planning.diff import Change
from replanner.report.review import Reviewed

Mark = Literal["bad", "look", "new", "removed", "good"]
# From the first to the last in every list.
EMOJI: dict[Mark, str] = {"bad": "❌", "look": "⚠️", "new": "🆕", "removed": "🗑️", "good": "✅"}
ORDER: tuple[Mark, ...] = tuple(EMOJI)
_BAD_LEVELS = frozenset({"infeasible", "policy"})


def mark_of_change(one: Change) -> Mark:
    """Judged by the plans alone."""
    if one.kind == "removed":
        return "removed"
    if one.after == "refused" or one.breaks:
        return "bad"
    if one.after == "starts" or one.direction == "worse":
        return "look"
    return "new" if one.kind == "new" else "good"


def mark(one: Reviewed) -> Mark:
    """Judged by the review's level; what was so before is only to be looked at."""
    if one.kind == "removed":
        return "removed"
    if one.kind == "unknown":
        return "look"
    if one.kind == "failed" or one.level in _BAD_LEVELS:
        return "look" if one.inherited else "bad"
    if one.level == "warning":
        return "look"
    return "new" if one.kind == "new" else "good"


def is_old_trouble(one: Reviewed) -> bool:
    """Is something wrong with it that was wrong on the base too?"""
    return one.inherited and (one.level in _BAD_LEVELS or one.kind == "failed")
