"""Decides how long one engine step takes: bytes and FLOPs of a model over a GPU's real speed."""

import math
from typing import NamedTuple

from replanner.planning.facts import KvLayers, ModelFacts, Parallel
from replanner.planning.hardware import Gpu
from replanner.planning.kv_spec import state_bytes, token_bytes
from replanner.planning.speed_table import SHARED, Format, Shared, Speeds
from replanner.planning.weights import shard_weights

# Datasheet bandwidth of the links between GPUs in one direction, bytes/s: NVLink 3 (A100), 4
# (H100), 5 (B200), Infinity Fabric (MI250X, MI300X, MI355X), NVLink 2 (V100) and the bridges of
# RTX 2080 Ti and RTX 3090. Else PCIe 4 x16.
_LINKS = {
    "volta": 150e9,
    "turing": 50e9,
    "ampere": 300e9,
    "ampere-gddr": 56e9,
    "hopper": 450e9,
    "blackwell": 900e9,
    "cdna2": 250e9,
    "cdna3": 448e9,
    "cdna4": 538e9,
}
_PCIE = 25e9
_ELEMENT_BYTES = 2  # activations are exchanged in 16 bits
_REDUCES_PER_LAYER = 2  # after attention and after the feed-forward part


class Cost(NamedTuple):
    """What a model asks of one GPU of a tensor-parallel group, all pipeline stages together.

    `attention_flops` are per token and token seen in one layer; `kv` is what layers keep.
    `expert_bytes` are all routed experts of the GPU; a step touches the share its tokens pick.
    """

    dense_bytes: float
    expert_bytes: float
    flops_per_token: float
    attention_flops: float
    reduced_bytes: float
    layers: int
    moe_layers: int
    experts: int
    experts_per_token: int
    kv: tuple[KvLayers, ...]
    kv_dtype: str

    def touched(self, tokens: float) -> float:
        """Expected share of experts that these tokens pick, if they pick evenly."""
        if not self.experts:
            return 0.0
        return 1.0 - math.pow(1.0 - self.experts_per_token / self.experts, max(tokens, 1.0))


class Machine(NamedTuple):
    """The GPUs and how the engine uses them; `attention_peak` is the 16-bit peak."""

    bandwidth: float
    peak: float
    attention_peak: float
    link: float
    nvlink: bool
    format: Format
    parallel: Parallel
    eager: bool


class Roofline(NamedTuple):
    """Seconds of a step; every method is per data-parallel replica."""

    cost: Cost
    machine: Machine
    speeds: Speeds
    shared: Shared = SHARED

    def step(self, batch: float, context: float) -> float:
        """One decode step of `batch` sequences at this mean context."""
        cost, machine, speeds = self.cost, self.machine, self.speeds
        cache = batch * cached_bytes(cost, context, machine.parallel.tensor)
        moved = self.weights(self.together(batch)) + cache / (
            self._bandwidth * self.shared.kv_share
        )
        host = batch * cost.layers * speeds.sequence_us * 1e-6
        core = max(moved, batch * self._compute_per_token(context))
        return core + self.fixed() + host + batch * self._exchange_per_token()

    def prompt(self, tokens: float) -> float:
        """What a prompt of this many tokens adds to steps that run anyway: its computation."""
        per_token = self._compute_per_token(tokens / 2) + self._exchange_per_token()
        return tokens * per_token

    def prefill(self, tokens: float, chunks: float) -> float:
        """One prompt of this many tokens, alone, in this many steps."""
        steps = chunks * self.weights(tokens)
        return max(self.prompt(tokens), steps) + chunks * self.fixed()

    def together(self, batch: float) -> float:
        """Tokens of a step that meet at the experts: data-parallel ranks share them."""
        return batch * self.machine.parallel.data

    def weights(self, tokens: float) -> float:
        """Reading the weights that a step over this many tokens touches."""
        dense = self.cost.dense_bytes / self._format_share()
        return (dense + self.cost.touched(tokens) * self._expert_bytes()) / self._bandwidth

    def untouched(self, batch: float, tokens: float) -> float:
        """Reading the further experts that a prompt's tokens pick."""
        more = max(0.0, self.cost.touched(tokens) - self.cost.touched(self.together(batch)))
        return more * self._expert_bytes() / self._bandwidth

    def fixed(self) -> float:
        """What a step costs whatever it computes: kernel launches, synchronisation."""
        cost, speeds, shared = self.cost, self.speeds, self.shared
        doublings = math.log2(self.machine.parallel.tensor)
        slow = 0.0 if self.machine.nvlink else shared.pcie_collective_us
        per_layer = speeds.layer_us + doublings * (speeds.collective_us + slow)
        once = cost.layers * per_layer + cost.moe_layers * speeds.moe_layer_us
        return once * 1e-6 * (shared.eager_factor if self.machine.eager else 1.0)

    @property
    def _bandwidth(self) -> float:
        return self.machine.bandwidth * self.speeds.bandwidth

    def _format_share(self) -> float:
        return self.shared.format_share[self.machine.format]

    def _expert_bytes(self) -> float:
        if self.machine.format == "weight-only":
            return self.cost.expert_bytes / self.shared.int4_experts_share
        return self.cost.expert_bytes / self._format_share()

    def _compute_per_token(self, context: float) -> float:
        cost, machine = self.cost, self.machine
        attention = cost.attention_flops * sum(
            len(layers.layers) * _seen(layers, context) for layers in cost.kv
        )
        needed = cost.flops_per_token / machine.peak + attention / machine.attention_peak
        return needed / self.speeds.compute

    def _exchange_per_token(self) -> float:
        """The all-reduces of tensor parallelism: each GPU sends 2 (n-1)/n of the activations."""
        ranks = self.machine.parallel.tensor
        sent = 2 * (ranks - 1) / ranks * self.cost.reduced_bytes
        return sent / (self.machine.link * self.shared.link_share)


