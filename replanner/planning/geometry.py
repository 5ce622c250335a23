"""The dimensions of a decoder under whatever names its configuration gives them."""

from dataclasses import dataclass

from replanner.planning.config_reader import ConfigReader

HIDDEN = ("hidden_size", "n_embd", "d_model", "n_embed", "dim")
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads")
KV_HEADS = (
    "n_head_kv",
    "num_kv_heads",
    "num_key_value_heads",
    "multi_query_group_num",
    "num_attention_groups",
)
HEAD_SIZE = ("head_dim", "kv_channels", "attention_head_size", "hidden_size_per_head")
WIDTH = ("intermediate_size", "n_inner", "ffn_hidden_size", "ffn_dim", "inner_hidden_size")
VOCAB = ("padded_vocab_size", "vocab_size", "n_vocab")
EXPERTS = (
    "num_experts",
    "moe_num_experts",
    "n_routed_experts",
    "num_local_experts",
)
EXPERTS_PER_TOKEN = (
    "num_experts_per_tok",
    "num_experts_per_token",
    "top_k_experts",
    "moe_topk",
    "moe_top_k",
    "moe_k",
    "top_k",
)

MOST_LAYERS = 4096
WIDEST = 1 << 24


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes that most layers of a decoder share."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    head_size_v: int
    width: int
    vocab: int


def read_geometry(text: ConfigReader) -> Geometry:
    """The dimensions; hidden size, layers and vocabulary must be there."""
    hidden = text.int(*HIDDEN, low=1, high=WIDEST)
    heads = text.int(*HEADS, default=0, high=WIDEST)
    size = text.int(*HEAD_SIZE, default=0, high=WIDEST) or (hidden // heads if heads else 0)
    return Geometry(
        hidden=hidden,
        layers=text.int(*LAYERS, low=1, high=MOST_LAYERS),
        heads=heads,
        kv_heads=_kv_heads(text, heads),
        head_size=size,
        head_size_v=text.int("v_head_dim", "head_dim_v", default=size, high=WIDEST),
        width=text.int(*WIDTH, default=4 * hidden, high=WIDEST),
        vocab=text.int(*VOCAB, low=1, high=WIDEST),
    )


def _kv_heads(text: ConfigReader, heads: int) -> int:
    nested = text.value("attn_config")
    if isinstance(nested, dict) and "kv_n_heads" in nested:  # DBRX, MPT
        return text.section("attn_config").int("kv_n_heads", low=1, high=WIDEST)
    return text.int(*KV_HEADS, default=heads, high=WIDEST)
