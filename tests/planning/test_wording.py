"""Figures for people."""

import pytest

from replanner.planning import wording

GIB = 1024**3


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.5, "0.5"), (1.234, "1.23"), (62.04, "62"), (62.4, "62.4"), (1650.4, "1,650")],
)
def test_numbers_have_three_digits(value: float, expected: str) -> None:
    assert wording.number(value) == expected


def test_numbers_that_are_none_are_not_available() -> None:
    assert wording.number(float("inf")) == "n/a"


def test_sizes_have_a_unit_and_a_real_minus() -> None:
    assert wording.gib(12.44 * GIB) == "12.4 GiB"
    assert wording.gib(-5 * 1024**2) == "\N{MINUS SIGN}5 MiB"
    assert wording.signed_gib(GIB) == "+1.00 GiB"
    assert wording.signed_gib(-GIB) == "\N{MINUS SIGN}1.00 GiB"


def test_percent_compares_with_the_old_figure() -> None:
    assert wording.percent(100, 135) == "+35%"
    assert wording.percent(1000, 999) == "\N{MINUS SIGN}0.1%"
    assert wording.percent(0, 5) == ""


def test_commits_are_shortened() -> None:
    assert wording.short_commit("abcdef0123") == "abcdef0"
    assert wording.short_commit(None) == "none"