def cost_of(facts: ModelFacts, parallel: Parallel, kv_dtype: str) -> Cost:
    """The model's cost per GPU for this way to divide it."""
    stages = shard_weights(facts, parallel)
    moe, ranks = facts.moe, parallel.tensor
    attention = facts.attention
    return Cost(
        dense_bytes=sum(stage.dense_bytes_read for stage in stages),
        expert_bytes=sum(stage.expert_bytes for stage in stages),
        flops_per_token=2 * _multiplied(facts) / ranks,
        attention_flops=4 * attention.heads * attention.head_size / ranks,
        reduced_bytes=_REDUCES_PER_LAYER * facts.num_layers * facts.hidden_size * _ELEMENT_BYTES,
        layers=facts.num_layers,
        moe_layers=moe.layers if moe else 0,
        experts=moe.experts if moe else 0,
        experts_per_token=min(moe.experts_per_token, moe.experts) if moe else 0,
        kv=facts.kv_layers,
        kv_dtype=kv_dtype,
    )


def machine_of(facts: ModelFacts, parallel: Parallel, gpu: Gpu, *, eager: bool) -> Machine:
    """The GPU's peaks in the formats that this checkpoint computes in."""
    wide = gpu.flops.get("bf16") or gpu.flops.get("fp16") or max(gpu.flops.values())
    return Machine(
        bandwidth=float(gpu.memory_bandwidth_bytes_per_s),
        peak=_peak(facts, gpu, wide),
        attention_peak=wide,
        link=_LINKS.get(gpu.performance_class, _PCIE) if gpu.nvlink else _PCIE,
        nvlink=gpu.nvlink,
        format=_format(facts),
        parallel=parallel,
        eager=eager,
    )


def cached_bytes(cost: Cost, context: float, tensor: int) -> float:
    """Cache of one sequence that a step reads on one GPU."""
    return sum(
        len(layers.layers) * _layer_bytes(layers, context, cost.kv_dtype, tensor)
        for layers in cost.kv
    )


def _layer_bytes(layers: KvLayers, context: float, kv_dtype: str, tensor: int) -> float:
    if layers.kind == "state":
        return float(sum(state_bytes(one, "bfloat16", tensor, 0) for one in layers.state))
    read = context if layers.kind == "indexer" else _seen(layers, context)
    return read * token_bytes(layers, kv_dtype, tensor)


def _seen(layers: KvLayers, context: float) -> float:
    """Tokens that one new token attends to in these layers."""
    if layers.kind in ("state", "indexer"):
        return 0.0
    if layers.kind == "cross":
        return float(layers.encoder_tokens)
    return min(context, layers.window) if layers.window else context


def _multiplied(facts: ModelFacts) -> float:
    """Parameters that a token is multiplied with: an embedding table is only looked up."""
    parts = {matrix.part for matrix in facts.weights}
    if "head" not in parts:
        return float(facts.active_parameters)  # the tied table is the head as well
    table = sum(matrix.elements for matrix in facts.weights if matrix.part == "embedding")
    return float(max(facts.active_parameters - table, facts.active_parameters // 10))


def _peak(facts: ModelFacts, gpu: Gpu, wide: float) -> float:
    """The peak of the activations' format; without it in hardware only weights are small."""
    activation = facts.quantization.activation if facts.quantization else "none"
    return gpu.flops.get(activation) or wide


def _format(facts: ModelFacts) -> Format:
    scheme = facts.quantization
    if scheme is None or scheme.weight_bits > 8:  # noqa: PLR2004 - bits of a byte
        return "16bit"
    if scheme.activation == "fp4" or "fp4" in scheme.method:
        return "fp4"
    if scheme.activation in ("fp8", "int8"):
        return scheme.activation
    return "weight-only"
