"""Decides what the printed figures are in the plan's terms: releases split memory differently.

Up to 0.10 (V0) and at DEBUG a server prints weights, activations and what is outside torch. Later
"Actual usage" gives weights and the rest apart or together, and its activations hold the graphs'
estimate or not, which only the sum tells (gpu_worker.py, determine_available_memory).
"""

from collections.abc import Mapping
from typing import Final

from replanner.measure.seen import Seen
from replanner.planning.memory_era import memory_era

_USUAL_BLOCK: Final = 16


def terms(seen: Seen, version: str) -> dict[str, float]:
    """Weights, activations, non-torch, graphs, KV cache and its capacity, by plan.json's names;
    `version` is the planned one, for a source that states none."""
    counts = memory_era(seen.version or version).graphs_counted
    printed = {**seen.figures, **_of_refusal(seen)}
    found = {
        "vram_total_gib": _total(printed),
        "budget_gib": printed.get("budget_gib"),
        "weights_gib": _first(printed, "loaded_gib", "weights_gib"),
        "activation_gib": _activation(printed, counts_graphs=counts),
        "non_torch_gib": _non_torch(printed),
        "cuda_graph_gib": _first(printed, "graphs_gib", "graphs_estimate_gib"),
        "counted_graph_gib": _counted(printed, counts_graphs=counts),
        "kv_cache_gib": _first(printed, "kv_by_hand_gib", "kv_cache_gib"),
        "kv_cache_tokens": _tokens(seen, printed),
        "max_concurrency_at_context": printed.get("max_concurrency"),
        "max_model_len": _length(seen, printed),
        "kv_needed_gib": printed.get("kv_needed_gib"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _total(printed: Mapping[str, float]) -> float | None:
    budget, share = printed.get("budget_gib"), printed.get("utilization")
    if "total_gib" in printed or budget is None or not share:
        return printed.get("total_gib")
    return round(budget / share, 2)


def _of_refusal(seen: Seen) -> Mapping[str, float]:
    """The refusal's figures; the pool it names is less than was printed (by the null block)."""
    figures = dict(seen.refusal.figures) if seen.refusal else {}
    if "kv_cache_gib" in seen.figures:
        figures.pop("kv_cache_gib", None)
    return figures


def _first(printed: Mapping[str, float], *names: str) -> float | None:
    return next((printed[name] for name in names if name in printed), None)


def _activation(printed: Mapping[str, float], *, counts_graphs: bool) -> float | None:
    if "activation_gib" in printed:
        return printed["activation_gib"]
    if "peak_gib" in printed:
        return printed["peak_gib"] - (_estimate_inside(printed) if counts_graphs else 0.0)
    consumed, whole = printed.get("consumed_gib"), printed.get("non_kv_gib")
    if consumed is not None and whole is not None:
        return whole - consumed
    torch, weights = printed.get("peak_torch_gib"), _first(printed, "loaded_gib", "weights_gib")
    return None if torch is None or weights is None else torch - weights


def _estimate_inside(printed: Mapping[str, float]) -> float:
    """The part of "peak activation" that is the graphs' estimate: what makes the sum come out."""
    estimate = printed.get("graphs_estimate_gib", 0.0)
    budget, pool, rest = printed.get("budget_gib"), printed.get("kv_cache_gib"), _resident(printed)
    if estimate <= 0 or budget is None or pool is None or rest is None:
        return 0.0
    unexplained = budget - rest - printed["peak_gib"] - pool
    return estimate if abs(unexplained) < abs(unexplained - estimate) else 0.0


def _resident(printed: Mapping[str, float]) -> float | None:
    """Weights and what is outside torch."""
    if "consumed_gib" in printed:
        return printed["consumed_gib"]
    weights, outside = printed.get("weights_gib"), printed.get("non_torch_gib")
    return None if weights is None or outside is None else weights + outside


def _non_torch(printed: Mapping[str, float]) -> float | None:
    if "non_torch_gib" in printed:
        return printed["non_torch_gib"]
    consumed, weights = printed.get("consumed_gib"), _first(printed, "loaded_gib", "weights_gib")
    return None if consumed is None or weights is None else consumed - weights


def _counted(printed: Mapping[str, float], *, counts_graphs: bool) -> float | None:
    """What was taken off the KV cache for graphs: their estimate, which a model runner without one
    leaves at nothing (V2: 0.27.0 to 0.28.0); None where the log has too little to say."""
    if not counts_graphs:
        return 0.0
    if "graphs_estimate_gib" in printed:
        return max(0.0, printed["graphs_estimate_gib"])
    return 0.0 if "peak_gib" in printed and _resident(printed) is not None else None


def _tokens(seen: Seen, printed: Mapping[str, float]) -> float | None:
    """Where only blocks are printed, one kind of block is all there is."""
    if "kv_cache_tokens" in printed:
        return printed["kv_cache_tokens"]
    blocks, size = printed.get("gpu_blocks"), seen.settings.get("block_size", _USUAL_BLOCK)
    if blocks is None or isinstance(size, str) or "page_tokens" in printed:
        return None
    return blocks * size


def _length(seen: Seen, printed: Mapping[str, float]) -> float | None:
    length = _first(printed, "max_model_len")
    if length is None and isinstance(stated := seen.settings.get("max_model_len"), int):
        return float(stated)
    return length
