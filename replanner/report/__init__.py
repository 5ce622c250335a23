"""Decides how plans and changes are told to people: on a terminal and in Markdown. Pure.

Telling a plan on a terminal is all that most runs need, so the rest is imported when it is first
used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from replanner.report.terminal import Style, change_report, plan_report

if TYPE_CHECKING:
    from replanner.report.body import NotPlanned, ProposalReport
    from replanner.report.body import body as proposal_body
    from replanner.report.titles import commit_text, title

__all__ = [
    "NotPlanned",
    "ProposalReport",
    "Style",
    "change_report",
    "commit_text",
    "plan_report",
    "proposal_body",
    "title",
]

_LATER = {
    "NotPlanned": ("body", "NotPlanned"),
    "ProposalReport": ("body", "ProposalReport"),
    "commit_text": ("titles", "commit_text"),
    "proposal_body": ("body", "body"),
    "title": ("titles", "title"),
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LATER[name]
    return getattr(import_module(f"{__name__}.{module}"), attribute)
