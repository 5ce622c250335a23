"""The loop: profiles and models as they are now, against the plans in the base; what differs is
proposed, once per group. The same inputs twice make no write."""

import hashlib
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from replanner import __version__
from replanner.errors import ReplannerError, worst_exit_code
from replanner.planning.diff import Change
from replanner.planning.record import document, identity
from replanner.propose import (
    Close,
    DeleteBranch,
    Edit,
    Leave,
    Open,
    Proposal,
    Push,
    Step,
    Wanted,
    branch_name,
    compose,
    grouped,
    model_group,
    steps,
)
from replanner.propose.content import closed
from replanner.propose.groups import PREFIX, check_group_by, profile_group
from replanner.propose.shapes import INFEASIBLE_LABEL, LABEL, digest_of
from replanner.replan.artifacts import PLAN_FILE
from replanner.replan.judge import USUAL_CLASSES, Judged, judge
from replanner.replan.ports import Base, Forge
from replanner.replan.repository import read_repository
from replanner.report import Outcome, ProposalReport, commit_text, proposal_body, title
from replanner.resolve import Hub, Planner


@dataclass(frozen=True, slots=True)
class Options:
    """How to propose; `only` are the profiles to look at, all of them where it is empty."""

    base: str | None = None
    group_by: str = "model"
    prefix: str = PREFIX
    scope: str = "default"
    labels: tuple[str, ...] = (LABEL,)
    only: tuple[str, ...] = ()
    revision_classes: tuple[str, ...] = USUAL_CLASSES
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """A proposal that could not be published."""

    branch: str
    error: ReplannerError


