"""Decides which layers of a model keep what per token, from its config.json."""

from collections.abc import Callable

from replanner.planning.attention_compressed import compressed_layers
from replanner.planning.attention_heads import (
    Heads,
    full_heads,
    layer_count,
    read_heads,
    window_heads,
)
from replanner.planning.attention_kinds import Kind, chunk, layer_kinds, model_type, window
from replanner.planning.attention_states import state_layers
from replanner.planning.config_reader import ConfigReader
from replanner.planning.facts import KvKind, KvLayers
from replanner.planning.geometry import HEADS, MOST_LAYERS, WIDEST

# These attend both ways and keep nothing (layers/attention/encoder_only_attention.py)
_BERTS = frozenset({"bert", "roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "electra"})
_LATER_ENCODERS = frozenset({"modernbert", "nomic_bert", "new", "gte", "deberta-v2", "mpnet"})
_ENCODERS = _BERTS | _LATER_ENCODERS
# Latent in the checkpoint, kept with all heads (model_executor/models/minicpm3.py)
_LATENT_KEPT_WHOLE = frozenset({"minicpm3"})
# Its layers are built without the cache's configuration, so --kv-cache-dtype does not reach them
# (model_executor/models/falcon.py:173)
_IGNORES_KV_DTYPE = frozenset({"falcon"})
# One fp32 scale beside 128 fp8 elements (models/deepseek_v32/attention.py:94)
_INDEX_SCALE_BYTES = 4
_16_BIT = 2

Layout = Callable[[ConfigReader, ConfigReader], tuple[KvLayers, ...]]


def kv_layers(text: ConfigReader, root: ConfigReader) -> tuple[KvLayers, ...]:
    """What the decoder keeps; nothing for encoders. `root` is the whole configuration."""
    if _keeps_nothing(text) or _keeps_nothing(root):
        return ()
    for key, layout in _LAYOUTS:
        if text.has(key):
            return layout(text, root)
    return _by_kind(text, root)


def _keeps_nothing(reader: ConfigReader) -> bool:
    return model_type(reader) in _ENCODERS or not reader.flag("is_causal", default=True)


def _by_kind(text: ConfigReader, _root: ConfigReader) -> tuple[KvLayers, ...]:
    """Layers of one kind keep the same; the last may share what earlier ones keep."""
    kinds = layer_kinds(text)
    shared = text.int("num_kv_shared_layers", default=0, high=max(0, len(kinds) - 1))
    placed: dict[Kind, list[int]] = {}
    for layer, kind in enumerate(kinds[: len(kinds) - shared]):
        for part in ("full", "state") if kind == "both" else (kind,):
            placed.setdefault(part, []).append(layer)
    placed.pop("none", None)
    return tuple(_kept(text, kind, tuple(layers)) for kind, layers in placed.items())


def _kept(text: ConfigReader, kind: Kind, layers: tuple[int, ...]) -> KvLayers:
    family = model_type(text)
    if kind == "state":
        return state_layers(text, layers)
    if kind == "full":
        kept = _rows(full_heads(text, read_heads(text)), "full", layers)
        return kept._replace(element_bytes=_16_BIT) if family in _IGNORES_KV_DTYPE else kept
    heads = window_heads(text, read_heads(text))
    if kind == "chunked":
        return _rows(heads, "chunked", layers, chunk(text))
    return _rows(heads, "sliding", layers, window(text))


def _rows(heads: Heads, kind: KvKind, layers: tuple[int, ...], length: int = 0) -> KvLayers:
    return KvLayers(kind, layers, heads.kv_heads, heads.size, heads.size_v, window=length)


def _latent(text: ConfigReader, root: ConfigReader) -> tuple[KvLayers, ...]:
    """MLA: one vector per token in place of all heads, beside recurrent layers and an indexer."""
    rope = text.int("qk_rope_head_dim", default=0, high=WIDEST)
    if model_type(text) in _LATENT_KEPT_WHOLE:
        heads = text.int(*HEADS, low=1, high=WIDEST)
        size = rope + text.int("qk_nope_head_dim", low=1, high=WIDEST)
        return (_rows(Heads(heads, size, size), "full", tuple(range(layer_count(text)))),)
    size = rope + text.int("kv_lora_rank", low=1, high=WIDEST)
    kept: list[KvLayers] = []
    for group in _by_kind(text, root):
        if group.kind == "full":
            kept += (_rows(Heads(1, size, 0), "mla", group.layers), *_indexer(text, group.layers))
        else:
            kept.append(group)
    return tuple(kept)


def _indexer(text: ConfigReader, layers: tuple[int, ...]) -> tuple[KvLayers, ...]:
    """DeepSeek sparse attention: index keys in layers that choose tokens for the next ones too.

    models/deepseek_v32/attention.py:167.
    """
    if not text.has("index_topk"):
        return ()
    width = text.int("index_head_dim", default=128, low=1, high=WIDEST) + _INDEX_SCALE_BYTES
    choosing = tuple(layer for layer in layers if not _reuses_index(text, layer))
    return (KvLayers("indexer", choosing, 1, width, element_bytes=1),)


def _reuses_index(text: ConfigReader, layer: int) -> bool:
    pattern = text.text("index_topk_pattern", default="")
    if pattern:
        return pattern[layer : layer + 1] == "S"
    every = text.int("index_topk_freq", default=1, low=1, high=WIDEST)
    offset = text.int("index_skip_topk_offset", default=2, high=WIDEST)
    return max(layer - offset + 1, 0) % every != 0


def _sparse_grouped(text: ConfigReader, root: ConfigReader) -> tuple[KvLayers, ...]:
    """MiniMax-M3: index keys beside full heads (models/minimax_m3/common/indexer.py:145)."""
    kept, config = _by_kind(text, root), text.section("sparse_attention_config")
    layers = tuple(
        layer for layer, flag in enumerate(config.ints("sparse_attention_freq", high=1)) if flag
    )
    if not layers or not config.flag("use_sparse_attention", default=True):
        return kept
    width = config.int("sparse_index_dim", low=1, high=WIDEST)
    return (*kept, KvLayers("indexer", layers, 1, width, element_bytes=_16_BIT))


def _block_configs(text: ConfigReader, _root: ConfigReader) -> tuple[KvLayers, ...]:
    """Nemotron-NAS: every layer has its own number of KV heads, or none."""
    common = read_heads(text)
    total = text.int(*HEADS, low=1, high=WIDEST)
    placed: dict[int, list[int]] = {}
    for layer, block in enumerate(text.sections("block_configs")):
        attention = block.section("attention")
        if not attention.flag("no_op") and not attention.flag("replace_with_linear"):
            share = attention.int("n_heads_in_group", low=1, high=total)
            placed.setdefault(total // share, []).append(layer)
    return tuple(
        KvLayers("full", tuple(layers), heads, common.size, common.size)
        for heads, layers in placed.items()
    )


def _encoder_decoder(text: ConfigReader, _root: ConfigReader) -> tuple[KvLayers, ...]:
    """Whisper: each decoder layer keeps its own tokens, and the encoder's once a request."""
    layers = tuple(range(text.int("decoder_layers", low=1, high=MOST_LAYERS)))
    heads = text.int("decoder_attention_heads", low=1, high=WIDEST)
    size = text.int("d_model", low=1, high=WIDEST) // heads
    heard = text.int("max_source_positions", low=1, high=WIDEST)
    return (
        KvLayers("full", layers, heads, size, size),
        KvLayers("cross", layers, heads, size, size, encoder_tokens=heard),
    )


def _vision_cross(text: ConfigReader, root: ConfigReader) -> tuple[KvLayers, ...]:
    """Llama 3.2 Vision (up to vLLM 0.10.2): some layers attend to the image's tiles."""
    heads, vision = read_heads(text), root.section("vision_config")
    crossing = frozenset(text.ints("cross_attention_layers", high=MOST_LAYERS))
    own = tuple(layer for layer in range(layer_count(text)) if layer not in crossing)
    side = vision.int("image_size", low=1, high=WIDEST) // vision.int("patch_size", low=1)
    tiles = vision.int("max_num_tiles", default=4, low=1, high=WIDEST)
    crossed = _rows(heads, "cross", tuple(sorted(crossing)))
    return (_rows(heads, "full", own), crossed._replace(encoder_tokens=tiles * (side * side + 1)))


_LAYOUTS: tuple[tuple[str, Layout], ...] = (
    ("compress_ratios", compressed_layers),
    ("compress_rates", compressed_layers),
    ("decoder_layers", _encoder_decoder),
    ("cross_attention_layers", _vision_cross),
    ("block_configs", _block_configs),
    ("sparse_attention_config", _sparse_grouped),
    ("kv_lora_rank", _latent),
)
