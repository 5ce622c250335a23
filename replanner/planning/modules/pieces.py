"""What a part of a model is made of, before quantization decides how each matrix is stored."""

from typing import NamedTuple

from replanner.planning.facts import Part, Shard


class Piece(NamedTuple):
    """One matrix (or vector, cols = 1) of a layer, named as checkpoints name its module.

    `quantizable` matrices belong to linear layers; the rest keeps the model's dtype, or
    `element_bytes` where the model class fixes one. See WeightMatrix for the other fields.
    """

    name: str
    part: Part
    rows: int
    cols: int = 1
    shard: Shard = "replicated"
    heads: int = 0
    experts: int = 0
    copies: int = 1
    units: int = 1
    quantizable: bool = False
    element_bytes: int = 0
    active_share: float = 1.0
    counted: bool = True


class Split(NamedTuple):
    """How a linear layer is divided: the shard, and the KV heads or units that bound it."""

    shard: Shard = "replicated"
    heads: int = 0
    units: int = 1


REPLICATED = Split()
COLUMN = Split("column")
ROW = Split("row")


def linear(
    name: str, part: Part, *, size: tuple[int, int], split: Split = REPLICATED, bias: bool = False
) -> list[Piece]:
    """A layer of (out, in) features; a row-divided one keeps its whole bias on every rank."""
    rows, cols = size
    weight = Piece(
        name, part, rows, cols, split.shard, split.heads, units=split.units, quantizable=True
    )
    if not bias:
        return [weight]
    shard: Shard = "replicated" if split.shard == "row" else split.shard
    return [weight, Piece(f"{name}.bias", part, rows, 1, shard, split.heads, units=split.units)]


def norm(name: str, size: int, *, bias: bool = False) -> list[Piece]:
    """A normalisation's weight, and its bias where it is a LayerNorm with one."""
    vectors = 2 if bias else 1
    return [Piece(name, "norm", size * vectors)]
