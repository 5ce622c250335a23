"""Whatever bytes come, they are a value within limits or a sentence, and quickly."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import InputError
from replanner.webhooks.json_limits import MOST_DEPTH, MOST_VALUES, parse, parse_object

MB = 10**6


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"{}}", "is no JSON"),
        (b"\xff", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "is no JSON"),
        (b"\xed\xa0\x80", "not UTF-8"),
        (b'{"a": NaN}', "no JSON"),
        (b'{"a": -Infinity}', "not finite"),
        (b'{"a": 1e999}', "not finite"),
        (b'{"a": ' + b"9" * 41 + b"}", "more than 40 digits"),
        (b'{"a": ' + b"9" * 9999 + b"}", "more than 40 digits"),
        (b'{"a": 1, "a": 2}', "given twice"),
        (b'{"a": 1, "\\u0061": 2}', "given twice"),
        (b'{"x": {"a": 1, "b": 2, "a": 1}}', "given twice"),
        (b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1), "nested deeper"),
        (b"[]", "no JSON object"),
        (b"null", "no JSON object"),
    ],
)
def test_what_is_no_json_object_within_limits_is_a_sentence(body: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_object(body)


@pytest.mark.parametrize(
    "bomb",
    [
        b"[" * 25 * MB,
        b'{"a":' * 5 * MB,
        b"[]," * 8 * MB,
        b"[" + b"0," * 12 * MB + b"0]",
        b'"' + b'\\"' * 12 * MB,
        b'"' * 25 * MB,
        b'"' * 2 * MB + b"\\" * 23 * MB,
        b'{"a":' * MB,
        b'["a"' + b',"a"' * MB,
        b"\\" * 25 * MB,
        b'{"' + b"a" * 25 * MB,
        b"9" * 25 * MB,
        b" " * 25 * MB,
    ],
    ids=lambda bomb: repr(bomb[:6]),
)
def test_a_bomb_of_25_megabytes_goes_off_within_a_second(bomb: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(InputError):
        parse(bomb)
    assert time.process_time() - begun < 3  # a third of it here; machines differ


def test_as_deep_and_as_many_as_allowed_are_read() -> None:
    assert parse(b"[" * MOST_DEPTH + b"]" * MOST_DEPTH)
    assert len(parse(b"[" + b"0," * (MOST_VALUES - 3) + b"0]")) == MOST_VALUES - 2  # type: ignore[arg-type]
    with pytest.raises(InputError, match="values"):
        parse(b"[" + b"0," * (MOST_VALUES - 1) + b"0]")


def test_brackets_in_strings_are_text() -> None:
    text = '[{"' * 1000 + "\\"
    assert parse_object(json.dumps({text: [text, '"']}).encode()) == {text: [text, '"']}


def test_what_a_stranger_writes_into_a_title_does_not_stop_the_delivery() -> None:
    body = rb'{"title": "a\u0000b", "list": [["\ud800", {"x": "\udfff\ud83d\ude00"}]], "n": 1}'
    assert parse_object(body) == {
        "title": "a\ufffdb",
        "list": [["\ufffd", {"x": "\ufffd\U0001f600"}]],
        "n": 1,
    }


TEXT = st.text(st.characters(exclude_characters="\0"))
NUMBER = st.integers(-(10**38), 10**38) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.booleans())
def test_every_honest_value_is_read_as_it_is(value: object, ascii_only: bool) -> None:  # noqa: FBT001 - drawn
    assert parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary() | st.text(st.sampled_from('[]{}",:\\u0dD8aeE+-. 19ntf')).map(str.encode))
def test_any_bytes_are_a_value_or_a_sentence(body: bytes) -> None:
    try:
        found = parse(body)
    except InputError:
        return
    assert "\x00" not in json.dumps(found, ensure_ascii=False).encode().decode()
