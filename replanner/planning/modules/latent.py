"""Weights of multi-head latent attention, and of the indexer that makes it sparse."""

from typing import NamedTuple

from replanner.planning.modules.pieces import COLUMN, REPLICATED, ROW, Piece, Split, linear, norm


class Indexer(NamedTuple):
    """Picks the tokens that sparse attention looks at; whole on every rank."""

    heads: int
    size: int

    def pieces(self, hidden: int, query_rank: int) -> list[Piece]:
        at = "self_attn.indexer"
        keys = Piece(f"{at}.k_norm", "norm", 2 * self.size, element_bytes=4)
        return [
            *_whole(f"{at}.wq_b", self.heads * self.size, query_rank),
            # fused, and never quantized (vllm/models/deepseek_v32)
            Piece(f"{at}.wk_weights_proj", "attention", self.size + self.heads, hidden),
            keys,
        ]


class Latent(NamedTuple):
    """Queries and keys go through low ranks: what leads into them is whole on every rank.

    `query_rank` 0 means that queries are projected directly. `fused` models keep the heads'
    keys and values as one compressed vector; the others only save weights by it.
    """

    heads: int
    nope: int
    rope: int
    size_v: int
    query_rank: int
    kv_rank: int
    gated: bool = False
    indexer: Indexer | None = None
    name: str = "self_attn"

    def pieces(self, hidden: int) -> list[Piece]:
        at, size = self.name, self.nope + self.rope
        pieces = self._queries(hidden, self.heads * size)
        pieces += [
            *_whole(f"{at}.kv_a_proj_with_mqa", self.kv_rank + self.rope, hidden),
            *norm(f"{at}.kv_a_layernorm", self.kv_rank),
            *_in(f"{at}.kv_b_proj", self.heads * (self.nope + self.size_v), self.kv_rank),
            *_out(f"{at}.o_proj", hidden, self.heads * self.size_v),
        ]
        if self.gated:
            pieces += _in(f"{at}.g_proj", self.heads * self.size_v, hidden)
        if self.indexer is not None:
            pieces += self.indexer.pieces(hidden, self.query_rank)
        return pieces

    def _queries(self, hidden: int, rows: int) -> list[Piece]:
        at = self.name
        if not self.query_rank:
            return _in(f"{at}.q_proj", rows, hidden)
        return [
            *_whole(f"{at}.q_a_proj", self.query_rank, hidden),
            *norm(f"{at}.q_a_layernorm", self.query_rank),
            *_in(f"{at}.q_b_proj", rows, self.query_rank),
        ]


def _whole(name: str, rows: int, cols: int) -> list[Piece]:
    return _one(name, rows, cols, REPLICATED)


def _in(name: str, rows: int, cols: int) -> list[Piece]:
    return _one(name, rows, cols, COLUMN)


def _out(name: str, rows: int, cols: int) -> list[Piece]:
    return _one(name, rows, cols, ROW)


def _one(name: str, rows: int, cols: int, split: Split) -> list[Piece]:
    return linear(name, "attention", size=(rows, cols), split=split)
