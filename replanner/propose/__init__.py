"""Decides what becomes of proposals: groups, branches, hidden state, every lifecycle rule. Pure."""

from replanner.propose.content import Content, State, compose, read_state
from replanner.propose.groups import GroupBy, branch_name, grouped, model_group
from replanner.propose.lifecycle import (
    Close,
    DeleteBranch,
    Edit,
    Leave,
    Open,
    Push,
    Reason,
    Step,
    steps,
)
from replanner.propose.shapes import Blob, Branch, Files, Proposal, Seen, Shown, Wanted

__all__ = [
    "Blob",
    "Branch",
    "Close",
    "Content",
    "DeleteBranch",
    "Edit",
    "Files",
    "GroupBy",
    "Leave",
    "Open",
    "Proposal",
    "Push",
    "Reason",
    "Seen",
    "Shown",
    "State",
    "Step",
    "Wanted",
    "branch_name",
    "compose",
    "grouped",
    "model_group",
    "read_state",
    "steps",
]
