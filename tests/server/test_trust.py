"""Whom the server believes: what a stranger, a bot or a row in the store cannot make it do."""

from dataclasses import replace
from pathlib import Path

import pytest
from check_book import CheckBook
from staged import BASE, CHAT, HEAD, LARGE, FakeTree, profile
from yard import Yard, commented, pulled

from replanner.event import Event
from replanner.replan.ports import Base
from replanner.report.check_run import NAME
from replanner.webhooks.events import RepositoryEvent

OURS = 12
TIP = "e" * 40
CONFIG = ".github/replanner.yaml"


@pytest.fixture
def book() -> CheckBook:
    return CheckBook()


@pytest.fixture
def yard(tmp_path: Path, book: CheckBook) -> Yard:
    return Yard(tmp_path, checks=book)


def send(yard: Yard, event: RepositoryEvent) -> list[dict[str, object]]:
    return yard.send(event, yard.work(checks_of=OURS))


def pressed(action: str, button: str, who: str = "octo") -> RepositoryEvent:
    event = Event("check_run", "acme/infra", action, "main", who, head=HEAD, button=button)
    return RepositoryEvent(event._replace(check_app=OURS, check_name=NAME))


# --- the base as it is now, whatever GitHub tells of it


def tightened(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pull request breaks a profile; when it was pushed to, its base let that pass."""
    yard.head[CHAT] = profile(LARGE)
    yard.base[CONFIG] = yard.head[CONFIG] = "fail_on: never\n"
    now = {**yard.base, CONFIG: "fail_on: infeasible\n"}
    yard.pulls.commits[TIP] = now
    yard.pulls.forked_at = BASE
    tip = Base("main", TIP, FakeTree(now))
    monkeypatch.setattr(yard.forge, "base", lambda _: tip)


def test_a_pull_request_is_judged_by_the_rules_that_its_base_has_now(
    yard: Yard, book: CheckBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    tightened(yard, monkeypatch)
    send(yard, pulled())
    assert book.text(HEAD).conclusion == "failure"


@pytest.mark.parametrize(
    ("action", "button"), [("requested_action", "replan"), ("rerequested", "")]
)
@pytest.mark.parametrize("number", ["7", "99"])
def test_so_it_is_when_its_check_is_run_again(  # noqa: PLR0913, PLR0917 - one more fixture
    yard: Yard,
    book: CheckBook,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    button: str,
    number: str,
) -> None:
    yard.head[CONFIG] = yard.base[CONFIG] = "fail_on: never\n"
    yard.head[CHAT] = profile(LARGE)
    send(yard, pulled())
    assert book.text(HEAD).conclusion == "success"
    book.runs[HEAD] = replace(book.runs[HEAD], tag=f"pull {number} {'0' * 16}")
    yard.pulls.others[99] = replace(yard.pulls.pull(7), state="closed")
    tightened(yard, monkeypatch)
    send(yard, pressed(action, button))
    assert book.text(HEAD).conclusion == "failure"


def test_so_it_is_for_a_comment(
    yard: Yard, book: CheckBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    tightened(yard, monkeypatch)
    send(yard, commented("/replan"))
    assert book.text(HEAD).conclusion == "failure"


def test_a_closed_pull_request_may_have_lost_its_base(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard.pulls.shown = replace(yard.pulls.pull(7), state="closed")
    monkeypatch.setattr(yard.forge, "branches", ())
    target = {"kind": "pull", "key": "k", "repository": "acme/infra", "payload": {"number": 7}}
    assert yard.work(checks_of=OURS).run(target)["did"] == "nothing"
