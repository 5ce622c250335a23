"""What a run found and did, as front doors show it: profiles, proposals, steps, failures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from replanner.errors import worst_exit_code
from replanner.propose import (
    Close,
    DeleteBranch,
    Edit,
    Leave,
    Merge,
    Open,
    Proposal,
    Push,
    Remark,
    Seen,
    Step,
    read_state,
)
from replanner.propose.lifecycle import branch_group
from replanner.propose.steps import branch_of, words
from replanner.replan.judge import Judged
from replanner.replan.ports import Base
from replanner.replan.publish import Failure, Publisher
from replanner.report.review import Level

Operation = Literal[
    "created",
    "updated",
    "closed",
    "unchanged",
    "skipped-modified",
    "skipped-limit",
    "blocked-by-settings",
    "none",
]
_BLOCKED = "blocked_by_settings"
_SKIPPED: dict[str, Operation] = {
    "modified": "skipped-modified",
    "foreign-branch": "skipped-modified",
    "retargeted": "skipped-modified",
    "limit": "skipped-limit",
}


@dataclass(frozen=True, slots=True)
class Published:
    """What became of one group's proposal. `reasons` are sentences: why it was left alone, what
    failed, why the forge does not merge it. `number` and `url` are there once it is open."""

    group: str
    branch: str
    operation: Operation
    title: str = ""
    head: str = ""
    number: int | None = None
    url: str = ""
    infeasible: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replanned:
    """A whole run. `levels` say of each judged profile, in order, how bad it is. `steps` are those
    it took; with `dry_run`, those it would have taken. `checks_wait`: checks on what it pushes wait
    for somebody's approval."""

    base: Base
    judged: tuple[Judged, ...]
    levels: tuple[Level | None, ...]
    proposals: tuple[Proposal, ...]
    steps: tuple[Step, ...]
    failures: tuple[Failure, ...] = ()
    published: tuple[Published, ...] = ()
    warnings: tuple[str, ...] = ()
    checks_wait: bool = False
    dry_run: bool = False

    @property
    def writes(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if not isinstance(step, Leave))

    @property
    def writes_in_words(self) -> tuple[str, ...]:
        """`pushed replanner/main/x`, or with a dry run `would push replanner/main/x`."""
        return tuple(words(step, would=self.dry_run) for step in self.writes)

    @property
    def exit_code(self) -> int:
        errors = [*(one.error for one in self.judged), *(one.error for one in self.failures)]
        return worst_exit_code(error.exit_code for error in errors if error)


def published(
    proposals: Sequence[Proposal], done: Sequence[Step], *, seen: Seen, by: Publisher
) -> tuple[Published, ...]:
    """The outcome of every proposal that was wanted, open, or touched."""
    touched = [branch_of(step) for step in done if not isinstance(step, DeleteBranch)]
    wanted = {proposal.branch: proposal for proposal in proposals}
    branches = dict.fromkeys([*wanted, *touched, *by.failures])
    steps = {name: [one for one in done if branch_of(one) == name] for name in branches}
    return tuple(
        _published(name, wanted.get(name), steps[name], seen=seen, by=by) for name in branches
    )


def _published(
    branch: str, proposal: Proposal | None, done: Sequence[Step], *, seen: Seen, by: Publisher
) -> Published:
    opened = (one for one in seen.proposals if one.branch == branch and one.state == "open")
    before = next(opened, None)
    shown, failure = by.shown.get(branch) or before, by.failures.get(branch)
    there = seen.branches.get(branch)
    state = read_state(shown.body) if shown else None
    return Published(
        group=proposal.group if proposal else state.group if state else branch_group(branch),
        branch=branch,
        operation=_operation(done, failure, is_open=before is not None),
        title=shown.title if shown else proposal.title if proposal else "",
        head=by.heads.get(branch) or (there.head if there else ""),
        number=int(shown.id) if shown and shown.id.isascii() and shown.id.isdigit() else None,
        url=shown.url if shown else "",
        infeasible=proposal.infeasible if proposal else bool(state and state.infeasible),
        reasons=tuple(_reasons(branch, done, failure, by)),
    )


def _operation(done: Sequence[Step], failure: Failure | None, *, is_open: bool) -> Operation:
    if failure and failure.error.code == _BLOCKED:
        return "blocked-by-settings"
    kinds = {type(step) for step in done}
    left = [
        _SKIPPED[one.reason] for one in done if isinstance(one, Leave) if one.reason in _SKIPPED
    ]
    if left:
        return left[0]
    if Open in kinds:
        return "created"
    if Close in kinds:
        return "closed"
    if kinds & {Push, Edit, Merge, Remark}:
        return "updated"
    return "unchanged" if is_open else "none"


def _reasons(
    branch: str, done: Sequence[Step], failure: Failure | None, by: Publisher
) -> Iterator[str]:
    for step in done:
        if isinstance(step, Leave):
            yield step.sentence
        if isinstance(step, Close):
            yield f"{branch} is closed: {step.reason}."
    if failure:
        yield failure.error.message
    if branch in by.refusals:
        yield f"{branch} is not merged by itself: {by.refusals[branch]}."
