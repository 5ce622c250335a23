"""What errors have in common."""

import pytest

from replanner.errors import worst_exit_code


@pytest.mark.parametrize(
    ("codes", "worst"),
    [((), 0), ((0, 1), 1), ((1, 3), 3), ((3, 2, 1), 2), ((2, 4, 0), 4)],
)
def test_the_worst_of_several_outcomes_is_what_a_run_ends_with(
    codes: tuple[int, ...], worst: int
) -> None:
    """A bug before bad input, before an upstream that is away, before a bad plan."""
    assert worst_exit_code(codes) == worst
