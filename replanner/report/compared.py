"""Decides what a profile's own table compares: the headline figures, before and after, and the
limits that stand for them."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from replanner.planning.deltas import Delta, Unit, Value
from replanner.planning.record import PlanRecord
from replanner.planning.request import Workload
from replanner.planning.result import Plan
from replanner.report.figures import ARROW, change, fixed_bytes, value
from replanner.report.limits import Limits, limit_text
from replanner.report.markdown import escape, table
from replanner.report.review import Breach

SAME = "="
NONE = "n/a"
_TINY = ("0.0%", "\N{MINUS SIGN}0.0%", "+0.0%")


class _Measure(NamedTuple):
    """One row. `of` answers None where the figure means nothing for the plan; `limit` is the
    policy's key for it; `only_moved`: told only where it differs; `label_moved`: its label where
    the longest request differs."""

    label: Callable[[PlanRecord], str]
    unit: Unit
    of: Callable[[Plan], Value]
    limit: str = ""
    only_moved: bool = False
    label_moved: str = ""


def _cached(found: Callable[[Plan], Value]) -> Callable[[Plan], Value]:
    return lambda plan: found(plan) if plan.feasibility.keeps_cache else None


def _running(found: Callable[[Plan], Value]) -> Callable[[Plan], Value]:
    return lambda plan: found(plan) if plan.feasibility.starts else None


_MEASURES = (
    _Measure(
        lambda _: "Fixed: weights, activations, runtime",
        "bytes",
        lambda plan: fixed_bytes(plan.feasibility.memory),
    ),
    _Measure(
        lambda record: "Left for KV cache" if _keeps(record) else "Left over, no KV cache is kept",
        "bytes",
        lambda plan: plan.feasibility.memory.kv_cache_bytes,
    ),
    _Measure(
        lambda _: "KV capacity", "tokens", _cached(lambda plan: plan.feasibility.kv_cache_tokens)
    ),
    _Measure(
        lambda _: "Longest request",
        "tokens",
        _cached(lambda plan: plan.config.max_model_len),
        only_moved=True,
    ),
    _Measure(
        lambda record: f"Requests of {value('tokens', record.plan.config.max_model_len)} at once",
        "requests",
        _cached(lambda plan: plan.feasibility.max_concurrency_at_context),
        "min_concurrency",
        label_moved="Full-length requests at once",
    ),
    _Measure(
        lambda record: f"Throughput, {concurrency(record)}",
        "tokens/s",
        _running(_cached(lambda plan: plan.performance.decode_tokens_per_s.expected)),
        "max_throughput_drop",
    ),
    _Measure(
        lambda _: "Decode speed of one of them",
        "tokens/s",
        _running(_cached(lambda plan: plan.performance.request_tokens_per_s.expected)),
    ),
    _Measure(
        lambda record: "Time to first token" if _keeps(record) else "Time to answer",
        "ms",
        _running(lambda plan: plan.performance.ttft_ms.expected),
    ),
)
_HEADROOM = _Measure(
    lambda _: "Headroom", "bytes", lambda plan: plan.feasibility.headroom_bytes, "min_headroom_gib"
)
_LIMITED = frozenset(one.limit for one in (*_MEASURES, _HEADROOM) if one.limit)


def unlisted(breaches: Iterable[Breach]) -> list[Breach]:
    """Those that no row of the table stands for."""
    return [one for one in breaches if one.limit not in _LIMITED]


def comparison(before: PlanRecord | None, after: PlanRecord | None, limits: Limits) -> str:
    """The table of one profile: both sides where there are two, else the one."""
    now = after or before
    if now is None:
        return ""
    told = _told_limits(limits)
    if before is None or after is None:
        cells = [_one_sided(one, now, told) for one in _measures(limits) if _is_told(one, now)]
        return table((f"per GPU ({hardware(now)})", "planned"), cells)
    rows = [_row(one, before, after, told) for one in _measures(limits)]
    head = f"per GPU ({_both_hardware(before, after)})"
    return table((head, "before", "after", "change"), [row for row in rows if row])


def hardware(record: PlanRecord) -> str:
    """`2x H100 SXM`, with how the model is split over them."""
    used, config = record.plan.hardware, record.plan.config
    split = (
        ("TP", config.tensor_parallel_size),
        ("PP", config.pipeline_parallel_size),
        ("DP", config.data_parallel_size),
    )
    told = [f"{name} {size}" for name, size in split if size > 1]
    return escape(", ".join([f"{used.gpus}\N{MULTIPLICATION SIGN} {used.gpu_name}", *told]))


def concurrency(record: PlanRecord) -> str:
    """How many requests the speeds are for."""
    found = workload(record)["concurrency"]
    return f"{found:,} request{'s' * (found > 1)} at once"


def workload(record: PlanRecord) -> dict[str, int]:
    """The workload's lengths and concurrency: the profile's, else the defaults."""
    values, usual = record.inputs.profile_values, Workload()._asdict()
    found = {key: values.get(f"workload.{key}", usual[key]) for key in _WORKLOAD}
    return {key: one if type(one) is int else int(usual[key]) for key, one in found.items()}


_WORKLOAD = ("prompt_tokens", "gen_tokens", "concurrency")


def moved(unit: Unit, old: Value, new: Value) -> str:
    """How one figure changed, in its own way; `=` where nobody could tell the difference."""
    if old is None or new is None:
        return (
            ""
            if old == new
            else f"{NONE if old is None else value(unit, old)} {ARROW} "
            + (NONE if new is None else value(unit, new))
        )
    if value(unit, old) == value(unit, new):
        return SAME
    found = change(Delta("", "", unit, old, new))
    return SAME if found in _TINY else found


def _keeps(record: PlanRecord) -> bool:
    return record.plan.feasibility.keeps_cache


def _measures(limits: Limits) -> Iterable[_Measure]:
    named = {one.limit for one in (*limits.breached, *limits.kept)}
    return (*_MEASURES, *((_HEADROOM,) if _HEADROOM.limit in named else ()))


def _told_limits(limits: Limits) -> Mapping[str, str]:
    kept = {one.limit: f"{escape(limit_text(one))} ✅" for one in limits.kept}
    broken = {one.limit: f"{escape(limit_text(one))} ❌" for one in limits.breached}
    return kept | broken


def _is_told(one: _Measure, now: PlanRecord) -> bool:
    return one.of(now.plan) is not None and not one.only_moved


def _one_sided(one: _Measure, now: PlanRecord, limits: Mapping[str, str]) -> tuple[str, str]:
    shown = value(one.unit, one.of(now.plan))
    limit = limits.get(one.limit)
    return one.label(now), f"{shown}, {limit}" if limit else shown


def _row(
    one: _Measure, before: PlanRecord, after: PlanRecord, limits: Mapping[str, str]
) -> tuple[str, ...] | None:
    old, new = one.of(before.plan), one.of(after.plan)
    if (old is None and new is None) or (one.only_moved and old == new):
        return None
    shift = moved(one.unit, old, new) if None not in (old, new) else ""
    bold = f"**{shift}**" if shift not in ("", SAME) else shift
    longer = before.plan.config.max_model_len != after.plan.config.max_model_len
    label = (longer and one.label_moved) or one.label(after if new is not None else before)
    sides = (NONE if side is None else value(one.unit, side) for side in (old, new))
    return label, *sides, ", ".join(part for part in (bold, limits.get(one.limit)) if part)


def _both_hardware(before: PlanRecord, after: PlanRecord) -> str:
    old, new = hardware(before), hardware(after)
    return new if old == new else f"{old} {ARROW} {new}"
