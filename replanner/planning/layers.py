"""What each layer of a decoder is made of: norms, a mixer, a feed-forward part, as blocks."""

from dataclasses import dataclass
from typing import Protocol

from replanner.planning.config_reader import ConfigReader
from replanner.planning.families import Family, toggle
from replanner.planning.geometry import (
    EXPERTS,
    EXPERTS_PER_TOKEN,
    MOST_LAYERS,
    WIDEST,
    Geometry,
)
from replanner.planning.modules.feedforward import Dense, Experts
from replanner.planning.modules.mixers import GroupedQuery
from replanner.planning.modules.pieces import Piece


class Block(Protocol):
    """A part of a layer: hashable, so that equal layers are counted once."""

    def pieces(self, hidden: int) -> list[Piece]: ...


Layer = tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Norms:
    """The normalisation vectors of a layer, each as wide as the hidden size."""

    count: int
    bias: bool = False

    def pieces(self, hidden: int) -> list[Piece]:
        return [Piece("norms", "norm", self.count * hidden * (2 if self.bias else 1))]


def decoder_layers(text: ConfigReader, geometry: Geometry, family: Family) -> tuple[Layer, ...]:
    """One entry per layer, in order."""
    norms = Norms(family.norms, bias=toggle(text, family.norm_bias))
    mixer = grouped_query(text, geometry, family)
    dense = Dense(geometry.width, gated=family.gated, bias=toggle(text, family.mlp_bias))
    experts = experts_block(text, geometry, family)
    with_dense, routed = (norms, mixer, dense), moe_layers(text, geometry.layers)
    if experts is None:
        return (with_dense,) * geometry.layers
    with_experts = (norms, mixer, experts)
    return tuple(
        with_experts if layer in routed else with_dense for layer in range(geometry.layers)
    )


def grouped_query(text: ConfigReader, geometry: Geometry, family: Family) -> GroupedQuery:
    """The attention that a family's row describes."""
    return GroupedQuery(
        heads=geometry.heads,
        kv_heads=geometry.kv_heads,
        size=geometry.head_size,
        size_v=geometry.head_size_v,
        qkv_bias=toggle(text, family.qkv_bias),
        out_bias=toggle(text, family.out_bias),
        qk_norm=family.qk_norm if toggle(text, family.qk_norm_if) else "none",
        gated=toggle(text, family.gated_attention),
        sinks=family.sinks,
    )


def experts_block(text: ConfigReader, geometry: Geometry, family: Family) -> Experts | None:
    """The mixture of experts, if the configuration has one."""
    count = text.int(*EXPERTS, default=0, high=WIDEST)
    if count <= 1:
        return None
    width = text.int("moe_intermediate_size", default=geometry.width, low=1, high=WIDEST)
    shared = shared_width(text, width)
    return Experts(
        count=count,
        used=text.int(*EXPERTS_PER_TOKEN, default=1, low=1, high=count),
        width=width,
        gated=family.gated,
        bias=toggle(text, family.expert_bias),
        router_bias=toggle(text, family.router_bias),
        router_bytes=family.router_bytes,
        shared=Dense(shared, gated=family.gated, name=f"{family.moe_name}.shared_experts")
        if shared
        else None,
        shared_gate=family.shared_gate and shared > 0,
        name=family.moe_name,
    )


def shared_width(text: ConfigReader, width: int) -> int:
    """Shared experts act as one dense layer as wide as all of them together."""
    own = text.int(
        "shared_expert_intermediate_size", "shared_intermediate_size", default=0, high=WIDEST
    )
    count = text.int(
        "n_shared_experts", "moe_num_shared_experts", "num_shared_experts", default=0, high=4096
    )
    return own or count * width


def moe_layers(text: ConfigReader, layers: int) -> frozenset[int]:
    """Which layers route: families say it in one of a few ways, else all do."""
    for says, read in _PLACEMENTS:
        if text.has(*says):
            return read(text, layers)
    return frozenset(range(layers))


def _listed(text: ConfigReader, layers: int) -> frozenset[int]:
    return frozenset(text.ints("moe_layers", high=layers))


def _after_dense(text: ConfigReader, layers: int) -> frozenset[int]:
    """DeepSeek: the first k are dense, then every moe_layer_freq-th, or a 0/1 list."""
    if isinstance(text.value("moe_layer_freq"), list):
        flags = text.ints("moe_layer_freq", high=1)
        return frozenset(layer for layer, routed in enumerate(flags[:layers]) if routed)
    first = text.int("first_k_dense_replace", default=0, high=MOST_LAYERS)
    every = text.int("moe_layer_freq", default=1, low=1)
    return frozenset(layer for layer in range(first, layers) if layer % every == 0)


def _every_step(text: ConfigReader, layers: int) -> frozenset[int]:
    """Qwen MoE: every decoder_sparse_step-th but for mlp_only_layers."""
    step = text.int("decoder_sparse_step", default=1, low=1)
    dense = set(text.ints("mlp_only_layers"))
    return frozenset(
        layer for layer in range(layers) if layer not in dense and (layer + 1) % step == 0
    )


def _interval(text: ConfigReader, layers: int) -> frozenset[int]:
    """ERNIE: from a first to a last layer at an interval."""
    first = text.int("moe_layer_start_index", default=0)
    last = text.int("moe_layer_end_index", default=layers - 1, low=-1)
    last = layers - 1 if last < 0 else last
    every = text.int("moe_layer_interval", default=1, low=1)
    return frozenset(
        layer for layer in range(first, min(last, layers - 1) + 1) if (layer + 1) % every == 0
    )


def _period(text: ConfigReader, layers: int) -> frozenset[int]:
    """Jamba: every expert_layer_period-th from an offset."""
    every = text.int("expert_layer_period", default=2, low=1)
    offset = text.int("expert_layer_offset", default=1)
    return frozenset(layer for layer in range(layers) if layer % every == offset % every)


def _interleaved(text: ConfigReader, layers: int) -> frozenset[int]:
    """Llama 4: the last of every interleave_moe_layer_step."""
    step = text.int("interleave_moe_layer_step", default=1, low=1)
    return frozenset(range(step - 1, layers, step))


_PLACEMENTS = (
    (("moe_layers",), _listed),
    (("interleave_moe_layer_step",), _interleaved),
    (("first_k_dense_replace", "moe_layer_freq"), _after_dense),
    (("decoder_sparse_step", "mlp_only_layers"), _every_step),
    (("moe_layer_start_index", "moe_layer_interval"), _interval),
    (("expert_layer_period", "expert_layer_offset"), _period),
)
