"""Whom the server believes: what a stranger, a bot or a row in the store cannot make it do."""

from dataclasses import replace
from pathlib import Path

import pytest
from check_book import CheckBook
from staged import BASE, CHAT, HEAD, LARGE, REPO, FakeTree, profile
from yard import OTHER, Yard, commented, pulled

from replanner.event import Event
from replanner.replan.ports import Base
from replanner.report.check_run import NAME
from replanner.server import tables
from replanner.server.cap import Capped, TooOften
from replanner.server.store import WEB, open_store
from replanner.webhooks.events import RepositoryEvent, to_json

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
    event = Event("check_run", REPO, action, "main", who, head=HEAD, button=button)
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
    book.runs[HEAD] = replace(book.runs[HEAD], tag=f"pull {number} {'0' * 16} {'0' * 16}")
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
    target = {"kind": "pull", "key": "k", "repository": REPO, "payload": {"number": 7}}
    assert yard.work(checks_of=OURS).run(target)["did"] == "nothing"


# --- one commit, several verdicts


def test_a_pull_request_does_not_open_the_gate_of_the_merge_queue(
    yard: Yard, book: CheckBook
) -> None:
    yard.head[CHAT] = profile(LARGE)
    group = Event("merge_group", REPO, "checks_requested", "main", "octo", base=BASE, head=HEAD)
    send(yard, RepositoryEvent(group))
    assert book.text(HEAD).conclusion == "failure"
    yard.head[CHAT] = profile(concurrency=4)  # as another base's rules would have it
    yard.pulls.head_repository = "stranger/infra"
    (account,) = send(yard, pulled())
    assert (account["check"], book.text(HEAD).conclusion) == ("left", "failure")


# --- what counts, and where


def test_a_bot_that_runs_a_check_again_is_gathered_and_counts_and_people_are_not(
    yard: Yard, tmp_path: Path
) -> None:
    work = yard.work(checks_of=OURS)
    bots = work.targets(to_json(pressed("rerequested", "", "stranger[bot]")))
    people = work.targets(to_json(pressed("rerequested", "", "octo")))
    assert [bool(one.key) for one in (*bots, *people)] == [True, False]
    send(yard, pulled())
    engine = open_store(f"sqlite:///{tmp_path}/cap.db", WEB)
    tables.make(engine)
    capped = Capped(work, engine, most_an_hour=1)
    for _ in range(3):
        assert capped.run(people[0].to_json())["did"] == "reviewed"
    assert capped.run(bots[0].to_json())["did"] == "reviewed"
    with pytest.raises(TooOften):
        capped.run(bots[0].to_json())
    engine.dispose()


@pytest.mark.parametrize("repository", ["evil/infra", REPO.upper(), "acme/infra/../other", ""])
def test_a_job_reaches_no_repository_that_is_not_ours(
    yard: Yard, book: CheckBook, repository: str
) -> None:
    row = {"kind": "pull", "key": "k", "repository": repository, "payload": {"number": 7}}
    assert yard.work(checks_of=OURS).run(row)["did"] == "nothing"
    assert (yard.opened, book.done) == ([], [])


def test_a_job_of_a_repository_that_was_taken_off_the_list_does_nothing(yard: Yard) -> None:
    work = yard.work(dispatches=True)
    yard.names.append(OTHER)
    row = {"kind": "dispatch", "key": "k", "repository": OTHER, "payload": {"kind": "hf-revision"}}
    assert work.run(row)["did"] == "dispatched"
    yard.names.remove(OTHER)
    yard.now_s += 301
    assert work.run(row)["did"] == "nothing"
    assert len(yard.sent) == 1
