"""Weights of attention over cached keys and values: grouped-query heads and their options."""

from typing import Literal, NamedTuple

from replanner.planning.modules.pieces import COLUMN, ROW, Piece, Split, linear, norm

QkNorm = Literal["none", "head", "full"]


class GroupedQuery(NamedTuple):
    """q, k, v and output projections; KV heads are replicated where there are fewer than ranks.

    `gated`: the query projection also makes a gate as wide as the output. Without KV heads the
    layer reads the cache of an earlier one.
    """

    heads: int
    kv_heads: int
    size: int
    size_v: int
    qkv_bias: bool = False
    out_bias: bool = False
    qk_norm: QkNorm = "none"
    gated: bool = False
    sinks: bool = False
    name: str = "self_attn"

    def pieces(self, hidden: int) -> list[Piece]:
        queries = self.heads * self.size * (2 if self.gated else 1)
        pieces = [
            *self._into("q_proj", queries, hidden, COLUMN),
            *self._keys(hidden),
            *linear(
                f"{self.name}.o_proj",
                "attention",
                size=(hidden, self.heads * self.size_v),
                split=ROW,
                bias=self.out_bias,
            ),
            *self._norms(),
        ]
        if self.sinks:
            pieces.append(Piece(f"{self.name}.sinks", "attention", self.heads, 1, "column"))
        return pieces

    def _keys(self, hidden: int) -> list[Piece]:
        if not self.kv_heads:
            return []
        kv = Split("kv", heads=self.kv_heads)
        return [
            *self._into("k_proj", self.kv_heads * self.size, hidden, kv),
            *self._into("v_proj", self.kv_heads * self.size_v, hidden, kv),
        ]

    def _into(self, name: str, rows: int, cols: int, split: Split) -> list[Piece]:
        at = f"{self.name}.{name}"
        return linear(at, "attention", size=(rows, cols), split=split, bias=self.qkv_bias)

    def _norms(self) -> list[Piece]:
        if self.qk_norm == "none":
            return []
        full = self.qk_norm == "full"
        queries, keys = (self.heads, self.kv_heads) if full else (1, min(1, self.kv_heads))
        pieces = norm(f"{self.name}.q_norm", queries * self.size)
        return pieces + (norm(f"{self.name}.k_norm", keys * self.size) if keys else [])


class IndexHeads(NamedTuple):
    """MiniMax-M3: queries and one key that choose the blocks a sparse layer looks at."""

    heads: int
    size: int
    name: str = "self_attn"

    def pieces(self, hidden: int) -> list[Piece]:
        at, queries = self.name, Split("kv", heads=self.heads)
        size = (self.heads * self.size, hidden)
        return [
            *linear(f"{at}.index_q_proj", "attention", size=size, split=queries),
            *linear(f"{at}.index_k_proj", "attention", size=(self.size, hidden)),
            *norm(f"{at}.index_norms", 2 * self.size),
        ]
