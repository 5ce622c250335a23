"""Decides what a server takes outside torch's allocator: libraries, collectives, shared memory.

Which of it a release counts is in `catalogue/vllm/memory.json`, and so are the sizes.
"""

import math

from replanner.planning.facts import Parallel
from replanner.planning.memory_era import figure
from replanner.planning.profile_run import Steps

_DATACENTRE = (9, 10)  # Hopper and Blackwell with HBM load larger kernels, and have NVLink SHARP
_HOPPER = 9


def non_torch_bytes(parallel: Parallel, steps: Steps) -> int:
    """Memory that vLLM's log calls non-torch: context, workspaces, NCCL."""
    host = figure("host") if steps.unified_memory and steps.era.host_memory else 0
    context = 0 if _has_baseline(steps) else figure("context")
    return context + _libraries(steps) + host + _collectives(parallel, steps)


def _has_baseline(steps: Steps) -> bool:
    """Is what the device held before the start left out?"""
    era = steps.era
    return era.baseline_v1 if steps.v1 else era.baseline_v0 or not era.whole_device_v0


def _libraries(steps: Steps) -> int:
    if steps.major not in _DATACENTRE or not steps.era.baseline_after_collectives:
        return figure("libraries")
    larger = "_larger" if steps.era.larger_collectives else ""
    return figure(f"libraries_datacentre{larger}")


def _collectives(parallel: Parallel, steps: Steps) -> int:
    ranks = parallel.tensor * parallel.pipeline
    if ranks == 1:
        return 0
    if not _has_baseline(steps):
        return figure("collectives_device")
    if not steps.nvlink:
        return figure("collectives_pcie")
    if not steps.era.baseline_after_collectives:
        return figure("collectives_linked_whole")
    if not steps.era.larger_collectives or steps.major < _HOPPER:
        return figure("collectives_linked")
    doublings = math.log2(ranks) - 1
    growth = int(figure("collectives_linked_doubling") * doublings)
    return figure("collectives_linked_larger") + growth
