"""The dimensions of a decoder under whatever names its configuration gives them."""

from typing import NamedTuple

from replanner.planning.attention_heads import Heads, layer_count, read_heads
from replanner.planning.config_reader import ConfigReader
from replanner.planning.geometry import HEADS, HIDDEN, VOCAB, WIDEST, WIDTH


class Geometry(NamedTuple):
    """Sizes that most layers of a decoder share."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    width: int
    vocab: int


def layer_widths(text: ConfigReader, hidden: int) -> tuple[int, ...]:
    """The feed-forward width: one for all layers, or Gemma 3n's list of one for each."""
    if isinstance(text.value(*WIDTH), list | tuple):
        listed = text.ints(*WIDTH, high=WIDEST)
        return listed or (4 * hidden,)
    return (text.int(*WIDTH, default=4 * hidden, high=WIDEST),)


def read_geometry(text: ConfigReader) -> Geometry:
    """The dimensions; hidden size, layers and vocabulary must be there."""
    hidden = text.int(*HIDDEN, low=1, high=WIDEST)
    heads = text.int(*HEADS, default=0, high=WIDEST)
    common = read_heads(text) if heads else Heads(0, 0, 0)
    return Geometry(
        hidden=hidden,
        layers=layer_count(text),
        heads=heads,
        kv_heads=common.kv_heads,
        head_size=common.size,
        width=max(layer_widths(text, hidden)),
        vocab=text.int(*VOCAB, low=1, high=WIDEST),
    )
