"""What each layer of a decoder is made of: norms, a mixer, a feed-forward part, as blocks."""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from replanner.planning.attention_heads import full_heads, read_heads, window_heads
from replanner.planning.attention_kinds import Kind, layer_kinds
from replanner.planning.config_reader import ConfigReader
from replanner.planning.dimensions import Geometry, layer_widths
from replanner.planning.families import Family, toggle
from replanner.planning.feedforwards import dense_block, experts_block, moe_layers
from replanner.planning.geometry import WIDEST
from replanner.planning.mixing import compressed_block, latent_block, recurrent_block
from replanner.planning.modules.compressed import HashRouting, HyperConnections
from replanner.planning.modules.feedforward import Dense
from replanner.planning.modules.gemma import AlternatingUpdates, LayerInput, LowRankDetour
from replanner.planning.modules.mixers import GroupedQuery, IndexHeads
from replanner.planning.modules.pieces import Piece


class Block(Protocol):
    """A part of a layer: hashable, so that equal layers are counted once."""

    def pieces(self, hidden: int) -> list[Piece]: ...


Layer = tuple[Block, ...]


class Norms(NamedTuple):
    """The vectors of a layer that are as wide as the hidden size."""

    vectors: int
    bias: bool = False

    def pieces(self, hidden: int) -> list[Piece]:
        return [Piece("norms", "norm", self.vectors * hidden * (2 if self.bias else 1))]


def decoder_layers(
    text: ConfigReader,
    geometry: Geometry,
    family: Family,
    *,
    indexed: frozenset[int] = frozenset(),
) -> tuple[Layer, ...]:
    """One entry per layer, in order; `indexed` layers have an indexer."""
    for key, plan in _PLANS:
        if text.has(key):
            return plan(text, geometry, family)
    mixers = _mixers(text, geometry, family, indexed)
    feeds = _feeds(text, geometry, family)
    norms = (Norms(family.norms, bias=toggle(text, family.norm_bias)),) if family.norms else ()
    extra = _layer_input(text)
    if family.cross_attention:
        crossing = _grouped(text, geometry, family)._replace(name="encoder_attn")
        extra = (*extra, crossing)
    return tuple((*norms, *mixer, *feed, *extra) for mixer, feed in zip(mixers, feeds, strict=True))


def _mixers(
    text: ConfigReader, geometry: Geometry, family: Family, indexed: frozenset[int]
) -> list[Layer]:
    """The attention or the recurrence of every layer."""
    kinds = layer_kinds(text)[: geometry.layers]
    made = {kind: _mixer(text, geometry, family, kind) for kind in dict.fromkeys(kinds)}
    mixers = [made[kind] for kind in kinds]
    shared = text.int("num_kv_shared_layers", default=0, high=geometry.layers)
    for layer in range(geometry.layers - shared, geometry.layers):
        mixers[layer] = tuple(_without_keys(block) for block in mixers[layer])
    for layer in indexed:
        mixers[layer] = _indexed(text, mixers[layer])
    return mixers


def _mixer(text: ConfigReader, geometry: Geometry, family: Family, kind: Kind) -> Layer:
    if kind == "state":
        return (recurrent_block(text, geometry, family),)
    if kind == "both":
        attention = _mixer(text, geometry, family, "full")
        return (*attention, recurrent_block(text, geometry, family))
    if family.mixer == "latent":
        return (latent_block(text),)
    return (_grouped(text, geometry, family, kind),)


def _grouped(
    text: ConfigReader, geometry: Geometry, family: Family, kind: Kind = "full"
) -> GroupedQuery:
    """The attention that a family's row describes."""
    choose = full_heads if kind == "full" else window_heads
    heads = choose(text, read_heads(text))
    return GroupedQuery(
        heads=_query_heads(text, geometry, kind),
        kv_heads=heads.kv_heads,
        size=heads.size,
        size_v=heads.size_v or heads.size,
        qkv_bias=toggle(text, family.qkv_bias),
        out_bias=toggle(text, family.out_bias),
        qk_norm=family.qk_norm if toggle(text, family.qk_norm_if) else "none",
        gated=toggle(text, family.gated_attention),
        sinks=toggle(text, family.sliding_sinks if kind == "sliding" else family.sinks),
        name=family.attention_name,
    )


def _query_heads(text: ConfigReader, geometry: Geometry, kind: Kind) -> int:
    if kind == "sliding":
        return text.int("swa_num_attention_heads", default=geometry.heads, low=1, high=WIDEST)
    return geometry.heads


def _without_keys(block: Block) -> Block:
    """Layers that read an earlier layer's cache project queries only."""
    return block._replace(kv_heads=0) if isinstance(block, GroupedQuery) else block


def _indexed(text: ConfigReader, mixer: Layer) -> Layer:
    """The layer with the weights that choose its tokens."""
    if text.has("sparse_attention_config"):
        config = text.section("sparse_attention_config")
        heads = config.int("sparse_num_index_heads", low=1, high=WIDEST)
        return (*mixer, IndexHeads(heads, config.int("sparse_index_dim", low=1, high=WIDEST)))
    return tuple(latent_block(text, indexed=True) for _ in mixer)


def _feeds(text: ConfigReader, geometry: Geometry, family: Family) -> list[Layer]:
    """The feed-forward part of every layer."""
    if not family.feed:
        return [()] * geometry.layers
    dense = dense_block(text, geometry, family)
    experts = experts_block(text, geometry, family)
    if experts is None:
        return _dense_feeds(text, geometry, dense)
    beside: Layer = (dense, experts) if family.parallel_dense else (experts,)
    routed = moe_layers(text, geometry.layers)
    return [beside if layer in routed else (dense,) for layer in range(geometry.layers)]


