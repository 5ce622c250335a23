"""Decides what a pull request says: the verdict with its cause, one table, details folded away,
files, hand edits, and what to do. All that others wrote is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass

from replanner.planning.deltas import Delta
from replanner.planning.diff import Change, why
from replanner.planning.result import Finding, Fix
from replanner.planning.wording import gib
from replanner.report.figures import ARROW, change, fixed_bytes, rows, setting, told, value
from replanner.report.markdown import Section, code, escape, fit, folded, table
from replanner.report.titles import name

_MOST_NAMED = 10
_MARKS = {"bad": "❌", "look": "⚠️", "good": "✅", "new": "🆕", "removed": "🗑️"}
# What the first screen shows; the rest is folded away.
_CORE = frozenset(
    {
        "feasibility.starts",
        "feasibility.fits",
        "feasibility.bytes.weights",
        "feasibility.bytes.kv_cache",
        "feasibility.kv_cache_tokens",
        "feasibility.max_concurrency_at_context",
        "performance.decode_tokens_per_s",
        "performance.ttft_ms",
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A profile of the group that could not be planned, and why."""

    profile: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProposalReport:
    """What a pull request is about. Paths are those of the repository."""

    changes: tuple[Change, ...]
    base: str
    planner_version: str
    written: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    hand_edited: tuple[str, ...] = ()
    failed: tuple[Outcome, ...] = ()


def body(report: ProposalReport) -> str:
    """The pull request's text, within GitHub's limits."""
    ordered = sorted(report.changes, key=lambda one: (_order(one), name(one)))
    sections = [
        Section(_headline(ordered)),
        Section(_verdicts(ordered), 1),
        Section(_overview(ordered), 1),
        Section(_to_do(ordered)),
        Section(_hand_edits(report.hand_edited)),
        *[Section(_details(one, alone=len(ordered) == 1), 3) for one in ordered],
        Section(_failures(report.failed), 2),
        Section(_files(report), 4),
        Section(_what_next(ordered)),
        Section(_footer(report)),
    ]
    return fit(sections)


def _mark(one: Change) -> str:
    if one.kind == "removed":
        return "removed"
    if one.after == "refused" or one.breaks:
        return "bad"
    if one.after == "starts" or one.direction == "worse":
        return "look"
    return "new" if one.kind == "new" else "good"


def _order(one: Change) -> int:
    return list(_MARKS).index(_mark(one))


def _headline(ordered: Sequence[Change]) -> str:
    first = ordered[0]
    if len(ordered) == 1:
        return f"### {_MARKS[_mark(first)]} {code(name(first))} {escape(first.verdict)}"
    bad = [one for one in ordered if _mark(one) == "bad"]
    what = f"{len(bad)} of {len(ordered)} profiles break" if bad else f"{len(ordered)} profiles"
    tail = "" if bad else " re-planned, none breaks"
    return f"### {_MARKS[_mark(first)]} {what}{tail}"


def _verdicts(ordered: Sequence[Change]) -> str:
    if len(ordered) == 1:
        return ""
    return "\n".join(
        f"- {_MARKS[_mark(one)]} {code(name(one))} {escape(one.verdict)}" for one in ordered
    )


def _overview(ordered: Sequence[Change]) -> str:
    """One profile: its figures, before and after. Several: one row each."""
    if len(ordered) == 1:
        return _figures(ordered[0])
    head = ("Profile", "Fixed per GPU", "Left for KV", "Full-length requests", "Throughput")
    return table(head, [_row(one) for one in ordered])


def _row(one: Change) -> tuple[str, ...]:
    plan = one.record.plan
    moved = {delta.key: delta for delta in told(one)}
    memory = plan.feasibility.memory
    speed = value("tokens/s", plan.performance.decode_tokens_per_s.expected)
    return (
        f"{_MARKS[_mark(one)]} {code(name(one))}<br>{_where(one)}",
        gib(fixed_bytes(memory)),
        _moved(moved.get("feasibility.bytes.kv_cache"), gib(memory.kv_cache_bytes)),
        _moved(
            moved.get("feasibility.max_concurrency_at_context"),
            value("requests", plan.feasibility.max_concurrency_at_context),
        ),
        _moved(moved.get("performance.decode_tokens_per_s"), speed)
        if plan.feasibility.starts
        else "n/a",
    )


def _moved(delta: Delta | None, now: str) -> str:
    if delta is None:
        return now
    return f"{value(delta.unit, delta.old)} {ARROW} **{value(delta.unit, delta.new)}**"


def _where(one: Change) -> str:
    hardware = one.record.plan.hardware
    return escape(f"{hardware.gpus}x {hardware.gpu_name}")


