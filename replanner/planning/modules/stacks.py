"""Weights of encoder stacks: equal blocks of attention and feed-forward in front of a decoder."""

from typing import NamedTuple

from replanner.planning.facts import Part
from replanner.planning.modules.pieces import COLUMN, REPLICATED, ROW, Piece, Split, linear


class Stack(NamedTuple):
    """`layers` equal blocks. `vectors` counts further vectors of the hidden size in each.

    Stacks that vLLM takes from transformers as they are have `divided` False: whole on each rank.
    Others are whole only where the ranks do not divide the heads (`whole_if_uneven`).
    """

    layers: int
    hidden: int
    width: int
    heads: int = 1
    inner: int = 0  # width of queries; 0: the hidden size
    gated: bool = False
    bias: bool = True
    key_bias: bool = True
    mlp_bias: bool = True
    vectors: int = 4  # two LayerNorms with their biases
    extra: int = 0  # further elements in each block
    divided: bool = True
    whole_if_uneven: bool = False
    part: Part = "tower"

    def pieces(self, at: str) -> list[Piece]:
        into, out = (COLUMN, ROW) if self.divided else (REPLICATED, REPLICATED)
        inner = self.inner or self.hidden
        head = into._replace(units=inner // self.heads if self.divided else 1)
        found = [
            *self._linear(f"{at}.attn.q", inner, self.hidden, head, bias=self.bias),
            *self._linear(f"{at}.attn.k", inner, self.hidden, head, bias=self._key_bias),
            *self._linear(f"{at}.attn.v", inner, self.hidden, head, bias=self.bias),
            *self._linear(
                f"{at}.attn.proj",
                self.hidden,
                inner,
                out._replace(units=head.units),
                bias=self.bias,
            ),
            *self._feed(at, into, out),
            Piece(f"{at}.vectors", self.part, self.vectors * self.hidden + self.extra),
        ]
        heads = self.heads if self.whole_if_uneven else 0
        return [
            piece._replace(copies=self.layers, quantizable=False, heads=heads) for piece in found
        ]

    @property
    def _key_bias(self) -> bool:
        return self.bias and self.key_bias

    def _feed(self, at: str, into: Split, out: Split) -> list[Piece]:
        names = ("gate", "fc1") if self.gated else ("fc1",)
        found: list[Piece] = []
        for name in names:
            found += self._linear(
                f"{at}.mlp.{name}", self.width, self.hidden, into, bias=self.mlp_bias
            )
        down = self._linear(f"{at}.mlp.fc2", self.hidden, self.width, out, bias=self.mlp_bias)
        return found + down

    def _linear(self, name: str, rows: int, cols: int, split: Split, *, bias: bool) -> list[Piece]:
        return linear(name, self.part, size=(rows, cols), split=split, bias=bias)


def flat(name: str, elements: int, *, part: Part = "tower") -> Piece:
    """A tensor that every rank holds whole and no method quantizes."""
    return Piece(name, part, elements)


def dense(
    name: str, rows: int, cols: int, split: Split = REPLICATED, *, bias: bool = True
) -> list[Piece]:
    """A linear layer of a tower or projector: left alone by quantization."""
    found = linear(name, "tower", size=(rows, cols), split=split, bias=bias)
    return [piece._replace(quantizable=False) for piece in found]
