"""What a check run says: the gate's answer, the comment's text, and no more than GitHub takes."""

import re
from dataclasses import replace

import hostile_reviews as hostile
import pytest
import reviews as of
from hypothesis import given, settings
from reviews import LOOK, changed, planned, review, unchanged

from replanner.report.check_run import (
    APPLY,
    IGNORE,
    MOST_REMARKS,
    REPLAN,
    buttons_for,
    check_text,
    conclusion_of,
    trouble_text,
)
from replanner.report.review import Review, Reviewed, Trouble, Verdict


@pytest.mark.parametrize("button", [REPLAN, APPLY, IGNORE])
def test_no_button_is_longer_than_github_takes(button: tuple[str, str, str]) -> None:
    """docs.github.com/rest/checks/runs: 20, 20 and 40 characters."""
    for text, longest in zip(button, (20, 20, 40), strict=True):
        assert 0 < len(text) <= longest


def test_there_are_never_more_than_three_buttons() -> None:
    stale = replace(of.one_profile(), profiles=(replace(unchanged("a"), stale=("x",)),))
    assert buttons_for(stale, own=False, writable=True) == (REPLAN, APPLY)
    assert buttons_for(stale, own=False, writable=False) == (REPLAN,)
    tidy = replace(stale, profiles=(unchanged("a"),))
    assert buttons_for(tidy, own=False, writable=True) == (REPLAN,)
    assert buttons_for(stale, own=True, writable=True) == (REPLAN, IGNORE)


@pytest.mark.parametrize(
    ("verdict", "blocked", "conclusion"),
    [
        ("infeasible", True, "failure"),
        ("infeasible", False, "success"),  # the repository says fail-on: never
        ("policy", False, "success"),
        ("warning", False, "success"),
        ("ok", False, "success"),
        ("safe", False, "success"),
        ("none", False, "neutral"),
        ("unknown", False, "neutral"),
        ("unknown", True, "failure"),  # on-error: fail
        ("none", True, "failure"),  # a configuration that cannot be read
    ],
)
def test_it_ends_as_the_gate_says(verdict: Verdict, conclusion: str, *, blocked: bool) -> None:
    found = replace(of.one_profile(), verdict=verdict, blocked=blocked)
    assert conclusion_of(found) == conclusion


def test_it_says_what_the_comment_says() -> None:
    text = check_text(of.twelve_profiles(), LOOK)
    assert text.title.startswith("❌ ")
    assert "\n" not in text.title
    assert "code-70b" in text.summary
    assert "against" in text.summary.splitlines()[-1]
    assert "on every push" not in text.summary
    assert "job summary](" not in text.summary


def test_nothing_is_asked_of_it_that_checks_are_not_known_to_show() -> None:
    text = check_text(of.twelve_profiles(), LOOK._replace(charts="mermaid", alerts=True))
    assert "```mermaid" not in text.summary
    assert "[!" not in text.summary


def test_lines_are_remarked_on_unless_the_repository_wants_none() -> None:
    remarks = check_text(of.twelve_profiles(), LOOK).remarks
    assert (remarks[0].file, remarks[0].line) == ("profiles/code-70b.yaml", 9)
    assert check_text(of.twelve_profiles(), LOOK, annotated=False).remarks == ()


def failed(number: int, kind: str = "failed") -> Reviewed:
    trouble = Trouble(f"p{number} is away", "", 3 if kind == "unknown" else 2)
    level = "unknown" if kind == "unknown" else "infeasible"
    return Reviewed(f"p{number}", f"p{number}.yaml", kind, level, trouble=trouble)  # type: ignore[arg-type]


def test_the_worst_fifty_remarks_are_made_and_none_of_them_is_a_count() -> None:
    stale = [replace(unchanged(f"s{n}"), stale=("x",)) for n in range(30)]
    remarks = check_text(review(*stale, *(failed(n) for n in range(30))), LOOK).remarks
    assert len(remarks) == MOST_REMARKS
    assert [one.severity for one in remarks] == ["error"] * 30 + ["warning"] * 20
    assert all(one.file and one.line for one in remarks)


def test_what_could_not_be_looked_up_is_no_remark_since_none_is_taken_back() -> None:
    text = check_text(review(failed(1, "unknown")), LOOK)
    assert text.remarks == ()
    assert "p1" in text.summary


def test_what_cannot_be_reviewed_is_no_success() -> None:
    text = trouble_text("profiles/@all: <b>no</b>\nand more", "Write 1.")
    assert text.conclusion == "failure"
    assert text.title == "❌ profiles/@all: <b>no</b> (and 1 more)"
    assert "@all" not in text.summary
    assert "<b>" not in text.summary
    assert text.summary.endswith("Write 1.")
    assert text.buttons == (REPLAN,)


@settings(max_examples=40, deadline=None)
@given(hostile.reviews())
def test_whatever_people_write_it_fits(found: Review) -> None:
    text = check_text(found, LOOK)
    assert 0 < len(text.summary) <= 65_535
    assert 0 < len(text.title) <= 200
    assert text.title.isprintable()
    assert len(text.remarks) <= MOST_REMARKS
    assert not re.search(r"(?<![\w;])@\w", text.summary)


def test_a_thousand_profiles_fit() -> None:
    one = changed("p", planned("p"), planned("p", hardware__gpus=2))
    found = review(*[replace(one, name=f"p{n}", path=f"p{n}.yaml") for n in range(1000)])
    assert len(check_text(found, LOOK).summary) <= 65_535
