"""One check run on a commit, whatever breaks off, written only where it says something new."""

from dataclasses import replace

import pytest
from check_book import CheckBook

from replanner.errors import AccessDenied, InputError, RateLimited, UpstreamError
from replanner.replan.check_runs import About, CheckWanted, about_of, put
from replanner.replan.ports import CheckRun
from replanner.report.annotations import Annotation
from replanner.report.check_run import REPLAN, CheckText

HEAD = "a" * 40
TEXT = CheckText("failure", "❌ too large", "It does not fit.", (), (REPLAN,), "https://x/1")
WANTED = CheckWanted(HEAD, About.pull(7, "main"), TEXT)


def saying(**more: object) -> CheckWanted:
    return replace(WANTED, text=replace(TEXT, **more))  # type: ignore[arg-type]


def test_it_is_made_once_and_then_left_alone() -> None:
    book = CheckBook()
    assert [put(book, WANTED).operation for _ in range(3)] == ["created", "unchanged", "unchanged"]
    assert book.done == ["create"]
    assert book.text(HEAD) == TEXT


@pytest.mark.parametrize(
    "wanted",
    [
        saying(conclusion="success"),
        saying(title="❌ larger still"),
        saying(summary="It does not start."),
        saying(buttons=()),
        replace(WANTED, about=About.pull(8, "main")),
        replace(WANTED, again=True),
    ],
)
def test_whatever_it_says_anew_is_written_into_it(wanted: CheckWanted) -> None:
    book = CheckBook()
    put(book, WANTED)
    assert put(book, wanted).operation == "updated"
    assert book.done == ["create", "update"]
    assert book.text(HEAD) == wanted.text


def test_an_address_of_the_comment_that_comes_later_costs_no_write() -> None:
    book = CheckBook()
    put(book, WANTED)
    assert put(book, saying(url="https://x/2")).operation == "unchanged"


def test_a_run_that_github_set_back_is_ended_again() -> None:
    book = CheckBook()
    put(book, WANTED)
    book.runs[HEAD] = replace(book.runs[HEAD], conclusion="")
    assert put(book, WANTED).operation == "updated"


def test_a_lost_answer_makes_no_second_one() -> None:
    book = CheckBook(loses=UpstreamError("502"))
    assert put(book, WANTED).operation == "created"
    assert put(book, WANTED).operation == "unchanged"
    assert book.done == ["create"]


def test_what_was_not_written_comes_again() -> None:
    away = UpstreamError("502")
    for name in ("find", "create"):
        found = put(CheckBook(refuses={name: away}), WANTED)
        assert (found.operation, found.error) == ("none", away)
    limit = RateLimited("slow", retry_after_s=9)
    book = CheckBook(loses=limit)
    assert put(book, WANTED).error is limit


def test_a_right_that_lacks_is_told_and_fails_nothing() -> None:
    found = put(CheckBook(refuses={"find": AccessDenied("this token may not.")}), WANTED)
    assert found.operation == "denied"
    assert found.error is None
    assert "this token may not. The App needs the permission Checks" in found.warning


def test_any_other_refusal_is_an_error() -> None:
    found = put(CheckBook(refuses={"create": InputError("422")}), WANTED)
    assert isinstance(found.error, InputError)


REMARK = Annotation("error", "It does not fit.", "replanner: does_not_fit", "a.yaml", 3, 3, 5)


@pytest.mark.parametrize("stands", [True, False])
def test_a_remark_that_github_refuses_takes_nothing_else_with_it(stands: bool) -> None:  # noqa: FBT001
    book = CheckBook(dislikes=lambda text: bool(text.remarks))
    if stands:
        put(book, saying(conclusion="success"))
    wanted = saying(remarks=(REMARK,))
    assert put(book, wanted).error is None
    assert book.text(HEAD) == TEXT
    assert put(book, wanted).operation == "unchanged"


@pytest.mark.parametrize("conclusion", ["success", "failure", "neutral"])
def test_no_old_success_outlives_a_text_that_github_refuses(conclusion: str) -> None:
    book = CheckBook()
    put(book, saying(conclusion="success", title="old"))
    book.dislikes = lambda text: text.summary == "\x00"
    wanted = saying(conclusion=conclusion, remarks=(REMARK,), summary="\x00")
    assert put(book, wanted).error is None
    assert book.text(HEAD).conclusion == "failure"
    assert "refused" in book.text(HEAD).title
    book.dislikes = lambda _: False
    found = put(book, wanted).operation
    assert found == ("unchanged" if conclusion == "failure" else "updated")


def test_what_is_refused_whatever_it_says_is_an_error() -> None:
    book = CheckBook()
    put(book, WANTED)
    book.dislikes = lambda _: True
    assert isinstance(put(book, saying(conclusion="success", remarks=(REMARK,))).error, InputError)


def test_one_that_is_to_be_spared_stays_as_it_is() -> None:
    book = CheckBook()
    put(book, WANTED)
    spared = put(book, saying(conclusion="success"), spares=lambda run: run.conclusion == "failure")
    assert spared.operation == "left"
    assert book.text(HEAD) == TEXT


def test_a_check_run_says_what_it_is_about() -> None:
    for about in (About.pull(7, "main"), About("queue", "b" * 40)):
        run = CheckRun(1, replace(WANTED, about=about).tag)
        assert about_of(run) == about
    assert About.pull(7, "main").number == 7
    assert About("queue", "7").number is None


@pytest.mark.parametrize(
    "tag", ["", "pull 7", "pull x 0123456789abcdef", "pull 7 0123456789abcdef more", "PULL 7 0"]
)
def test_what_we_did_not_write_is_about_nothing(tag: str) -> None:
    assert about_of(CheckRun(1, tag)) is None
