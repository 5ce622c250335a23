"""Decides what people ask of a proposal, by ticking a box in its text or by a label: to be written
afresh, or to be left alone."""

import re
from typing import Literal, get_args

from replanner.propose.shapes import HOLD_LABEL, REPLAN_LABEL, Shown

Box = Literal["replan", "hold"]
BOXES: tuple[Box, ...] = get_args(Box)
_BOX = re.compile(r"(?m)^[ \t]*[-*] \[([ xX])\] <!-- replanner:(replan|hold) -->")


def boxes(text: str) -> dict[str, bool]:
    """The boxes that a text has, and whether each is ticked; of several, one ticked counts."""
    found: dict[str, bool] = {}
    for mark, name in _BOX.findall(text):
        found[name] = found.get(name, False) or mark != " "
    return found


def asks_replan(shown: Shown, inside: str) -> bool:
    """Did somebody ask for this proposal to be written afresh? `inside` is our part of its body."""
    return REPLAN_LABEL in shown.labels or boxes(inside).get("replan", False)


def is_held(shown: Shown, inside: str) -> bool:
    """Is it to be left alone? Asking for it afresh right there lifts that once."""
    held = HOLD_LABEL in shown.labels or boxes(inside).get("hold", False)
    return held and not asks_replan(shown, inside)
