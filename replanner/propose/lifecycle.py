"""Decides what to do about each proposal, from what is wanted and what the forge shows.

Every rule is here and none in an adapter. A crash between two steps is one more thing to be seen
on the next run: our own commits name what they propose.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from replanner.propose.content import compose, read_state
from replanner.propose.shapes import HOLD_LABEL, Branch, Proposal, Seen, Shown, Wanted

Reason = Literal["held", "modified", "closed-by-person", "foreign-branch", "checked-out", "unknown"]

_WORDS: dict[Reason, str] = {
    "held": "it carries the label replanner:hold",
    "modified": "somebody else committed to its branch",
    "closed-by-person": "somebody closed it, and what it proposes has not changed since",
    "foreign-branch": "its branch holds commits that are not replanner's",
    "checked-out": "its branch is checked out in a working tree",
    "unknown": "something it rests on could not be read",
}
_GONE = "nothing is left to propose"


@dataclass(frozen=True, slots=True)
class Push:
    """Put the files on the base as one commit; the branch must still be at `expected`."""

    proposal: Proposal
    expected: str | None


@dataclass(frozen=True, slots=True)
class Open:
    """Open a pull request; `head` is None where the branch was just pushed."""

    proposal: Proposal
    head: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Bring a pull request up to date; `modified` says that its branch is no longer ours."""

    proposal: Proposal
    shown: Shown
    head: str | None = None
    modified: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    shown: Shown
    reason: str


@dataclass(frozen=True, slots=True)
class DeleteBranch:
    branch: str
    expected: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Do nothing, and say why."""

    branch: str
    reason: Reason

    @property
    def sentence(self) -> str:
        return f"{self.branch} is left alone: {_WORDS[self.reason]}."


Step = Push | Open | Edit | Close | DeleteBranch | Leave


def steps(wanted: Wanted, seen: Seen) -> list[Step]:
    """What is to be done, in order; running it and asking again gives no step that writes."""
    found: list[Step] = []
    for proposal in wanted.proposals:
        if proposal.group not in wanted.frozen:
            found += _propose(proposal, seen)
    branches = {proposal.branch for proposal in wanted.proposals}
    for shown in seen.proposals:
        if shown.state == "open" and shown.branch not in branches:
            found += _retire(shown, wanted, seen)
    found += _tidy(branches, wanted, seen)
    return found


def _propose(proposal: Proposal, seen: Seen) -> Iterator[Step]:
    branch = seen.branches.get(proposal.branch)
    of_branch = [shown for shown in seen.proposals if shown.branch == proposal.branch]
    opened = next((shown for shown in of_branch if shown.state == "open"), None)
    if opened:
        yield from _update(proposal, opened, branch)
    elif any(_was_refused(shown, proposal) for shown in of_branch):
        yield Leave(proposal.branch, "closed-by-person")
    else:
        yield from _open(proposal, branch)


def _was_refused(shown: Shown, proposal: Proposal) -> bool:
    state = read_state(shown.body)
    if shown.state != "closed" or state is None or state.closed:
        return False
    return state.digest == proposal.digest


def _open(proposal: Proposal, branch: Branch | None) -> Iterator[Step]:
    if branch is None:
        yield from (Push(proposal, None), Open(proposal))
    elif not branch.ours and not branch.merged:
        yield Leave(proposal.branch, "foreign-branch")
    elif not branch.merged and _is_current(proposal, branch):
        yield Open(proposal, branch.head)  # a run ended between pushing and opening
    elif branch.in_use:
        yield Leave(proposal.branch, "checked-out")
    else:
        yield from (Push(proposal, branch.head), Open(proposal))


def _update(proposal: Proposal, shown: Shown, branch: Branch | None) -> Iterator[Step]:
    if HOLD_LABEL in shown.labels:
        yield Leave(proposal.branch, "held")
    elif branch is None:
        yield from (Push(proposal, None), Edit(proposal, shown))
    elif not _is_ours(shown, branch):
        yield Leave(proposal.branch, "modified")
        yield from _edit(Edit(proposal, shown, branch.head, modified=True))
    elif _is_current(proposal, branch):
        yield from _edit(Edit(proposal, shown, branch.head))
    elif branch.in_use:
        yield Leave(proposal.branch, "checked-out")
    else:
        yield from (Push(proposal, branch.head), Edit(proposal, shown))


def _edit(edit: Edit) -> Iterator[Step]:
    """The edit, unless the pull request already says so; never in a body that we cannot read."""
    shown = edit.shown
    if read_state(shown.body) is None:
        return
    now = compose(edit.proposal, edit.head or "", shown=shown, modified=edit.modified)
    before = (shown.title, shown.body, tuple(sorted(shown.labels)), shown.draft)
    if before != (now.title, now.body, now.labels, now.draft):
        yield edit


def _is_ours(shown: Shown, branch: Branch) -> bool:
    """At the commit we recorded, or at one of ours that a broken run did not get to record."""
    state = read_state(shown.body)
    return state is not None and (branch.ours or branch.head == state.head)


def _is_current(proposal: Proposal, branch: Branch) -> bool:
    return branch.digest == proposal.digest and not branch.conflicted


def _retire(shown: Shown, wanted: Wanted, seen: Seen) -> Iterator[Step]:
    """Close what nothing is left of; only ever on certain knowledge, never over others' work."""
    state, branch = read_state(shown.body), seen.branches.get(shown.branch)
    if HOLD_LABEL in shown.labels:
        yield Leave(shown.branch, "held")
    elif state is None or (branch and not _is_ours(shown, branch)):
        yield Leave(shown.branch, "modified")
    elif not wanted.certain or state.group in wanted.frozen | wanted.kept:
        yield Leave(shown.branch, "unknown")
    else:
        yield Close(shown, _GONE)
        if branch and not branch.in_use:
            yield DeleteBranch(shown.branch, branch.head)


def _tidy(wanted_branches: set[str], wanted: Wanted, seen: Seen) -> Iterator[Step]:
    """Branches of ours that no pull request needs any more."""
    needed = wanted_branches | {one.branch for one in seen.proposals if one.state == "open"}
    held = {branch_group(one) for one in wanted.frozen | wanted.kept}
    for name, branch in sorted(seen.branches.items()):
        spare = branch.ours and not branch.in_use and name not in needed
        known = wanted.certain and branch_group(name) not in held
        if spare and (branch.merged or known):
            yield DeleteBranch(name, branch.head)


def branch_group(branch: str) -> str:
    """The last part of a branch's name."""
    return branch.rpartition("/")[2]
