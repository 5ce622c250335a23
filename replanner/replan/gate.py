"""Decides how bad a profile is, in a pull request or on its base, what the whole comes to, and
whether that blocks the merge. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from replanner.errors import UpstreamError, worst_exit_code
from replanner.planning.diff import Change
from replanner.planning.record import PlanRecord
from replanner.planning.units import GIB
from replanner.planning.verdict import state
from replanner.planning.wording import gib
from replanner.profile import GatePolicy
from replanner.profile.settings import FailOn, OnError
from replanner.replan.judge import Judged
from replanner.report.limits import Limits
from replanner.report.review import Breach, Level, Reviewed, Trouble, Verdict

# From the worst on. What could not be planned may be worse than what merely got worse.
LEVELS: tuple[Level, ...] = ("infeasible", "policy", "unknown", "warning", "ok", "safe")
_BLOCKING: Mapping[FailOn, frozenset[Level]] = {
    "infeasible": frozenset({"infeasible"}),
    "policy": frozenset({"infeasible", "policy"}),
    "warning": frozenset({"infeasible", "policy", "warning"}),
    "never": frozenset(),
}
_GATE = 1
_HEADROOM = "feasibility.bytes.headroom"
# The figure that a limit is about, to see whether a breach got worse.
_FIGURES = {
    "min_concurrency": "feasibility.max_concurrency_at_context",
    "min_headroom_gib": _HEADROOM,
}
_DROP = "max_throughput_drop"
_ROUNDING = 1e-9
# What of an upstream commit changes no answer.
_HARMLESS = {"docs"}


class Gate(NamedTuple):
    """Whether the merge is blocked, and the process's exit code."""

    blocked: bool
    exit_code: int


def gate(
    profiles: Iterable[Reviewed], *, fail_on: FailOn, on_error: OnError, config: Trouble | None
) -> Gate:
    """What the profiles that the pull request is to blame for come to.

    `never` is about verdicts: what cannot be read stays an error. `config` is what is wrong with
    the configuration that the pull request brings.
    """
    blamed = [one for one in profiles if not one.inherited]
    troubles = [one.trouble for one in blamed if one.trouble] + ([config] if config else [])
    codes = [one.exit_code for one in troubles]
    codes += [_GATE for one in blamed if one.level in _BLOCKING[fail_on]]
    worst = exit_code_of(codes, on_error)
    return Gate(worst != 0, worst)


def exit_code_of(codes: Iterable[int], on_error: OnError) -> int:
    """The worst of a run's outcomes; an upstream that is away is none unless it was asked for."""
    away = UpstreamError.exit_code
    return worst_exit_code(code for code in codes if on_error == "fail" or code != away)


def verdict(profiles: Iterable[Reviewed]) -> Verdict:
    """The worst that the pull request is to blame for; `none` where it concerns no profile."""
    return worst_level(one.level for one in profiles if concerns(one))


def worst_level(levels: Iterable[Level | None]) -> Verdict:
    """The verdict on profiles of these levels; None is one of which nothing is to be said."""
    found = set(levels)
    return next((level for level in LEVELS if level in found), "none")


def concerns(one: Reviewed) -> bool:
    """Does the pull request change this profile, its plan or its files, for better or worse?"""
    return not one.inherited and not (one.kind == "unchanged" and one.level == "ok")


def severity(one: Reviewed) -> tuple[bool, int, bool, str]:
    """For sorting: the worst first, then what was so before, then what nobody touched."""
    rank = LEVELS.index(one.level)
    return one.inherited, rank, one.kind == "unchanged", one.path


def limits(policy: GatePolicy, record: PlanRecord, *, before: PlanRecord | None) -> Limits:
    """The policy's limits against a plan. What does not start keeps none and breaches none: it has
    no figures. `before` is the plan that throughput is compared with."""
    if not record.plan.feasibility.starts:
        return Limits()
    judged = list(_judged(policy, record, before))
    return Limits(
        tuple(one for one, good in judged if not good), tuple(one for one, good in judged if good)
    )


