"""How layers with caches of several sizes are dealt into groups."""

import pytest

from replanner.planning.kv_groups import _group_size


@pytest.mark.parametrize(
    ("counts", "floor", "size"),
    [
        ([6, 12], 2, 6),  # 2, 3 and 6 pad nothing: the largest
        ([6, 24], 5, 6),
        ([5, 7, 13], 5, 7),  # 2 + 0 + 1 layers of padding; 5 would take 0 + 3 + 2
        ([4, 30, 30], 4, 5),
        ([21, 20, 43], 21, 22),
    ],
)
def test_a_group_has_the_size_that_pads_the_fewest_layers(
    counts: list[int], floor: int, size: int
) -> None:
    """What vLLM 0.33.0 answers (v1/core/kv_cache_planning.py:879, _approximate_gcd)."""
    assert _group_size(counts, floor) == size
