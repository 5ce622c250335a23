"""Decides whether one engine configuration starts and whether the workload fits, and how closely.

`starts` is vLLM's own question: do the weights load and does one max_model_len sequence fit.
`fits` is the user's: does the workload's KV cache fit as well, with the headroom asked for.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from replanner.planning.after_cache import AfterCache, after_cache
from replanner.planning.calibration import calibrated
from replanner.planning.calibration import counted_graph_bytes as measured_counted
from replanner.planning.certainty import (
    Ground,
    Grounds,
    certainties,
    grounds_of,
    pool_certainty,
    with_given,
    with_measured,
)
from replanner.planning.facts import KvLayers, ModelFacts, Parallel
from replanner.planning.kv_cache import KvPlan, KvSettings, plan_kv
from replanner.planning.kv_draft import draft_layers
from replanner.planning.memory import (
    counted_graph_bytes,
    cuda_graph_bytes,
    draft_bytes,
    lora_bytes,
)
from replanner.planning.outside_torch import non_torch_bytes
from replanner.planning.profile_run import Steps, activation_bytes, kept_bytes
from replanner.planning.repacking import absorbed_bytes, repacked_bytes
from replanner.planning.request import Policy, Workload
from replanner.planning.result import EngineConfig, Feasibility, MemoryBreakdown, OomRisk
from replanner.planning.units import GIB
from replanner.planning.weights import shard_weights

_RESIZING = frozenset(
    {
        "compilation-config",
        "cudagraph-capture-sizes",
        "kv-cache-memory-bytes",
        "max-cudagraph-capture-size",
    }
)
_NO_CUDA = (0, 0)  # AMD: none of the block sizes that a CUDA backend asks for


class Situation(NamedTuple):
    """What a configuration is judged against: the model, one GPU's memory, margins and traffic.

    `draft` is a speculative draft model's facts; the rest is the GPU's, `gpu_name` its name in the
    catalogue.
    """

    facts: ModelFacts
    memory_bytes: int
    policy: Policy
    workload: Workload
    capability: tuple[int, int] | None
    draft: ModelFacts | None = None
    nvlink: bool = False
    unified_memory: bool = False
    gpu_name: str = ""


def parallel_of(config: EngineConfig) -> Parallel:
    return Parallel(
        tensor=config.tensor_parallel_size,
        pipeline=config.pipeline_parallel_size,
        data=config.data_parallel_size,
        experts=config.enable_expert_parallel,
    )


def steps_of(config: EngineConfig, situation: Situation) -> Steps:
    return Steps(
        max_num_batched_tokens=config.max_num_batched_tokens,
        max_num_seqs=config.max_num_seqs,
        dtype=config.dtype,
        vllm_version=config.vllm_version,
        enforce_eager=config.enforce_eager,
        capability=situation.capability,
        memory_bytes=situation.memory_bytes,
        nvlink=situation.nvlink,
        unified_memory=situation.unified_memory,
        lora=config.lora is not None,
    )


def kv_plan_of(config: EngineConfig, situation: Situation) -> KvPlan:
    """How vLLM would lay out the KV cache for this configuration."""
    return plan_kv(situation.facts, parallel_of(config), kv_settings_of(config, situation))


def kv_settings_of(config: EngineConfig, situation: Situation) -> KvSettings:
    """The configuration as KV planning takes it: nothing is left to be chosen."""
    speculative = config.speculative
    draft: tuple[KvLayers, ...] = ()
    if speculative is not None:
        draft = draft_layers(situation.facts, speculative.method, situation.draft)
    return KvSettings(
        kv_cache_dtype=kv_dtype_of(config, situation.facts),
        dtype=config.dtype,
        block_size=config.block_size,
        max_model_len=config.max_model_len,
        max_num_batched_tokens=config.max_num_batched_tokens,
        vllm_version=config.vllm_version,
        speculative_tokens=speculative.num_tokens if speculative else 0,
        capability=situation.capability or _NO_CUDA,
        prefix_caching=_prefix_caching(config),
        draft=draft,
    )


def _prefix_caching(config: EngineConfig) -> bool | None:
    """What `vllm_args` says of it; None leaves it to the release."""
    asked = config.extra_args.get("enable-prefix-caching")
    if config.extra_args.get("no-enable-prefix-caching"):
        return False
    return asked if isinstance(asked, bool) else None


def takes_whole_prompts(config: EngineConfig, facts: ModelFacts) -> bool:
    """Is a prompt never cut into chunks, so that one step must take the longest?

    Turned off by `vllm_args`, or bidirectional attention (vLLM 0.33.0 `config/model.py:2193`).
    """
    asked = config.extra_args.get("enable-chunked-prefill")
    if asked is False or config.extra_args.get("no-enable-chunked-prefill"):
        return True
    return facts.pooling and not facts.kv_layers


def kv_dtype_of(config: EngineConfig, facts: ModelFacts) -> str:
    """What "auto" stands for: the checkpoint's declared KV dtype, else the model's dtype.

    vLLM 0.33.0 `utils/torch_utils.py:443-511`.
    """
    if config.kv_cache_dtype != "auto":
        return config.kv_cache_dtype
    declared = facts.quantization.kv_cache_dtype if facts.quantization else None
    return declared or config.dtype


def memory_of(config: EngineConfig, situation: Situation) -> MemoryBreakdown:
    """Where the fullest GPU's memory goes; what is left of the budget is the KV pool.

    As a server printed it, where the profile holds that for this very deployment.
    """
    return calibrated(_modelled(config, situation), config, situation.policy, situation.gpu_name)


def _modelled(config: EngineConfig, situation: Situation) -> MemoryBreakdown:
    weights = _weights(config, situation)
    budget = math.ceil(situation.memory_bytes * config.gpu_memory_utilization)
    activation, non_torch, graphs, counted = _overheads(config, situation)
    return MemoryBreakdown(
        total_bytes=situation.memory_bytes,
        budget_bytes=budget,
        weights_bytes=weights,
        activation_bytes=activation,
        non_torch_bytes=non_torch,
        cuda_graph_bytes=graphs,
        kv_cache_bytes=budget - weights - activation - non_torch - counted,
        repacked_bytes=_repacked(config, situation),
    )


def _weights(config: EngineConfig, situation: Situation) -> int:
    parallel, facts = parallel_of(config), situation.facts
    weights = max(stage.total_bytes for stage in shard_weights(facts, parallel))
    weights += absorbed_bytes(facts, parallel, config.vllm_version)
    weights += lora_bytes(facts, parallel, config.lora) if config.lora else 0
    if config.speculative is not None:
        weights += draft_bytes(facts, parallel, config.speculative.method, situation.draft)
    return weights


def _repacked(config: EngineConfig, situation: Situation) -> int:
    """The part of the overheads that a log has with the weights: it is there once they are."""
    if situation.policy.overhead_gb is not None:
        return 0
    return repacked_bytes(situation.facts, parallel_of(config), steps_of(config, situation).major)


def _overheads(config: EngineConfig, situation: Situation) -> tuple[int, int, int, int]:
    """(activations, non-torch, graphs, the part of these that the KV pool lacks).

    A profile's `overhead_gb` replaces all. What torch keeps beside the weights is where the
    release's log has it: with the activations, or with what the driver says is gone.
    """
    given = situation.policy.overhead_gb
    if given is not None:
        return int(given * GIB), 0, 0, 0
    parallel, steps, facts = parallel_of(config), steps_of(config, situation), situation.facts
    by_driver = steps.era.consumed_by_driver
    return (
        activation_bytes(facts, parallel, steps),
        non_torch_bytes(parallel, steps) + by_driver * kept_bytes(facts, parallel, steps),
        cuda_graph_bytes(facts, parallel, steps),
        counted_graph_bytes(facts, parallel, steps),
    )


def assess(config: EngineConfig, situation: Situation, *, refused: bool) -> Feasibility:
    """The verdict on a configuration; `refused` says that vLLM rejects it whatever the memory."""
    memory, kv = memory_of(config, situation), kv_plan_of(config, situation)
    grounds, workload = _grounds(config, situation, memory), situation.workload
    replica_share = math.ceil(workload.concurrency / config.data_parallel_size)
    request_tokens = min(workload.prompt_tokens + workload.gen_tokens, config.max_model_len)
    margin = situation.policy.fragmentation_factor
    needed = math.ceil(kv.workload_bytes(request_tokens, replica_share) * margin)
    after = after_cache_of(config, situation, memory)
    starts = not (refused or after.missing_bytes) and kv.fits(memory.kv_cache_bytes)
    headroom = memory.kv_cache_bytes - needed
    pool = max(0, memory.kv_cache_bytes)
    fits = starts and headroom >= situation.policy.headroom_gb * GIB and _admits(config, workload)
    found = Feasibility(
        fits=fits,
        starts=starts,
        oom_risk=_risk(
            memory,
            spare_bytes=-after.missing_bytes or min(headroom, pool - kv.start_bytes),
            uncounted_bytes=after.uncounted_graph_bytes + after.stranded_bytes,
            error_bytes=pool_certainty(grounds, memory).within,
        ),
        memory=memory,
        headroom_bytes=headroom,
        workload_kv_bytes=needed,
        kv_bytes_per_token=kv.bytes_per_token,
        kv_cache_tokens=kv.tokens(pool),
        max_concurrency_at_context=kv.max_concurrency(pool),
        max_context_at_concurrency=kv.max_context(pool, replica_share),
        kv_needed_bytes=kv.request_bytes,
    )
    return found._replace(certainty=certainties(grounds, found))


def _grounds(config: EngineConfig, situation: Situation, memory: MemoryBreakdown) -> Grounds:
    guess = situation.facts.guess or (situation.draft.guess if situation.draft else "")
    facts = situation.facts._replace(guess=guess)
    grounds = grounds_of(facts, parallel_of(config), steps_of(config, situation))
    # Adapters' slots and drafting heads are sized by the layers that they go with.
    added = config.lora or (config.speculative and not situation.draft)
    if added and not guess:
        grounds = grounds._replace(weights=Ground("modelled"))
    if situation.policy.overhead_gb is not None:
        return with_given(grounds)
    return with_measured(grounds, memory)


def _admits(config: EngineConfig, workload: Workload) -> bool:
    """Is one request of the workload short enough to be served at all?"""
    return workload.prompt_tokens + workload.gen_tokens <= config.max_model_len


def longest(holds: Callable[[int], bool], limit: int) -> int:
    """The largest n <= limit for which a monotone condition holds, 0 where none does."""
    if holds(limit):
        return limit
    low, high = 0, limit
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def after_cache_of(
    config: EngineConfig, situation: Situation, memory: MemoryBreakdown
) -> AfterCache:
    """What comes once the KV cache is sized. Holes stay whatever a profile gives or a server
    printed, for neither moves them; with flags that change what is captured or kept nothing is
    known of them."""
    parallel, steps = parallel_of(config), steps_of(config, situation)
    outside = memory.total_bytes - memory.budget_bytes
    found = after_cache(situation.facts, parallel, steps, outside_bytes=outside)
    if situation.policy.overhead_gb is not None:
        found = found._replace(uncounted_graph_bytes=0)
    elif "cuda_graph" in memory.measured:
        uncounted = max(0, memory.cuda_graph_bytes - measured_counted(memory))
        found = found._replace(uncounted_graph_bytes=uncounted)
    resized = any(name.partition(".")[0] in _RESIZING for name in config.extra_args)
    return found._replace(stranded_bytes=0) if resized else found


def _risk(
    memory: MemoryBreakdown, *, spare_bytes: int, uncounted_bytes: int, error_bytes: float | None
) -> OomRisk:
    """High when something is missing; medium when the plan's own error could decide, or when how
    large that is is not known."""
    outside = memory.total_bytes - memory.budget_bytes
    if spare_bytes < 0 or uncounted_bytes > outside:
        return "high"
    tight = error_bytes is None or spare_bytes < error_bytes
    return "medium" if tight or uncounted_bytes > outside / 2 else "low"
