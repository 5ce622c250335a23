"""Decides what a pull request of ours says: the verdict with its cause, one table, details folded
away, files, hand edits, and what happens next. All that others wrote is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass

from replanner.planning.diff import Change
from replanner.planning.record import PlanRecord
from replanner.report.bars import memory_bars
from replanner.report.changes import (
    cause_text,
    causes_list,
    findings,
    fixes_text,
    outcome,
    settings_table,
)
from replanner.report.compared import comparison
from replanner.report.figures import NO_BREAK
from replanner.report.limits import Limits
from replanner.report.markdown import (
    BUDGET_BYTES,
    Section,
    bullets,
    code,
    escape,
    fenced,
    fit,
    folded,
    joined,
    listed,
    middle_cut,
)
from replanner.report.marks import EMOJI, ORDER, mark_of_change
from replanner.report.rows import HEAD, figures_cells, label, table_within, where
from replanner.report.speeds import speeds
from replanner.report.terms import terms
from replanner.report.titles import name
from replanner.report.upstream import moves, revision, upstream

_MOST_NAMED = 2
_MOST_FIXED = 3
_ROOM_FOR_ROWS = 40_000
# What the proposal's state and its fences add (propose/state.py).
_ROOM_FOR_STATE = 2_000
_USUAL_MERGING = "manual."
_WAITING = (
    "Checks on this pull request wait for **Approve workflows to run**, because it was opened with"
    " <code>GITHUB_TOKEN</code>. With the token of a GitHub App they start by themselves."
)
_CONTROLS = (
    "---\n\n"
    "- [ ] <!-- replanner:replan --> Tick to plan anew now (drops commits that others added here)\n"
    "- [ ] <!-- replanner:hold --> Tick to have this pull request left as it is"
)


@dataclass(frozen=True, slots=True)
class NotPlanned:
    """A profile of the group that could not be planned, and why."""

    profile: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProposalReport:
    """What a pull request is about. Paths are those of the repository.

    `checks_wait`: its checks start only once somebody lets them. `auto_merge` says in one sentence
    how it is merged, where it is not by hand.
    """

    changes: tuple[Change, ...]
    base: str
    planner_version: str
    written: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    hand_edited: tuple[str, ...] = ()
    failed: tuple[NotPlanned, ...] = ()
    checks_wait: bool = False
    auto_merge: str = ""


def body(report: ProposalReport) -> str:
    """The pull request's text, within GitHub's limits."""
    ordered = sorted(report.changes, key=lambda one: (_order(one), name(one)))
    alone = ordered[0] if len(ordered) == 1 else None
    sections = [
        Section(_headline(ordered)),
        Section(_lead(ordered), 1),
        Section(_figures(alone) if alone else _table(ordered), 1),
        Section(_bars(alone) if alone else "", 3),
        Section(_to_do(ordered)),
        Section(_hand_edits(report.hand_edited), 1),
        Section(_failures(report.failed), 2),
        *[Section(_details(one), 5) for one in ordered],
        Section(upstream(ordered), 4),
        Section(_files(report), 4),
        Section(_WAITING if report.checks_wait else ""),
        Section(_CONTROLS),
        Section(_what_next(ordered, report)),
        Section(_footer(report)),
    ]
    return fit(sections, budget_bytes=BUDGET_BYTES - _ROOM_FOR_STATE)


def _order(one: Change) -> int:
    return ORDER.index(mark_of_change(one))


def _headline(ordered: Sequence[Change]) -> str:
    mark = mark_of_change(ordered[0])
    if len(ordered) == 1:
        return f"### {EMOJI[mark]} {_told(ordered[0])}"
    bad = [one for one in ordered if mark_of_change(one) == "bad"]
    if not bad:
        safe = "Safe to merge: " if mark in ("good", "removed") else ""
        tail = "" if safe else ", none breaks"
        what = f"{len(ordered)} profiles re-planned{revision(ordered)}"
        return f"### {EMOJI[mark]} {safe}{what}{tail}"
    verb = "break" if len(bad) > 1 else "breaks"
    named = "; ".join(_told(one) for one in bad[:_MOST_NAMED])
    more = f"; and {len(bad) - _MOST_NAMED} more" if len(bad) > _MOST_NAMED else ""
    return f"### {EMOJI[mark]} {len(bad)} of {len(ordered)} profiles {verb}: {named}{more}"


def _told(one: Change) -> str:
    return f"{code(middle_cut(name(one)))} {escape(outcome(one))}"


def _lead(ordered: Sequence[Change]) -> str:
    """What moved upstream; for a single profile every cause."""
    if len(ordered) > 1:
        return moves(ordered)
    others = [cause for cause in ordered[0].causes if cause.kind not in ("model", "draft")]
    told = f"{'; '.join(cause_text(cause) for cause in others[:3])}." if others else ""
    return joined([moves(ordered), told])


def _table(ordered: Sequence[Change]) -> str:
    full = [_row(one, bars=True) for one in ordered]
    short = (_row(one, bars=False) for one in ordered)
    told, count = table_within((*HEAD, "Verdict"), full, short, room_bytes=_ROOM_FOR_ROWS)
    more = f"And {len(ordered) - count} more profiles." if count < len(ordered) else ""
    return joined([told, more])


def _row(one: Change, *, bars: bool) -> tuple[str, ...]:
    shown = f"{EMOJI[mark_of_change(one)]}{NO_BREAK}{label(name(one))}"
    place = f"<br>{where(one.record)}" if bars else ""
    cells = figures_cells(one.old, one.new, bars=bars)
    return (f"{shown}{place}", *cells, escape(outcome(one), longest=90))


def _figures(one: Change) -> str:
    return comparison(one.old, one.new, Limits())


def _bars(one: Change) -> str:
    after = one.new
    return fenced(memory_bars(one.old and one.old.plan, after.plan)) if after else ""


def _to_do(ordered: Sequence[Change]) -> str:
    """The one alert: what would make the plans that do not fit fit."""
    found = [one for one in ordered if one.after in ("refused", "starts") and one.record.plan.fixes]
    if not found:
        return ""
    lines = [
        f"{code(one.record.inputs.profile_path, longest=100)}: {fixes_text(one.record.plan.fixes)}"
        for one in found
    ]
    told = f"[!CAUTION]\n**To make it fit:**\n\n{bullets(lines, most=_MOST_FIXED)}"
    return "\n".join(f"> {line}".rstrip() for line in told.split("\n"))


def _hand_edits(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    return (
        f"**Edited by hand, left as they are:** {listed(paths)}.\n\n"
        "These files are not what replanner last wrote, so it did not write them and they still"
        " say what they said. Delete one to have it written afresh, or take its name out of"
        f" {code('outputs.emit')} to keep it yours."
    )


def _details(one: Change) -> str:
    sides: tuple[PlanRecord | None, PlanRecord | None] = (one.old, one.new)
    parts = [
        terms(*sides) if one.new else "",
        settings_table(one) or causes_list(one),
        findings(one),
        speeds(one.old, one.new, brief=True) if one.new else "",
    ]
    title = f"{EMOJI[mark_of_change(one)]} <b>{code(middle_cut(name(one)))}</b> in detail"
    return folded(title, joined(parts))


def _failures(failed: Sequence[NotPlanned]) -> str:
    if not failed:
        return ""
    lines = [f"- {code(one.profile)}: {escape(one.reason)}" for one in failed]
    return "Not planned, and left as they are:\n\n" + "\n".join(lines)


def _files(report: ProposalReport) -> str:
    parts = []
    if report.written:
        parts.append(f"Written: {listed(report.written)}")
    if report.deleted:
        parts.append(f"Deleted: {listed(report.deleted)}")
    count = len(report.written) + len(report.deleted)
    return folded(f"Files ({count})", joined(parts))


def _what_next(ordered: Sequence[Change], report: ProposalReport) -> str:
    broken = any(one.after == "refused" for one in ordered)
    usual = "not as it is: it would not start." if broken else _USUAL_MERGING
    return (
        f"**Merging:** {escape(report.auto_merge) or usual}"
        f" **Updates:** rebuilt when the plan changes or {code(report.base, longest=100)}"
        " conflicts, never over commits of others."
        " **Not interested?** Close it, and the same plan is not proposed again."
    )


def _footer(report: ProposalReport) -> str:
    versions = sorted({one.record.plan.config.vllm_version for one in report.changes})[:3]
    base = escape(report.base, longest=100)
    engines = escape(", ".join(versions), longest=60)
    planner = escape(report.planner_version)
    return f"<sub>Planned for {base}, vLLM {engines}, replanner {planner}</sub>"
