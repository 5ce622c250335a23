"""Decides how plans and changes are told to people: on a terminal and in Markdown. Pure."""

from replanner.report.body import Outcome, ProposalReport
from replanner.report.body import body as proposal_body
from replanner.report.terminal import Style, change_report, plan_report
from replanner.report.titles import commit_text, title

__all__ = [
    "Outcome",
    "ProposalReport",
    "Style",
    "change_report",
    "commit_text",
    "plan_report",
    "proposal_body",
    "title",
]
