"""One commit, several pull requests: the verdict of one branch's rules passes for no other's."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from check_book import CheckBook
from staged import BASE, CHAT, HEAD, LARGE, REPO, FakeTree, profile
from yard import Yard, pulled

from replanner.errors import AccessDenied, InputError, UpstreamError
from replanner.event import PullFacts
from replanner.replan.ports import Base, Pull
from replanner.report.check_run import CheckText
from replanner.server.jobs import Target
from replanner.webhooks.events import RepositoryEvent, to_json

OURS = 12
WEAK, MAIN = "weak", "main"
WEAK_TIP = "c" * 40
CONFIG = ".github/replanner.yaml"
STRANGER = "stranger/infra"


@pytest.fixture
def book() -> CheckBook:
    return CheckBook()


@pytest.fixture
def yard(tmp_path: Path, book: CheckBook, monkeypatch: pytest.MonkeyPatch) -> Yard:
    """The head breaks a profile, which `main` forbids and `weak` lets pass. Number 7 is to `weak`
    and a stranger's, number 8 is not there yet."""
    yard = Yard(tmp_path, checks=book)
    yard.head[CHAT] = profile(LARGE)
    weak = {**yard.base, CONFIG: "fail_on: never\n"}
    yard.pulls.commits[WEAK_TIP] = weak
    trees = {
        MAIN: Base(MAIN, BASE, FakeTree(yard.base)),
        WEAK: Base(WEAK, WEAK_TIP, FakeTree(weak)),
    }
    monkeypatch.setattr(yard.forge, "base", lambda name: trees[name or MAIN])
    yard.pulls.shown = to(7, WEAK)
    return yard


def to(number: int, base: str, home: str = STRANGER, **more: object) -> Pull:
    made = Pull(number, "open", base, BASE, "change", HEAD, home, "octo")
    return replace(made, **more)  # type: ignore[arg-type]


def told(yard: Yard, number: int, action: str = "opened", **more: str) -> RepositoryEvent:
    now = yard.pulls.pull(number)
    facts = PullFacts(number, "octo", base=now.base, base_commit=BASE, head="change")
    facts = facts._replace(head_commit=now.head_commit, head_repository=now.head_repository)
    return pulled(action, pull=facts._replace(**more))  # type: ignore[arg-type]


def ingested(yard: Yard, event: RepositoryEvent) -> list[Target]:
    """What of an event is done before anything is gathered or put off."""
    return list(yard.work(checks_of=OURS).targets(to_json(event)))


def send(yard: Yard, event: RepositoryEvent) -> list[dict[str, object]]:
    return yard.send(event, yard.work(checks_of=OURS))


def passed_for_weak(yard: Yard, book: CheckBook) -> None:
    send(yard, told(yard, 7))
    assert book.text(HEAD).conclusion == "success"


# --- the gate is shut at once


def test_a_success_does_not_pass_for_a_second_pull_request_until_that_is_reviewed(
    yard: Yard, book: CheckBook
) -> None:
    passed_for_weak(yard, book)
    yard.pulls.others[8] = to(8, MAIN)
    targets = ingested(yard, told(yard, 8))
    text = book.text(HEAD)
    assert (text.conclusion, text.title) == ("", "⏳ To be judged by the rules of main")
    (target,) = targets
    yard.work(checks_of=OURS).run(target.to_json())
    assert book.text(HEAD).conclusion == "failure"


@pytest.mark.parametrize("action", ["reopened", "synchronize"])
def test_so_it_is_for_one_that_is_opened_again_or_pushed_to(
    yard: Yard, book: CheckBook, action: str
) -> None:
    passed_for_weak(yard, book)
    yard.pulls.others[8] = to(8, MAIN)
    ingested(yard, told(yard, 8, action))
    assert book.text(HEAD).conclusion == ""