def _judged(
    policy: GatePolicy, record: PlanRecord, before: PlanRecord | None
) -> Iterator[tuple[Breach, bool]]:
    feasibility = record.plan.feasibility
    least, room, drop = policy.min_concurrency, policy.min_headroom_gib, policy.max_throughput_drop
    if least is not None and feasibility.keeps_cache:
        found = feasibility.max_concurrency_at_context
        told = Breach("min_concurrency", f"{least:g}", _digits(found), "model.max_model_len")
        yield told, found >= least
    if room is not None:
        left = feasibility.headroom_bytes
        told = Breach("min_headroom_gib", gib(room * GIB), gib(left), "workload.concurrency")
        yield told, left >= room * GIB
    if drop is not None and before is not None and before.plan.feasibility.starts:
        lost = _throughput_drop(before, record)
        yield Breach(_DROP, _share(drop), _share(lost)), lost <= drop + _ROUNDING


def _throughput_drop(before: PlanRecord, after: PlanRecord) -> float:
    """The share of the expected throughput that is lost; below zero where it grew."""
    old = before.plan.performance.decode_tokens_per_s.expected
    new = after.plan.performance.decode_tokens_per_s.expected
    return 1 - new / old if old > 0 else 0.0


def _digits(value: float) -> str:
    """Four digits, so that what just misses a limit is not told as the limit."""
    return f"{value:.4g}" if value < 10_000 else f"{value:.0f}"  # noqa: PLR2004 - above, all digits


def _share(value: float) -> str:
    return f"{100 * max(value, 0.0):.3g}%"


def planned_level(
    record: PlanRecord, change: Change | None, *, breached: Sequence[Breach], untidy: bool
) -> Level:
    """How bad a plan is that the pull request may have changed; `untidy`: its files are not what
    the plan says."""
    if state(record) != "fits":
        return "infeasible"
    if breached:
        return "policy"
    if untidy or (change is not None and _is_worth_a_look(change)):
        return "warning"
    return "safe" if change is None or _is_harmless(change) else "ok"


def judged_level(one: Judged, policy: GatePolicy) -> Level | None:
    """How bad a profile of the base is, as the loop found it; None where it fits and nothing
    changed."""
    record = one.new if one.change else one.old
    if one.error is not None:
        return "unknown"
    if record is None:
        return None
    if state(record) != "fits":
        return "infeasible"
    if limits(policy, record, before=one.old).breached:
        return "policy"
    return "ok" if one.change else None


def _is_worth_a_look(change: Change) -> bool:
    warned = any(finding.severity != "info" for finding in change.appeared)
    return warned or change.direction == "worse"


def _is_harmless(change: Change) -> bool:
    """Does no figure and no setting move? The pinned commit may, where only its docs differ."""
    if change.kind != "changed" or change.appeared or any(one.news for one in change.figures):
        return False
    details = {detail for cause in change.causes for detail in cause.details}
    return {one.label for one in change.settings} <= {"revision"} and details <= _HARMLESS


def is_inherited(
    level: Level, change: Change | None, *, breached: Sequence[Breach], before: Sequence[Breach]
) -> bool:
    """Was a planned profile as bad as this on the base already? `before` are the limits that were
    breached there. A pull request that makes it worse is to blame after all."""
    if level not in ("infeasible", "policy"):
        return False
    if change is None:
        return True
    if level == "infeasible":
        return _was_infeasible(change)
    now, then = ({one.limit for one in side} for side in (breached, before))
    return now <= then and not _got_worse(change, {_FIGURES.get(limit) for limit in now})


def _was_infeasible(change: Change) -> bool:
    then, now = change.before, change.after
    if then in (None, "fits"):
        return False
    if then != now:
        return not change.breaks
    new_error = any(finding.severity == "error" for finding in change.appeared)
    return not new_error and not _got_worse(change, {_HEADROOM})


def _got_worse(change: Change, keys: set[str | None]) -> bool:
    return any(
        delta.key in keys and delta.direction == "worse" and delta.news for delta in change.figures
    )
