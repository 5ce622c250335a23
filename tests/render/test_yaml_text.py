"""The text of YAML artifacts: the same on every machine, and read back as it was meant."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from replanner.render.yaml_text import dumper, to_yaml

KEYS = st.from_regex(r"[a-z][a-zA-Z0-9_./-]{0,30}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=6)


@given(DOCUMENTS)
def test_both_emitters_write_the_same_bytes(document: dict[str, object]) -> None:
    assert to_yaml(document) == to_yaml(document, using=dumper(yaml.SafeDumper))


@given(DOCUMENTS)
def test_what_is_written_reads_back(document: dict[str, object]) -> None:
    assert yaml.safe_load(to_yaml(document)) == document


def test_words_and_numbers_that_are_text_are_quoted() -> None:
    odd = ["yes", "NO", "on", "null", "1e3", "0x10", "1_000", "12:30", "~", "", "a: b", "- a", "#"]
    written = to_yaml({"list": odd})
    assert written.count('"') == 2 * len(odd)


def test_equal_objects_are_written_twice_not_linked() -> None:
    shared = ["a"]
    assert "&" not in to_yaml({"one": shared, "two": shared})


def test_a_long_line_stays_one_line() -> None:
    assert to_yaml({"text": "word " * 1000}).count("\n") == 1
