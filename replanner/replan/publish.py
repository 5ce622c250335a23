"""Carries out the steps that the lifecycle decided on; what fails for one branch ends that branch's
steps only."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from replanner.errors import ReplannerError
from replanner.propose import (
    Close,
    Content,
    DeleteBranch,
    Edit,
    Leave,
    Merge,
    Open,
    Push,
    Remark,
    Say,
    Shown,
    Step,
    compose,
    read_state,
)
from replanner.propose.content import answered, closed, spent
from replanner.propose.steps import branch_of
from replanner.replan.ports import Forge
from replanner.report.markdown import escape


@dataclass(frozen=True, slots=True)
class Failure:
    """A proposal that could not be published."""

    branch: str
    error: ReplannerError


@dataclass(slots=True)
class Publisher:
    """One run's writes. `heads` and `shown` are branches and pull requests as it left them,
    `refusals` what the forge said where it would not merge by itself."""

    forge: Forge
    base: str
    heads: dict[str, str] = field(default_factory=dict)
    shown: dict[str, Shown] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)

    def publish(self, todo: Iterable[Step]) -> list[Step]:
        """Carry out the steps; those that were done."""
        done: list[Step] = []
        for step in todo:
            branch = branch_of(step)
            if branch in self.failures:
                continue
            try:
                self._carry_out(step)
            except ReplannerError as error:
                self.failures[branch] = Failure(branch, error)
            else:
                done.append(step)
        return done

    def _carry_out(self, step: Step) -> None:
        match step:
            case Push(proposal, expected):
                self.heads[proposal.branch] = self.forge.push(proposal, expected=expected)
            case Open(proposal, head, follows):
                content = compose(proposal, head or self.heads[proposal.branch], follows=follows)
                self.shown[proposal.branch] = self.forge.open(content)
            case Edit(proposal, shown, head, modified):
                now = head or self.heads[proposal.branch]
                self._edit(shown, compose(proposal, now, shown=shown, modified=modified))
            case Merge():
                self._merge(step)
            case Remark(shown):
                self._edit(shown, self._spent(shown))
            case Say(shown, text):
                self.forge.comment(shown, text)
            case Close(shown, reason):
                self.forge.close(shown, closed(shown, reason))
            case DeleteBranch(branch, expected):
                self.forge.delete_branch(branch, expected=expected)
            case Leave():
                pass

    def _edit(self, shown: Shown, content: Content) -> None:
        self.forge.edit(shown, content)
        self.shown[shown.branch] = replace(
            shown,
            title=content.title,
            body=content.body,
            labels=content.labels,
            draft=content.draft,
        )

    def _merge(self, step: Merge) -> None:
        """Ask, and note the answer, so that the same content is not asked about again."""
        proposal = step.proposal
        shown = self.shown.get(proposal.branch) or step.shown
        if shown is None:
            return
        refusal = ""
        if proposal.branch in self.heads or not shown.merges_itself:
            refusal = self.forge.merge_when_ready(shown, proposal.merge_method)
        if refusal:
            self.refusals[proposal.branch] = refusal
        state = read_state(shown.body)
        head = state.head if state else self.heads.get(proposal.branch, "")
        told = answered(shown, escape(refusal))
        self._edit(shown, compose(proposal, head, shown=told))

    def _spent(self, shown: Shown) -> Content:
        return Content(
            branch=shown.branch,
            base=self.base,
            title=shown.title,
            body=spent(shown),
            labels=shown.labels,
            draft=shown.draft,
        )
