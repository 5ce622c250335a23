"""Foreign text reaches the runner as text: it starts no command, ends none, and fits."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.action.commands import MOST_SUMMARY_BYTES, Runner, escape_data, escape_property


def runner(tmp_path: Path | None = None) -> Runner:
    if tmp_path is None:
        return Runner(io.StringIO())
    return Runner(io.StringIO(), tmp_path / "output", tmp_path / "summary.md")


def log_of(one: Runner) -> list[str]:
    assert isinstance(one.log, io.StringIO)
    return one.log.getvalue().splitlines()


def test_a_command_escapes_its_message_and_its_properties() -> None:
    one = runner()
    one.command("error", "a%b\r\n::set-env::", file="a,b:c\n.yaml", line="3")
    assert log_of(one) == ["::error file=a%2Cb%3Ac%0A.yaml,line=3::a%25b%0D%0A::set-env::"]
    assert escape_property("100%,") == "100%25%2C"
    assert escape_data("a,b:c") == "a,b:c"


@given(st.text())
def test_a_line_of_the_log_is_never_a_command(text: str) -> None:
    one = runner()
    one.say(text)
    assert isinstance(one.log, io.StringIO)
    written = one.log.getvalue()
    assert written.count("\n") == 1
    assert not written.lstrip().startswith("::")
    assert "##[" not in written


@pytest.mark.parametrize(
    "text", ["::add-mask::x", "  ::group::x", ":\u034f:debug::x", "\ufe0f::a::"]
)
def test_blanks_and_marks_before_a_command_make_it_none(text: str) -> None:
    one = runner()
    one.say(text)
    assert log_of(one) == [f"- {text}"]  # the runner trims blanks before it looks


def test_foreign_lines_stand_behind_a_fence_that_they_cannot_know() -> None:
    one, other = runner(), runner()
    for each in (one, other):
        each.foreign("Log", "::error::x\n::stop-commands::y\nz")
    group, stop, *inside, start, end = log_of(one)
    assert (group, end) == ("::group::Log", "::endgroup::")
    fence = stop.removeprefix("::stop-commands::")
    assert start == f"::{fence}::"
    assert inside == ["::error::x", "::stop-commands::y", "z"]
    assert fence not in "\n".join(log_of(other))


def test_outputs_cannot_end_their_own_block(tmp_path: Path) -> None:
    one = runner(tmp_path)
    one.outputs({"verdict": "ok", "note": "EOF\nverdict=safe\nverdict<<EOF"})
    text = (tmp_path / "output").read_text()
    lines = iter(text.splitlines())
    found = {}
    for line in lines:
        name, _, fence = line.partition("<<")
        block = []
        while (inner := next(lines)) != fence:
            block.append(inner)
        found[name] = "\n".join(block)
    assert found == {"verdict": "ok", "note": "EOF\nverdict=safe\nverdict<<EOF"}


def test_outputs_and_summary_are_added_to_what_is_there(tmp_path: Path) -> None:
    one = runner(tmp_path)
    for text in ("a", "b"):
        one.outputs({text: "1"})
        one.summarize(f"# {text}")
    assert (tmp_path / "output").read_text().count("<<") == 2
    assert (tmp_path / "summary.md").read_text() == "# a\n# b\n"


def test_a_summary_that_is_too_long_ends_at_a_paragraph(tmp_path: Path) -> None:
    one = runner(tmp_path)
    one.summarize("first")
    one.summarize("\n\n".join("line ä" * 100 for _ in range(2000)))
    one.summarize("more " * 1000)
    text = (tmp_path / "summary.md").read_bytes()
    assert len(text) <= MOST_SUMMARY_BYTES
    assert "too long" in text.decode()
    assert "line ä\n\n…" in text.decode()
    assert "more" not in text.decode()


def test_without_the_runners_files_everything_goes_to_the_log() -> None:
    one = runner()
    one.outputs({"verdict": "ok"})
    one.summarize("# Title\n::error::x")
    assert log_of(one)[0] == "output verdict: ok"
    assert "# Title" in log_of(one)


def test_the_level_decides_what_is_said() -> None:
    one = Runner.of({"RUNNER_DEBUG": "1"}, io.StringIO())
    one.say("detail", "debug")
    one.level = "warning"
    one.say("usual")
    one.say("odd", "warning")
    assert log_of(one) == ["detail", "odd"]


def test_a_secret_is_masked_and_nothing_is_not() -> None:
    one = runner()
    one.mask("ghs_1")
    one.mask("")
    assert log_of(one) == ["::add-mask::ghs_1"]
