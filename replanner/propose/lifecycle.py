"""Decides what to do about each proposal, from what is wanted and what the forge shows.

Every rule is here and none in an adapter. A crash between two steps is one more thing to be seen
on the next run: our own commits name what they propose.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from replanner.propose.content import compose
from replanner.propose.controls import asks_replan, is_held
from replanner.propose.limits import within
from replanner.propose.shapes import HOLD_LABEL, Branch, Proposal, Seen, Shown, Wanted
from replanner.propose.state import State, inside, read_state
from replanner.propose.steps import (
    Close,
    DeleteBranch,
    Edit,
    Leave,
    Merge,
    Open,
    Push,
    Remark,
    Say,
    Step,
)

_GONE = "its profiles are gone, or are proposed elsewhere now"
_SPENT = "Nothing is left to propose here; it stays open because of the commits of others."
_VERDICTS = {
    True: "This was written afresh, and what it proposes **does not fit** any more.",
    False: "This was written afresh, and what it proposes **fits** now.",
}


def steps(wanted: Wanted, seen: Seen) -> list[Step]:
    """What is to be done, in order; running it and asking again gives no step that writes."""
    branches = {proposal.branch for proposal in wanted.proposals}
    ending = [
        step
        for shown in seen.proposals
        if shown.state == "open" and shown.branch not in branches
        for step in _retire(shown, wanted, seen)
    ]
    plans = [
        list(_propose(proposal, wanted, seen))
        for proposal in wanted.proposals
        if proposal.group not in wanted.frozen and wanted.rules.concern(proposal.group)
    ]
    opening = within(plans, rules=wanted.rules, seen=seen, ending=ending)
    return [*opening, *ending, *_tidy(branches, wanted, seen)]


def _propose(proposal: Proposal, wanted: Wanted, seen: Seen) -> Iterator[Step]:
    branch = seen.branches.get(proposal.branch)
    of_branch = [shown for shown in seen.proposals if shown.branch == proposal.branch]
    opened = next((shown for shown in of_branch if shown.state == "open"), None)
    if opened:
        yield from _Update(proposal, opened, wanted, seen).steps(branch)
    elif any(_was_refused(shown, proposal, wanted) for shown in of_branch):
        yield Leave(proposal.branch, "closed-by-person")
    else:
        last = of_branch[0] if of_branch else None
        follows = last.url if last and last.state == "closed" else ""
        yield from _open(proposal, branch, strict=seen.strict, follows=follows)


def _was_refused(shown: Shown, proposal: Proposal, wanted: Wanted) -> bool:
    state = read_state(shown.body)
    if shown.state != "closed" or state is None or state.closed:
        return False
    insisted = wanted.rules.recreate_closed or proposal.group in wanted.rules.forced
    return state.digest == proposal.digest and not insisted


def _open(
    proposal: Proposal, branch: Branch | None, *, strict: bool, follows: str
) -> Iterator[Step]:
    merges = bool(proposal.merge_method) and not proposal.draft
    merge = (Merge(proposal),) if merges else ()
    opened = (Open(proposal, follows=follows), *merge)
    if branch is None:
        yield from (Push(proposal, None), *opened)
    elif not branch.ours and not branch.merged:
        yield Leave(proposal.branch, "foreign-branch")
    elif _is_pushed(proposal, branch) and not (branch.behind and (strict or merges)):
        yield from (Open(proposal, branch.head, follows), *merge)
    elif branch.in_use:
        yield Leave(proposal.branch, "checked-out")
    else:
        yield from (Push(proposal, branch.head), *opened)


def _is_pushed(proposal: Proposal, branch: Branch) -> bool:
    """Did a run end between pushing and opening?"""
    return not branch.merged and _is_current(proposal, branch)


@dataclass(frozen=True, slots=True)
class _Update:
    """What becomes of a pull request that is open."""

    proposal: Proposal
    shown: Shown
    wanted: Wanted
    seen: Seen

    def steps(self, branch: Branch | None) -> Iterator[Step]:
        proposal = self.proposal
        if self.shown.retargeted:
            yield Leave(proposal.branch, "retargeted")
        elif is_held(self.shown, inside(self.shown.body)):
            yield Leave(proposal.branch, "held")
        elif proposal.group in self.wanted.waiting:
            yield Leave(proposal.branch, "pending")
        elif not self._is_asked and not _is_ours(self.shown, branch):
            yield Leave(proposal.branch, "modified")
            yield from self._edited(branch.head if branch else "", modified=True)
        elif branch is None:
            yield from (Push(proposal, None), *self._rewritten())
        elif not self._needs_push(branch):
            yield from (*self._edited(branch.head), *self._merged())
        elif branch.in_use:
            yield Leave(proposal.branch, "checked-out")
        elif self._would_merge_unseen(branch):
            yield Leave(proposal.branch, "merging")
        else:
            yield from (Push(proposal, branch.head), *self._rewritten())

    @property
    def _is_asked(self) -> bool:
        """Did somebody ask for it to be written afresh, over whatever stands there?"""
        forced = self.proposal.group in self.wanted.rules.forced
        return forced or asks_replan(self.shown, inside(self.shown.body))

    @property
    def _state(self) -> State | None:
        return read_state(self.shown.body)

    def _needs_push(self, branch: Branch) -> bool:
        """Is its content another, or its base so old that it cannot be merged, or somebody asks?
        That the base moved is no reason: every push costs a run of all checks."""
        if not _is_current(self.proposal, branch) or not _is_ours(self.shown, branch):
            return True
        merges = self.shown.merges_itself or any(self._merged())
        return branch.behind and (merges or self._is_asked or self.seen.strict)

    def _would_merge_unseen(self, branch: Branch) -> bool:
        newer = branch.digest != self.proposal.digest
        return self.shown.merges_itself and newer and not self.proposal.merge_method

    def _rewritten(self) -> Iterator[Step]:
        yield Edit(self.proposal, self.shown)
        yield from (*self._said(), *self._merged())

    def _edited(self, head: str, *, modified: bool = False) -> Iterator[Step]:
        """The edit, unless it already says so; a body that we cannot read is nobody's to write
        over unless somebody asks."""
        shown = self.shown
        if self._state is None and not self._is_asked:
            return
        now = compose(self.proposal, head, shown=shown, modified=modified)
        before = (shown.title, shown.body, tuple(sorted(shown.labels)), shown.draft)
        if before != (now.title, now.body, now.labels, now.draft):
            yield Edit(self.proposal, shown, head, modified)
            yield from () if modified else self._said()

    def _said(self) -> Iterator[Step]:
        """Only another verdict is worth a mail to everybody."""
        state, verdict = self._state, self.proposal.infeasible
        if state and state.infeasible is not None and state.infeasible != verdict:
            yield Say(self.shown, _VERDICTS[verdict])

    def _merged(self) -> Iterator[Step]:
        """Asked once for each content, so that who disarms it has the last word."""
        if not self.proposal.merge_method or HOLD_LABEL in self.shown.labels:
            return
        draft = compose(self.proposal, "", shown=self.shown).draft
        asked = self._state.asked if self._state else ""
        if not draft and asked != self.proposal.digest:
            yield Merge(self.proposal, self.shown)


def _is_ours(shown: Shown, branch: Branch | None) -> bool:
    """At the commit we recorded, or at one of ours that a broken run did not get to record. A body
    that we cannot read is not ours, whatever stands on its branch."""
    state = read_state(shown.body)
    return state is not None and (branch is None or branch.ours or branch.head == state.head)


def _is_current(proposal: Proposal, branch: Branch) -> bool:
    return branch.digest == proposal.digest and not branch.conflicted


def _retire(shown: Shown, wanted: Wanted, seen: Seen) -> Iterator[Step]:
    """Close what nothing is left of; only ever on certain knowledge, never over others' work."""
    state, branch = read_state(shown.body), seen.branches.get(shown.branch)
    group = state.group if state else branch_group(shown.branch)
    if not wanted.rules.concern(group):
        return
    known = wanted.is_settled(group)
    if shown.retargeted:
        yield Leave(shown.branch, "retargeted")
    elif is_held(shown, inside(shown.body)):
        yield Leave(shown.branch, "held")
    elif state is None or not _is_ours(shown, branch):
        yield Leave(shown.branch, "modified")
        if state and known and not state.spent:
            yield from (Remark(shown), Say(shown, _SPENT))
    elif not known:
        yield Leave(shown.branch, "pending" if group in wanted.waiting else "unknown")
    else:
        yield Close(shown, wanted.endings.get(group, _GONE))
        if branch and not branch.in_use:
            yield DeleteBranch(shown.branch, branch.head)


def _tidy(wanted_branches: set[str], wanted: Wanted, seen: Seen) -> Iterator[Step]:
    """Branches of ours that no pull request needs any more."""
    needed = wanted_branches | {one.branch for one in seen.proposals if one.state == "open"}
    ours = {
        state.head for one in seen.proposals if (state := read_state(one.body)) and state.closed
    }
    for name, branch in sorted(seen.branches.items()):
        group = branch_group(name)
        is_ours = branch.ours or branch.head in ours
        spare = is_ours and not branch.in_use and name not in needed
        if spare and (branch.merged or wanted.is_settled(group)) and wanted.rules.concern(group):
            yield DeleteBranch(name, branch.head)


def branch_group(branch: str) -> str:
    """The last part of a branch's name."""
    return branch.rpartition("/")[2]
