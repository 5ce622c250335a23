"""Decides what a server takes outside torch's allocator: libraries, collectives, shared memory.

Which of it a release counts is in `catalogue/vllm/memory.json`, and so are the sizes.
"""

import math
from collections.abc import Iterator

from replanner.planning.facts import Parallel
from replanner.planning.memory_era import figure, guess_of
from replanner.planning.profile_run import Steps

_DATACENTRE = (9, 10)  # Hopper and Blackwell with HBM load larger kernels, and have NVLink SHARP
_HOPPER = 9


def non_torch_bytes(parallel: Parallel, steps: Steps) -> int:
    """Memory that vLLM's log calls non-torch: context, workspaces, NCCL."""
    return sum(int(figure(name) * count) for name, count in _terms(parallel, steps))


def guesses_outside_torch(parallel: Parallel, steps: Steps) -> tuple[str, ...]:
    """Those of its terms that are guesses, as people call them."""
    return tuple(told for name, _ in _terms(parallel, steps) if (told := guess_of(name)))


def _terms(parallel: Parallel, steps: Steps) -> Iterator[tuple[str, float]]:
    """The catalogue's figures that add up, and how many times each counts."""
    if not _has_baseline(steps):
        yield "context", 1
    yield _libraries(steps), 1
    if steps.unified_memory and steps.era.host_memory:
        yield "host", 1
    ranks = parallel.tensor * parallel.pipeline
    if ranks > 1:
        yield from _collectives(ranks, steps)


def _has_baseline(steps: Steps) -> bool:
    """Is what the device held before the start left out?"""
    era = steps.era
    return era.baseline_v1 if steps.v1 else era.baseline_v0 or not era.whole_device_v0


def _libraries(steps: Steps) -> str:
    if steps.major not in _DATACENTRE or not steps.era.baseline_after_collectives:
        return "libraries"
    larger = "_larger" if steps.era.larger_collectives else ""
    return f"libraries_datacentre{larger}"


def _collectives(ranks: int, steps: Steps) -> Iterator[tuple[str, float]]:
    if not _has_baseline(steps):
        yield "collectives_device", 1
    elif not steps.nvlink:
        yield "collectives_pcie", 1
    elif not steps.era.baseline_after_collectives:
        yield "collectives_linked_whole", 1
    elif not steps.era.larger_collectives or steps.major < _HOPPER:
        yield "collectives_linked", 1
    else:
        yield "collectives_linked_larger", 1
        yield "collectives_linked_doubling", math.log2(ranks) - 1
