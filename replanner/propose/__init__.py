"""Decides what becomes of proposals: groups, branches, hidden state, every lifecycle rule. Pure."""

from replanner.propose.content import Content, compose
from replanner.propose.groups import GroupBy, branch_name, grouped, model_group
from replanner.propose.lifecycle import steps
from replanner.propose.shapes import Blob, Branch, Files, Proposal, Rules, Seen, Shown, Wanted
from replanner.propose.state import State, read_state
from replanner.propose.steps import (
    Close,
    DeleteBranch,
    Edit,
    Leave,
    Merge,
    Open,
    Push,
    Reason,
    Remark,
    Say,
    Step,
)

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
    "Merge",
    "Open",
    "Proposal",
    "Push",
    "Reason",
    "Remark",
    "Rules",
    "Say",
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
