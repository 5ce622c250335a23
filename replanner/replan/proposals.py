"""Decides what each group's pull request holds: files, title, text, commit message, and whether it
may be merged without anybody's look at it."""

import hashlib
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from replanner import __version__
from replanner.planning.diff import Change
from replanner.planning.record import document, identity
from replanner.profile import RepoConfig
from replanner.propose import Proposal, Seen, Wanted, branch_name
from replanner.propose.merging import risk_of
from replanner.propose.shapes import INFEASIBLE_LABEL, Files, digest_of
from replanner.propose.titles import styled
from replanner.replan.artifacts import PLAN_FILE
from replanner.replan.gate import limits
from replanner.replan.grouping import Grouped
from replanner.replan.judge import Judged
from replanner.replan.messages import commit_message, trailers
from replanner.replan.options import Options
from replanner.replan.ports import Base
from replanner.report import NotPlanned, ProposalReport, proposal_body, title

_UNGUARDED = "{base} takes it without any required check"
_UNSEEN = "whether {base} requires checks cannot be seen with this token"


@dataclass(frozen=True, slots=True)
class Drafter:
    """Writes the proposals of one run, for what the forge shows of its base."""

    base: Base
    options: Options
    config: RepoConfig
    seen: Seen
    conventional: bool

    def wanted(self, found: Grouped) -> Wanted:
        """Everything that this run would propose."""
        proposals = [
            self._proposal(group, members, found.failed) for group, members in found.members.items()
        ]
        return Wanted(
            tuple(proposals),
            frozen=found.frozen,
            waiting=found.waiting,
            kept=found.kept,
            certain=found.certain,
            endings=found.endings,
            rules=self.options.rules,
        )

    def _proposal(
        self, group: str, members: Sequence[Judged], failed: Sequence[Judged]
    ) -> Proposal:
        options = self.options
        changes = tuple(one.change for one in members if one.change)
        digest = digest_of(_content_digests(members))
        headline = styled(title(changes), conventional=self.conventional, scope=options.scope)
        infeasible = any(change.after in ("refused", "starts") for change in changes)
        missing = _failed_with(failed, changes)
        risk = self._risk(members, changes, missing)
        return Proposal(
            group=group,
            branch=branch_of_group(group, self.base, options),
            base=self.base.name,
            base_commit=self.base.commit,
            digest=digest,
            title=headline,
            text=self._text(members, changes, missing, risk),
            message=commit_message(headline, changes, self._trailers(group, digest)),
            files=_files(members),
            labels=(*options.labels, *((INFEASIBLE_LABEL,) if infeasible else ())),
            draft=infeasible if options.draft == "auto" else options.draft == "true",
            infeasible=infeasible,
            merge_method="" if risk is None or risk else options.merge_method,
            assignees=options.assignees,
            reviewers=options.reviewers,
            team_reviewers=options.team_reviewers,
        )

    def _trailers(self, group: str, digest: str) -> list[tuple[str, str]]:
        signer = self.seen.signer if self.options.signoff else ""
        verbose = self.options.commit_trailers
        return trailers(group=group, digest=digest, verbose=verbose, signer=signer)

    def _text(
        self,
        members: Sequence[Judged],
        changes: tuple[Change, ...],
        missing: tuple[NotPlanned, ...],
        risk: str | None,
    ) -> str:
        files = _files(members)
        report = ProposalReport(
            changes,
            base=self.base.name,
            planner_version=__version__,
            written=tuple(sorted(path for path, blob in files.items() if blob)),
            deleted=tuple(sorted(path for path, blob in files.items() if blob is None)),
            hand_edited=tuple(sorted(path for one in members for path in one.files.hand_edited)),
            failed=missing,
            checks_wait=self.seen.checks_wait,
            auto_merge=_merging(risk),
        )
        return proposal_body(report)

    def _risk(
        self, members: Sequence[Judged], changes: Sequence[Change], missing: Sequence[NotPlanned]
    ) -> str | None:
        """Why people must merge it, empty where they need not; None where they always do."""
        if self.options.auto_merge != "safe":
            return None
        if any(one.files.hand_edited for one in members):
            return "some files were edited by hand"
        if missing:
            return "some profiles could not be planned"
        if self.seen.guarded is not True:
            words = _UNSEEN if self.seen.guarded is None else _UNGUARDED
            return words.format(base=self.base.name)
        content = risk_of(changes, classes=self.options.revision_classes)
        return content or self._breach(members)

    def _breach(self, members: Sequence[Judged]) -> str:
        """A limit of the repository's policy that a plan breaches."""
        for one in members:
            if one.new:
                policy = self.config.policy_for(one.path)
                for breach in limits(policy, one.new, before=one.old).breached:
                    return f"{one.name} does not keep {breach.limit}"
        return ""


def _merging(risk: str | None) -> str:
    """How it is merged, as the text says it; empty where nobody asked for anything special."""
    if risk is None:
        return ""
    return f"by hand, because {risk}." if risk else "by itself, once the required checks pass."


def branch_of_group(group: str, base: Base, options: Options) -> str:
    return branch_name(base.name, group, prefix=options.prefix, scope=options.scope)


def _files(members: Sequence[Judged]) -> Files:
    return {path: blob for one in members for path, blob in one.files.write.items()}


def _failed_with(failed: Sequence[Judged], changes: Sequence[Change]) -> tuple[NotPlanned, ...]:
    """The failed profiles of the same models, for people who wonder where they are."""
    models = {change.record.plan.model.id for change in changes}
    return tuple(
        NotPlanned(one.path, one.error.message)
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
