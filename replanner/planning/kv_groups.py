"""Decides how the layers' caches share one pool of equal blocks, as vLLM groups them.

Modelled on vllm/v1/core/kv_cache_planning.py (0.33.0): layers of one spec share a block table;
layers of different specs form groups of equal size that draw blocks from the same pool.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from replanner.errors import UnsupportedModel
from replanner.planning.kv_spec import LayerSpec

# Above this ratio of layer counts the smaller count is the group size (kv_cache_planning.py:494).
_PAD_TO_LARGEST_BELOW = 1.5
Specs = Mapping[LayerSpec, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Group:
    """Layers (by index) that share a block table; `page_bytes` is of each layer, in order."""

    spec: LayerSpec
    layers: tuple[int, ...]
    page_bytes: tuple[int, ...]


def group_layers(specs: Specs) -> tuple[Group, ...]:
    """All layers of the model in groups; no groups where nothing is kept."""
    if not specs:
        return ()
    if len(specs) == 1 or _one_type(tuple(specs)):
        return (_merged(specs),)
    return _equal_groups(_unify_pages(specs))


def bytes_per_block(groups: Sequence[Group], stage: range) -> int:
    """What one block weighs on the GPUs of a pipeline stage: the widest group decides."""
    return max((_stage_bytes(group, stage) for group in groups), default=0)


def _stage_bytes(group: Group, stage: range) -> int:
    pages = zip(group.layers, group.page_bytes, strict=True)
    return sum(page for layer, page in pages if layer in stage)


def _one_type(specs: Sequence[LayerSpec]) -> bool:
    """Do all layers need the same number of token slots? Then widths may differ in one group."""
    first = specs[0]
    if any(spec.block_size != first.block_size for spec in specs):
        return False
    if all(spec.grows for spec in specs):
        return True
    if first.kind in ("sliding", "chunked"):
        return all((spec.kind, spec.window) == (first.kind, first.window) for spec in specs)
    return False


def _merged(specs: Specs) -> Group:
    placed = sorted(
        ((layer, spec) for spec, layers in specs.items() for layer in layers),
        key=lambda pair: pair[0],
    )
    return Group(
        spec=placed[0][1],
        layers=tuple(layer for layer, _ in placed),
        page_bytes=tuple(spec.page_bytes for _, spec in placed),
    )


def _unify_pages(specs: Specs) -> Specs:
    """Every page as large as the largest: more tokens in a page where that divides, else padding.

    kv_cache_planning.py:346 (unify_kv_cache_spec_page_size).
    """
    largest = max(spec.page_bytes for spec in specs)
    return {_unified(spec, largest): layers for spec, layers in specs.items()}


def _unified(spec: LayerSpec, largest: int) -> LayerSpec:
    ratio, rest = divmod(largest, spec.page_bytes)
    if spec.kind == "state" or (rest and spec.kind not in ("mla", "indexer")):
        return spec.resized(spec.block_size, largest)
    if rest:
        raise UnsupportedModel(
            f"A page of {spec.page_bytes} bytes of latent attention does not divide the page of "
            f"{largest} bytes that other layers need; vLLM cannot pad it."
        )
    return spec.resized(spec.block_size * ratio, largest)


def _equal_groups(specs: Specs) -> tuple[Group, ...]:
    """Groups with the same number of layers, the last of each spec padded.

    kv_cache_planning.py:416-556 (_get_kv_cache_groups_uniform_page_size): layers are dealt out
    in turn, so that pipeline stages get their share of every group.
    """
    counts = [len(layers) for layers in specs.values()]
    largest, smallest = max(counts), min(counts)
    size = largest if largest < smallest * _PAD_TO_LARGEST_BELOW else smallest
    groups = []
    for spec, layers in specs.items():
        number = -(-len(layers) // size)
        dealt = (tuple(layers[start::number]) for start in range(number))
        groups += [Group(spec, part, (spec.page_bytes,) * len(part)) for part in dealt]
    return tuple(groups)