def test_so_it_is_for_one_that_goes_to_another_branch(yard: Yard, book: CheckBook) -> None:
    passed_for_weak(yard, book)
    yard.pulls.shown = to(7, MAIN)
    ingested(yard, told(yard, 7, "edited"))  # of its title
    assert book.text(HEAD).conclusion == "success"
    ingested(yard, told(yard, 7, "edited", base_before=WEAK))
    assert book.text(HEAD).conclusion == ""
    send(yard, told(yard, 7, "edited", base_before=WEAK))
    assert book.text(HEAD).conclusion == "failure"
    assert book.done == ["create", "create", "update"]


def test_the_first_ones_review_does_not_open_it_meanwhile(yard: Yard, book: CheckBook) -> None:
    passed_for_weak(yard, book)
    yard.pulls.others[8] = to(8, MAIN)
    ingested(yard, told(yard, 8))
    assert send(yard, told(yard, 7, "labeled"))[0]["check"] == "left"
    assert book.text(HEAD).conclusion == ""


def test_one_that_was_opened_while_the_first_was_reviewed_is_seen(
    yard: Yard, book: CheckBook
) -> None:
    yard.pulls.others[8] = to(8, MAIN)
    passed = send(yard, told(yard, 7))
    assert passed[0]["check"] == "created"
    assert book.text(HEAD).conclusion == ""


def test_nothing_is_held_where_the_verdict_is_its_own(yard: Yard, book: CheckBook) -> None:
    passed_for_weak(yard, book)
    for action in ("opened", "reopened", "synchronize"):
        ingested(yard, told(yard, 7, action))
    assert book.done == ["create"]


def test_a_strangers_copy_to_the_same_branch_holds_nothing_up(yard: Yard, book: CheckBook) -> None:
    yard.pulls.shown = to(7, WEAK, REPO)
    passed_for_weak(yard, book)
    yard.pulls.others[8] = to(8, WEAK)
    assert send(yard, told(yard, 8))[0]["check"] == "left"
    assert book.done == ["create"]


def test_a_strangers_copy_that_failed_does_not_keep_the_original_out(
    yard: Yard, book: CheckBook
) -> None:
    yard.pulls.others[8] = to(8, WEAK)
    weak = yard.pulls.commits[WEAK_TIP]
    yard.pulls.commits[WEAK_TIP] = {**weak, CONFIG: "fail_on: infeasible\n"}
    send(yard, told(yard, 8))
    assert book.text(HEAD).conclusion == "failure"
    yard.pulls.commits[WEAK_TIP] = weak
    yard.pulls.shown = to(7, WEAK, REPO)
    assert send(yard, told(yard, 7))[0]["check"] == "updated"
    assert book.text(HEAD).conclusion == "success"


def test_who_was_judged_for_a_pull_request_that_is_gone_is_judged_again(
    yard: Yard, book: CheckBook
) -> None:
    passed_for_weak(yard, book)
    yard.pulls.others[7] = to(7, WEAK, state="closed")
    yard.pulls.others[8] = to(8, WEAK)
    ingested(yard, told(yard, 8))
    assert book.text(HEAD).conclusion == ""


@pytest.mark.parametrize("now", [{"state": "closed"}, {"head_commit": "d" * 40}])
def test_an_old_event_holds_nothing(yard: Yard, book: CheckBook, now: Mapping[str, str]) -> None:
    passed_for_weak(yard, book)
    yard.pulls.others[8] = to(8, MAIN)
    event = told(yard, 8)
    yard.pulls.others[8] = to(8, MAIN, **now)
    ingested(yard, event)
    assert book.text(HEAD).conclusion == "success"


def test_a_dry_run_holds_nothing(yard: Yard, book: CheckBook) -> None:
    passed_for_weak(yard, book)
    yard.pulls.others[8] = to(8, MAIN)
    yard.base[CONFIG] = "dry_run: true\n"
    ingested(yard, told(yard, 8))
    assert book.done == ["create"]


