"""The names that configurations give to the dimensions of a decoder."""

HIDDEN = ("hidden_size", "n_embd", "d_model", "n_embed", "dim")
LAYERS = ("decoder_layers", "num_hidden_layers", "n_layer", "n_layers", "num_layers")
HEADS = ("decoder_attention_heads", "num_attention_heads", "n_head", "n_heads", "num_heads")
KV_HEADS = (
    "n_head_kv",
    "num_kv_heads",
    "num_key_value_heads",
    "multi_query_group_num",
    "num_attention_groups",
    "kv_n_heads",
)
HEAD_SIZE = ("head_dim", "kv_channels", "attention_head_size", "hidden_size_per_head")
WIDTH = (
    "decoder_ffn_dim",
    "intermediate_size",
    "n_inner",
    "ffn_hidden_size",
    "ffn_dim",
    "inner_hidden_size",
)
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
