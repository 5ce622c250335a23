"""How the results of `check`, `apply`, `diff` and `replan` are told, to people and to machines."""

import dataclasses
from collections.abc import Iterable, Sequence

from replanner.errors import ReplannerError
from replanner.planning.diff import Change
from replanner.planning.record import plain
from replanner.propose.steps import Edit, Leave, Open, Push, Step, branch_of, verb, words
from replanner.replan import Checked, CheckReport, Judged, Replanned
from replanner.replan.apply import Applied
from replanner.report.terminal import Style, change_report

Row = dict[str, object]
_LISTS = ("missing", "stale", "leftover", "hand_edited")
_WORDS = {
    "missing": "is missing",
    "stale": "is stale",
    "leftover": "is left over from a profile that is gone",
    "hand_edited": "was edited by hand",
}


def checked_document(report: CheckReport) -> Row:
    """The JSON of `check`."""
    return {"profiles": [_checked_row(one) for one in report.profiles]}


def _checked_row(one: Checked) -> Row:
    row = _judged_row(one.judged)
    return row | {name: list(getattr(one, name)) for name in _LISTS}


def checked_text(report: CheckReport) -> str:
    """One line per file that is not what it should be; one per profile that is fine."""
    lines = [line for one in report.profiles for line in _checked_lines(one)]
    return "\n".join(lines or ["no profiles here"])


def _checked_lines(one: Checked) -> Iterable[str]:
    if one.judged.error is not None:
        yield from _error_lines(one.judged.path, one.judged.error)
        return
    found = [(path, _WORDS[name]) for name in _LISTS for path in getattr(one, name)]
    if one.judged.starts is False:
        yield f"{one.judged.path}: the plan does not start"
    elif not found:
        yield f"{one.judged.path}: up to date"
    for path, what in found:
        yield f"{path}: {what}"


def applied_document(applied: Applied) -> Row:
    """The JSON of `apply`."""
    return {"profiles": [_applied_row(one) for one in applied.profiles]}


def _applied_row(one: Judged) -> Row:
    """What is written and deleted, in order; what is left as somebody made it."""
    return _judged_row(one) | {
        "written": sorted(path for path, blob in one.files.write.items() if blob),
        "deleted": sorted(path for path, blob in one.files.write.items() if blob is None),
        "hand_edited": list(one.files.hand_edited),
    }


def applied_text(applied: Applied, *, dry_run: bool) -> str:
    """One line per file; one per profile that needed nothing."""
    would = "would be " if dry_run else ""
    lines = [line for one in applied.profiles for line in _applied_lines(one, would)]
    return "\n".join(lines or ["no profiles here"])


def _applied_lines(one: Judged, would: str) -> Iterable[str]:
    if one.error is not None:
        yield from _error_lines(one.path, one.error)
        return
    if one.starts is False:
        yield f"{one.path}: the plan does not start"
    for path, blob in sorted(one.files.write.items()):
        yield f"{path}: {would}{'written' if blob else 'deleted'}"
    for path in one.files.hand_edited:
        yield f"{path}: was edited by hand and stays as it is; --force overwrites it"
    if not one.files.write and not one.files.hand_edited and one.starts is not False:
        yield f"{one.path}: up to date"


def replanned_document(result: Replanned) -> Row:
    """The JSON of `replan`: what became of each profile, and each step that was taken."""
    return {
        "base": result.base.name,
        "commit": result.base.commit,
        "profiles": [_judged_row(one) for one in result.judged],
        "steps": [_step_row(step) for step in result.steps],
        "proposals": [dataclasses.asdict(one) for one in result.published],
        "warnings": list(result.warnings),
        "failures": [
            {"branch": one.branch, "error": one.error.document()} for one in result.failures
        ],
    }


def replanned_text(result: Replanned, style: Style) -> str:
    """What moved, what was proposed, and what was left alone and why."""
    changes = [one.change for one in result.judged if one.change]
    lines = [change_report(changes, style).rstrip()] if changes else []
    for one in result.judged:
        lines += _error_lines(one.path, one.error) if one.error else []
        lines += [f"{one.path} waits: {one.waits}"] if one.waits else []
    lines += [words(step, would=result.dry_run) for step in result.steps]
    lines += [f"{one.branch}: {one.error.message}" for one in result.failures]
    lines += result.warnings
    if not result.writes and not result.failures:
        unsure = any(one.error is not None for one in result.judged)
        rest = " of the others" if unsure else ""
        new = " new" if result.proposals else ""
        lines.append(f"Nothing{new} to propose{rest}.")
    return "\n".join(lines)


def _error_lines(path: str, error: ReplannerError) -> list[str]:
    """The error with its profile, which many messages name themselves with line and column."""
    named = error.message.startswith(f"{path}:")
    hint = [f"  hint: {error.hint}"] if error.hint else []
    return [error.message if named else f"{path}: {error.message}", *hint]


def _judged_row(one: Judged) -> Row:
    return {
        "profile": one.path,
        "name": one.name,
        "status": one.status,
        "verdict": one.change.verdict if one.change else "",
        "waits": one.waits,
        "error": one.error.document() if one.error else None,
    }


def _step_row(step: Step) -> Row:
    row: Row = {"step": verb(step), "branch": branch_of(step)}
    if isinstance(step, Push | Open | Edit):
        row["title"] = step.proposal.title
    if isinstance(step, Leave):
        row["reason"] = step.sentence
    return row


def changes_document(changes: Sequence[Change]) -> list[Row]:
    """The JSON of `diff`."""
    return [
        {
            "profile": one.record.inputs.profile_name,
            "kind": one.kind,
            "verdict": one.verdict,
            "breaks": one.breaks,
            "direction": one.direction,
            "causes": [{**dataclasses.asdict(cause), "text": str(cause)} for cause in one.causes],
            "settings": [dataclasses.asdict(delta) for delta in one.settings],
            "figures": [dataclasses.asdict(delta) for delta in one.figures],
            "appeared": [plain(finding) for finding in one.appeared],
            "disappeared": [plain(finding) for finding in one.disappeared],
        }
        for one in changes
    ]
