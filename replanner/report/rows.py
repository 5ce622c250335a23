"""Decides what one row of a table of several profiles shows."""

from collections.abc import Iterable, Sequence

from replanner.planning.deltas import Unit, Value
from replanner.planning.record import PlanRecord
from replanner.planning.result import Plan
from replanner.report.bars import cell_bar
from replanner.report.compared import NONE, SAME, moved
from replanner.report.figures import ARROW, NO_BREAK, fixed_bytes, size, value
from replanner.report.markdown import code, escape, middle_cut, table

HEAD = ("Profile", "Per GPU: fixed, left for KV", "Full-length requests", "Throughput")
_LONGEST_GPU = 40
_ROOM_FOR_REST = 200


def label(name: str) -> str:
    """A profile's name, on one line: the width is for the other columns."""
    return code(middle_cut(name).replace("-", "\N{NON-BREAKING HYPHEN}"))


def where(record: PlanRecord) -> str:
    """The GPUs, on one line."""
    used = record.plan.hardware
    shown = f"{used.gpus}\N{MULTIPLICATION SIGN} {used.gpu_name}"
    return escape(shown, longest=_LONGEST_GPU).replace(" ", NO_BREAK)


def table_within(
    columns: Sequence[str],
    full: Sequence[Sequence[str]],
    short: Iterable[Sequence[str]],
    *,
    room_bytes: int,
) -> tuple[str, int]:
    """All rows in full where half the room holds them; else short ones as far as they go. The
    table, and how many rows it has."""
    whole = _drawn(columns, full)
    if len(whole.encode()) <= room_bytes // 2:
        return whole, len(full)
    rows, used = list[Sequence[str]](), len(_drawn(columns, []).encode()) + _ROOM_FOR_REST
    for cells in short:
        used += sum(len(cell.encode()) + 3 for cell in cells) + 2
        if used > room_bytes:
            break
        rows.append(cells)
    return (_drawn(columns, rows) if rows else ""), len(rows)


def _drawn(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    # The last column is text, so it stands to the left; those before it are figures.
    head, rule, *body = table(columns, rows, numbers_from=2).splitlines()
    return "\n".join([head, rule.removesuffix("--: |") + ":-- |", *body])


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
        told = f"**{size(-left)} short**".replace(" ", NO_BREAK)
    else:
        same = before is not None and _sizes(before.plan) == _sizes(after.plan)
        told = _sizes(after.plan) + (f"{NO_BREAK}({SAME})" if same else "")
    return f"<code>{cell_bar(memory)}</code><br>{told}" if bars else told


def _sizes(plan: Plan) -> str:
    """`47.6, 25.2 GiB`."""
    memory = plan.feasibility.memory
    fixed, left = size(fixed_bytes(memory)), size(memory.kv_cache_bytes)
    unit = f"{NO_BREAK}GiB"
    fixed = fixed.removesuffix(unit) if left.endswith(unit) else fixed
    return f"{fixed},{NO_BREAK}{left}"


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
    if before == now:
        return f"{now}{NO_BREAK}({SAME})"
    return f"{before}{NO_BREAK}{ARROW}{NO_BREAK}**{now}**"