def _figures(one: Change) -> str:
    if one.kind != "changed":
        return _only_side(one)
    core = [delta for delta in told(one) if delta.key in _CORE]
    return _compared(one, core) if core else "Memory and performance do not change."


def _other_figures(one: Change) -> str:
    others = [delta for delta in told(one) if delta.key not in _CORE]
    return _compared(one, others) if others else ""


def _compared(one: Change, deltas: Sequence[Delta]) -> str:
    marks = {"better": "", "worse": " ⚠️", "neutral": ""}
    cells = [
        (
            delta.label,
            value(delta.unit, delta.old),
            value(delta.unit, delta.new),
            f"**{change(delta)}**{marks[delta.direction]}",
        )
        for delta in deltas
    ]
    return table((f"per GPU, {_where(one)}", "before", "after", "change"), cells)


def _only_side(one: Change) -> str:
    cells = [(escape(row.label), row.value) for row in rows(one.record.plan)]
    return table((f"per GPU, {_where(one)}", "planned"), cells)


def _to_do(ordered: Sequence[Change]) -> str:
    """The one alert: what would make the plans that do not fit fit."""
    lines = [
        f"> {code(one.record.inputs.profile_path)}: {_fixes(one.record.plan.fixes)}"
        for one in ordered
        if one.after in ("refused", "starts") and one.record.plan.fixes
    ]
    return "\n>\n".join(["> [!CAUTION]\n> **To make it fit:**", *lines]) if lines else ""


def _fixes(fixes: Sequence[Fix]) -> str:
    return ", or ".join(f"set {code(str(fix))} ({escape(fix.effect)})" for fix in fixes[:3])


def _hand_edits(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    return (
        f"**Edited by hand, left as they are:** {_listed(paths)}.\n\n"
        "These files are not what replanner last wrote, so it did not write them and they still"
        " say what they said. Delete one to have it written afresh, or take its name out of"
        f" {code('outputs.emit')} to keep it yours."
    )


def _details(one: Change, *, alone: bool) -> str:
    parts = [
        "" if alone else _figures(one),
        _other_figures(one),
        _causes(one),
        _settings(one),
        _findings("New findings", one.appeared),
        _findings("Findings that are gone", one.disappeared),
    ]
    inside = "\n\n".join(part for part in parts if part)
    return folded(f"{_MARKS[_mark(one)]} {code(name(one))} in detail", inside) if inside else ""


def _causes(one: Change) -> str:
    if not one.causes:
        return ""
    return "Why:\n\n" + "\n".join(f"- {escape(str(cause))}" for cause in one.causes)


def _settings(one: Change) -> str:
    if not one.settings:
        return ""
    cells = [
        (
            code(delta.label),
            code(setting(delta.old)),
            code(setting(delta.new)),
            escape(why(delta, one)),
        )
        for delta in one.settings
    ]
    return table(("setting", "before", "after", "because"), cells, numbers_from=4)


def _findings(heading: str, findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    lines = [
        f"- **{one.severity}** {escape(one.message)} {escape(one.hint)}".rstrip()
        for one in findings
    ]
    return f"{heading}:\n\n" + "\n".join(lines)


def _failures(failed: Sequence[Outcome]) -> str:
    if not failed:
        return ""
    lines = [f"- {code(one.profile)}: {escape(one.reason)}" for one in failed]
    return "Not planned, and left as they are:\n\n" + "\n".join(lines)


def _files(report: ProposalReport) -> str:
    parts = []
    if report.written:
        parts.append(f"Written: {_listed(report.written)}")
    if report.deleted:
        parts.append(f"Deleted: {_listed(report.deleted)}")
    count = len(report.written) + len(report.deleted)
    return folded(f"Files ({count})", "\n\n".join(parts)) if parts else ""


def _listed(paths: Sequence[str]) -> str:
    named = ", ".join(code(path) for path in paths[:_MOST_NAMED])
    more = len(paths) - _MOST_NAMED
    return named + (f" and {more} more" if more > 0 else "")


def _what_next(ordered: Sequence[Change]) -> str:
    broken = any(one.after == "refused" for one in ordered)
    merging = "**Do not merge** it as it is" if broken else "**Merge** it to take over the plan"
    return (
        f"{merging}. **Updates:** rebuilt when the plan changes, never over commits of others."
        " **Not interested?** Close it, and the same plan is not proposed again."
    )


def _footer(report: ProposalReport) -> str:
    versions = sorted({one.record.plan.config.vllm_version for one in report.changes})
    return (
        f"<sub>Planned for {escape(report.base)}, vLLM {escape(', '.join(versions))},"
        f" replanner {escape(report.planner_version)}</sub>"
    )
