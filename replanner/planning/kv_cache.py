"""Decides what the KV cache of a model costs on one GPU: block size, blocks, tokens, requests.

Follows vLLM 0.33.0 from the layers' specs to "GPU KV cache size" and "Maximum concurrency"
(vllm/v1/core/kv_cache_utils.py:1061-1128, kv_cache_planning.py), and earlier releases by era.
"""

import functools
from typing import NamedTuple

from replanner.planning.facts import KvLayers, ModelFacts, Parallel
from replanner.planning.geometry import MOST_LAYERS
from replanner.planning.kv_era import Era, era
from replanner.planning.kv_groups import Group, bytes_per_block, group_layers
from replanner.planning.kv_pages import KvSettings, layer_pages
from replanner.planning.kv_spec import LayerSpec, blocks_per_request, held_tokens
from replanner.planning.weights import stage_bounds

__all__ = ["KvPlan", "KvSettings", "plan_kv", "workload_bytes"]

_NULL_BLOCK = 1  # the block pool keeps one back (kv_cache_planning.py:1500)


class KvPlan(NamedTuple):
    """The cache of one GPU of the pipeline stage where a block weighs most.

    Without any group nothing is kept: one request costs nothing and any number fits.
    """

    groups: tuple[Group, ...]
    block_size: int
    bytes_per_block: int
    max_model_len: int
    in_flight_tokens: int
    era: Era

    @property
    def blocks_per_request(self) -> int:
        """Blocks of one max_model_len request: what vLLM reserves at start-up."""
        return self._blocks(self.max_model_len)

    @property
    def request_bytes(self) -> int:
        """ "... GiB KV cache is needed" in vLLM's refusal."""
        return self.blocks_per_request * self.bytes_per_block

    @property
    def start_bytes(self) -> int:
        """What vLLM starts with at least: one such request, the null block aside."""
        return self.request_bytes + _NULL_BLOCK * self.bytes_per_block

    @property
    def bytes_per_token(self) -> float:
        """What one more token costs at the full length: windows and states cost no more."""
        growing = [group.spec for group in self.groups if _still_grows(group.spec, self)]
        return sum(self.bytes_per_block / spec.block_size for spec in growing)

    def blocks(self, pool_bytes: int) -> int:
        """Blocks that fit into this much memory."""
        return max(0, pool_bytes) // self.bytes_per_block if self.bytes_per_block else 0

    def max_concurrency(self, pool_bytes: int) -> float:
        """ "Maximum concurrency for <max_model_len> tokens per request"; 0 without a cache."""
        if not self.groups:
            return 0.0
        return self.blocks(pool_bytes) / self.blocks_per_request

    def tokens(self, pool_bytes: int) -> int:
        """ "GPU KV cache size", as the vLLM version counts it; 0 without a cache."""
        if not self.groups:
            return 0
        if self.era.tokens_by_request:
            return int(self.max_concurrency(pool_bytes) * self.max_model_len)
        smallest = min(group.spec.block_size for group in self.groups)
        return self.blocks(pool_bytes) // len(self.groups) * smallest

    def fits(self, pool_bytes: int) -> bool:
        """Does one max_model_len request fit? (vLLM's start-up check)"""
        return self.start_bytes <= pool_bytes

    def workload_bytes(self, tokens_per_request: int, concurrency: int) -> int:
        """KV that this many requests of this length hold at once."""
        return self._workload_blocks(tokens_per_request, concurrency) * self.bytes_per_block

    def max_context(self, pool_bytes: int, concurrency: int) -> int:
        """The longest max_model_len request that this many can be of at once; 0 if none."""
        usable = self.blocks(pool_bytes) - _NULL_BLOCK
        if not self.groups:
            return self.max_model_len
        low, high = 0, self.max_model_len
        while low < high:
            middle = (low + high + 1) // 2
            if self._workload_blocks(middle, concurrency) <= usable:
                low = middle
            else:
                high = middle - 1
        return low

    def _blocks(self, tokens: int) -> int:
        specs = (group.spec for group in self.groups)
        return sum(blocks_per_request(spec, tokens, self.in_flight_tokens) for spec in specs)

    def _workload_blocks(self, tokens: int, concurrency: int) -> int:
        """What they really hold: the tokens in flight are shared by all requests."""
        specs = [group.spec for group in self.groups]
        held = sum(blocks_per_request(spec, tokens, 0) for spec in specs) * concurrency
        in_flight = sum(_in_flight_blocks(spec, tokens * concurrency, self) for spec in specs)
        return min(held + in_flight, self._blocks(tokens) * concurrency)


def plan_kv(facts: ModelFacts, parallel: Parallel, settings: KvSettings) -> KvPlan:
    """The cache on each GPU of the pipeline stage where one block weighs most."""
    return _plan(facts.kv_layers, facts.num_layers, parallel, settings)


def workload_bytes(plan: KvPlan, tokens_per_request: int, concurrency: int) -> int:
    """KV per GPU that this many requests of this length hold at once."""
    return plan.workload_bytes(tokens_per_request, concurrency)


@functools.lru_cache(maxsize=2048)
def _plan(
    layers: tuple[KvLayers, ...], num_layers: int, parallel: Parallel, settings: KvSettings
) -> KvPlan:
    rules = era(settings.vllm_version)
    pages = layer_pages(layers + settings.draft, parallel.tensor, settings)
    groups = group_layers(pages.specs, packed=pages.packed)
    *stages, (last, _) = stage_bounds(num_layers, parallel.pipeline)
    stages.append((last, num_layers + MOST_LAYERS))  # the draft runs on the last stage
    return KvPlan(
        groups=groups,
        block_size=pages.block_size,
        bytes_per_block=max(bytes_per_block(groups, range(*stage)) for stage in stages),
        max_model_len=settings.max_model_len,
        in_flight_tokens=rules.batches(parallel.pipeline) * settings.max_num_batched_tokens,
        era=rules,
    )


def _still_grows(spec: LayerSpec, plan: KvPlan) -> bool:
    if spec.fixed_blocks:
        return False
    length = plan.max_model_len
    return held_tokens(spec, length, plan.in_flight_tokens) == length


def _in_flight_blocks(spec: LayerSpec, tokens: int, plan: KvPlan) -> int:
    """Blocks of a window for tokens that are computed but not settled, of all requests."""
    if spec.grows or spec.fixed_blocks:
        return 0
    return -(-min(plan.in_flight_tokens, tokens) // spec.block_size)