def test_rules_that_cannot_be_read_hold_it(yard: Yard, book: CheckBook) -> None:
    passed_for_weak(yard, book)
    yard.pulls.others[8] = to(8, MAIN)
    yard.base[CONFIG] = "profilse: [a]\n"
    ingested(yard, told(yard, 8))
    assert book.text(HEAD).conclusion == ""


def test_what_the_merge_queue_let_pass_passes_for_no_pull_request(
    yard: Yard, book: CheckBook
) -> None:
    book.create(HEAD, f"queue {BASE} {'0' * 16}", CheckText("success", "", ""))
    yard.pulls.others[8] = to(8, MAIN)
    ingested(yard, told(yard, 8))
    assert book.text(HEAD).conclusion == ""


def test_an_upstream_that_is_away_brings_the_event_again(yard: Yard, book: CheckBook) -> None:
    book.refuses["find"] = UpstreamError("502")
    with pytest.raises(UpstreamError):
        ingested(yard, told(yard, 7))


@pytest.mark.parametrize("error", [AccessDenied("may not."), InputError("422")])
def test_what_github_refuses_holds_up_no_review(
    yard: Yard, book: CheckBook, error: InputError
) -> None:
    passed_for_weak(yard, book)
    yard.pulls.others[8] = to(8, MAIN)
    book.refuses["create"] = error
    assert [one.kind for one in ingested(yard, told(yard, 8))] == ["pull"]


def test_without_checks_nothing_is_asked(yard: Yard) -> None:
    yard.checks = None
    yard.work().targets(to_json(told(yard, 7)))
    assert yard.work().targets(to_json(told(yard, 7, "closed"))) == []


# --- and handed over


@pytest.mark.parametrize("action", ["closed", "synchronize"])
def test_a_strict_branchs_verdict_goes_with_its_pull_request(
    yard: Yard, book: CheckBook, action: str
) -> None:
    passed_for_weak(yard, book)
    yard.pulls.others[8] = to(8, MAIN)
    send(yard, told(yard, 8))
    assert book.text(HEAD).conclusion == "failure"
    change = {"state": "closed"} if action == "closed" else {"head_commit": BASE}
    yard.pulls.others[8] = to(8, MAIN, **change)
    accounts = send(yard, told(yard, 8, action, head_before="" if action == "closed" else HEAD))
    assert accounts[0]["pull"] == 7
    assert book.text(HEAD).conclusion == "success"


def test_who_leaves_a_verdict_that_is_not_its_own_changes_nothing(
    yard: Yard, book: CheckBook
) -> None:
    passed_for_weak(yard, book)
    yard.pulls.others[8] = to(8, MAIN, state="closed")
    (account,) = send(yard, told(yard, 8, "closed"))
    assert account["did"] == "nothing"
    assert book.done == ["create"]


def test_who_was_the_only_one_leaves_its_verdict(yard: Yard, book: CheckBook) -> None:
    passed_for_weak(yard, book)
    yard.pulls.shown = to(7, WEAK, state="closed")
    (account,) = send(yard, told(yard, 7, "closed"))
    assert account["did"] == "nothing"


def test_who_came_back_meanwhile_keeps_it(yard: Yard, book: CheckBook) -> None:
    passed_for_weak(yard, book)
    yard.pulls.others[9] = to(9, MAIN)
    (account,) = send(yard, told(yard, 7, "closed"))
    assert account["did"] == "nothing"
    assert book.text(HEAD).conclusion == "success"


# --- whose allowance a review is of


@pytest.mark.parametrize(("home", "fork"), [(REPO, False), (STRANGER, True), ("", True)])
def test_a_review_counts_among_those_of_forks_where_it_is_one(
    yard: Yard,
    home: str,
    fork: bool,  # noqa: FBT001
) -> None:
    yard.pulls.shown = to(7, WEAK, home)
    (target,) = ingested(yard, told(yard, 7))
    assert target.payload == {"number": 7, "fork": fork}
