"""Decides what compressed sparse attention keeps (DeepSeek-V4): several caches per layer.

vllm/models/deepseek_v4/attention.py:860-924, compressor.py:142-193 and
v1/attention/backends/mla/sparse_swa.py:120 (0.33.0).
"""

from collections.abc import Sequence

from replanner.errors import UnsupportedModel
from replanner.planning.attention_heads import layer_count
from replanner.planning.config_reader import ConfigReader
from replanner.planning.facts import KvKind, KvLayers
from replanner.planning.geometry import MOST_LAYERS, WIDEST

_PAGE_ALIGNMENT = 576  # FlashMLA's packing of pages
_WINDOW_BLOCK = 64
_SCALED_TOGETHER = 64  # fp8 elements under one scale byte
_INDEX_SCALE_BYTES = 4
_FP32_BYTES = 4
# Tokens in one row -> (block of the compressor's state, groups that overlap)
_COMPRESSORS = {4: (4, 2), 128: (8, 1)}
_INDEXED = 4  # only these rows are chosen from by an index


def compressed_layers(text: ConfigReader, _root: ConfigReader) -> tuple[KvLayers, ...]:
    """A window in every layer; rows, compressor states and an index in compressed ones."""
    ratios, size = _ratios(text), text.int("head_dim", low=1, high=WIDEST)
    row = _row_bytes(text, size)
    window = text.int("sliding_window", low=1, high=WIDEST)
    kept = [_window(tuple(range(len(ratios))), row, window, _WINDOW_BLOCK)]
    for ratio in sorted(set(ratios) & set(_COMPRESSORS)):
        layers = tuple(layer for layer, each in enumerate(ratios) if each == ratio)
        kept += [_rows("mla", layers, row, ratio), _compressor(layers, size, ratio)]
        if ratio == _INDEXED:
            index = text.int("index_head_dim", default=128, low=1, high=WIDEST)
            kept.append(_rows("indexer", layers, index + _INDEX_SCALE_BYTES, ratio))
            kept.append(_compressor(layers, index, ratio))
    return tuple(kept)


def _ratios(text: ConfigReader) -> tuple[int, ...]:
    """Tokens per row of each layer, 0 for layers with a window only (deepseek_v4_utils.py:6)."""
    count = layer_count(text)
    if text.has("compress_ratios"):
        found = text.ints("compress_ratios", high=MOST_LAYERS)
    else:
        rates = text.section("compress_rates")
        found = tuple(rates.int(kind, default=0, high=WIDEST) for kind in text.texts("layer_types"))
    unknown = next((ratio for ratio in found if ratio > 1 and ratio not in _COMPRESSORS), None)
    if len(found) < count or unknown is not None:
        raise UnsupportedModel(
            f"{text.path}: compress_ratios must say 0, 4 or 128 for each of {count} layers."
        )
    return found[:count]


def _row_bytes(text: ConfigReader, size: int) -> int:
    """fp8 elements with a scale byte each 64 and one to spare, and 16-bit rotary ones."""
    rotary = text.int("qk_rope_head_dim", high=size)
    plain = size - rotary
    return plain + 2 * rotary + plain // _SCALED_TOGETHER + 1


def _window(layers: Sequence[int], row_bytes: int, window: int, block: int) -> KvLayers:
    return KvLayers(
        "sliding",
        tuple(layers),
        kv_heads=1,
        head_size=row_bytes,
        window=window,
        element_bytes=1,
        own_block_size=block,
        page_alignment=_PAGE_ALIGNMENT,
    )


def _rows(kind: KvKind, layers: tuple[int, ...], row_bytes: int, ratio: int) -> KvLayers:
    return KvLayers(
        kind,
        layers,
        kv_heads=1,
        head_size=row_bytes,
        element_bytes=1,
        tokens_per_row=ratio,
        page_alignment=_PAGE_ALIGNMENT,
    )


def _compressor(layers: tuple[int, ...], size: int, ratio: int) -> KvLayers:
    """fp32 sums and scores of the tokens whose row is not complete."""
    block, overlap = _COMPRESSORS[ratio]
    state_bytes = 2 * overlap * size * _FP32_BYTES
    return _window(layers, state_bytes, overlap * ratio, block)
