"""Decides how speed is told in full: every estimate with its range, and what it rests on."""

from replanner.planning.deltas import Unit
from replanner.planning.record import PlanRecord
from replanner.planning.result import Range
from replanner.report.compared import NONE, SAME, moved, workload
from replanner.report.figures import spread
from replanner.report.markdown import escape, joined, table

_SPEEDS: tuple[tuple[str, Unit, str], ...] = (
    ("Throughput", "tokens/s", "decode_tokens_per_s"),
    ("Decode speed of one request", "tokens/s", "request_tokens_per_s"),
    ("Prefill", "tokens/s", "prefill_tokens_per_s"),
    ("Time to first token", "ms", "ttft_ms"),
    ("Time per output token", "ms", "itl_ms"),
)
_ANSWER: tuple[tuple[str, Unit, str], ...] = (("Time to answer", "ms", "ttft_ms"),)


def speeds(before: PlanRecord | None, after: PlanRecord, *, brief: bool = False) -> str:
    """The table of one profile; nothing where neither side starts, one column where nothing moves.
    `brief` leaves out what the figures rest on but the first sentence."""
    sides = [side for side in (before, after) if side]
    running = [side for side in sides if side.plan.feasibility.starts]
    if not running:
        return ""
    kinds = _SPEEDS if any(one.plan.feasibility.keeps_cache for one in running) else _ANSWER
    rows = [_row(label, unit, key, sides) for label, unit, key in kinds]
    if len(sides) > 1 and all(row[-1] == SAME for row in rows):
        return speeds(None, after, brief=brief)
    head = ("", "before", "after", "change") if len(sides) > 1 else ("", "planned")
    return joined([table(head, rows), _basis(running[-1], brief=brief)])


def _row(label: str, unit: Unit, key: str, sides: list[PlanRecord]) -> tuple[str, ...]:
    found = [_range(side, key) for side in sides]
    shown = [spread(unit, one) if one else NONE for one in found]
    if len(found) == 1:
        return label, *shown
    old, new = found
    return label, *shown, moved(unit, old.expected, new.expected) if old and new else ""


def _range(record: PlanRecord, key: str) -> Range | None:
    found = getattr(record.plan.performance, key)
    return found if record.plan.feasibility.starts and isinstance(found, Range) else None


def _basis(record: PlanRecord, *, brief: bool) -> str:
    traffic = workload(record)
    requests = traffic["concurrency"]
    load = (
        f"{requests:,} request{'s' * (requests > 1)} at once of {traffic['prompt_tokens']:,} tokens"
        f" in and {traffic['gen_tokens']:,} out"
    )
    found = record.plan.performance.assumptions
    notes = " ".join(escape(note) for note in (found[:1] if brief else found))
    return f"Estimates for {load}; in brackets what they lie between. {notes}".rstrip()
