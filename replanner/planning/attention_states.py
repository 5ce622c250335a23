"""Decides what a layer without attention keeps for each sequence: its recurrent state.

Shapes and dtypes as in vllm/model_executor/layers/mamba/mamba_utils.py (0.33.0); which keys hold
them is the model file's choice, so one function per mechanism.
"""

from collections.abc import Callable

from replanner.errors import UnsupportedModel
from replanner.planning.config_reader import ConfigReader
from replanner.planning.dtypes import BYTES
from replanner.planning.facts import KvLayers, StateTensor
from replanner.planning.geometry import HEADS, HIDDEN, WIDEST

_FP32_BYTES = 4


def state_layers(text: ConfigReader, layers: tuple[int, ...]) -> KvLayers:
    """The state of these layers, by the first mechanism whose key is there."""
    for key, read in STATES:
        if text.has(key):
            return read(text, layers)
    raise UnsupportedModel(
        f"{text.path}: layers {layers[0]} and others have no attention, and no known state."
    )


def _size(text: ConfigReader, *names: str, default: int | None = None) -> int:
    return text.int(*names, default=default, low=1, high=WIDEST)


def _state_dtype(text: ConfigReader, name: str, default: str | None) -> int | None:
    """Bytes of a state element; None follows the model's dtype."""
    found = text.text(name, default=default or "auto")
    if found == "auto":
        return None
    if found not in BYTES:
        raise text.bad(name, found, f"one of {', '.join(BYTES)}")
    return BYTES[found]


def _convolution(channels: int, kernel: int) -> StateTensor:
    """The last inputs of every channel; speculative tokens are kept beside them."""
    return StateTensor(channels, kernel - 1, draft_elements=1)


def _gated_delta_net(text: ConfigReader, layers: tuple[int, ...]) -> KvLayers:
    """Qwen3-Next, Qwen3.5: conv over Q, K and V, and one matrix per value head."""
    keys, values = _size(text, "linear_num_key_heads"), _size(text, "linear_num_value_heads")
    key, value = _size(text, "linear_key_head_dim"), _size(text, "linear_value_head_dim")
    kernel = _size(text, "linear_conv_kernel_dim", default=4)
    matrix = StateTensor(values, key * value, _state_dtype(text, "mamba_ssm_dtype", None))
    convolution = _convolution(2 * keys * key + values * value, kernel)
    return KvLayers("state", layers, state=(convolution, matrix), state_kind="gdn")


def _kimi_delta(text: ConfigReader, layers: tuple[int, ...]) -> KvLayers:
    """Kimi Linear and K3 (models/kimi_k3/nvidia/kda.py): the matrix is fp32."""
    nested = text.section("linear_attn_config")
    where, prefix = (nested, "") if text.has("linear_attn_config") else (text, "linear_")
    heads, size = _size(where, f"{prefix}num_heads"), _size(where, f"{prefix}head_dim")
    kernel = _size(where, "short_conv_kernel_size", "linear_conv_kernel_dim", default=4)
    matrix = StateTensor(heads, size * size, _FP32_BYTES)
    convolution = _convolution(3 * heads * size, kernel)
    return KvLayers("state", layers, state=(convolution, matrix), state_kind="kda")


def _mamba2(  # noqa: PLR0913  (one keyword per dimension of the mixer)
    layers: tuple[int, ...],
    *,
    inner: int,
    groups: int,
    heads: int,
    head_size: int,
    width: int,
    kernel: int,
    element_bytes: int | None = None,
) -> KvLayers:
    shared = StateTensor(groups, 2 * width * (kernel - 1), draft_elements=2 * width)
    matrix = StateTensor(heads, head_size * width, element_bytes)
    tensors = (_convolution(inner, kernel), shared, matrix)
    return KvLayers("state", layers, state=tensors, state_kind="mamba2")


