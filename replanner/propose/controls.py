"""Decides what people ask of a proposal, by ticking a box in its text or by a label: to be written
afresh, or to be left alone."""

import re

from replanner.propose.shapes import HOLD_LABEL, REPLAN_LABEL, Shown

_REPLAN, _HOLD = "<!-- replanner:replan -->", "<!-- replanner:hold -->"
_TICKED = re.compile(r"(?m)^[ \t]*[-*] \[[xX]\] (<!-- replanner:(?:replan|hold) -->)")


def asks_replan(shown: Shown, inside: str) -> bool:
    """Did somebody ask for this proposal to be written afresh? `inside` is our part of its body."""
    return REPLAN_LABEL in shown.labels or _REPLAN in _TICKED.findall(inside)


def is_held(shown: Shown, inside: str) -> bool:
    """Is it to be left alone? Asking for it afresh right there lifts that once."""
    held = HOLD_LABEL in shown.labels or _HOLD in _TICKED.findall(inside)
    return held and not asks_replan(shown, inside)
