"""Collects the pieces of a model and turns them into rows of equal weight matrices."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from replanner.planning.facts import Place, Storage, WeightMatrix
from replanner.planning.modules.pieces import Piece


class Scheme(Protocol):
    """Says how a named matrix is stored."""

    def storage(self, name: str, piece: Piece, layer: int = -1) -> Storage: ...


class Sheet:
    """The weights of one model, in the order they were added."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._rows: list[WeightMatrix] = []

    def add(self, pieces: Iterable[Piece], *, at: str = "", place: Place = "first") -> None:
        """Pieces that exist once."""
        for piece in pieces:
            name = at + piece.name
            self._rows.append(_matrix(piece, name, self._scheme.storage(name, piece), place, ()))

    def add_layers(self, pieces: Iterable[Piece], *, at: str, layers: Sequence[int]) -> None:
        """Pieces that each of `layers` has; `at` holds {} for the layer's number."""
        for piece in pieces:
            name = at + piece.name
            if not piece.quantizable:
                storage = self._scheme.storage(name, piece)
                self._rows.append(_matrix(piece, name, storage, "layers", tuple(layers)))
                continue
            by_storage: dict[Storage, list[int]] = {}
            for layer in layers:
                storage = self._scheme.storage(name, piece, layer)
                by_storage.setdefault(storage, []).append(layer)
            for storage, found in by_storage.items():
                self._rows.append(_matrix(piece, name, storage, "layers", tuple(found)))

    def rows(self) -> tuple[WeightMatrix, ...]:
        return tuple(self._rows)


def _matrix(
    piece: Piece, name: str, storage: Storage, place: Place, layers: tuple[int, ...]
) -> WeightMatrix:
    return WeightMatrix(
        name=name,
        part=piece.part,
        rows=piece.rows,
        cols=piece.cols,
        storage=storage,
        shard=piece.shard,
        place=place,
        layers=layers,
        experts=piece.experts,
        heads=piece.heads,
        units=piece.units,
        copies=piece.copies,
        active_share=piece.active_share,
        counted=piece.counted,
    )
