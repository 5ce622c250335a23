"""Which mechanisms a family of models is built from: one row per architecture, nothing else.

A `Toggle` is True, False, or the name of the config key that decides, with `=true` where an
absent key means yes. The rows follow vLLM 0.33.0, vllm/model_executor/models/registry.py and the
model file that the registry names for the architecture.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from replanner.planning.config_reader import ConfigReader
from replanner.planning.modules.mixers import QkNorm

Toggle = bool | str


@dataclass(frozen=True, slots=True)
class Family:
    """What one architecture adds to, or drops from, a standard decoder."""

    mixer: Literal["grouped", "mla"] = "grouped"
    norms: int = 2  # vectors of the hidden size in a layer
    norm_bias: Toggle = False
    norm_weights: bool = True
    qkv_bias: Toggle = "attention_bias"
    out_bias: Toggle = "attention_bias"
    mlp_bias: Toggle = "mlp_bias"
    gated: bool = True
    qk_norm: QkNorm = "none"
    qk_norm_if: Toggle = True
    gated_attention: Toggle = False
    sinks: bool = False
    tied: bool = False  # where tie_word_embeddings is absent
    always_tied: bool = False
    head_bias: Toggle = False
    positions: int = -1  # learned positions, this many more than the longest sequence; -1: none
    router_bias: Toggle = False
    expert_bias: Toggle = False
    shared_gate: bool = False
    moe_name: str = "mlp"
    router_bytes: int = 0
    pooling: bool = False
    alibi: Toggle = False
    backend: Literal["vllm", "transformers"] = "vllm"
    removed_after: str = ""
    defaults: Mapping[str, object] = field(default_factory=dict)


def toggle(reader: ConfigReader, spec: Toggle) -> bool:
    """What `spec` says for this configuration."""
    if isinstance(spec, bool):
        return spec
    name, _, absent = spec.partition("=")
    return reader.flag(name, default=absent == "true")


_LLAMA = Family()
_QWEN2 = Family(qkv_bias=True, out_bias=False, mlp_bias=False)
_QWEN3 = Family(qk_norm="head", mlp_bias=False, out_bias=False)
_GEMMA = Family(always_tied=True, mlp_bias=False)
_GEMMA3_TEXT = {
    "vocab_size": 262208,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_hidden_layers": 26,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "max_position_embeddings": 131072,
}
_LAYER_NORM = Family(norm_bias=True, qkv_bias=True, out_bias=True, mlp_bias=True, gated=False)

FAMILIES: dict[str, Family] = {
    "LlamaForCausalLM": _LLAMA,
    "MistralForCausalLM": _LLAMA,
    "Ministral3ForCausalLM": _LLAMA,
    "MixtralForCausalLM": replace(_LLAMA, moe_name="block_sparse_moe"),
    "Qwen2ForCausalLM": _QWEN2,
    "MiMoForCausalLM": _QWEN2,
    "Qwen3ForCausalLM": _QWEN3,
    "Qwen2MoeForCausalLM": replace(_QWEN2, shared_gate=True),
    "Qwen3MoeForCausalLM": _QWEN3,
    "GemmaForCausalLM": _GEMMA,
    "Gemma2ForCausalLM": replace(_GEMMA, norms=4),
    "Gemma3ForCausalLM": replace(_GEMMA, norms=4, qk_norm="head", defaults=_GEMMA3_TEXT),
    "Phi3ForCausalLM": replace(_LLAMA, qkv_bias=False, out_bias=False, mlp_bias=False),
    "GraniteForCausalLM": _LLAMA,
}
