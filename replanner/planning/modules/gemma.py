"""Weights that only Gemma's small models have beside attention and feed-forward parts."""

from typing import NamedTuple

from replanner.planning.modules.pieces import COLUMN, ROW, Piece, linear

_FLOAT32 = 4


class LayerInput(NamedTuple):
    """A second embedding, mixed into every layer (Gemma 3n and 4)."""

    width: int

    def pieces(self, hidden: int) -> list[Piece]:
        return [
            Piece("per_layer_input_gate", "other", self.width, hidden, quantizable=True),
            Piece("per_layer_projection", "other", hidden, self.width, quantizable=True),
            Piece("post_per_layer_input_norm", "norm", hidden),
        ]


class AlternatingUpdates(NamedTuple):
    """AltUp: predicts and corrects `inputs` versions of the residual stream (gemma3n.py)."""

    inputs: int

    def pieces(self, hidden: int) -> list[Piece]:
        square = self.inputs * self.inputs
        mixing = square + self.inputs * square + self.inputs * hidden + hidden
        return [
            Piece("altup", "other", mixing),
            Piece("altup.correct_output_scale", "other", hidden, element_bytes=_FLOAT32),
        ]


class LowRankDetour(NamedTuple):
    """LAuReL: a residual through a low rank."""

    rank: int

    def pieces(self, hidden: int) -> list[Piece]:
        return [
            *linear("laurel.linear_left", "other", size=(self.rank, hidden), split=COLUMN),
            *linear("laurel.linear_right", "other", size=(hidden, self.rank), split=ROW),
            Piece("laurel.post_laurel_norm", "norm", hidden),
        ]
