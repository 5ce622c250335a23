"""Decides how far a plan's memory figures are to be trusted: what each rests on, and how close
figures on such ground came to what real servers printed.

The distances are in `catalogue/vllm/seen.json`, which `make accuracy` writes: nine of ten cases
were that close, each planned with figures read from other groups of cases only.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from replanner import catalogue
from replanner.planning.calibration import counted_graph_bytes
from replanner.planning.facts import ModelFacts, Parallel
from replanner.planning.outside_torch import guesses_outside_torch
from replanner.planning.profile_run import Steps, guesses_of_run
from replanner.planning.result import Basis, Certainty, Feasibility, MemoryBreakdown
from replanner.planning.units import GIB

_MEASURED_GIB = 0.1  # what differs from run to run of one command on one H100
_RANK: Mapping[Basis, int] = {"exact": 0, "measured": 1, "given": 2, "modelled": 3, "guessed": 4}
_OTHER_VENDOR = "what GPUs that are not NVIDIA's take beside the weights"


class Ground(NamedTuple):
    """What one figure rests on; `why` says what of it is guessed."""

    basis: Basis
    why: str = ""


_EXACT = Ground("exact")


class Grounds(NamedTuple):
    """What one GPU's figures rest on; `request` is the KV cache that one request needs."""

    weights: Ground
    activation: Ground
    non_torch: Ground
    cuda_graph: Ground
    request: Ground


def grounds_of(facts: ModelFacts, parallel: Parallel, steps: Steps) -> Grounds:
    """Of the figures as they are computed: by the model, the release and the GPU."""
    vendor = () if steps.capability else (_OTHER_VENDOR,)
    layout = Ground("guessed", facts.guess) if facts.guess else _EXACT
    none = steps.enforce_eager or facts.pooling
    return Grounds(
        weights=layout,
        activation=_modelled(facts.guess, *vendor, *guesses_of_run(facts, steps)),
        non_torch=_modelled(*vendor, *guesses_outside_torch(parallel, steps)),
        cuda_graph=_EXACT if none else _modelled(facts.guess, *vendor),
        request=layout,
    )


def _modelled(*guesses: str) -> Ground:
    told = next((guess for guess in guesses if guess), "")
    return Ground("guessed", told) if told else Ground("modelled")


def with_given(grounds: Grounds) -> Grounds:
    """The profile says what everything beside the weights takes."""
    given = Ground("given")
    return grounds._replace(activation=given, non_torch=given, cuda_graph=given)


def with_measured(grounds: Grounds, memory: MemoryBreakdown) -> Grounds:
    """What a server printed is no guess any more."""
    return grounds._replace(**{name: Ground("measured") for name in memory.measured})


def pool_certainty(grounds: Grounds, memory: MemoryBreakdown) -> Certainty:
    """Of what is left for KV, in bytes: as certain as the least certain of what is taken off, and
    off by as much as each of that may be."""
    names = ["weights", "activation", "non_torch"]
    if counted_graph_bytes(memory):
        names.append("cuda_graph")
    terms = {name: getattr(grounds, name) for name in names}
    basis, why = max(terms.values(), key=lambda ground: _RANK[ground.basis])
    nears = [_near_bytes(name, ground, memory) for name, ground in terms.items()]
    largest = max((near for near in nears if near is not None), default=0.0)
    percent = {"measured": 0.0, "given": 0.0}.get(basis, _seen("kv_cache", basis))
    if percent is None or grounds.weights.basis == "guessed":
        return Certainty(basis, None, why)
    return Certainty(basis, max(largest, percent / 100 * memory.budget_bytes), why)


def _near_bytes(name: str, ground: Ground, memory: MemoryBreakdown) -> float | None:
    if name == "weights":
        return _times(_in_percent(name, ground, memory.weights_bytes).within, GIB)
    return _times(_in_gib(name, ground).within, GIB)


def certainties(grounds: Grounds, feasibility: Feasibility) -> Mapping[str, Certainty]:
    """Of each figure by its name in plan.json."""
    memory = feasibility.memory
    return {
        "weights_gib": _in_percent("weights", grounds.weights, memory.weights_bytes),
        "activation_gib": _in_gib("activation", grounds.activation),
        "non_torch_gib": _in_gib("non_torch", grounds.non_torch),
        "cuda_graph_gib": _in_gib("cuda_graph", grounds.cuda_graph),
        **dict(_of_pool(pool_certainty(grounds, memory), feasibility)),
        "kv_needed_gib": _in_percent("kv_needed", grounds.request, feasibility.kv_needed_bytes),
    }


def _of_pool(pool: Certainty, feasibility: Feasibility) -> Iterator[tuple[str, Certainty]]:
    """What is left, and what is made of it: tokens and requests in proportion."""
    left_bytes, near_bytes = feasibility.memory.kv_cache_bytes, pool.within
    for name in ("kv_cache_gib", "headroom_gib"):
        yield name, pool._replace(within=_rounded(near_bytes, 1 / GIB, 3))
    known = near_bytes if left_bytes > 0 else None
    tokens, requests = feasibility.kv_cache_tokens, feasibility.max_concurrency_at_context
    held = max(left_bytes, 1)
    yield "kv_cache_tokens", pool._replace(within=_rounded(known, tokens / held, 1))
    yield "max_concurrency_at_context", pool._replace(within=_rounded(known, requests / held, 2))


def _times(value: float | None, times: float) -> float | None:
    return None if value is None else value * times


def _rounded(value: float | None, times: float, digits: int) -> float | None:
    return None if value is None else round(value * times, digits)


def _in_gib(name: str, ground: Ground) -> Certainty:
    known = {"measured": _MEASURED_GIB, "exact": 0.0}
    within = known.get(ground.basis, _seen(name, ground.basis))
    return Certainty(ground.basis, within, ground.why)


def _in_percent(name: str, ground: Ground, size_bytes: int) -> Certainty:
    if ground.basis == "measured":
        return _in_gib(name, ground)
    within = _rounded(_seen(name, ground.basis), size_bytes / GIB / 100, 3)
    return Certainty(ground.basis, within, ground.why)


def _seen(name: str, basis: Basis) -> float | None:
    found: Any = catalogue.load("vllm/seen")["within"][name].get(basis)
    return None if found is None else float(found["value"])