@dataclass(frozen=True, slots=True)
class Replanned:
    """What a run found, and the steps it took; with `dry_run`, those it would have taken."""

    base: Base
    judged: tuple[Judged, ...]
    proposals: tuple[Proposal, ...]
    steps: tuple[Step, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def writes(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if not isinstance(step, Leave))

    @property
    def exit_code(self) -> int:
        errors = [*(one.error for one in self.judged), *(one.error for one in self.failures)]
        return worst_exit_code(error.exit_code for error in errors if error)


def replan(forge: Forge, hub: Hub, options: Options) -> Replanned:
    """One run: read, compute, publish."""
    check_group_by(options.group_by)
    base = forge.base(options.base)
    repository = read_repository(base.tree, only=options.only)
    judged = judge(repository, Planner(hub), revision_classes=options.revision_classes)
    wanted = _wanted(judged, base, options)
    prefix = branch_name(base.name, "", prefix=options.prefix, scope=options.scope)
    seen = forge.look(base, prefix, wanted=[one.branch for one in wanted.proposals])
    todo = steps(wanted, seen)
    done, failures = (todo, []) if options.dry_run else _publish(forge, todo)
    return Replanned(base, judged, wanted.proposals, tuple(done), tuple(failures))


def _wanted(judged: Sequence[Judged], base: Base, options: Options) -> Wanted:
    changes = {id(one.change): one for one in judged if one.change}
    groups = grouped((one.change for one in changes.values() if one.change), options.group_by)
    failed = [one for one in judged if one.status == "failed"]
    unknown = [one for one in judged if one.status == "unknown"]
    frozen = {key for one in unknown for key in _groups_of(one, options.group_by, groups)}
    proposals = tuple(
        _proposal(group, [changes[id(change)] for change in members], base, options, failed)
        for group, members in groups.items()
        if group not in frozen
    )
    blind = [one for one in failed + unknown if one.old is None or options.group_by == "revision"]
    return Wanted(
        proposals,
        frozen=frozenset(frozen),
        kept=frozenset(key for one in failed for key in _groups_of(one, options.group_by, groups)),
        # With some profiles out of sight, having nothing to propose proves nothing.
        certain=not blind and not options.only,
    )


def _groups_of(one: Judged, by: str, groups: Iterable[str]) -> set[str]:
    """Every group that a profile without a new plan may belong to."""
    if by == "all":
        return {"all"}
    if by == "profile":
        return {profile_group(one.name)}
    models = {one.model_id, one.old.plan.model.id if one.old else None} - {None}
    named = {model_group(str(model)) for model in models}
    if by == "model":
        return named
    return {group for group in groups if group.rpartition("-")[0] in named}


def _proposal(
    group: str, members: Sequence[Judged], base: Base, options: Options, failed: Sequence[Judged]
) -> Proposal:
    changes = tuple(one.change for one in members if one.change)
    files = {path: blob for one in members for path, blob in one.files.write.items()}
    branch = branch_name(base.name, group, prefix=options.prefix, scope=options.scope)
    digest = digest_of(_content_digests(members))
    headline = title(changes)
    infeasible = any(change.after in ("refused", "starts") for change in changes)
    report = ProposalReport(
        changes,
        base=base.name,
        planner_version=__version__,
        written=tuple(sorted(path for path, blob in files.items() if blob)),
        deleted=tuple(sorted(path for path, blob in files.items() if blob is None)),
        hand_edited=tuple(sorted(path for one in members for path in one.files.hand_edited)),
        failed=_failed_with(failed, changes),
    )
    return Proposal(
        group=group,
        branch=branch,
        base=base.name,
        base_commit=base.commit,
        digest=digest,
        title=headline,
        text=proposal_body(report),
        message=_message(headline, changes, group=group, digest=digest),
        files=files,
        labels=(*options.labels, *((INFEASIBLE_LABEL,) if infeasible else ())),
        draft=infeasible,
    )


def _failed_with(failed: Sequence[Judged], changes: Sequence[Change]) -> tuple[Outcome, ...]:
    """The failed profiles of the same models, for people who wonder where they are."""
    models = {change.record.plan.model.id for change in changes}
    return tuple(
        Outcome(one.path, one.error.message)
        for one in failed
        if one.error and one.model_id in models
    )


def _content_digests(members: Sequence[Judged]) -> dict[str, str]:
    """What the proposal comes to. plan.json counts by its identity: another planner version that
    reaches the same plan proposes the same thing."""
    found: dict[str, str] = {}
    for one in members:
        for path, blob in one.files.write.items():
            found[path] = hashlib.sha256(blob.data).hexdigest() if blob else "deleted"
            if blob and one.new and posixpath.basename(path) == PLAN_FILE:
                found[path] = identity(document(one.new))
        found |= dict.fromkeys(one.files.hand_edited, "kept")
    return found


def _message(headline: str, changes: Sequence[Change], *, group: str, digest: str) -> str:
    trailers = (
        f"Replanner-Group: {group}\nReplanner-Plan: {digest}\nReplanner-Version: {__version__}"
    )
    return f"{headline}\n\n{commit_text(changes)}\n\n{trailers}\n"


def _publish(forge: Forge, todo: Iterable[Step]) -> tuple[list[Step], list[Failure]]:
    """Carry out the steps; what fails for one branch ends that branch's steps only."""
    heads: dict[str, str] = {}
    done: list[Step] = []
    failures: dict[str, Failure] = {}
    for step in todo:
        branch = _branch_of(step)
        if branch in failures:
            continue
        try:
            _carry_out(forge, step, heads)
        except ReplannerError as error:
            failures[branch] = Failure(branch, error)
        else:
            done.append(step)
    return done, list(failures.values())


def _branch_of(step: Step) -> str:
    match step:
        case Push() | Open() | Edit():
            return step.proposal.branch
        case Close():
            return step.shown.branch
        case DeleteBranch() | Leave():
            return step.branch


def _carry_out(forge: Forge, step: Step, heads: dict[str, str]) -> None:
    match step:
        case Push(proposal, expected):
            heads[proposal.branch] = forge.push(proposal, expected=expected)
        case Open(proposal, head):
            forge.open(compose(proposal, head or heads[proposal.branch]))
        case Edit(proposal, shown, head, modified):
            now = head or heads[proposal.branch]
            forge.edit(shown, compose(proposal, now, shown=shown, modified=modified))
        case Close(shown, reason):
            forge.close(shown, closed(shown, reason))
        case DeleteBranch(branch, expected):
            forge.delete_branch(branch, expected=expected)
        case Leave():
            pass
