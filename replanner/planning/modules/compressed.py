"""Weights of DeepSeek-V4's layers: compressed attention with an index, several residual streams.

vllm/models/deepseek_v4 (0.33.0): attention.py, compressor.py, nvidia/model.py.
"""

from typing import NamedTuple

from replanner.planning.modules.pieces import COLUMN, REPLICATED, ROW, Piece, linear, norm

_FLOAT32 = 4
# Tokens in one row -> groups that overlap in it (compressor.py:142)
_OVERLAP = {4: 2, 128: 1}
_INDEXED = 4  # only these rows are chosen from by an index
_INT32_AS_BYTES = 4


class Compressed(NamedTuple):
    """One key and value of all heads; `ratio` tokens share a row (0: a window only)."""

    heads: int
    size: int
    query_rank: int
    groups: int
    out_rank: int
    ratio: int
    index_heads: int
    index_size: int
    name: str = "attn"

    def pieces(self, hidden: int) -> list[Piece]:
        at, outs = self.name, self.groups * self.out_rank
        whole = ((f"{at}.wq_a", self.query_rank, hidden), (f"{at}.wkv", self.size, hidden))
        found = [
            piece
            for name, rows, cols in whole
            for piece in linear(name, "attention", size=(rows, cols), split=REPLICATED)
        ]
        queries = (self.heads * self.size, self.query_rank)
        inner = (outs, self.heads * self.size // self.groups)
        found += [
            *linear(f"{at}.wq_b", "attention", size=queries, split=COLUMN),
            *linear(f"{at}.wo_a", "attention", size=inner, split=COLUMN),
            *linear(f"{at}.wo_b", "attention", size=(hidden, outs), split=ROW),
            *norm(f"{at}.norms", self.query_rank + self.size),
            Piece(f"{at}.attn_sink", "attention", self.heads, element_bytes=_FLOAT32),
        ]
        if self.ratio in _OVERLAP:
            found += self._compressor(at, self.size, hidden)
        return found + (self._index(hidden) if self.ratio == _INDEXED else [])

    def _compressor(self, at: str, size: int, hidden: int) -> list[Piece]:
        width = _OVERLAP[self.ratio] * size
        return [
            Piece(f"{at}.compressor.ape", "attention", self.ratio, width, element_bytes=_FLOAT32),
            Piece(f"{at}.compressor.wkv_wgate", "attention", 2 * width, hidden),
            Piece(f"{at}.compressor.norm", "norm", size),
        ]

    def _index(self, hidden: int) -> list[Piece]:
        at = f"{self.name}.indexer"
        queries = (self.index_heads * self.index_size, self.query_rank)
        return [
            *linear(f"{at}.wq_b", "attention", size=queries),
            Piece(f"{at}.weights_proj", "attention", self.index_heads, hidden),
            *self._compressor(at, self.index_size, hidden),
        ]


class HyperConnections(NamedTuple):
    """How `streams` residual streams enter and leave the two parts of a layer."""

    streams: int

    def pieces(self, hidden: int) -> list[Piece]:
        ways = self.streams * (self.streams + 2)
        each = ways * self.streams * hidden + ways + 3
        return [Piece("hyper_connections", "other", 2 * each, element_bytes=_FLOAT32)]


class HashRouting(NamedTuple):
    """A table from tokens to experts in the place of what a router learns."""

    vocab: int
    used: int
    name: str = "ffn"

    def pieces(self, hidden: int) -> list[Piece]:
        del hidden
        entries = self.vocab * self.used
        at = f"{self.name}.gate.tid2eid"
        return [Piece(at, "router", entries, element_bytes=_INT32_AS_BYTES, counted=False)]