def _nemotron(text: ConfigReader, layers: tuple[int, ...]) -> KvLayers:
    """Nemotron-H (model_executor/models/nemotron_h.py:780); states are fp32 by default."""
    heads, head_size = _size(text, "mamba_num_heads"), _size(text, "mamba_head_dim")
    return _mamba2(
        layers,
        inner=heads * head_size,
        groups=_size(text, "n_groups"),
        heads=heads,
        head_size=head_size,
        width=_size(text, "ssm_state_size"),
        kernel=_size(text, "conv_kernel"),
        element_bytes=_state_dtype(text, "mamba_ssm_cache_dtype", "float32"),
    )


def _granite(text: ConfigReader, layers: tuple[int, ...]) -> KvLayers:
    """Granite 4, Falcon-H1, Bamba, Zamba2 (granitemoehybrid.py:617, falcon_h1.py:538)."""
    expanded = _size(text, "mamba_expand", default=2) * _size(text, *HIDDEN)
    return _mamba2(
        layers,
        inner=_size(text, "mamba_d_ssm", default=expanded),
        groups=_size(text, "mamba_n_groups", "mamba_ngroups", default=1),
        heads=_size(text, "mamba_n_heads", "n_mamba_heads"),
        head_size=_size(text, "mamba_d_head", "mamba_headdim"),
        width=_size(text, "mamba_d_state"),
        kernel=_size(text, "mamba_d_conv", default=4),
    )


def _jamba(text: ConfigReader, layers: tuple[int, ...]) -> KvLayers:
    """Mamba 1 inside Jamba (model_executor/models/jamba.py:470)."""
    inner = _size(text, "mamba_expand", default=2) * _size(text, *HIDDEN)
    return _mamba1(layers, inner, _size(text, "mamba_d_state"), _size(text, "mamba_d_conv"))


def _mamba1(layers: tuple[int, ...], inner: int, width: int, kernel: int) -> KvLayers:
    tensors = (StateTensor(inner, kernel - 1), StateTensor(inner, width))
    return KvLayers("state", layers, state=tensors, state_kind="mamba1")


def _plain_mamba(text: ConfigReader, layers: tuple[int, ...]) -> KvLayers:
    """Mamba and Falcon-Mamba (mamba.py:234), or Mamba 2 where there are heads (mamba2.py:184)."""
    expanded = _size(text, "expand", default=2) * _size(text, *HIDDEN)
    width, kernel = _size(text, "state_size"), _size(text, "conv_kernel", default=4)
    if not text.has("n_groups"):
        return _mamba1(layers, _size(text, "intermediate_size", default=expanded), width, kernel)
    return _mamba2(
        layers,
        inner=expanded,
        groups=_size(text, "n_groups"),
        heads=_size(text, "num_heads"),
        head_size=_size(text, "head_dim"),
        width=width,
        kernel=kernel,
    )


def _short_convolution(text: ConfigReader, layers: tuple[int, ...]) -> KvLayers:
    """LFM2 (model_executor/models/lfm2.py:556)."""
    channels = _size(text, "conv_dim", *HIDDEN)
    state = (StateTensor(channels, _size(text, "conv_L_cache") - 1),)
    return KvLayers("state", layers, state=state, state_kind="conv")


def _lightning(text: ConfigReader, layers: tuple[int, ...]) -> KvLayers:
    """MiniMax-01/M1 and Ling linear (bailing_moe_linear.py:768): a matrix per head."""
    heads = _size(text, *HEADS)
    size = text.int("head_dim", default=_size(text, *HIDDEN) // heads, low=1, high=WIDEST)
    state = (StateTensor(heads, size * size),)
    return KvLayers("state", layers, state=state, state_kind="linear")


Read = Callable[[ConfigReader, tuple[int, ...]], KvLayers]
STATES: tuple[tuple[str, Read], ...] = (
    ("linear_num_value_heads", _gated_delta_net),
    ("linear_attn_config", _kimi_delta),
    ("linear_num_heads", _kimi_delta),
    ("mamba_num_heads", _nemotron),
    ("mamba_n_heads", _granite),
    ("n_mamba_heads", _granite),
    ("mamba_d_state", _jamba),
    ("conv_L_cache", _short_convolution),
    ("state_size", _plain_mamba),
    ("attn_type_list", _lightning),
    ("layer_group_size", _lightning),
)
