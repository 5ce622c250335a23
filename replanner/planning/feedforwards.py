"""Which layers of a decoder mix experts, and how wide its feed-forward parts are."""

from collections.abc import Callable

from replanner.planning.config_reader import ConfigReader
from replanner.planning.dimensions import Geometry
from replanner.planning.families import Family, toggle
from replanner.planning.geometry import (
    EXPERTS,
    EXPERTS_PER_TOKEN,
    MOST_LAYERS,
    WIDEST,
)
from replanner.planning.modules.feedforward import Dense, Experts

_MOST_SHARED = 4096
_LARGEST_SCALE = 1024.0


def dense_block(text: ConfigReader, geometry: Geometry, family: Family) -> Dense:
    """A layer without experts; some families give it a width of its own."""
    return Dense(
        dense_width(text, geometry) // family.width_divisor,
        gated=family.gated,
        bias=toggle(text, family.mlp_bias),
        name=family.mlp_name,
        divided=family.divided_mlp,
    )


def dense_width(text: ConfigReader, geometry: Geometry) -> int:
    """The width of a layer without experts, where it has one of its own."""
    if text.flag("block_auto_adjust_ff_dim"):  # LFM2 (model_executor/models/lfm2.py, Lfm2MLP)
        wanted = 2 * text.int("block_ff_dim", default=geometry.width, low=1, high=WIDEST) // 3
        scale = text.number("block_ffn_dim_multiplier", default=1.0)
        unit = text.int("block_multiple_of", default=256, low=1, high=WIDEST)
        return -(-int(wanted * max(0.0, min(scale, _LARGEST_SCALE))) // unit) * unit
    return text.int(
        "intermediate_size_mlp", "dense_intermediate_size", default=geometry.width, high=WIDEST
    )


def experts_block(text: ConfigReader, geometry: Geometry, family: Family) -> Experts | None:
    """The mixture of experts, if the configuration has one."""
    count = text.first_int(*EXPERTS, default=0, high=WIDEST)
    if count < 1:
        return None
    width = text.first_int(
        "moe_intermediate_size", "expert_intermediate_size", default=geometry.width, high=WIDEST
    )
    shared = shared_width(text, family, width)
    name = f"{family.moe_name}.{family.shared_name}"
    return Experts(
        total=count,
        used=min(count, text.first_int(*EXPERTS_PER_TOKEN, default=1, low=1, high=WIDEST)),
        width=width,
        gated=family.gated,
        bias=toggle(text, family.expert_bias),
        router_bias=toggle(text, family.router_bias),
        router_bytes=family.router_bytes,
        shared=Dense(shared, gated=family.gated, name=name) if shared else None,
        shared_gate=family.shared_gate and shared > 0,
        latent=text.int("moe_latent_size", "routed_expert_hidden_size", default=0, high=WIDEST),
        latent_norm=text.flag("latent_moe_use_norm"),
        scales=family.parallel_dense,
        name=family.moe_name,
    )


def shared_width(text: ConfigReader, family: Family, width: int) -> int:
    """Shared experts act as one dense layer as wide as all of them together."""
    count = text.first_int(
        "n_shared_experts",
        "moe_num_shared_experts",
        "num_shared_experts",
        "num_shared_expert",
        default=family.shared_count,
        high=_MOST_SHARED,
    )
    own = text.first_int(
        "shared_expert_intermediate_size",
        "shared_intermediate_size",
        "share_expert_dim",
        default=0,
        high=WIDEST,
    )
    each = text.int("moe_shared_expert_intermediate_size", default=width, high=WIDEST)
    return own or count * each


def moe_layers(text: ConfigReader, layers: int) -> frozenset[int]:
    """Which layers route: families say it in one of a few ways, else all do."""
    for says, read in _PLACEMENTS:
        if text.has(*says):
            return read(text, layers)
    return frozenset(range(layers))


def _listed(text: ConfigReader, layers: int) -> frozenset[int]:
    return frozenset(text.ints("moe_layers", high=layers))


def _named(text: ConfigReader, layers: int) -> frozenset[int]:
    """A list of "dense" and "sparse"."""
    kinds = text.texts("mlp_layer_types")[:layers]
    return frozenset(layer for layer, kind in enumerate(kinds) if kind == "sparse")


def _after_dense(text: ConfigReader, layers: int) -> frozenset[int]:
    """DeepSeek: the first k are dense, then every moe_layer_freq-th, or a 0/1 list."""
    if isinstance(text.value("moe_layer_freq"), list | tuple):
        flags = text.ints("moe_layer_freq", high=1)
        return frozenset(layer for layer, routed in enumerate(flags[:layers]) if routed)
    first = text.int("first_k_dense_replace", "num_dense_layers", default=0, high=MOST_LAYERS)
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
    last = layers - 1 if last < 0 else min(last, layers - 1)
    every = text.int("moe_layer_interval", default=1, low=1)
    return frozenset(layer for layer in range(first, last + 1) if (layer + 1) % every == 0)


def _period(text: ConfigReader, layers: int) -> frozenset[int]:
    """Jamba: every expert_layer_period-th from an offset."""
    every = text.int("expert_layer_period", default=2, low=1)
    offset = text.int("expert_layer_offset", default=1)
    return frozenset(layer for layer in range(layers) if layer % every == offset % every)


def _interleaved(text: ConfigReader, layers: int) -> frozenset[int]:
    """Llama 4: the last of every interleave_moe_layer_step."""
    step = text.int("interleave_moe_layer_step", default=1, low=1)
    return frozenset(range(step - 1, layers, step))


_PLACEMENTS: tuple[tuple[tuple[str, ...], Callable[[ConfigReader, int], frozenset[int]]], ...] = (
    (("moe_layers",), _listed),
    (("interleave_moe_layer_step",), _interleaved),
    (("first_k_dense_replace", "moe_layer_freq", "num_dense_layers"), _after_dense),
    (("mlp_layer_types",), _named),
    (("decoder_sparse_step", "mlp_only_layers"), _every_step),
    (("moe_layer_start_index", "moe_layer_interval"), _interval),
    (("expert_layer_period", "expert_layer_offset"), _period),
)
