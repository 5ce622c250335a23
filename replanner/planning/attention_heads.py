"""Decides how many KV heads of which width a layer keeps, under the names families give them."""

from typing import NamedTuple

from replanner.planning.config_reader import ConfigReader
from replanner.planning.geometry import (
    HEAD_SIZE,
    HEADS,
    HIDDEN,
    KV_HEADS,
    LAYERS,
    MOST_LAYERS,
    WIDEST,
)

# Lists that say the number of layers where no key does (Nemotron 3 Ultra)
_LISTED_LAYERS = ("layers_block_type", "layer_types", "block_configs")
# transformers' defaults: these share one KV head unless told otherwise
_MULTI_QUERY_BY_DEFAULT = frozenset({"gpt_bigcode", "falcon", "RefinedWebModel"})


class Heads(NamedTuple):
    """KV heads of one layer: how many, how wide, and how wide V is (0: nothing kept for V)."""

    kv_heads: int
    size: int
    size_v: int


def layer_count(text: ConfigReader) -> int:
    listed = next((len(text.items(key)) for key in _LISTED_LAYERS if text.has(key)), 0)
    return text.int(*LAYERS, default=listed or None, low=1, high=MOST_LAYERS)


def read_heads(text: ConfigReader) -> Heads:
    """The heads that most layers have."""
    heads = text.int(*HEADS, low=1, high=WIDEST)
    size = text.int(*HEAD_SIZE, default=0, high=WIDEST)
    size = size or text.int(*HIDDEN, low=1, high=WIDEST) // heads
    return Heads(_kv_heads(text, heads), size, size)


def _kv_heads(text: ConfigReader, heads: int) -> int:
    if text.has("attn_config"):  # DBRX
        return text.section("attn_config").int("kv_n_heads", default=heads, low=1, high=WIDEST)
    if text.has("multi_query_attention") and not text.flag("multi_query_attention"):  # ChatGLM
        return heads
    family = text.text("model_type", default="") in _MULTI_QUERY_BY_DEFAULT
    shared = text.flag("multi_query", default=family)  # Falcon, StarCoder
    if shared and not text.flag("new_decoder_architecture"):
        return 1
    return text.int(*KV_HEADS, default=heads, low=1, high=WIDEST)


def full_heads(text: ConfigReader, common: Heads) -> Heads:
    """Heads of layers that see everything, where they differ.

    Gemma 4 (model_executor/models/gemma4.py) and MiMo-V2 (mimo_v2.py:430).
    """
    if text.has("global_head_dim", "num_global_key_value_heads"):
        size = text.int("global_head_dim", default=common.size, low=1, high=WIDEST)
        kept = text.int("num_global_key_value_heads", default=common.kv_heads, low=1, high=WIDEST)
        return Heads(kept, size, size)
    if text.has("hybrid_layer_pattern"):
        return common._replace(size_v=_value_width(text, "v_head_dim", common.size))
    return common


def window_heads(text: ConfigReader, common: Heads) -> Heads:
    """Heads of layers with a window, where they differ (mimo_v2.py:408)."""
    if not text.has("hybrid_layer_pattern"):
        return common
    size = text.int("swa_head_dim", default=common.size, low=1, high=WIDEST)
    kept = text.int("swa_num_key_value_heads", default=common.kv_heads, low=1, high=WIDEST)
    return Heads(kept, size, _value_width(text, "swa_v_head_dim", size))


def _value_width(text: ConfigReader, name: str, size: int) -> int:
    return text.int(name, default=size, low=1, high=WIDEST)
