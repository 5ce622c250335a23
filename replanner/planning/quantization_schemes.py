"""What a quantization scheme is made of: storages, and rules that give each matrix one.

The layouts follow what vLLM 0.33.0 allocates (create_weights in the modules of
vllm/model_executor/layers/quantization).
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from replanner.planning.config_reader import ConfigReader
from replanner.planning.dtypes import BYTES
from replanner.planning.facts import Quantization, Storage
from replanner.planning.modules.pieces import Piece
from replanner.planning.name_patterns import Mode, NamePatterns

Activation = Literal["none", "int8", "fp8", "fp4"]
Scope = Literal["linear", "linear and head", "experts", "all"]

FP8 = Storage("fp8", 8, (0, 0), scale_bytes=4)
FP8_STATIC = Storage("fp8", 8, (0, 0), scale_bytes=4, extra_bytes=4)
FP8_CHANNEL = Storage("fp8", 8, (1, 0), scale_bytes=4)
FP8_BLOCK = Storage("fp8", 8, (128, 128), scale_bytes=4)
INT8_CHANNEL = Storage("int8", 8, (1, 0), scale_bytes=4)
NVFP4 = Storage("nvfp4", 4, (1, 16), scale_bytes=1, extra_bytes=8)
MXFP4 = Storage("mxfp4", 4, (1, 32), scale_bytes=1)
# Experts are padded to what every kernel takes (quantization/mxfp4.py, create_weights)
MXFP4_EXPERTS = MXFP4._replace(units=64)
MXFP8 = Storage("mxfp8", 8, (1, 32), scale_bytes=1)
# bitsandbytes: blocks of 64 with an 8-bit constant (double quantization)
NF4 = Storage("nf4", 4, (1, 64), scale_bytes=1)
LLM_INT8 = Storage("int8", 8, (1, 0), scale_bytes=4)
# Unknown until the size of the files says it
BY_SIZE = Storage("by size", 16)


class Rule(NamedTuple):
    """Modules that `names` lists are stored this way; without names, all the others."""

    storage: Storage
    names: NamePatterns | None = None


_NOTHING_SKIPPED = NamePatterns((), "exact")


class Scheme(NamedTuple):
    """The storage of each matrix by its name."""

    dtype: str
    rules: tuple[Rule, ...] = ()
    skipped: NamePatterns = _NOTHING_SKIPPED
    scope: Scope = "linear"
    quantization: Quantization | None = None

    def storage(self, name: str, piece: Piece, layer: int = -1) -> Storage:
        """How the matrix called `name` (with {} for the layer) is kept."""
        if piece.element_bytes:
            return Storage(f"{8 * piece.element_bytes} bits", 8 * piece.element_bytes)
        if not self.covers(piece) or self.skipped.match(name, layer):
            return plain_storage(self.dtype)
        for rule in self.rules:
            if rule.names is None or rule.names.match(name, layer):
                return rule.storage
        return plain_storage(self.dtype)

    def covers(self, piece: Piece) -> bool:
        """Whether the method touches this kind of matrix at all."""
        if not self.rules or not piece.quantizable:
            return self.scope == "all" and piece.cols > 1
        if piece.part == "head":
            return self.scope in ("linear and head", "all")
        return self.scope != "experts" or piece.part == "experts"


def plain_storage(dtype: str) -> Storage:
    """A matrix as it is, in the model's dtype."""
    return Storage(dtype, 8 * BYTES[dtype])


class Recipe(NamedTuple):
    """What one method reads from its quantization config."""

    rules: tuple[Rule, ...]
    skipped: tuple[str, ...] = ()
    scope: Scope = "linear"
    label: str = ""
    activation: Activation = "none"
    method: str = ""


class Method(NamedTuple):
    """A row per method: how it is read, which GPUs run it, and what vLLM 0.33.0 says to it."""

    name: str
    read: Callable[[ConfigReader, str], Recipe]
    mode: Mode = "exact"
    capability: tuple[int, int] = (7, 5)
    refused: str = ""
    whole_groups: bool = False  # a divided dimension must keep whole groups of scales
    merged_may_cut: bool = False  # but for outputs that are merged: q, k, v and gate, up