def _dense_feeds(text: ConfigReader, geometry: Geometry, dense: Dense) -> list[Layer]:
    """All alike, each of its own width (Gemma 3n), or twice as wide without keys (Gemma 4)."""
    widths = layer_widths(text, geometry.hidden)
    if len(widths) >= geometry.layers > 1:
        return [(dense._replace(width=width),) for width in widths[: geometry.layers]]
    if not text.flag("use_double_wide_mlp"):
        return [(dense,)] * geometry.layers
    shared = text.int("num_kv_shared_layers", default=0, high=geometry.layers)
    narrow: Layer = (dense,)
    wide: Layer = (dense._replace(width=2 * dense.width),)
    return [narrow] * (geometry.layers - shared) + [wide] * shared


def _layer_input(text: ConfigReader) -> Layer:
    width = text.int("hidden_size_per_layer_input", default=0, high=WIDEST)
    inputs: Layer = (LayerInput(width),) if width else ()
    return (*inputs, *_altup(text))


def _altup(text: ConfigReader) -> Layer:
    """Gemma 3n: several versions of the residual stream, and a low-rank detour."""
    if not text.has("altup_num_inputs"):
        return ()
    return (
        AlternatingUpdates(text.int("altup_num_inputs", low=1, high=WIDEST)),
        LowRankDetour(text.int("laurel_rank", default=64, low=1, high=WIDEST)),
    )


Part = Literal["M", "*", "-", "E"]
_NAMED_PARTS: dict[str, Part] = {"mamba": "M", "attention": "*", "mlp": "-", "moe": "E"}


def _one_part_each(text: ConfigReader, geometry: Geometry, family: Family) -> tuple[Layer, ...]:
    """Nemotron-H: a layer is one part: Mamba, attention, feed-forward or a mixture."""
    parts: dict[str, Callable[[], Block | None]] = {
        "M": lambda: recurrent_block(text, geometry, family),
        "*": lambda: _grouped(text, geometry, family),
        "-": lambda: dense_block(text, geometry, family),
        "E": lambda: experts_block(text, geometry, family),
    }
    letters = _letters(text)[: geometry.layers]
    norms, made = Norms(family.norms), {}
    for letter in dict.fromkeys(letters):
        block = parts[letter]() if letter in parts else None
        if block is None:
            raise text.bad("hybrid_override_pattern", letter, "a part that is described")
        made[letter] = (norms, block)
    return tuple(made[letter] for letter in letters)


def _letters(text: ConfigReader) -> str:
    if text.has("hybrid_override_pattern"):
        return text.text("hybrid_override_pattern")
    return "".join(_NAMED_PARTS.get(name, "?") for name in text.texts("layers_block_type"))


def _block_configs(text: ConfigReader, geometry: Geometry, family: Family) -> tuple[Layer, ...]:
    """Nemotron-NAS: every layer has its own attention and width, or none."""
    return tuple(
        (*_own_attention(block, text, geometry, family), *_own_width(block, geometry, family))
        for block in text.sections("block_configs")[: geometry.layers]
    )


def _own_attention(
    block: ConfigReader, text: ConfigReader, geometry: Geometry, family: Family
) -> Layer:
    attention = block.section("attention")
    if attention.flag("no_op") or attention.flag("replace_with_linear"):
        return ()
    group = attention.int("n_heads_in_group", low=1, high=WIDEST)
    grouped = _grouped(text, geometry, family)._replace(kv_heads=max(1, geometry.heads // group))
    return (Norms(1), grouped)


def _own_width(block: ConfigReader, geometry: Geometry, family: Family) -> Layer:
    feed = block.section("ffn")
    if feed.flag("no_op") or feed.flag("replace_with_linear"):
        return ()
    stated = feed.int("intermediate_size", default=0, high=WIDEST)
    width = stated or scaled_width(feed.number("ffn_mult", default=1.0), geometry.hidden)
    return (Norms(1), Dense(width, gated=family.gated))


def scaled_width(multiple: float, hidden: int) -> int:
    """Two thirds of that many hidden sizes, up to whole 256 (nemotron_nas.py, _ffn_mult_to_...)."""
    wanted = int(2 * max(0.0, min(multiple, 1024.0)) * hidden / 3)
    return max(256, -(-wanted // 256) * 256)


def _compressed(text: ConfigReader, geometry: Geometry, family: Family) -> tuple[Layer, ...]:
    """DeepSeek-V4: every layer mixes experts; the first ones choose them by a table."""
    experts = experts_block(text, geometry, family)
    streams = text.int("hc_mult", default=1, low=1, high=WIDEST)
    if experts is None:
        raise text.bad("n_routed_experts", 0, "a mixture of experts")
    shared = (Norms(family.norms), HyperConnections(streams), experts)
    table = HashRouting(geometry.vocab, experts.used, name=family.moe_name)
    hashed = text.int("num_hash_layers", default=0, high=geometry.layers)
    ratios = text.ints("compress_ratios", high=WIDEST)[: geometry.layers]
    made = {ratio: compressed_block(text, ratio) for ratio in set(ratios)}
    return tuple(
        (made[ratio], *shared, *((table,) if layer < hashed else ()))
        for layer, ratio in enumerate(ratios)
    )


Plan = Callable[[ConfigReader, Geometry, Family], tuple[Layer, ...]]
_PLANS: tuple[tuple[str, Plan], ...] = (
    ("block_configs", _block_configs),
    ("compress_ratios", _compressed),
    ("hybrid_override_pattern", _one_part_each),
    ("mamba_num_heads", _one_part_each),
)
