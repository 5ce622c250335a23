"""Decides how a check and a run are told: lines for people, a document for programs."""

from collections.abc import Iterable

from replanner.planning.deltas import Delta
from replanner.planning.diff import Change, why
from replanner.planning.record import document, identity
from replanner.propose import Close, DeleteBranch, Edit, Leave, Open, Push, Step
from replanner.replan.check import Checked, CheckReport
from replanner.replan.judge import Judged
from replanner.replan.loop import Failure, Replanned
from replanner.report.terminal import Style, change_report, lines_report

_UP_TO_DATE = "up to date"
_FIX = "run `replanner replan`, or `replanner generate` for one profile"


def checked_text(report: CheckReport, style: Style) -> str:
    """A line a profile, then its files."""
    lines = [line for one in report.profiles for line in _checked_lines(one)]
    if not report.profiles:
        lines = [("look", "no profile was found")]
    elif any(one.stale or one.missing or one.leftover for one in report.profiles):
        lines.append(("plain", _FIX))
    return lines_report(lines, style)


def replanned_text(result: Replanned, style: Style) -> str:
    """What became of each profile, what changed, and what was done about it."""
    changes = [one.change for one in result.judged if one.change]
    profiles = [line for one in result.judged for line in _judged_lines(one)]
    done = [("plain", _step_line(step, would=result.dry_run)) for step in result.steps]
    failed = [("bad", f"{one.branch}: {one.error.message}") for one in result.failures]
    if not result.judged:
        profiles = [("look", f"no profile was found on {result.base.name}")]
    if not result.writes:
        done.append(("plain", "nothing to propose"))
    parts = (
        lines_report(profiles, style),
        change_report(changes, style),
        lines_report([*done, *failed], style),
    )
    return "\n".join(part for part in parts if part)


def checked_document(report: CheckReport) -> dict[str, object]:
    """`check --json`."""
    return {"profiles": [_checked_row(one) for one in report.profiles]}


def replanned_document(result: Replanned) -> dict[str, object]:
    """`replan --json`."""
    return {
        "base": {"branch": result.base.name, "commit": result.base.commit},
        "dry_run": result.dry_run,
        "profiles": [_judged_row(one) for one in result.judged],
        "changes": changes_document(one.change for one in result.judged if one.change),
        "proposals": [
            {
                "branch": one.branch,
                "title": one.title,
                "plan": one.digest,
                "draft": one.draft,
                "files": sorted(one.files),
            }
            for one in result.proposals
        ],
        "steps": [_step_row(step) for step in result.steps],
        "failures": [_failure_row(one) for one in result.failures],
    }


def changes_document(changes: Iterable[Change]) -> list[dict[str, object]]:
    """`diff --json`: every changed value, worth telling or not."""
    return [_change_row(one) for one in changes]


def _change_row(one: Change) -> dict[str, object]:
    inputs = one.record.inputs
    return {
        "profile": inputs.profile_path,
        "name": inputs.profile_name,
        "kind": one.kind,
        "verdict": one.verdict,
        "breaks": one.breaks,
        "direction": one.direction,
        "news": one.news,
        "identity": {
            "old": identity(document(one.old)) if one.old else None,
            "new": identity(document(one.new)) if one.new else None,
        },
        "causes": [
            {
                "kind": cause.kind,
                "subject": cause.subject,
                "old": cause.old,
                "new": cause.new,
                "details": list(cause.details),
            }
            for cause in one.causes
        ],
        "settings": [{**_delta_row(delta), "why": why(delta, one)} for delta in one.settings],
        "figures": [_delta_row(delta) for delta in one.figures],
        "appeared": [finding.code for finding in one.appeared],
        "disappeared": [finding.code for finding in one.disappeared],
    }


def _delta_row(delta: Delta) -> dict[str, object]:
    return {
        "key": delta.key,
        "old": delta.old,
        "new": delta.new,
        "direction": delta.direction,
        "news": delta.news,
    }


def _checked_lines(one: Checked) -> list[tuple[str, str]]:
    name = one.judged.path or one.judged.name
    if one.judged.error is not None:
        return _error_lines(one.judged)
    lines = [
        *[("bad", f"{name}: missing {path}") for path in one.missing],
        *[("bad", f"{name}: stale {path}") for path in one.stale],
        *[("bad", f"{name}: left over {path}") for path in one.leftover],
        *[("look", f"{name}: edited by hand {path}") for path in one.hand_edited],
    ]
    if one.judged.starts is False:
        lines.append(("bad", f"{name}: the plan does not start"))
    return lines or [("good", f"{name}: {_UP_TO_DATE}")]


def _judged_lines(one: Judged) -> list[tuple[str, str]]:
    name = one.path or one.name
    if one.error is not None:
        return _error_lines(one)
    lines = [("look", f"{name}: left as edited by hand {path}") for path in one.files.hand_edited]
    if one.status == "nothing":
        lines.append(("good", f"{name}: {_UP_TO_DATE}"))
    return lines


def _error_lines(one: Judged) -> list[tuple[str, str]]:
    if one.error is None:
        return []
    name = one.path or one.name
    message = one.error.message
    told = message if message.startswith(name) else f"{name}: {message}"
    word = "not known" if one.status == "unknown" else "not planned"
    hint = [("plain", f"  {one.error.hint}")] if one.error.hint else []
    return [("bad", f"{told} ({word}, left as it is)"), *hint]


def _step_line(step: Step, *, would: bool) -> str:
    match step:
        case Push(proposal):
            words = f"push {proposal.branch}: {len(proposal.files)} files"
        case Open(proposal):
            words = f"open {proposal.branch}: {proposal.title}"
        case Edit(proposal):
            words = f"update {proposal.branch}: {proposal.title}"
        case Close(shown, reason):
            words = f"close {shown.branch}: {reason}"
        case DeleteBranch(branch):
            words = f"delete branch {branch}"
        case Leave():
            return step.sentence
    return f"would {words}" if would else words


def _step_row(step: Step) -> dict[str, object]:
    kind = "delete-branch" if isinstance(step, DeleteBranch) else type(step).__name__.lower()
    match step:
        case Push() | Open() | Edit():
            return {"step": kind, "branch": step.proposal.branch}
        case Close(shown, reason):
            return {"step": kind, "branch": shown.branch, "reason": reason}
        case DeleteBranch(branch):
            return {"step": kind, "branch": branch}
        case Leave(branch, reason):
            return {"step": kind, "branch": branch, "reason": reason}


def _judged_row(one: Judged) -> dict[str, object]:
    return {
        "profile": one.path,
        "name": one.name,
        "status": one.status,
        "error": one.error.document() if one.error else None,
        "hand_edited": list(one.files.hand_edited),
    }


def _checked_row(one: Checked) -> dict[str, object]:
    return {
        **_judged_row(one.judged),
        "status": {"planned": "stale", "nothing": "fresh"}.get(
            one.judged.status, one.judged.status
        ),
        "starts": one.judged.starts,
        "missing": list(one.missing),
        "stale": list(one.stale),
        "leftover": list(one.leftover),
    }


def _failure_row(one: Failure) -> dict[str, object]:
    return {"branch": one.branch, "error": one.error.document()}
