"""Decides which figures people see of a plan or a change, and how they are written."""

import re
from dataclasses import dataclass

from replanner.planning.deltas import Delta, Unit, Value
from replanner.planning.diff import Change
from replanner.planning.result import MemoryBreakdown, Performance, Plan, Range
from replanner.planning.units import GIB
from replanner.planning.wording import gib, number, percent, short_commit, signed_gib

NO_BREAK = "\N{NO-BREAK SPACE}"
ARROW = "\N{RIGHTWARDS ARROW}"
_UNITS: dict[Unit, str] = {
    "tokens": f"{NO_BREAK}tok",
    "tokens/s": f"{NO_BREAK}tok/s",
    "ms": f"{NO_BREAK}ms",
}
_ESTIMATES = frozenset({"tokens/s", "ms"})
_COMMIT = re.compile("[0-9a-f]{40}")
_WORDS: dict[object, str] = {True: "yes", False: "no", None: "none"}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one plan."""

    label: str
    value: str


def fixed_bytes(memory: MemoryBreakdown) -> int:
    """What is gone before the first token: weights, activations, runtime."""
    return (
        memory.weights_bytes
        + memory.activation_bytes
        + memory.non_torch_bytes
        + memory.cuda_graph_bytes
    )


def told(one: Change) -> list[Delta]:
    """The figures worth telling; the speed of what does not start is none."""
    silent = "performance." if "refused" in (one.before, one.after) else "\0"
    return [delta for delta in one.figures if delta.news and not delta.key.startswith(silent)]


def rows(plan: Plan) -> list[Row]:
    """A plan's figures, the verdict's first; its speed where it starts."""
    memory, verdict = plan.feasibility.memory, plan.feasibility
    if not verdict.keeps_cache:
        return _without_cache(plan)
    length = f"{plan.config.max_model_len:,}"
    found = [
        Row("Fixed per GPU", size(fixed_bytes(memory))),
        Row("Left for KV cache", size(memory.kv_cache_bytes)),
        Row("Headroom", size(verdict.headroom_bytes)),
        Row("KV capacity", value("tokens", verdict.kv_cache_tokens)),
        Row(f"Requests of {length} tokens", value("requests", verdict.max_concurrency_at_context)),
        Row("Longest context at concurrency", value("tokens", verdict.max_context_at_concurrency)),
    ]
    return found + (_speeds(plan.performance) if verdict.starts else [])


def trust(plan: Plan, term: str) -> str:
    """`modelled, ±0.94 GiB`: what a term of the memory rests on; nothing where no plan says so."""
    found = plan.feasibility.certainty.get(f"{term}_gib")
    if found is None:
        return "measured" if term in plan.feasibility.memory.measured else ""
    return f"{found.basis}, ±{gib(found.within * GIB)}" if found.within else found.basis


def guesses(plan: Plan) -> list[str]:
    """What the plan's memory rests on that is no more than a guess."""
    found = (one.why for one in plan.feasibility.certainty.values() if one.basis == "guessed")
    return list(dict.fromkeys(filter(None, found)))


def _without_cache(plan: Plan) -> list[Row]:
    """A model that answers in one pass: no cache, no second token."""
    memory, speed = plan.feasibility.memory, plan.performance
    found = [
        Row("Fixed per GPU", size(fixed_bytes(memory))),
        Row("Left over", size(memory.kv_cache_bytes)),
        Row("KV cache", "none is kept"),
    ]
    answers = [Row("Time to answer", spread("ms", speed.ttft_ms))]
    return found + (answers if plan.feasibility.starts else [])


def _speeds(speed: Performance) -> list[Row]:
    return [
        Row("Throughput", spread("tokens/s", speed.decode_tokens_per_s)),
        Row("Speed of one request", spread("tokens/s", speed.request_tokens_per_s)),
        Row("Time to first token", spread("ms", speed.ttft_ms)),
        Row("Time per output token", spread("ms", speed.itl_ms)),
    ]


def value(unit: Unit, found: Value) -> str:
    """One figure with its unit."""
    if isinstance(found, bool) or found is None:
        return _WORDS[found]
    if isinstance(found, str):
        return found
    if unit == "bytes":
        return size(found)
    if unit == "tokens":
        return f"{found:,}" + _UNITS[unit]
    shown = _estimate(found) if unit in _ESTIMATES else number(found)
    return shown + _UNITS.get(unit, "")


def _estimate(found: float) -> str:
    """Three digits and no more: the others would be made up."""
    return number(float(f"{found:.3g}"))


def size(size_bytes: float) -> str:
    """Memory, its unit on the same line as its figure."""
    return _kept_together(gib(size_bytes))


def _kept_together(text: str) -> str:
    return text.replace(" ", NO_BREAK)


def setting(found: Value) -> str:
    """A setting's value; a commit as short as git shows it."""
    text = value("text", found)
    return short_commit(text) if _COMMIT.fullmatch(text) else text


def change(delta: Delta) -> str:
    """How a figure moved: absolute for memory, a share for the rest."""
    old, new = delta.old, delta.new
    if isinstance(old, str | bool) or isinstance(new, str | bool) or old is None or new is None:
        return f"{value(delta.unit, old)} {ARROW} {value(delta.unit, new)}"
    share = percent(old, new)
    if delta.unit == "bytes":
        return _kept_together(signed_gib(new - old)) + (f" ({share})" if share else "")
    return share or f"+{value(delta.unit, new)}"


def spread(unit: Unit, found: Range) -> str:
    """An estimate and what it lies between."""
    return f"{value(unit, found.expected)} ({_estimate(found.low)} to {_estimate(found.high)})"
