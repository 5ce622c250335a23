"""Decides whether what vLLM allocates once its KV cache is there finds room beside it.

The cache takes all that the profile run left of the budget. Graphs that no estimate took off it and
the sampler's warm-up need what the budget leaves of the GPU and what that run gave back.
"""

from typing import NamedTuple

from replanner.planning.facts import ModelFacts, Parallel
from replanner.planning.memory import counted_graph_bytes, cuda_graph_bytes
from replanner.planning.memory_era import figure
from replanner.planning.profile_run import Steps, given_back_bytes, warm_up_bytes
from replanner.planning.stranded import stranded_bytes


class AfterCache(NamedTuple):
    """Who wants room, and how much there is."""

    stranded_bytes: int = 0
    uncounted_graph_bytes: int = 0
    warm_up_bytes: int = 0
    room_bytes: int = 0

    @property
    def missing_bytes(self) -> int:
        """Judged only where repacking strands memory: elsewhere a start that failed here is not
        known, and graphs are planned too roughly to refuse one."""
        if not self.stranded_bytes:
            return 0
        wanted = self.stranded_bytes + self.uncounted_graph_bytes + self.warm_up_bytes
        return max(0, wanted - self.room_bytes)


def after_cache(
    facts: ModelFacts, parallel: Parallel, steps: Steps, *, outside_bytes: int
) -> AfterCache:
    """`outside_bytes` is what the budget leaves; the CUDA context was there before the start."""
    return AfterCache(
        stranded_bytes=stranded_bytes(facts, parallel, steps),
        uncounted_graph_bytes=cuda_graph_bytes(facts, parallel, steps)
        - counted_graph_bytes(facts, parallel, steps),
        warm_up_bytes=warm_up_bytes(facts, steps),
        room_bytes=outside_bytes - figure("context") + given_back_bytes(facts, parallel, steps),
    )
