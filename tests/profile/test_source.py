"""Texts that are no profile end in one sentence with the place, whatever the bytes."""

import time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from sample_profiles import FULL, SEED

from replanner.errors import ProfileError
from replanner.profile import edit_profile, parse_profile
from replanner.profile import source as source_module
from replanner.profile.source import MAX_BYTES, MAX_VALUES, read_source, resolve

START = "profile_version: 1\nmodel: {id: a/b}\n"


@pytest.fixture(params=["libyaml", "pure Python"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pure Python":
        monkeypatch.setattr(source_module, "PARSER", yaml.SafeLoader)


REFUSED = {
    "empty": ("", "p.yaml: is empty"),
    "only a comment": ("# nothing\n", "p.yaml: is empty"),
    "an empty document": ("---\n", "p.yaml: is empty"),
    "a list": ("- a\n", "p.yaml:1:1: the file must be a mapping (key: value), not a list"),
    "a word": ("hello\n", "p.yaml:1:1: the file must be a mapping (key: value), not 'hello'"),
    "two documents": (f"{START}---\na: 1\n", "p.yaml:3:1: a second document starts here"),
    "an anchor": (f"{START}hardware: &x {{}}\n", "p.yaml:3:11: anchors (&) and aliases (*)"),
    "an alias": (f"{START}hardware: *x\n", "p.yaml:3:11: anchors (&) and aliases (*)"),
    "a merge key": (f"{START}hardware:\n  <<: {{gpus: 2}}\n", "p.yaml:4:3: merge keys (<<)"),
    "a Python tag": (f"{START}hardware: !!python/object:os.system x\n", "p.yaml:3:11: tags ("),
    "a plain tag": (f"{START}hardware: !x {{}}\n", "p.yaml:3:11: tags ('!x')"),
    "a key twice": (
        f"{START}hardware: {{gpus: 1, gpus: 2}}\n",
        "p.yaml:3:21: 'gpus' stands here twice, first in line 3",
    ),
    "a tab": ("model:\n\tid: x\n", "(indent with spaces, not tabs)"),
    "a NUL": ("model: \0", "p.yaml:1:8: holds a character that YAML does not allow (U+0000)"),
    "half a pair": ("model: \ud800", "p.yaml:1:8: holds a character that YAML does not allow"),
    "a list as key": ("? [a]\n: 1\n", "p.yaml:1:3: a key must be a word"),
    "a colon too many": ("a: b: c\n", "p.yaml:1:5: not valid YAML: "),
    "an open bracket": ("a: [1,\n", "not valid YAML: "),
    "deep nesting": ("a: " + "[" * 400, "nested more than 16 levels deep"),
    "many values": ("a: [" + "1," * (MAX_VALUES + 1) + "]", "more than 10000 values"),
}


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_profile_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, name="p.yaml")
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: \xff", "p.yaml:1: not UTF-8 text"),
        (START.encode("utf-16"), "p.yaml: is UTF-16; save it as UTF-8"),
        (b"#" * (MAX_BYTES + 1), "p.yaml: larger than 1048576 bytes"),
    ],
)
def test_bytes_that_are_no_utf8_text_of_bearable_size_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(data, name="p.yaml")
    assert said in caught.value.message


def test_both_parsers_read_the_same_values_at_the_same_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fast = read_source(FULL, name="p")
    monkeypatch.setattr(source_module, "PARSER", yaml.SafeLoader)
    slow = read_source(FULL, name="p")
    assert fast.document == slow.document
    assert fast.position(("engine", "lora", "max_rank")) == (24, 24)
    spans = [[(at, p.line_column, p.start) for at, p in s.places.items()] for s in (fast, slow)]
    assert spans[0] == spans[1]


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", "\ufeff"])
def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(start: bytes | str) -> None:
    text = SEED.replace("\n", "\r\n")
    data = start + text.encode() if isinstance(start, bytes) else start + text
    loaded = parse_profile(data, name="p.yaml")
    assert loaded.position("hardware.gpus") == (15, 3)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("", None),
        ("~", None),
        ("Yes", True),
        ("off", False),
        ("8", 8),
        ("-8", -8),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("010", "010"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("2026-01-01", "2026-01-01"),
        ("0.33.0", "0.33.0"),
        ("-", "-"),
        ("9" * 41, "9" * 41),
    ],
)
def test_an_unquoted_word_means_what_it_looks_like(word: str, value: object) -> None:
    found = resolve(word)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    "text",
    [
        "{" * 500_000,
        "? " * 300_000,
        "- " * 300_000,
        "a: " + '"' + "x" * 1_000_000,
        "".join(f"k{n}: 1\n" for n in range(60_000)),
        START + "hardware: {" + ",".join(f"{'gpu' * 30}{n}: 1" for n in range(4000)) + "}",
        "a: &a [x]\n" + "".join(f"b{n}: [*a,*a,*a]\n" for n in range(2000)),
        "9" * 1_000_000,
    ],
    ids=["braces", "keys", "dashes", "string", "keys in a row", "unknown keys", "bomb", "digits"],
)
def test_hostile_texts_are_refused_quickly(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, name="p.yaml")
    assert time.process_time() - start < 3
    assert len(caught.value.message) < 10_000


@given(st.binary(max_size=200) | st.text(max_size=200))
@example(b"a: \x85b")
@example('model: {id: "\\ud800"}\nprofile_version: 1')
def test_any_bytes_end_in_a_profile_error(data: bytes | str) -> None:
    with pytest.raises(ProfileError):
        parse_profile(data, name="p.yaml")


SIGNS = ["\n", "  ", "\t", ": ", "- ", "{", "}", "[", "]", "'", '"', "#", "|", ">", ",", "%", "? "]
WORDS = ["&a ", "*a", "!!x ", "---\n", "...", "null", "8", "-1", "1e999", "yes", "\r", "\x85"]
PIECES = st.sampled_from([*SIGNS, *WORDS])


@given(
    st.sampled_from([SEED, FULL]),
    st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 12), PIECES), min_size=1, max_size=4),
)
def test_any_mutated_profile_is_read_or_ends_in_a_profile_error(
    text: str, cuts: list[tuple[int, int, str]]
) -> None:
    for at, length, piece in cuts:
        text = text[:at] + piece + text[at + length :]
    try:
        loaded = parse_profile(text, name="p.yaml")
        loaded.profile.request()
        edit_profile(text, {"hardware.gpus": 7})
    except ProfileError as error:
        message = error.message
    else:
        message = "p.yaml: is fine"
    assert all(line.startswith(("p.yaml:", "profile:")) for line in message.splitlines())
