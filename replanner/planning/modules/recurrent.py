"""Weights of layers that keep a state: Mamba, Mamba 2, gated delta nets, KDA, short convolutions.

Dtypes of the small vectors follow vLLM 0.33.0 (vllm/model_executor/layers/mamba).
"""

from typing import NamedTuple

from replanner.planning.facts import Shard
from replanner.planning.modules.pieces import COLUMN, REPLICATED, ROW, Piece, Split, linear, norm

_FLOAT32 = 4


def _linear(name: str, rows: int, cols: int, split: Split, *, bias: bool = False) -> list[Piece]:
    return linear(name, "attention", size=(rows, cols), split=split, bias=bias)


def _vector(
    name: str, rows: int, cols: int = 1, *, wide: bool = False, shard: Shard = "column"
) -> Piece:
    size = _FLOAT32 if wide else 0
    return Piece(name, "attention", rows, cols, shard, element_bytes=size)


class Mamba(NamedTuple):
    """The first Mamba: one state per channel."""

    inner: int
    state: int
    conv: int
    rank: int
    conv_bias: bool = True
    proj_bias: bool = False
    normed: bool = False  # Jamba normalises what x_proj gives
    name: str = "mixer"

    def pieces(self, hidden: int) -> list[Piece]:
        at, inner, bias = self.name, self.inner, self.proj_bias
        pieces = [
            *_linear(f"{at}.in_proj", 2 * inner, hidden, COLUMN, bias=bias),
            *_linear(f"{at}.x_proj", self.rank + 2 * self.state, inner, ROW),
            *_linear(f"{at}.dt_proj", inner, self.rank, COLUMN, bias=True),
            *_linear(f"{at}.out_proj", hidden, inner, ROW, bias=bias),
            _vector(f"{at}.conv1d", inner, self.conv + (1 if self.conv_bias else 0)),
            _vector(f"{at}.A", inner, self.state, wide=True),
            _vector(f"{at}.D", inner),
        ]
        return pieces + (norm(f"{at}.norms", self.rank + 2 * self.state) if self.normed else [])


class Mamba2(NamedTuple):
    """Heads with one decay each; groups share the input and output maps, as KV heads are shared."""

    heads: int
    size: int
    groups: int
    state: int
    conv: int
    conv_bias: bool = True
    proj_bias: bool = False
    normed: bool = True
    name: str = "mixer"

    def pieces(self, hidden: int) -> list[Piece]:
        at, inner = self.name, self.heads * self.size
        groups = Split("kv", heads=self.groups)
        maps, taps = 2 * self.groups * self.state, self.conv + (1 if self.conv_bias else 0)
        return [
            *_linear(f"{at}.in_proj", 2 * inner, hidden, COLUMN, bias=self.proj_bias),
            *_linear(f"{at}.in_proj", maps, hidden, groups, bias=self.proj_bias),
            *_linear(f"{at}.in_proj", self.heads, hidden, COLUMN, bias=self.proj_bias),
            *_linear(f"{at}.out_proj", hidden, inner, ROW, bias=self.proj_bias),
            _vector(f"{at}.conv1d", inner, taps),
            Piece(f"{at}.conv1d", "attention", maps, taps, "kv", self.groups),
            _vector(f"{at}.A", self.heads, wide=True),
            _vector(f"{at}.D", 2 * self.heads),  # and dt_bias
            *([_vector(f"{at}.norm", inner)] if self.normed else []),
        ]


class GatedDelta(NamedTuple):
    """Gated delta net (Qwen3-Next, Qwen3.5)."""

    key_heads: int
    value_heads: int
    key_size: int
    value_size: int
    conv: int
    name: str = "linear_attn"

    def pieces(self, hidden: int) -> list[Piece]:
        at, values = self.name, self.value_heads * self.value_size
        mixed = 2 * self.key_heads * self.key_size + values
        return [
            *_linear(f"{at}.in_proj_qkv", mixed, hidden, COLUMN),
            *_linear(f"{at}.in_proj_z", values, hidden, COLUMN),
            *_linear(f"{at}.in_proj_b", self.value_heads, hidden, COLUMN),
            *_linear(f"{at}.in_proj_a", self.value_heads, hidden, COLUMN),
            *_linear(f"{at}.out_proj", hidden, values, ROW),
            _vector(f"{at}.conv1d", mixed, self.conv),
            _vector(f"{at}.dt_bias", self.value_heads),
            _vector(f"{at}.A_log", self.value_heads, wide=True),
            *norm(f"{at}.norm", self.value_size),
        ]


class KimiDelta(NamedTuple):
    """Kimi delta attention: a decay per channel, through a low rank, and an output gate."""

    heads: int
    size: int
    conv: int
    full_gate: bool = False
    name: str = "self_attn"

    def pieces(self, hidden: int) -> list[Piece]:
        at, width = self.name, self.heads * self.size
        pieces = [
            piece
            for name in ("q_proj", "k_proj", "v_proj")
            for piece in _linear(f"{at}.{name}", width, hidden, COLUMN)
        ]
        pieces += [
            *_linear(f"{at}.f_a_proj", self.size, hidden, REPLICATED),
            *_linear(f"{at}.f_b_proj", width, self.size, COLUMN),
            *_linear(f"{at}.b_proj", self.heads, hidden, COLUMN),
            *self._gate(hidden, width),
            *_linear(f"{at}.o_proj", hidden, width, ROW),
            _vector(f"{at}.conv1d", 3 * width, self.conv, wide=True),
            _vector(f"{at}.dt_bias", width, wide=True),
            _vector(f"{at}.A_log", self.heads, wide=True),
            *norm(f"{at}.o_norm", self.size),
        ]
        return pieces

    def _gate(self, hidden: int, width: int) -> list[Piece]:
        at = self.name
        if self.full_gate:
            return _linear(f"{at}.g_proj", width, hidden, COLUMN)
        return [
            *_linear(f"{at}.g_a_proj", self.size, hidden, REPLICATED),
            *_linear(f"{at}.g_b_proj", width, self.size, COLUMN),
        ]


class ShortConv(NamedTuple):
    """LFM2's gated short convolution."""

    width: int
    taps: int
    bias: bool = False
    name: str = "conv"

    def pieces(self, hidden: int) -> list[Piece]:
        at = self.name
        return [
            *_linear(f"{at}.in_proj", 3 * self.width, hidden, COLUMN, bias=self.bias),
            *_linear(f"{at}.out_proj", hidden, self.width, ROW, bias=self.bias),
            _vector(f"{at}.conv", self.width, self.taps + (1 if self.bias else 0)),
        ]


class Lightning(NamedTuple):
    """Lightning attention (MiniMax-Text-01): queries, keys, values, an output gate, a norm."""

    heads: int
    size: int
    name: str = "self_attn"

    def pieces(self, hidden: int) -> list[Piece]:
        at, width = self.name, self.heads * self.size
        return [
            *_linear(f"{at}.qkv_proj", 3 * width, hidden, COLUMN),
            *_linear(f"{at}.output_gate", width, hidden, COLUMN),
            *_linear(f"{at}.out_proj", hidden, width, ROW),
            _vector(f"{at}.norm", width),
        ]
