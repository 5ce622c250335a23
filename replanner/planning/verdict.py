"""Decides the one sentence that says what became of a plan, and why."""

from collections.abc import Sequence
from typing import Literal

from replanner.planning.causes import Cause
from replanner.planning.deltas import Delta
from replanner.planning.record import PlanRecord
from replanner.planning.result import Feasibility, Finding
from replanner.planning.wording import gib, number, percent, signed_gib

State = Literal["fits", "starts", "refused"]
_STATES: tuple[State, ...] = ("refused", "starts", "fits")

_PHRASES: dict[tuple[State, State], str] = {
    ("fits", "fits"): "still fits",
    ("fits", "starts"): "no longer fits",
    ("fits", "refused"): "no longer starts",
    ("starts", "fits"): "now fits",
    ("starts", "starts"): "still starts without fitting",
    ("starts", "refused"): "no longer starts",
    ("refused", "fits"): "now starts and fits",
    ("refused", "starts"): "now starts, but does not fit",
    ("refused", "refused"): "still does not start",
}
_FIRST: dict[State, str] = {
    "fits": "fits",
    "starts": "starts, but does not fit",
    "refused": "does not start",
}
# Memory terms whose growth can take a plan's room (or, for the budget, whose shrinking can).
_DEMANDS = ("weights", "activation", "non_torch", "cuda_graph", "kv_needed", "workload_kv")
_HEADLINES = (
    "feasibility.bytes.kv_cache",
    "performance.decode_tokens_per_s",
    "feasibility.bytes.weights",
    "feasibility.max_concurrency_at_context",
    "feasibility.bytes.workload_kv",
    "performance.request_tokens_per_s",
)
_MOST_CAUSES = 3
_MOST_HEADLINES = 2


def state(record: PlanRecord) -> State:
    """What vLLM and the workload make of the plan."""
    feasibility = record.plan.feasibility
    if not feasibility.starts:
        return "refused"
    return "fits" if feasibility.fits else "starts"


def is_worse(before: State, after: State) -> bool:
    return _STATES.index(after) < _STATES.index(before)


def first_verdict(record: PlanRecord) -> str:
    """For a plan that has no predecessor."""
    hardware, found = record.plan.hardware, state(record)
    where = f"{_FIRST[found]} on {hardware.gpus}x {hardware.gpu_name}"
    room = _room(record.plan.feasibility, found)
    if room < 0:
        return f"{where}, {gib(-room)} short"
    if found == "refused":
        return where  # for another reason than memory there is nothing to spare
    spare = "of KV cache to spare" if record.plan.feasibility.keeps_cache else "to spare"
    return f"{where}, {gib(room)} {spare}"


def _room(feasibility: Feasibility, found: State) -> int:
    """Bytes to spare, or what a start lacks, which is what the finding says too."""
    left = feasibility.memory.kv_cache_bytes
    if found != "refused":
        return feasibility.headroom_bytes
    return left if left < 0 else left - feasibility.kv_needed_bytes


def changed_verdict(
    states: tuple[State, State],
    deltas: Sequence[Delta],
    *,
    causes: Sequence[Cause],
    appeared: Sequence[Finding],
) -> str:
    """`no longer starts because weights grew by 12.4 GiB (model commit abc1234: weights)`."""
    silent = "performance." if "refused" in states else "\0"  # what does not start has no speed
    told = [delta for delta in deltas if not delta.key.startswith(silent)]
    reason = _reason(told, appeared) if is_worse(*states) else _headlines(told)
    return f"{_PHRASES[states]}{reason} ({_told(causes)})"


def _reason(deltas: Sequence[Delta], appeared: Sequence[Finding]) -> str:
    pushes = [push for delta in deltas if (push := _push(delta)) is not None]
    if pushes:
        return f" because {max(pushes)[1]}"
    errors = [finding.message for finding in appeared if finding.severity == "error"]
    return f" because {errors[0].split('. ')[0].rstrip('.')}" if errors else ""


def _push(delta: Delta) -> tuple[float, str] | None:
    """(bytes, words) of a memory term that took room."""
    name = delta.key.removeprefix("feasibility.bytes.")
    if not isinstance(delta.old, int | float) or not isinstance(delta.new, int | float):
        return None
    grown = delta.new - delta.old
    if name in _DEMANDS and grown > 0:
        return grown, f"{_lowered(delta.label)} grew by {gib(grown)}"
    if name == "budget" and grown < 0:
        return -grown, f"{_lowered(delta.label)} shrank by {gib(-grown)}"
    return None


def _lowered(label: str) -> str:
    return label if label[:2].isupper() else label[0].lower() + label[1:]


def _headlines(deltas: Sequence[Delta]) -> str:
    by_key = {delta.key: delta for delta in deltas if delta.news}
    words = [_headline(by_key[key]) for key in _HEADLINES if key in by_key]
    return f": {', '.join(words[:_MOST_HEADLINES])}" if words else ", same figures"


def _headline(delta: Delta) -> str:
    old, new = float(delta.old or 0), float(delta.new or 0)
    label = _lowered(delta.label)
    if delta.unit == "bytes":
        share = percent(old, new)
        return f"{label} {signed_gib(new - old)}" + (f" ({share})" if share else "")
    return f"{label} {percent(old, new) or number(new)}"


def _told(causes: Sequence[Cause]) -> str:
    words = [str(cause) for cause in causes[:_MOST_CAUSES]]
    more = len(causes) - len(words)
    return "; ".join(words) + (f"; {more} more" if more else "")
