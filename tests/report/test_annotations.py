"""Remarks on lines: the worst first, touched lines before others, never more than are shown."""

import re

import hostile_reviews as hostile
import reviews as of
from hypothesis import given, settings
from reviews import changed, planned, review, unchanged

from replanner.planning.result import Finding
from replanner.report.annotations import Annotation, annotations, command
from replanner.report.review import Breach, Position, Review, Reviewed, Trouble


def failed(number: int, line: int = 3) -> Reviewed:
    trouble = Trouble(f"p{number}.yaml:{line}:5: expected an integer", "Write 1.", 2)
    at = trouble._replace(position=Position(line, 5))
    return Reviewed(f"p{number}", f"p{number}.yaml", "failed", "infeasible", trouble=at)


def test_a_refusal_stands_on_the_line_that_asks_for_it() -> None:
    told = annotations(of.twelve_profiles())
    assert (told[0].file, told[0].line, told[0].column) == ("profiles/code-70b.yaml", 9, 3)
    assert told[0].title == "replanner: out_of_memory"
    assert "holds 12.55 full-length requests at once (policy ≥ 20)" in told[1].message
    assert told[1].line == 6


def test_a_breach_without_a_key_stands_where_the_profile_moved() -> None:
    first = annotations(of.one_profile())[0]
    assert "throughput" in first.message
    assert first.line == 14


def test_nine_of_a_severity_are_shown_and_the_tenth_counts_the_rest() -> None:
    told = annotations(review(*(failed(n) for n in range(30))))
    assert len(told) == 10
    assert told[-1] == Annotation("error", "And 21 more; the job summary has all of them.")


def test_touched_lines_come_first_and_old_troubles_last() -> None:
    lines = frozenset({("p2.yaml", 3)})
    told = annotations(review(failed(1), failed(2), changed_lines=lines))
    assert [one.file for one in told] == ["p2.yaml", "p1.yaml"]
    sick = unchanged("a", record=planned("a", of.LLAMA_70B), level="infeasible", inherited=True)
    (old,) = annotations(review(sick))
    assert old.severity == "notice"


def test_news_to_look_at_is_a_warning_and_information_is_none() -> None:
    note = Finding("idle_gpus", "warning", "One GPU stays idle.", "Lower it.", "hardware.gpus")
    record = planned("a")
    findings = (note, Finding("model_note", "info", "A note."))
    new = record._replace(plan=record.plan._replace(findings=findings))
    one = changed("a", None, new, places=(("hardware", Position(4, 1)),))
    (told,) = annotations(review(one))
    assert (told.severity, told.line, told.message) == (
        "warning",
        4,
        "One GPU stays idle. Lower it.",
    )


def test_a_broken_configuration_stands_in_its_file() -> None:
    trouble = Trouble("no such key", "Take it out.", 2, Position(7, 3))
    (told,) = annotations(review(config_trouble=trouble))
    assert (told.file, told.line) == (".github/replanner.yaml", 7)


def test_an_unknown_limit_keeps_its_own_name() -> None:
    odd = changed("a", None, planned("a"), breaches=(Breach("colour", "green", "red"),))
    assert "breaks colour with red (policy green)" in annotations(review(odd))[0].message


def test_a_command_holds_its_own_line_and_no_other() -> None:
    one = Annotation("error", "100%\n::set-output::x\r", "a:b,c", "d:e,f.yaml", 1, 1, 2)
    assert command(one) == (
        "::error file=d%3Ae%2Cf.yaml,line=1,endLine=1,col=2,title=a%3Ab%2Cc"
        "::100%25%0A::set-output::x%0D"
    )
    assert command(Annotation("notice", "x")) == "::notice title=replanner::x"


@given(hostile.reviews())
@settings(max_examples=60)
def test_foreign_words_start_no_command_and_add_no_property(given_review: Review) -> None:
    for one in annotations(given_review):
        line = command(one)
        assert len(line.splitlines()) == 1
        head, _, _ = line[2:].partition("::")
        kind, _, properties = head.partition(" ")
        assert kind in ("error", "warning", "notice")
        names = [part.partition("=")[0] for part in properties.split(",")]
        assert re.fullmatch("(file,)?(line,endLine,col,)?title", ",".join(names))
