"""Review suggestions: few, once, on lines that the diff shows."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.propose.shapes import Note
from replanner.propose.suggest import MOST_NOTES, suggestions, unsaid
from replanner.report.markdown import escape
from replanner.report.review import Edit

EDIT = Edit("a.yaml", 9, "  tp_size: 2", "hardware.tp_size", "2", "fits with 3.1 GiB to spare")
NOWHERE = EDIT._replace(line=10)
SHOWN = {("a.yaml", 9), ("a.yaml", 11)}


class Advice(NamedTuple):
    edits: tuple[Edit, ...]
    inherited: bool = False


def made(*profiles: Advice, shown: set[tuple[str, int]] = SHOWN) -> tuple[Note, ...]:
    return suggestions(profiles, shown=shown, escape=escape)


def test_a_suggestion_holds_one_sentence_and_the_whole_line() -> None:
    [note] = made(Advice((EDIT,)))

    marker, *rest = note.body.splitlines()
    assert (note.path, note.line) == ("a.yaml", 9)
    assert marker.startswith("<!-- replanner:suggestion ")
    assert rest == [
        "Try <code>hardware.tp&#95;size: 2</code>: fits with 3.1 GiB to spare.",
        "",
        "```suggestion",
        "  tp_size: 2",
        "```",
    ]


@pytest.mark.parametrize(
    ("advice", "lines"),
    [
        pytest.param(Advice((EDIT,)), [9], id="a line of the diff"),
        pytest.param(Advice((NOWHERE,)), [], id="a line outside of it"),
        pytest.param(Advice((EDIT._replace(path="b.yaml"),)), [], id="another file"),
        pytest.param(Advice((EDIT, EDIT._replace(line=11))), [9], id="the first of two"),
        pytest.param(Advice((NOWHERE, EDIT._replace(line=11))), [11], id="that fits"),
        pytest.param(Advice((EDIT,), inherited=True), [], id="trouble that was there before"),
        pytest.param(Advice(()), [], id="nothing known to help"),
        pytest.param(Advice((EDIT._replace(text="a:\n  b: 1"),)), [9], id="a line and a key below"),
        pytest.param(Advice((EDIT._replace(text="a:\n\n  b: 1"),)), [], id="a gap between lines"),
        pytest.param(Advice((EDIT._replace(text="a\n" * 5 + "a"),)), [], id="a whole section"),
        pytest.param(Advice((EDIT._replace(text="a: \u202e2"),)), [], id="what cannot be seen"),
        pytest.param(Advice((EDIT._replace(text=" "),)), [], id="an empty line"),
        pytest.param(Advice((EDIT._replace(text="a" * 1001),)), [], id="an endless line"),
    ],
)  # fmt: skip
def test_what_is_suggested(advice: Advice, lines: list[int]) -> None:
    assert [note.line for note in made(advice)] == lines


def test_a_review_holds_ten_at_most_the_worst_first() -> None:
    profiles = [Advice((EDIT._replace(line=at),)) for at in range(30)]

    notes = made(*profiles, shown={("a.yaml", at) for at in range(30)})

    assert [note.line for note in notes] == list(range(MOST_NOTES))


def test_no_suggestion_is_made_twice_wherever_its_line_has_moved() -> None:
    [note] = made(Advice((EDIT,)))
    [moved] = made(Advice((EDIT._replace(line=11),)))

    assert unsaid([note], []) == (note,)
    assert unsaid([note], [Note("a.yaml", 9, "Why not 2?")]) == (note,)
    assert unsaid([moved], [note]) == ()


@pytest.mark.parametrize("other", [{"value": "4"}, {"setting": "hardware.gpus"}])
def test_another_value_is_another_suggestion(other: dict[str, str]) -> None:
    [note] = made(Advice((EDIT,)))
    [changed] = made(Advice((EDIT._replace(**other),)))

    assert unsaid([changed], [note]) == (changed,)


@given(st.text(alphabet="`ab: ~<>-!@#", max_size=40), st.text(), st.text())
def test_nothing_breaks_out_of_the_block(text: str, value: str, effect: str) -> None:
    for note in made(Advice((EDIT._replace(text=text, value=value, effect=effect),))):
        _, sentence, _, opening, line, closing = note.body.split("\n")
        assert line == text
        assert opening == f"{closing}suggestion"
        assert set(closing) == {"`"}
        assert closing not in line
        assert "`" not in sentence
        assert sentence.count("<") == 2
