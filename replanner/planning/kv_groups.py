"""Decides how the layers' caches share one pool of equal blocks, as vLLM groups them.

Modelled on vllm/v1/core/kv_cache_planning.py (0.33.0): layers of one spec share a block table;
layers of different specs form groups of equal size that draw blocks from the same pool.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from replanner.errors import UnsupportedModel
from replanner.planning.kv_spec import LayerSpec

# Above this ratio of layer counts the smaller count is the group size (kv_cache_planning.py:494).
_PAD_TO_LARGEST_BELOW = 1.5
Specs = Mapping[LayerSpec, Sequence[int]]


class Group(NamedTuple):
    """Layers (by index) that share a block table; `page_bytes` is of each layer, in order."""

    spec: LayerSpec
    layers: tuple[int, ...]
    page_bytes: tuple[int, ...]


def group_layers(specs: Specs, *, packed: bool = False) -> tuple[Group, ...]:
    """All layers of the model in groups; no groups where nothing is kept."""
    if not specs:
        return ()
    if len(specs) == 1 or one_type(tuple(specs)):
        return (merged(specs),)
    return packed_groups(specs) if packed else _equal_groups(_unify_pages(specs))


def bytes_per_block(groups: Sequence[Group], stage: range) -> int:
    """What one block weighs on the GPUs of a pipeline stage: the widest group decides."""
    return max((_stage_bytes(group, stage) for group in groups), default=0)


def _stage_bytes(group: Group, stage: range) -> int:
    pages = zip(group.layers, group.page_bytes, strict=True)
    return sum(page for layer, page in pages if layer in stage)


def one_type(specs: Sequence[LayerSpec]) -> bool:
    """Do all layers need the same number of token slots? Then widths may differ in one group."""
    first = specs[0]
    if any(spec.block_size != first.block_size for spec in specs):
        return False
    if all(spec.grows for spec in specs):
        return True
    if first.kind in ("sliding", "chunked"):
        return all((spec.kind, spec.window) == (first.kind, first.window) for spec in specs)
    return False


def merged(specs: Specs) -> Group:
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


def packed_groups(specs: Specs) -> tuple[Group, ...]:
    """Groups whose pages of several sizes lie side by side in a block.

    kv_cache_planning.py:914 (_get_packed_kv_cache_groups): what has a page of each size per layer
    stays whole and sets how many layers a group has; other windows are split to match.
    """
    buckets = _buckets(specs)
    even = [counts for bucket in buckets if len(set(counts := _page_counts(bucket))) == 1]
    floor = max((counts[0] for counts in even if len(counts) > 1), default=0)
    size = _group_size([counts[0] for counts in even], floor) if floor else 0
    return tuple(group for bucket in buckets for group in _split(bucket, size))


def _buckets(specs: Specs) -> list[dict[LayerSpec, Sequence[int]]]:
    buckets: list[dict[LayerSpec, Sequence[int]]] = []
    for spec, layers in specs.items():
        home = next((one for one in buckets if one_type((*one, spec))), None)
        if home is None:
            buckets.append({spec: layers})
        else:
            home[spec] = layers
    return buckets


def _page_counts(bucket: Specs) -> list[int]:
    """How many layers have a page of each size."""
    counts: dict[int, int] = {}
    for spec, layers in bucket.items():
        counts[spec.page_bytes] = counts.get(spec.page_bytes, 0) + len(layers)
    return list(counts.values())


def _group_size(counts: Sequence[int], floor: int) -> int:
    """The size that pads the fewest layers, the larger one of equals."""
    sizes = range(floor, max(counts) + 1)
    return min(sizes, key=lambda size: (sum(-count % size for count in counts), -size))


def _split(bucket: Specs, size: int) -> list[Group]:
    counts = _page_counts(bucket)
    whole = merged(bucket)
    if not size or len(set(counts)) > 1 or counts[0] <= size:
        return [whole]
    number = -(-counts[0] // size)
    return [
        Group(whole.spec, whole.layers[start::number], whole.page_bytes[start::number])
        for start in range(number)
    ]
