"""What the towers of multimodal models share: sizes, patches, projectors."""

from collections.abc import Callable
from typing import NamedTuple

from replanner.planning.config_reader import ConfigReader
from replanner.planning.geometry import MOST_LAYERS, WIDEST
from replanner.planning.modules.pieces import COLUMN, ROW, Piece
from replanner.planning.modules.stacks import Stack, dense, flat

PATCH = 14
COLORS = 3


class Tower(NamedTuple):
    """The weights of one tower; `heads` is 0 where nothing has to divide."""

    pieces: tuple[Piece, ...]
    heads: int = 0


Build = Callable[[ConfigReader, int], Tower]


def size_of(reader: ConfigReader, *names: str, default: int | None = None) -> int:
    return reader.int(*names, default=default, low=1, high=WIDEST)


def layers_of(reader: ConfigReader, *names: str, default: int | None = None) -> int:
    return reader.int(*names, default=default, low=1, high=MOST_LAYERS)


def made(pieces: list[Piece], heads: int = 0) -> Tower:
    return Tower(tuple(pieces), heads)


def patches(vision: ConfigReader, hidden: int, *, frames: int = 1) -> int:
    side = size_of(vision, "patch_size", default=PATCH)
    return hidden * vision.int("num_channels", "in_chans", default=COLORS) * frames * side * side


def places(vision: ConfigReader) -> int:
    """Patches of one image."""
    side = size_of(vision, "image_size") // size_of(vision, "patch_size", default=PATCH)
    return side * side


def frames_of(vision: ConfigReader) -> int:
    return size_of(vision, "temporal_patch_size", default=2)


def two_linear(at: str, sizes: tuple[int, int, int], *, bias: bool = True) -> list[Piece]:
    """A projector of two layers, divided between them."""
    source, middle, target = sizes
    return [
        *dense(f"{at}.linear_1", middle, source, COLUMN, bias=bias),
        *dense(f"{at}.linear_2", target, middle, ROW, bias=bias),
    ]


def vit(vision: ConfigReader, *, layers: int, hidden: int) -> Stack:
    return Stack(
        layers,
        hidden,
        size_of(vision, "intermediate_size"),
        size_of(vision, "num_attention_heads", "num_heads"),
    )


def merger(at: str, sizes: tuple[int, int], norm: int) -> list[Piece]:
    """Four patches become one: two layers, divided between them."""
    middle, target = sizes
    return [flat(f"{at}.norm", norm), *two_linear(at, (middle, middle, target))]


def used_layers(root: ConfigReader, layers: int) -> int:
    """vision_feature_layer counts from the end where it is negative."""
    chosen = root.value("vision_feature_layer")
    if not isinstance(chosen, int) or isinstance(chosen, bool) or not -layers <= chosen < layers:
        return layers
    return layers + chosen + 1 if chosen < 0 else chosen
