"""Decides what a profile keeps of a server's figures, so that its next plan rests on them.

The KV cache is what people plan with, so that figure is kept whole: what the printed terms leave
unexplained of it counts as activations.
"""

from collections.abc import Mapping
from typing import Final

from replanner.errors import InputError
from replanner.measure.compare import Comparison, compare, planned
from replanner.measure.seen import Seen
from replanner.measure.terms import terms
from replanner.planning.calibration import counted_graph_bytes
from replanner.planning.request import Measured
from replanner.planning.result import Plan
from replanner.planning.units import GIB
from replanner.planning.versions import parse_version

Value = str | int | float | bool | None
_DIGITS: Final = 3
# A printed total has two decimals; a card of another size is another card.
_ROUNDING_GIB: Final = 0.01
_SAME_CARD: Final = 0.05


def calibration(plan: Plan, seen: Seen) -> Measured:
    """What this server measured for a plan that rests on no calibration; InputError where the log
    is of another deployment, or does not hold enough."""
    _refuse_another(compare(plan, seen))
    actual = terms(seen, plan.config.vllm_version)
    lost = [name for name in _NEEDED if name not in actual]
    if lost or seen.sized_by_hand:
        raise InputError(
            f"nothing to calibrate with: {_why_not(lost)}.",
            hint="Nothing was written. The weights and the KV cache must both be in the log.",
        )
    if not seen.version:
        raise InputError(
            "nothing to calibrate with: the log does not say of which release of vLLM it is.",
            hint="Nothing was written. Give the log from the server's first line on.",
        )
    config = plan.config
    budget = _total(plan, seen) * config.gpu_memory_utilization
    counted = _counted(plan, actual)
    activation, outside = _overheads(plan, actual, budget - counted)
    return Measured(
        model=config.model,
        gpu_name=plan.hardware.gpu_name,
        vllm_version=_plain_version(seen.version),
        max_num_batched_tokens=config.max_num_batched_tokens,
        max_num_seqs=config.max_num_seqs,
        planned_weights_gib=round(plan.feasibility.memory.weights_bytes / GIB, 4),
        weights_gib=round(actual["weights_gib"], 4),
        activation_gib=activation,
        non_torch_gib=outside,
        cuda_graph_gib=_graphs(plan, actual),
        counted_graph_gib=counted,
        tp_size=config.tensor_parallel_size,
        pp_size=config.pipeline_parallel_size,
        enforce_eager=config.enforce_eager,
    )


def changes(plan: Plan, seen: Seen, measured: Measured) -> dict[str, Value]:
    """The profile's dotted keys that hold it; the GPU's memory too, as the server has it."""
    found: dict[str, Value] = {
        f"policy.measured.{name}": value for name, value in measured._asdict().items()
    }
    total = _total(plan, seen)
    if total != planned(plan)["vram_total_gib"]:
        found["hardware.vram_gib"] = total
    return found


def _total(plan: Plan, seen: Seen) -> float:
    """The GPU's memory in the next plan: the printed one where it differs at all."""
    mine = planned(plan)["vram_total_gib"]
    printed = seen.figures.get("total_gib", mine)
    return printed if abs(printed - mine) > _ROUNDING_GIB else mine


def origin(seen: Seen, *, source: str, today: str) -> str:
    """The sentence above the figures in the profile: where they came from."""
    dated = f" of {seen.date}" if seen.date else ""
    gpu = f", {seen.gpu}" if seen.gpu else ""
    total = seen.figures.get("total_gib")
    size = f", {total:.2f} GiB" if total is not None else ""
    version = f"vLLM {seen.version}" if seen.version else "vLLM"
    return f"Measured by {version}{gpu}{size}: {source}{dated}, read {today} by replanner verify."


_NEEDED: Final = ("weights_gib", "kv_cache_gib")


def _why_not(lost: list[str]) -> str:
    names = {"weights_gib": "the weights", "kv_cache_gib": "the KV cache"}
    if not lost:
        return "the KV cache was sized by hand"
    return f"the log does not say what {' and '.join(names[name] for name in lost)} took"


def _refuse_another(compared: Comparison) -> None:
    """Figures of another deployment would never be used, or be used wrongly."""
    found = [
        f"{one.setting} was {one.actual}, planned is {one.planned}" for one in compared.differences
    ]
    memory = [row for row in compared.rows if row.key == "vram_total_gib"]
    if any(abs(row.predicted / row.actual - 1) > _SAME_CARD for row in memory if row.actual):
        found.append(f"the GPU has {memory[0].actual:.2f} GiB, not {memory[0].predicted:.2f}")
    if found:
        raise InputError(
            f"these figures are of another deployment: {'; '.join(found)}.",
            hint="Nothing was written. Make the profile say what ran, or give this one's log.",
        )


def _graphs(plan: Plan, actual: Mapping[str, float]) -> float | None:
    if plan.config.enforce_eager:
        return 0.0
    found = actual.get("cuda_graph_gib")
    return None if found is None else max(0.0, round(found, _DIGITS))


def _counted(plan: Plan, actual: Mapping[str, float]) -> float:
    """What was taken off the pool for graphs; as planned where the log does not tell."""
    planned_gib = counted_graph_bytes(plan.feasibility.memory) / GIB
    return round(actual.get("counted_graph_gib", planned_gib), _DIGITS)


def _overheads(plan: Plan, actual: Mapping[str, float], room: float) -> tuple[float, float]:
    """(activations, outside torch) that leave exactly the printed pool of `room` GiB."""
    taken = room - round(actual["weights_gib"], 4) - actual["kv_cache_gib"]
    if taken < 0:
        raise InputError(
            f"the figures do not add up: {actual['weights_gib']:.2f} GiB of weights and"
            f" {actual['kv_cache_gib']:.2f} GiB of KV cache are more than the {room:.2f} GiB that"
            " the plan leaves to them.",
            hint="Nothing was written. hardware.vram_gib and policy.gpu_memory_utilization decide.",
        )
    outside = max(0.0, actual.get("non_torch_gib", planned(plan)["non_torch_gib"]))
    outside = round(min(outside, taken), _DIGITS)
    return max(0.0, round(taken - outside, _DIGITS)), outside


def _plain_version(version: str) -> str:
    return ".".join(map(str, parse_version(version)))
