"""Decides how a vLLM release accounts for memory at start-up, from the catalogue's dated rules."""

import functools
from typing import Any, NamedTuple

from replanner import catalogue
from replanner.planning.facts import ModelFacts
from replanner.planning.units import GIB
from replanner.planning.versions import at_least


class MemoryEra(NamedTuple):
    """The rules of one release: `catalogue/vllm/memory.json` says what each is and since when."""

    whole_device_v0: bool
    baseline_v0: bool
    baseline_v1: bool
    baseline_after_collectives: bool
    compiled: bool
    host_memory: bool
    kept_workspace: bool
    larger_collectives: bool
    threshold_sampler: bool
    repacks_larger: bool
    graphs_counted: bool
    graphs_counted_rocm: bool
    loads_unsplit: bool
    consumed_by_driver: bool
    graphs_of_second_runner: bool
    second_runner_samples: bool
    larger_captures: bool


class Media(NamedTuple):
    """What a multimodal model's encoder makes of the largest image or video, in tokens.

    `unbounded_video` is what vLLM 0.11 made of a video that nothing bounded.
    """

    tokens: int = 0
    unbounded_video: int = 0


def _facts() -> Any:
    return catalogue.load("vllm/memory")


@functools.lru_cache(maxsize=256)
def memory_era(version: str) -> MemoryEra:
    return MemoryEra(**{row["rule"]: at_least(version, row["since"]) for row in _facts()["rules"]})


def figure(name: str) -> int:
    """Bytes of a term that logs show and no source states."""
    return int(_facts()["figures"][name]["gib"] * GIB)


def guess_of(name: str) -> str:
    """How to call a term whose size logs disagree about or hardly tell; empty where they agree."""
    return str(_facts()["figures"][name].get("guess", ""))


def media_of(architecture: str) -> Media:
    """All zeros where the model's items fit into the token budget or are not known."""
    row = _facts()["media"].get(architecture, {})
    return Media(row.get("tokens", 0), row.get("unbounded_video", 0))


def uses_second_runner(facts: ModelFacts, version: str) -> bool:
    """Does vLLM run this model by its second model runner (`vllm/v1/worker/gpu`) by default?"""
    rows = [row for row in _facts()["runner"] if at_least(version, row["since"])]
    if not rows or facts.pooling:
        return False
    last = rows[-1]
    if last.get("all"):
        return True
    if facts.architecture in last["architectures"]:
        return not (last.get("plain_only") and (facts.quantization or facts.moe))
    return bool(last.get("dense")) and facts.moe is None and not _has_states(facts)


def _has_states(facts: ModelFacts) -> bool:
    return any(group.kind == "state" for group in facts.kv_layers)
