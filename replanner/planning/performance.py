"""Decides how fast a configuration will be: a roofline per engine step, with its error stated.

A step reads the weights it touches and the KV cache of every running sequence, or computes as
long as that takes, and pays a fixed time per layer. The constants per GPU class and engine era
are fitted to published measurements of vLLM (see `speed_table`); nothing is per model.
"""

from dataclasses import dataclass

from replanner.planning.facts import KvLayers, ModelFacts, Parallel
from replanner.planning.feasibility import kv_dtype_of, parallel_of
from replanner.planning.hardware import Gpu
from replanner.planning.kv_spec import state_bytes, token_bytes
from replanner.planning.request import Workload
from replanner.planning.result import EngineConfig, Feasibility, Performance, Range
from replanner.planning.speed_table import Speeds, speeds_for
from replanner.planning.weights import StageWeights, shard_weights

_ASSUMPTIONS = (
    "itl is the mean time per output token after the first, prefills of other requests included",
    "decode tokens/s is the whole system's output over the whole time, prefill included",
    "all requests have the workload's mean lengths and the server is kept at its concurrency",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Per-GPU cost of the model: bytes a step streams and FLOPs a token takes.

    `expert_bytes` are all routed experts; a step touches the share that its tokens pick.
    """

    dense_bytes: float
    expert_bytes: float
    flops_per_token: float
    layers: int
    moe_layers: int
    experts: int
    experts_per_token: int

    def weight_bytes(self, tokens: float) -> float:
        """Weights that a step over this many tokens reads."""
        return self.dense_bytes + self.expert_bytes * self.touched(tokens)

    def touched(self, tokens: float) -> float:
        """Expected share of experts that these tokens pick, if they pick evenly."""
        if not self.experts:
            return 0.0
        return 1 - (1 - self.experts_per_token / self.experts) ** max(tokens, 1.0)


@dataclass(frozen=True, slots=True)
class Roofline:
    """One model on one GPU class; times in seconds, tokens of one data-parallel replica."""

    cost: Cost
    facts: ModelFacts
    parallel: Parallel
    kv_dtype: str
    bandwidth: float
    peak_flops: float
    speeds: Speeds

    def step(self, batch: float, context: float) -> float:
        """One decode step of `batch` sequences at this mean context."""
        kv = batch * _cached_bytes(self.facts, context, self.kv_dtype, self.parallel.tensor)
        moved = (self.cost.weight_bytes(batch) + kv) / (self.bandwidth * self.speeds.bandwidth)
        flops = batch * (self.cost.flops_per_token + self._attention_flops(context))
        computed = flops / (self.peak_flops * self.speeds.compute)
        return max(moved, computed) + self._fixed()

    def prefill(self, tokens: float) -> float:
        """One prompt of this many tokens, alone."""
        flops = tokens * (self.cost.flops_per_token + self._attention_flops(tokens / 2))
        computed = flops / (self.peak_flops * self.speeds.prefill)
        moved = self.cost.weight_bytes(tokens) / (self.bandwidth * self.speeds.bandwidth)
        return max(computed, moved) + self._fixed()

    def _attention_flops(self, context: float) -> float:
        attention = self.facts.attention
        width = attention.layers * attention.heads * attention.head_size
        return 4 * width * context / self.parallel.tensor

    def _fixed(self) -> float:
        speeds, cost = self.speeds, self.cost
        collective = speeds.collective_us if self.parallel.tensor > 1 else 0.0
        per_layer = speeds.layer_us + collective
        return (cost.layers * per_layer + cost.moe_layers * speeds.moe_layer_us) * 1e-6


def estimate(
    facts: ModelFacts,
    config: EngineConfig,
    *,
    gpu: Gpu,
    workload: Workload,
    feasibility: Feasibility,
) -> Performance:
    """Rates and times at the workload's lengths and concurrency."""
    roofline = roofline_of(facts, config, gpu)
    per_replica = max(1.0, workload.concurrency / config.data_parallel_size)
    running = min(per_replica, config.max_num_seqs, _admitted(feasibility, workload, config))
    times = times_of(roofline, workload, running=running, waiting=per_replica - running)
    return _performance(times, roofline, workload, replicas=config.data_parallel_size)


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: per output token after the first, to the first token, of one lone prefill."""

    itl: float
    ttft: float
    prefill: float
    running: float


def roofline_of(facts: ModelFacts, config: EngineConfig, gpu: Gpu) -> Roofline:
    parallel = parallel_of(config)
    speeds = speeds_for(gpu, config.vllm_version)
    return Roofline(
        cost=_cost(facts, parallel),
        facts=facts,
        parallel=parallel,
        kv_dtype=kv_dtype_of(config, facts),
        bandwidth=float(gpu.memory_bandwidth_bytes_per_s),
        peak_flops=_peak_flops(facts, gpu),
        speeds=speeds,
    )


def times_of(roofline: Roofline, workload: Workload, *, running: float, waiting: float) -> Times:
    """A closed loop of `running` sequences; every other request's prefill steals its time."""
    speeds = roofline.speeds
    context = workload.prompt_tokens + workload.gen_tokens / 2
    prefill = roofline.prefill(workload.prompt_tokens)
    itl = roofline.step(running, context) + (running - 1) * prefill / workload.gen_tokens
    ttft = speeds.ttft_base_ms / 1e3 + prefill * (1 + speeds.ttft_queue * (running - 1))
    queued = waiting / running * (ttft + itl * workload.gen_tokens)
    return Times(itl=itl, ttft=ttft + queued, prefill=prefill, running=running)


def _admitted(feasibility: Feasibility, workload: Workload, config: EngineConfig) -> float:
    """Sequences of the workload's length that the KV pool holds at once (at least one)."""
    pool = max(0, feasibility.memory.kv_cache_bytes)
    needed = feasibility.workload_kv_bytes
    if needed <= pool or not needed:
        return float("inf")
    return max(1.0, workload.concurrency / config.data_parallel_size * pool / needed)


def _cost(facts: ModelFacts, parallel: Parallel) -> Cost:
    stages = shard_weights(facts, parallel)
    dense = sum(stage.dense_bytes_read for stage in stages)
    experts = sum(stage.expert_bytes for stage in stages)
    ranks = parallel.tensor
    moe = facts.moe
    return Cost(
        dense_bytes=dense,
        expert_bytes=experts,
        flops_per_token=2 * facts.active_parameters / ranks,
        layers=facts.num_layers,
        moe_layers=moe.layers if moe else 0,
        experts=moe.experts if moe else 0,
        experts_per_token=moe.experts_per_token if moe else 0,
    )


def _peak_flops(facts: ModelFacts, gpu: Gpu) -> float:
    """The GPU's peak in the format the checkpoint computes in, else the nearest wider one."""
    quantization = facts.quantization
    wanted = quantization.activation if quantization else "none"
    for kind in {"fp4": ("fp4", "fp8"), "fp8": ("fp8",), "int8": ("int8",)}.get(wanted, ()):
        if kind in gpu.flops:
            return gpu.flops[kind]
    return gpu.flops.get("bf16") or gpu.flops.get("fp16") or max(gpu.flops.values())


def _cached_bytes(facts: ModelFacts, context: float, kv_dtype: str, tensor: int) -> float:
    """Cache of one sequence that a step reads on one GPU."""
    return sum(
        len(layers.layers) * _layer_bytes(layers, context, kv_dtype, tensor)
        for layers in facts.kv_layers
    )


def _layer_bytes(layers: KvLayers, context: float, kv_dtype: str, tensor: int) -> float:
    if layers.kind == "state":
        return float(sum(state_bytes(one, kv_dtype, tensor, 0) for one in layers.state))
    seen = min(context, layers.window) if layers.window else context
    return seen * token_bytes(layers, kv_dtype, tensor)


def _performance(
    times: Times, roofline: Roofline, workload: Workload, *, replicas: int
) -> Performance:
    total = times.ttft + (workload.gen_tokens - 1) * times.itl
    rate = replicas * times.running * workload.gen_tokens / total
    speeds = roofline.speeds
    return Performance(
        decode_tokens_per_s=_range(rate, speeds.error),
        request_tokens_per_s=_range(workload.gen_tokens / total, speeds.error),
        prefill_tokens_per_s=_range(workload.prompt_tokens / times.prefill, speeds.ttft_error),
        ttft_ms=_range(times.ttft * 1e3, speeds.ttft_error),
        itl_ms=_range(times.itl * 1e3, speeds.error),
        assumptions=(speeds.basis, *_ASSUMPTIONS),
    )


def _range(expected: float, error: float) -> Range:
    """Symmetric in the ratio: an error of 0.25 is from 1/1.25 to 1.25 times the expected."""
    return Range(low=expected / (1 + error), expected=expected, high=expected * (1 + error))
