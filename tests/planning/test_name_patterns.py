"""Names and patterns of modules: spellings, globs, and expressions that could take forever."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import UnsupportedModel
from replanner.planning.name_patterns import LONGEST_PATTERN, Mode, NamePatterns, canonical

NAME = "model.layers.{}.mlp.gate_proj"


@pytest.mark.parametrize(
    "spelling",
    ["model.layers.3.mlp", "layers.3.mlp", "language_model.model.layers.3.mlp",
     "model.language_model.layers.3.mlp", "backbone.layers.3.mlp"],
)  # fmt: skip
def test_where_the_decoder_sits_does_not_matter(spelling: str) -> None:
    assert canonical(spelling) == "layers.3.mlp"


@pytest.mark.parametrize(
    ("pattern", "mode", "matches"),
    [
        ("model.layers.3.mlp.gate_proj", "exact", True),
        ("model.layers.3.mlp.gate_up_proj", "exact", True),
        ("model.layers.4.mlp.gate_proj", "exact", False),
        ("model.layers.3.mlp", "exact", False),
        ("mlp", "substring", True),
        ("model.layers.3.mlp*", "glob", True),
        ("model.layers.3.ml?.gate_proj*", "glob", True),
        ("model.layers.*.mlp.gate*", "glob", True),
        ("model.layers.3.self_attn*", "glob", False),
        ("re:.*gate_proj", "regex", True),
        ("re:layers[.]3[.]mlp.*", "regex", True),
        ("re:layers[.]4[.]mlp.*", "regex", False),
        ("model.layers.3.mlp.gate_proj", "regex", True),
    ],
)
def test_each_mode_reads_patterns_its_way(
    pattern: str,
    mode: Mode,
    matches: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    assert NamePatterns([pattern], mode).match(NAME, 3) is matches


def test_answers_are_kept_for_layers_with_the_same_patterns() -> None:
    names = NamePatterns([f"model.layers.{layer}.mlp.gate_proj" for layer in range(3)], "exact")
    assert [names.match(NAME, layer) for layer in range(5)] == [True] * 3 + [False] * 2
    assert bool(names)
    assert not NamePatterns([], "exact")


@pytest.mark.parametrize(
    "pattern",
    ["re:(a+)+$", "re:(a|aa)*b", "re:(x{1,9}){9}", "re:.*.*.*.*.*.*x", "re:(unclosed", "re:[z-a]",
     "re:a{99999999999999999999}"],
)  # fmt: skip
def test_expressions_that_could_take_forever_are_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedModel, match="pattern"):
        NamePatterns([pattern], "regex")


def test_too_many_or_too_long_patterns_are_refused() -> None:
    with pytest.raises(UnsupportedModel, match="characters"):
        NamePatterns(["x" * (LONGEST_PATTERN + 1)], "exact")
    with pytest.raises(UnsupportedModel, match="costly"):
        NamePatterns([f"re:.*a{number}" for number in range(300)], "regex")


@given(st.lists(st.text(max_size=40), max_size=5), st.sampled_from(["exact", "glob", "regex"]))
def test_any_text_is_matched_or_refused_quickly(patterns: list[str], mode: Mode) -> None:
    start = time.perf_counter()
    with contextlib.suppress(UnsupportedModel):
        NamePatterns([f"re:{text}" for text in patterns] + patterns, mode).match(NAME, 1)
    assert time.perf_counter() - start < 5
