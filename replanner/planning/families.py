"""What a family of models adds to, or drops from, a standard decoder.

A `Toggle` is True, False, or the name of the config key that decides, with `=true` where an
absent key means yes.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from replanner.planning.config_reader import ConfigReader
from replanner.planning.modules.mixers import QkNorm

Toggle = bool | str


class Family(NamedTuple):
    """One row of the table of architectures. The defaults are Llama's."""

    # attention
    mixer: Literal["grouped", "latent"] = "grouped"
    qkv_bias: Toggle = "attention_bias"
    out_bias: Toggle = "attention_bias"
    qk_norm: QkNorm = "none"
    qk_norm_if: Toggle = True
    gated_attention: Toggle = False
    sinks: Toggle = False
    sliding_sinks: Toggle = False
    alibi: Toggle = False
    attention_name: str = "self_attn"
    recurrent_name: str = "mixer"
    # norms: vectors of the hidden size in a layer, and behind the last one
    norms: int = 2
    final_norms: int = 1
    norm_bias: Toggle = False
    streams: bool = False  # several residual streams, joined behind the last layer
    # feed-forward
    feed: bool = True
    gated: bool = True
    mlp_bias: Toggle = "mlp_bias"
    divided_mlp: bool = True
    width_divisor: int = 1  # where intermediate_size counts gate and up together
    mlp_name: str = "mlp"
    moe_name: str = "mlp"
    shared_name: str = "shared_experts"
    shared_count: int = 0  # where no key says how many
    shared_gate: bool = False
    router_bias: Toggle = False
    router_bytes: int = 0
    expert_bias: Toggle = False
    parallel_dense: bool = False  # a dense part beside the experts of every layer
    # around the layers
    tied: bool = False  # where tie_word_embeddings is absent
    always_tied: bool = False
    headless: bool = False
    extra_vocab: int = 0  # rows of the token table that the head lacks
    head_bias: Toggle = False
    # in the place of the language model's head
    score: Literal["", "linear", "two layers", "classifier"] = ""
    embedding_norm: bool = False
    divided_embedding: bool = True
    positions: int = -1  # learned positions, this many more than the longest sequence; -1: none
    divided_positions: bool = False
    token_types: bool = False
    cross_attention: bool = False  # a second attention in every layer, to an encoder
    pooling: bool = False
    requires: str = ""  # a flag without which vLLM 0.33 does not load the model
    # how the configuration is read
    inside: tuple[str, ...] = ()  # sections whose keys count as the decoder's own
    defaults: Mapping[str, object] = {}


def toggle(reader: ConfigReader, spec: Toggle) -> bool:
    """What `spec` says for this configuration."""
    if isinstance(spec, bool):
        return spec
    name, _, absent = spec.partition("=")
    return reader.flag(name, default=absent == "true")
