"""Configuration keys with types and bounds, whatever they hold."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import UnsupportedModel
from replanner.planning.config_reader import ConfigReader

READER = ConfigReader(
    {"one": 1, "whole": 2.0, "half": 0.5, "no": None, "yes": True, "name": "x", "list": [1, 2],
     "words": ["a", "b"], "part": {"inner": 3}, "parts": [{"inner": 4}], "zero": 0}
)  # fmt: skip


def test_the_first_alias_that_is_not_null_wins() -> None:
    assert READER.int("missing", "no", "one") == 1
    assert READER.first_int("zero", "whole", default=9) == 2
    assert READER.first_int("zero", "no", default=9) == 9


def test_values_come_in_the_asked_type() -> None:
    assert (READER.int("whole"), READER.number("half"), READER.text("name")) == (2, 0.5, "x")
    assert (READER.flag("yes"), READER.flag("one"), READER.flag("no")) == (True, True, False)
    assert (READER.ints("list"), READER.texts("words"), READER.items("no")) == (
        (1, 2),
        ("a", "b"),
        (),
    )
    assert READER.section("part").int("inner") == READER.sections("parts")[0].int("inner") - 1
    assert READER.section("nowhere").names() == ()
    assert READER.number("missing", default=1.5) == 1.5
    assert READER.with_defaults({"one": 5, "new": 6, "no": 7}).int("no") == 7
    assert READER.with_defaults({}) is READER


def test_a_null_without_a_default_stays_a_null_that_was_given() -> None:
    reader = ConfigReader({"window": None, "kind": None}).with_defaults({"kind": "plain"})
    assert "window" in reader.names()
    assert reader.text("kind") == "plain"


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: READER.int("name"), "name is 'x', expected an integer"),
    (lambda: READER.int("half"), "half is 0.5"),
    (lambda: READER.int("yes"), "yes is True"),
    (lambda: READER.int("one", low=2), "an integer from 2 to"),
    (lambda: READER.int("missing", "other"), "missing or other is missing"),
    (lambda: READER.number("name"), "expected a number"),
    (lambda: READER.number("yes"), "expected a number"),
    (lambda: READER.text("one"), "expected a string"),
    (lambda: READER.flag("name"), "expected true or false"),
    (lambda: READER.items("part"), "expected a list"),
    (lambda: READER.texts("list"), "a list of strings"),
    (lambda: READER.section("list"), "list is a list, expected an object"),
    (lambda: READER.sections("list"), "an object is expected"),
    (lambda: ConfigReader({"huge": 10**9000}).int("huge"), "beyond all bounds"),
    (lambda: ConfigReader({"long": "x" * 999}).int("long"), r"x'\.\.\., expected"),
    (lambda: ConfigReader({"nan": float("nan")}).int("nan"), "nan is nan"),
]  # fmt: skip


@pytest.mark.parametrize(("read", "says"), BAD)
def test_a_wrong_value_is_named(read: Callable[[], Any], says: str) -> None:
    with pytest.raises(UnsupportedModel, match=says):
        read()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)


@given(ANYTHING)
def test_any_value_gives_the_type_or_an_unsupported_model(value: object) -> None:
    reader = ConfigReader({"key": value})
    for read in (reader.int, reader.number, reader.text, reader.flag, reader.items, reader.ints,
                 reader.texts, reader.section, reader.sections):  # fmt: skip
        try:
            read("key")
        except UnsupportedModel as error:
            assert "config.json" in error.message  # noqa: PT017 (either outcome is right)


def test_of_a_list_for_layers_the_largest_counts() -> None:
    assert ConfigReader({"widths": [8, 32, 16]}).first_int("widths", default=1) == 32
    with pytest.raises(UnsupportedModel, match="widths"):
        ConfigReader({"widths": ["a"]}).first_int("widths", default=1)
