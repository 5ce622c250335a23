"""Decides which rules of KV cache planning a vLLM release follows: a table of dated changes."""

import functools
from dataclasses import dataclass

from replanner.planning.versions import at_least

# The first release with each rule; before it, the older one held.
_SINCE = {
    # layers with a window and layers without get groups of their own; before, a mix of both
    # was kept whole (vllm/v1/core/kv_cache_utils.py, unify_hybrid_kv_cache_specs)
    "hybrid_groups": "0.10.0",
    # a request's window holds the tokens of every step in flight, not of one
    "async_in_flight": "0.28.0",
    # "GPU KV cache size" = concurrency x max_model_len; before, blocks / groups x block size
    "tokens_by_request": "0.21.0",
    # prefix caching keeps two state blocks a request ("align"); before, one
    "aligned_states": "0.20.0",
    # a prefill leaves one more state behind, at kernel-given multiples
    "state_checkpoints": "0.30.0",
}


@dataclass(frozen=True, slots=True)
class Era:
    """The rules of one release."""

    hybrid_groups: bool
    async_in_flight: bool
    tokens_by_request: bool
    aligned_states: bool
    state_checkpoints: bool

    def batches(self, pipeline: int) -> int:
        """Steps whose tokens may be in flight at once (vllm/config/vllm.py:588)."""
        return pipeline + 1 if self.async_in_flight else 1


@functools.lru_cache(maxsize=256)
def era(version: str) -> Era:
    return Era(**{rule: at_least(version, since) for rule, since in _SINCE.items()})
