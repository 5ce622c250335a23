"""Foreign text shows itself in Markdown and does nothing else."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import nasty

from replanner.report.markdown import Section, code, escape, fit, folded, one_line, table

GAP = "\u200b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 1.5 x", "plain text, 1.5 x"),
        ("a & b", "a &amp; b"),
        ("<img src=x>", "&#60;img src&#61;x&#62;"),
        ("[a](b)", "&#91;a&#93;&#40;b&#41;"),
        ("a|b", "a&#124;b"),
        ("`x`", "&#96;x&#96;"),
        ("a_b*c", "a&#95;b&#42;c"),
        ("@acme/team", "@&#8203;acme/team"),
        ("me@example.org", "me@&#8203;example.org"),
        ("fixes #12", "fixes &#35;&#8203;12"),
        ("GH-12", "GH&#8203;-12"),
        ("https://x.example", "https&#8203;://x.example"),
        ("www.x.example", "www&#8203;.x.example"),
        (":smile:", ":&#8203;smile:"),
        ("- item", "&#8203;- item"),
        ("1. item", "&#8203;1. item"),
        ("---", "&#8203;---"),
        ("a\nb\tc\x1b[1m", "a b c &#91;1m"),
        ("\u202egnp.exe", "gnp.exe"),
    ],
)
def test_escaping(text: str, shown: str) -> None:
    assert escape(text) == shown


@given(nasty)
def test_nothing_that_markdown_reads_is_left(text: str) -> None:
    escaped = escape(text)
    assert not re.search(r"[\\`*_\[\]{}()<>|~$^=!\n]", escaped)
    seen = html.unescape(escaped)
    assert not re.search(r"@\w|#\w|(?i:https?:)//|(?i:\bwww\.)|(?i:\bgh-\d)", seen)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=200))
def test_escaped_text_reads_as_it_was(text: str) -> None:
    seen = html.unescape(escape(text)).replace(GAP, "")
    assert seen == " ".join(text.replace(GAP, "").split())


def test_text_is_cut() -> None:
    assert one_line("x" * 50, longest=10) == "x" * 9 + "…"
    assert len(escape("x" * 5000)) == 300


def test_code_cannot_be_ended() -> None:
    assert code("</code>`") == "<code>&#60;/code&#62;&#96;</code>"


def test_tables_put_numbers_to_the_right() -> None:
    assert table(("a", "b"), [("x", "1")]) == "| a | b |\n| :-- | --: |\n| x | 1 |"


def test_folded_text_has_blank_lines_around_it() -> None:
    assert folded("s", "x") == "<details><summary>s</summary>\n\nx\n\n</details>"


@given(st.lists(st.tuples(st.integers(0, 4), st.text(max_size=300)), max_size=30))
def test_whole_sections_are_dropped_until_the_rest_fits(parts: list[tuple[int, str]]) -> None:
    sections = [Section(text, rank) for rank, text in parts]
    fitted = fit(sections, budget_bytes=1000)
    firm = sum(len(one.text.encode()) + 2 for one in sections if one.rank == 0)
    assert len(fitted.encode()) <= max(1000, firm + 200)
    assert all(one.text in fitted for one in sections if one.rank == 0)


def test_what_was_dropped_is_counted() -> None:
    fitted = fit([Section("kept"), Section("x" * 2000, 1)], budget_bytes=1000)
    assert fitted == "kept\n\n<sub>1 section left out: too long for one text.</sub>"
