"""Decides which rules of KV cache planning a vLLM release follows: a table of dated changes."""

import functools
from typing import NamedTuple

from replanner.planning.versions import at_least

# The first release with each rule; before it, the older one held.
_SINCE = {
    # a token's latent is stored as it is; the V0 engine aligned it to 256 bytes (#12676)
    "packed_latents": "0.8.0",
    # layers with a window and layers without get groups of their own; before, a mix of both
    # was kept whole (vllm-project/vllm#17996)
    "hybrid_groups": "0.9.1",
    # a window holds the tokens of every step in flight, not of one (#47728)
    "async_in_flight": "0.26.0",
    # "GPU KV cache size" = concurrency x max_model_len; before, blocks / groups x block size
    # (#40691: not yet in 0.20.0, #43308: in 0.21.0)
    "tokens_by_request": "0.21.0",
    # prefix caching of models with recurrent state is on unless turned off (#50991)
    "states_cached_by_default": "0.28.0",
    # a prefill leaves one more state behind (#52789 for KDA, #57329 for Mamba 2: after 0.29)
    "state_checkpoints": "0.30.0",
}


class Era(NamedTuple):
    """The rules of one release."""

    packed_latents: bool
    hybrid_groups: bool
    async_in_flight: bool
    tokens_by_request: bool
    states_cached_by_default: bool
    state_checkpoints: bool

    def batches(self, pipeline: int) -> int:
        """Steps whose tokens may be in flight at once (vllm/config/vllm.py:588)."""
        return pipeline + 1 if self.async_in_flight else 1


@functools.lru_cache(maxsize=256)
def era(version: str) -> Era:
    return Era(**{rule: at_least(version, since) for rule, since in _SINCE.items()})
