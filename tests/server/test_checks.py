"""The server's own check run: what it says of whom, who may press its buttons, and what they do."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from check_book import CheckBook
from staged import BASE, CHAT, HEAD, LARGE, REPO, SMALL, FakeTree, profile
from yard import Yard, commented, pulled

from replanner.errors import AccessDenied, InputError, UpstreamError
from replanner.event import Event
from replanner.hub.folder import LocalHub
from replanner.propose.groups import model_group
from replanner.propose.state import State, region
from replanner.replan.apply import apply
from replanner.replan.ports import CheckRun, Comparison, Pull
from replanner.replan.repository import read_repository
from replanner.report.check_run import NAME
from replanner.server.secrets import Secret
from replanner.server.settings import App, GitHub
from replanner.webhooks.events import RepositoryEvent

OURS = 12
GROUP = model_group(SMALL)
BODY = region("What it is.", State(GROUP, "d" * 64, HEAD, "A title"))
BRANCH = f"replanner/main/{GROUP}"


@pytest.fixture
def book() -> CheckBook:
    return CheckBook()


@pytest.fixture
def yard(tmp_path: Path, book: CheckBook) -> Yard:
    return Yard(tmp_path, checks=book)


def send(yard: Yard, event: RepositoryEvent) -> list[dict[str, object]]:
    return yard.send(event, yard.work(checks_of=OURS))


def only(yard: Yard, event: RepositoryEvent) -> dict[str, object]:
    (account,) = send(yard, event)
    return account


def pressed(button: str = "replan", who: str = "octo", **more: object) -> RepositoryEvent:
    event = Event("check_run", REPO, "requested_action", "main", who, head=HEAD, button=button)
    return RepositoryEvent(event._replace(check_app=OURS, check_name=NAME)._replace(**more))


def rerun(**more: object) -> RepositoryEvent:
    return pressed("", action="rerequested", **more)


def queued(**more: object) -> RepositoryEvent:
    event = Event("merge_group", REPO, "checks_requested", "main", "octo", base=BASE, head=HEAD)
    return RepositoryEvent(event._replace(**more))


def reviewed(yard: Yard) -> None:
    target = {"kind": "pull", "key": "k", "repository": REPO, "payload": {"number": 7}}
    yard.work(checks_of=OURS).run(target)


def proposal(yard: Yard) -> Pull:
    pull = replace(yard.pulls.pull(7), head=BRANCH, body=BODY, title="A title")
    yard.pulls.shown = pull
    return pull


def breaking(yard: Yard) -> None:
    yard.head[CHAT] = profile(LARGE)


# --- what it says


def test_a_review_is_told_in_a_check_too(yard: Yard, book: CheckBook) -> None:
    account = only(yard, pulled())
    assert (account["comment"], account["check"]) == ("created", "created")
    text = book.text(HEAD)
    assert text.conclusion == "success"
    assert text.url == "https://x/1"  # the comment
    assert "chat" in text.summary
    for _ in range(2):
        assert only(yard, pulled())["check"] == "unchanged"
    assert book.done == ["create"]


def test_what_closes_the_gate_fails_it(yard: Yard, book: CheckBook) -> None:
    breaking(yard)
    send(yard, pulled())
    text = book.text(HEAD)
    assert text.conclusion == "failure"
    assert text.title.startswith("❌")
    assert text.remarks[0].file == CHAT


def test_a_pull_request_of_nothing_that_is_planned_does_not_wait_for_ever(
    yard: Yard, book: CheckBook
) -> None:
    yard.head.update(yard.base)
    yard.head["README.md"] = "new\n"
    assert only(yard, pulled())["comment"] == "none"
    assert book.text(HEAD).conclusion == "neutral"


def test_a_fork_is_checked_too_but_not_written_to(yard: Yard, book: CheckBook) -> None:
    yard.pulls.head_repository = "stranger/infra"
    send(yard, pulled())
    assert [one.identifier for one in book.text(HEAD).buttons] == ["replan"]


def test_a_proposal_of_ours_is_checked_and_not_commented_on(yard: Yard, book: CheckBook) -> None:
    pull = proposal(yard)
    facts = pulled().event.pull
    assert facts
    told = facts._replace(head=BRANCH, body=pull.body)
    account = only(yard, pulled(pull=told))
    assert (account["comment"], account["check"]) == ("none", "created")
    assert yard.done() == []
    assert [one.identifier for one in book.text(HEAD).buttons] == ["replan", "ignore"]


def test_without_an_app_there_is_none_and_proposals_are_left_alone(yard: Yard) -> None:
    yard.checks = None
    (account,) = yard.send(pulled())
    assert "check" not in account
    proposal(yard)
    facts = pulled().event.pull
    assert facts
    told = facts._replace(head=BRANCH, body=BODY)
    assert yard.send(pulled(pull=told)) == []
    assert yard.send(pulled())[0]["did"] == "nothing"
    for event in (pressed(), rerun(), queued()):
        assert yard.send(event) == []


def test_a_repository_may_want_the_check_alone(yard: Yard, book: CheckBook) -> None:
    yard.base[".github/replanner.yaml"] = yard.head[".github/replanner.yaml"] = "mode: check\n"
    assert only(yard, pulled())["check"] == "created"
    assert yard.pulls.done == []
    assert book.done == ["create"]


def test_a_dry_run_writes_none(yard: Yard, book: CheckBook) -> None:
    yard.base[".github/replanner.yaml"] = yard.head[".github/replanner.yaml"] = "dry_run: true\n"
    for event in (pulled(), queued()):
        assert only(yard, event)["check"] == "none"
    assert book.done == []


def test_a_base_whose_rules_cannot_be_read_lets_nothing_pass(yard: Yard, book: CheckBook) -> None:
    yard.base[".github/replanner.yaml"] = "profilse: [a]\n"
    with pytest.raises(InputError):
        send(yard, pulled())
    text = book.text(HEAD)
    assert text.conclusion == "failure"
    assert "profilse" in text.title


# --- what goes wrong


def test_a_missing_right_is_logged_once_and_the_comment_is_written(
    yard: Yard, book: CheckBook, caplog: pytest.LogCaptureFixture
) -> None:
    book.refuses["find"] = AccessDenied("this token may not.")
    work = yard.work(checks_of=OURS)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            (account,) = yard.send(pulled(), work)
            assert account["check"] == "denied"
    assert yard.pulls.done == ["comment 7"]
    assert len([one for one in caplog.records if "Checks: read and write" in one.message]) == 1


def test_an_outage_comes_again_after_the_comment(yard: Yard, book: CheckBook) -> None:
    book.refuses["create"] = UpstreamError("502")
    with pytest.raises(UpstreamError):
        send(yard, pulled())
    assert yard.pulls.done == ["comment 7"]
    book.refuses.clear()
    account = only(yard, pulled())
    assert (account["comment"], account["check"]) == ("unchanged", "created")


def test_a_comment_that_fails_holds_back_no_check(yard: Yard, book: CheckBook) -> None:
    yard.pulls.refuses = UpstreamError("502")
    with pytest.raises(UpstreamError):
        send(yard, pulled())
    assert book.text(HEAD).conclusion == "success"


def test_what_is_not_known_is_neutral_until_it_is(yard: Yard, book: CheckBook) -> None:
    track = "engine:\n  image: reg.example/acme/vllm:v1\n  image_track: stable\n"
    yard.head[CHAT] = profile(concurrency=4) + track
    yard.images.error = UpstreamError("away.")
    with pytest.raises(UpstreamError):
        send(yard, pulled())
    assert (book.text(HEAD).conclusion, book.text(HEAD).remarks) == ("neutral", ())
    yard.images.error, yard.images.now = None, {"stable": "a"}
    assert only(yard, pulled())["check"] == "updated"
    assert book.text(HEAD).conclusion == "success"


def test_what_is_not_known_of_a_fork_lets_nothing_pass_until_it_is(
    yard: Yard, book: CheckBook
) -> None:
    yard.pulls.head_repository = "stranger/infra"
    track = "engine:\n  image: reg.example/acme/vllm:v1\n  image_track: stable\n"
    yard.head[CHAT] = profile(concurrency=4) + track
    yard.images.error = UpstreamError("away.")
    with pytest.raises(UpstreamError):
        send(yard, pulled())
    assert book.text(HEAD).conclusion == "failure"
    yard.images.error, yard.images.now = None, {"stable": "a"}
    assert only(yard, pulled())["check"] == "updated"
    assert book.text(HEAD).conclusion == "success"


def test_a_review_that_cannot_be_made_now_says_nothing_yet(
    yard: Yard, book: CheckBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(base: str, head: str) -> Comparison:
        raise UpstreamError(f"{base}...{head}: 502")

    monkeypatch.setattr(yard.pulls, "compare", away)
    with pytest.raises(UpstreamError):
        send(yard, pulled())
    assert book.done == []


def test_the_label_that_asked_for_a_review_is_taken_off(yard: Yard) -> None:
    yard.pulls.shown = replace(yard.pulls.pull(7), labels=("replanner:replan",))
    send(yard, pulled("labeled", label="replanner:replan"))
    assert yard.pulls.done == ["comment 7", "unlabel 7 replanner:replan"]


# --- two pull requests of one head


def test_nobody_opens_a_gate_by_a_second_pull_request(yard: Yard, book: CheckBook) -> None:
    breaking(yard)
    send(yard, pulled())
    yard.head[CHAT] = profile(concurrency=4)  # as another base's rules would have it
    second = replace(yard.pulls.pull(7), number=8)
    yard.pulls.others[8] = second
    facts = pulled().event.pull
    assert facts
    assert only(yard, pulled(pull=facts._replace(number=8)))["check"] == "left"
    assert book.text(HEAD).conclusion == "failure"
    yard.pulls.others[7] = replace(yard.pulls.pull(7), state="closed")
    assert only(yard, pulled(pull=facts._replace(number=8)))["check"] == "updated"
    assert book.text(HEAD).conclusion == "success"


def test_the_worse_of_two_goes_first(yard: Yard, book: CheckBook) -> None:
    send(yard, pulled())
    breaking(yard)
    yard.pulls.others[8] = replace(yard.pulls.pull(7), number=8)
    facts = pulled().event.pull
    assert facts
    assert only(yard, pulled(pull=facts._replace(number=8)))["check"] == "updated"
    assert book.text(HEAD).conclusion == "failure"


# --- the merge queue


def test_the_queue_gets_its_answer_from_both_its_commits(yard: Yard, book: CheckBook) -> None:
    breaking(yard)
    account = only(yard, queued())
    assert account == {"did": "checked", "verdict": "infeasible", "check": "created"}
    assert (book.text(HEAD).conclusion, book.text(HEAD).buttons) == ("failure", ())
    assert yard.done() == []
    assert only(yard, queued())["check"] == "unchanged"
    assert only(yard, rerun())["check"] == "updated"
    assert only(yard, pressed("apply"))["did"] == "nothing"


# --- who may press


@pytest.mark.parametrize("button", ["replan", "apply", "ignore"])
def test_a_stranger_gets_nothing(yard: Yard, book: CheckBook, button: str) -> None:
    send(yard, pulled())
    before = yard.done(), list(book.done)
    assert only(yard, pressed(button, "stranger")) == {"did": "nothing", "why": "not a writer"}
    assert (yard.done(), book.done) == before


@pytest.mark.parametrize(
    "change",
    [
        {"check_app": OURS + 1},
        {"check_app": None},
        {"check_name": "tests"},
        {"repository": "evil/infra"},
        {"actor": "helper[bot]"},
        {"actor": ""},
        {"button": ""},
    ],
)
def test_only_people_press_and_only_buttons_of_ours(
    yard: Yard, book: CheckBook, change: dict[str, object]
) -> None:
    send(yard, pulled())
    assert send(yard, pressed(**change)) == []
    assert book.done == ["create"]


@pytest.mark.parametrize("tag", ["", "somebody else's", "pull 7 zz"])
def test_a_check_run_that_we_did_not_write_has_no_buttons(
    yard: Yard, book: CheckBook, tag: str
) -> None:
    assert only(yard, pressed())["did"] == "nothing"
    book.runs[HEAD] = CheckRun(1, tag)
    assert only(yard, pressed())["did"] == "nothing"
    assert yard.done() == []


def test_who_presses_below_an_old_commit_gets_nothing(yard: Yard, book: CheckBook) -> None:
    send(yard, pulled())
    yard.pulls.shown = replace(yard.pulls.pull(7), head_commit="c" * 40)
    for button in ("replan", "apply", "ignore"):
        assert only(yard, pressed(button))["did"] == "nothing"
    assert book.done == ["create"]
    assert yard.done() == ["comment 7"]


def test_of_two_pull_requests_the_one_that_the_check_tells_of_is_meant(
    yard: Yard, book: CheckBook
) -> None:
    send(yard, pulled())
    book.runs[HEAD] = replace(book.runs[HEAD], tag=f"pull 8 {'0' * 16} {'0' * 16}")
    yard.pulls.others[8] = replace(yard.pulls.pull(7), number=8)
    assert only(yard, rerun())["pull"] == 8


def test_another_pull_request_of_the_same_head_is_found(yard: Yard, book: CheckBook) -> None:
    send(yard, pulled())
    book.runs[HEAD] = replace(book.runs[HEAD], tag=f"pull 99 {'0' * 16} {'0' * 16}")
    yard.pulls.others[99] = replace(yard.pulls.pull(7), state="closed")
    assert only(yard, rerun())["pull"] == 7


# --- what they do


def test_a_check_is_run_again_and_ended_again(yard: Yard) -> None:
    send(yard, pulled())
    suite = {"name": "check_suite", "check_name": ""}
    for event in (rerun(), rerun(**suite), pressed("replan"), rerun(actor="ours[bot]")):
        assert only(yard, event)["check"] == "updated"
    assert only(yard, rerun(actor="stranger"))["why"] == "not a writer"
    assert yard.pulls.done == ["comment 7"]


def test_apply_commits_what_the_profiles_say_and_once(yard: Yard, book: CheckBook) -> None:
    planned = apply(read_repository(FakeTree(yard.base)), LocalHub(yard.folder / "hub")).files
    kept = {path: blob.data.decode() for path, blob in planned.items() if blob}
    yard.base.update(kept)
    yard.head.update(kept)
    send(yard, pulled())
    assert "apply" in [one.identifier for one in book.text(HEAD).buttons]
    account = only(yard, pressed("apply"))
    assert account["did"] == "applied"
    assert [line for line in yard.done() if line.startswith("commit change")]
    yard.pulls.head = "c" * 40
    assert only(yard, pressed("apply"))["did"] == "nothing"


def test_apply_writes_to_no_fork_and_to_no_proposal(yard: Yard) -> None:
    yard.pulls.head_repository = "stranger/infra"
    send(yard, pulled())
    assert "fork" in str(only(yard, pressed("apply"))["why"])
    yard.pulls.head_repository = REPO
    proposal(yard)
    assert only(yard, pressed("apply"))["did"] == "nothing"
    assert not [line for line in yard.done() if line.startswith("commit")]


def test_replan_writes_a_proposal_afresh(yard: Yard, book: CheckBook) -> None:
    proposal(yard)
    reviewed(yard)
    account = only(yard, pressed("replan"))
    assert account["did"] == "updated"
    assert [line.partition(" ")[0] for line in yard.forge.done] == ["push", "open"]
    assert book.done == ["create", "update"]


def test_ignore_closes_a_proposal_as_a_person_does(yard: Yard, book: CheckBook) -> None:
    pull = proposal(yard)
    reviewed(yard)
    assert only(yard, pressed("ignore", "octo")) == {"did": "ignored", "pull": 7}
    said, closed = yard.forge.done
    assert said.startswith("say 7 <!-- replanner:ignored dddddddddddddddd -->\n<code>octo</code>")
    assert closed == f"close 7 {pull.body}"  # our state says nothing of it: a person closed it
    assert book.done == ["create"]


def test_ignore_that_broke_off_says_it_once(yard: Yard) -> None:
    proposal(yard)
    reviewed(yard)
    yard.pulls.add_comment(7, "<!-- replanner:ignored dddddddddddddddd -->\nsaid")
    only(yard, pressed("ignore"))
    assert [line.partition(" ")[0] for line in yard.forge.done] == ["close"]


def test_ignore_closes_nobody_elses_pull_request(yard: Yard) -> None:
    send(yard, pulled())
    assert only(yard, pressed("ignore"))["did"] == "nothing"
    assert yard.forge.done == []


def test_a_command_renews_the_check(yard: Yard, book: CheckBook) -> None:
    send(yard, commented("/replan"))
    assert book.text(HEAD).conclusion == "success"


# --- who writes any


@pytest.mark.parametrize(
    ("app", "mode", "checks", "expected"),
    [
        (True, "work", True, 12),
        (True, "work", False, None),
        (True, "dispatch", True, None),
        (False, "work", True, None),
    ],
)
def test_only_an_app_that_does_the_work_writes_checks(
    app: bool,  # noqa: FBT001
    mode: str,
    checks: bool,  # noqa: FBT001
    expected: int | None,
) -> None:
    made = App(12, Secret("key")) if app else None
    told = GitHub("https://api.github.com", None, made, (), mode, checks)  # type: ignore[arg-type]
    assert told.checks_of == expected
