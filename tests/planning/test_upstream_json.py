"""config.json and its like are written by strangers: a sentence or an object, nothing else."""

import json
import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import UnsupportedModel
from replanner.planning.upstream_json import MAX_CONFIG_BYTES, parse_json_object

LABEL = "config.json of acme/tiny"
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), PLAIN))
def test_an_object_is_read_as_it_was_written(document: dict[str, Any]) -> None:
    assert parse_json_object(json.dumps(document).encode(), LABEL) == document


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_anything_else_is_a_sentence(data: bytes) -> None:
    with suppress(UnsupportedModel):
        assert isinstance(parse_json_object(data, LABEL), dict)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[1]", "holds no JSON object"),
        (b"", "is not valid JSON"),
        (b'{"a": }', "is not valid JSON: Expecting value (line 1)"),
        (b"\xef\xbb\xbf{}", "is not valid JSON"),
        (b"\xff{}", "is not UTF-8 text"),
        (b'{"a": 1e999}', "number that is out of range"),
        (b'{"a": 1%s}' % (b"0" * 5000), "number that is out of range"),
        (b'{"a": "\\ud800"}', "lone surrogate"),
        (b'{"\\udfff": 1}', "lone surrogate"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested deeper than 32 levels"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": "%s"}' % (b"x" * MAX_CONFIG_BYTES), "larger than the 4 MiB"),
    ],
)
def test_hostile_documents_are_named(data: bytes, said: str) -> None:
    with pytest.raises(UnsupportedModel) as caught:
        parse_json_object(data, LABEL)
    assert said in caught.value.message
    assert LABEL in caught.value.message


def test_the_largest_number_that_tokenizers_write_is_read() -> None:
    found = parse_json_object(b'{"model_max_length": 1000000000000000019884624838656}', LABEL)
    assert found["model_max_length"] == 1000000000000000019884624838656


def test_the_last_of_two_equal_keys_counts() -> None:
    assert parse_json_object(b'{"a": 1, "a": 2}', LABEL) == {"a": 2}


def test_fractions_are_finite() -> None:
    found = parse_json_object(b'{"rms_norm_eps": 1e-05}', LABEL)
    assert isinstance(found["rms_norm_eps"], float)
    assert math.isclose(found["rms_norm_eps"], 1e-5)


def test_infinity_as_published_configurations_write_it_counts_as_not_given() -> None:
    text = b'{"time_step_limit": [0.0, Infinity], "a": NaN, "b": -Infinity}'
    assert parse_json_object(text, "c") == {"time_step_limit": [0.0, None], "a": None, "b": None}
