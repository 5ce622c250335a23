"""Decides what one row of a table of several profiles shows."""

from replanner.planning.deltas import Unit, Value
from replanner.planning.record import PlanRecord
from replanner.planning.result import Plan
from replanner.report.bars import cell_bar
from replanner.report.compared import NONE, SAME, moved
from replanner.report.figures import ARROW, fixed_bytes, size, value
from replanner.report.markdown import escape

HEAD = ("Profile", "Per GPU: fixed, left for KV", "Full-length requests", "Throughput")


def where(record: PlanRecord) -> str:
    used = record.plan.hardware
    return escape(f"{used.gpus}\N{MULTIPLICATION SIGN} {used.gpu_name}")


def figures_cells(
    before: PlanRecord | None, after: PlanRecord | None, *, bars: bool
) -> tuple[str, str, str]:
    """Memory, requests and throughput of a profile as it is now."""
    if after is None:
        return "removed", "", ""
    return (
        _memory(before, after, bars=bars),
        _moved("requests", _requests(before), _requests(after)),
        _speed(before, after),
    )


def _memory(before: PlanRecord | None, after: PlanRecord, *, bars: bool) -> str:
    memory = after.plan.feasibility.memory
    left = memory.kv_cache_bytes
    if left < 0:
        told = f"**{size(-left)} short**"
    else:
        same = before is not None and _sizes(before.plan) == _sizes(after.plan)
        told = ", ".join(_sizes(after.plan)) + (f" ({SAME})" if same else "")
    return f"<code>{cell_bar(memory)}</code><br>{told}" if bars else told


def _sizes(plan: Plan) -> tuple[str, str]:
    memory = plan.feasibility.memory
    return size(fixed_bytes(memory)), size(memory.kv_cache_bytes)


def _requests(record: PlanRecord | None) -> Value:
    if record is None or not record.plan.feasibility.keeps_cache:
        return None
    return record.plan.feasibility.max_concurrency_at_context


def _speed(before: PlanRecord | None, after: PlanRecord) -> str:
    unit: Unit = "tokens/s" if after.plan.feasibility.keeps_cache else "ms"
    old, new = _rate(before, unit), _rate(after, unit)
    if new is None:
        return NONE
    if old is None:
        return value(unit, new)
    shift = moved(unit, old, new)
    return shift if shift == SAME else f"**{shift}**"


def _rate(record: PlanRecord | None, unit: Unit) -> Value:
    if record is None or not record.plan.feasibility.starts:
        return None
    speed = record.plan.performance
    return (speed.ttft_ms if unit == "ms" else speed.decode_tokens_per_s).expected


def _moved(unit: Unit, old: Value, new: Value) -> str:
    if new is None:
        return NONE
    now = value(unit, new)
    if old is None:
        return now
    before = value(unit, old)
    return f"{now} ({SAME})" if before == now else f"{before} {ARROW} **{now}**"
