"""Reads the dimensions of latent attention and of recurrent layers from a configuration."""

from collections.abc import Callable

from replanner.errors import UnsupportedModel
from replanner.planning.config_reader import ConfigReader
from replanner.planning.dimensions import Geometry
from replanner.planning.families import Family
from replanner.planning.geometry import HEADS, HIDDEN, WIDEST
from replanner.planning.modules.compressed import Compressed
from replanner.planning.modules.latent import Indexer, Latent
from replanner.planning.modules.recurrent import (
    GatedDelta,
    KimiDelta,
    Lightning,
    Mamba,
    Mamba2,
    ShortConv,
)

Recurrent = GatedDelta | KimiDelta | Lightning | Mamba | Mamba2 | ShortConv


def latent_block(text: ConfigReader, *, indexed: bool = False) -> Latent:
    """MLA's ranks and head widths; `indexed` adds the weights that choose tokens."""
    heads = _size(text, *HEADS)
    return Latent(
        heads=heads,
        nope=_size(text, "qk_nope_head_dim"),
        rope=text.int("qk_rope_head_dim", default=0, high=WIDEST),
        size_v=_size(text, "v_head_dim", default=_size(text, *HIDDEN) // heads),
        query_rank=text.int("q_lora_rank", default=0, high=WIDEST),
        kv_rank=_size(text, "kv_lora_rank"),
        gated=text.flag("mla_use_output_gate"),
        indexer=_indexer(text) if indexed else None,
    )


def compressed_block(text: ConfigReader, ratio: int) -> Compressed:
    """DeepSeek-V4's attention in a layer whose rows hold `ratio` tokens."""
    return Compressed(
        heads=_size(text, *HEADS),
        size=_size(text, "head_dim"),
        query_rank=_size(text, "q_lora_rank"),
        groups=_size(text, "o_groups"),
        out_rank=_size(text, "o_lora_rank"),
        ratio=ratio,
        index_heads=_size(text, "index_n_heads"),
        index_size=_size(text, "index_head_dim", default=128),
    )


def _indexer(text: ConfigReader) -> Indexer:
    return Indexer(_size(text, "index_n_heads"), _size(text, "index_head_dim", default=128))


def recurrent_block(text: ConfigReader, geometry: Geometry, family: Family) -> Recurrent:
    """The recurrence, by the first mechanism whose key is there."""
    for key, read in _RECURRENCES:
        if text.has(key):
            return read(text, geometry, family)
    raise UnsupportedModel(f"{text.path}: no known recurrence is described.")


def _size(text: ConfigReader, *names: str, default: int | None = None) -> int:
    return text.int(*names, default=default, low=1, high=WIDEST)


def _gated_delta(text: ConfigReader, geometry: Geometry, family: Family) -> Recurrent:
    del geometry, family
    return GatedDelta(
        key_heads=_size(text, "linear_num_key_heads"),
        value_heads=_size(text, "linear_num_value_heads"),
        key_size=_size(text, "linear_key_head_dim"),
        value_size=_size(text, "linear_value_head_dim"),
        conv=_size(text, "linear_conv_kernel_dim", default=4),
    )


def _kimi_delta(text: ConfigReader, geometry: Geometry, family: Family) -> Recurrent:
    del geometry, family
    nested = text.has("linear_attn_config")
    where, prefix = (text.section("linear_attn_config"), "") if nested else (text, "linear_")
    return KimiDelta(
        heads=_size(where, f"{prefix}num_heads"),
        size=_size(where, f"{prefix}head_dim"),
        conv=_size(where, "short_conv_kernel_size", "linear_conv_kernel_dim", default=4),
        full_gate=where.flag("use_full_rank_gate"),
    )


def _nemotron(text: ConfigReader, geometry: Geometry, family: Family) -> Recurrent:
    del geometry, family
    return Mamba2(
        heads=_size(text, "mamba_num_heads"),
        size=_size(text, "mamba_head_dim"),
        groups=_size(text, "n_groups", default=1),
        state=_size(text, "ssm_state_size"),
        conv=_size(text, "conv_kernel", default=4),
        conv_bias=text.flag("use_conv_bias", default=True),
        proj_bias=text.flag("use_bias", "mamba_proj_bias"),
    )


def _granite(text: ConfigReader, geometry: Geometry, family: Family) -> Recurrent:
    """Granite 4, Falcon-H1."""
    del geometry
    return Mamba2(
        heads=_size(text, "mamba_n_heads", "n_mamba_heads"),
        size=_size(text, "mamba_d_head", "mamba_headdim"),
        groups=_size(text, "mamba_n_groups", "mamba_ngroups", default=1),
        state=_size(text, "mamba_d_state"),
        conv=_size(text, "mamba_d_conv", default=4),
        conv_bias=text.flag("mamba_conv_bias", default=True),
        proj_bias=text.flag("mamba_proj_bias"),
        normed=text.flag("mamba_rms_norm", default=True),
        name=family.recurrent_name,
    )


def _jamba(text: ConfigReader, geometry: Geometry, family: Family) -> Recurrent:
    return Mamba(
        inner=_size(text, "mamba_expand", default=2) * geometry.hidden,
        state=_size(text, "mamba_d_state"),
        conv=_size(text, "mamba_d_conv", default=4),
        rank=_rank(text, "mamba_dt_rank", geometry.hidden),
        conv_bias=text.flag("mamba_conv_bias", default=True),
        proj_bias=text.flag("mamba_proj_bias"),
        normed=True,
        name=family.recurrent_name,
    )


def _plain(text: ConfigReader, geometry: Geometry, family: Family) -> Recurrent:
    """Mamba, or Mamba 2 where there are groups."""
    inner = _size(text, "expand", default=2) * geometry.hidden
    state, conv = _size(text, "state_size"), _size(text, "conv_kernel", default=4)
    biases = (text.flag("use_conv_bias", default=True), text.flag("use_bias"))
    if not text.has("n_groups"):
        inner = _size(text, "intermediate_size", default=inner)
        rank = _rank(text, "time_step_rank", geometry.hidden)
        return Mamba(inner, state, conv, rank, *biases, name=family.recurrent_name)
    heads, size = _size(text, "num_heads"), _size(text, "head_dim")
    return Mamba2(heads, size, _size(text, "n_groups"), state, conv, *biases)


def _rank(text: ConfigReader, name: str, hidden: int) -> int:
    """A number, or "auto": a sixteenth of the hidden size."""
    stated = text.value(name)
    return -(-hidden // 16) if stated in (None, "auto") else _size(text, name)


def _short(text: ConfigReader, geometry: Geometry, family: Family) -> Recurrent:
    del family
    width = text.int("conv_dim", default=geometry.hidden, low=1, high=WIDEST)
    return ShortConv(width, _size(text, "conv_L_cache"), bias=text.flag("conv_bias"))


def _lightning(text: ConfigReader, geometry: Geometry, family: Family) -> Recurrent:
    del text, family
    return Lightning(geometry.heads, geometry.head_size)


Read = Callable[[ConfigReader, Geometry, Family], Recurrent]
_RECURRENCES: tuple[tuple[str, Read], ...] = (
    ("linear_num_value_heads", _gated_delta),
    ("linear_attn_config", _kimi_delta),
    ("linear_num_heads", _kimi_delta),
    ("mamba_num_heads", _nemotron),
    ("mamba_n_heads", _granite),
    ("n_mamba_heads", _granite),
    ("mamba_d_state", _jamba),
    ("conv_L_cache", _short),
    ("state_size", _plain),
    ("attn_type_list", _lightning),
)
