"""Payloads become events; whatever a stranger puts into one, it is an event or a sentence."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers import INSTALLED

from replanner.errors import InputError
from replanner.event import SUPPORTED, Event
from replanner.propose.decide import Wish, decide
from replanner.webhooks.github_payload import parse_event

REPO = "acme/infra"
BASE, HEAD = "b" * 40, "a" * 40
PULL: dict[str, Any] = {
    "number": 7,
    "state": "open",
    "merged": False,
    "body": None,
    "user": {"login": "octo"},
    "base": {"ref": "main", "sha": BASE, "repo": {"full_name": REPO}},
    "head": {"ref": "change", "sha": HEAD, "repo": {"full_name": "stranger/infra"}},
}
COMMON = {"repository": {"full_name": REPO, "default_branch": "trunk"}, "sender": {"login": "octo"}}


def parsed(name: str, payload: dict[str, Any]) -> Event:
    return parse_event(name, {**COMMON, **payload}, repository=REPO)


def test_a_pull_request_tells_both_its_sides() -> None:
    event = parsed("pull_request", {"action": "opened", "number": 7, "pull_request": PULL})
    assert event.pull is not None
    assert (event.pull.number, event.pull.author, event.pull.body) == (7, "octo", "")
    assert (event.pull.base, event.pull.base_commit) == ("main", BASE)
    assert (event.pull.head, event.pull.head_commit) == ("change", HEAD)
    assert event.is_fork
    assert (event.default_branch, event.actor, event.action) == ("trunk", "octo", "opened")


def test_a_deleted_fork_is_a_fork() -> None:
    head = {"ref": "change", "sha": HEAD, "repo": None}
    event = parsed("pull_request", {"pull_request": {**PULL, "head": head}})
    assert event.is_fork


def test_labels_edits_and_ends_are_told() -> None:
    labeled = parsed("pull_request", {"pull_request": PULL, "label": {"name": "replanner:apply"}})
    assert labeled.label == "replanner:apply"
    edited = parsed("pull_request", {"pull_request": PULL, "changes": {"body": {"from": "old"}}})
    assert (edited.body_before, edited.pull and edited.pull.closed) == ("old", False)
    base = {"ref": {"from": "weak"}, "sha": {"from": BASE}}
    moved = parsed("pull_request", {"pull_request": PULL, "changes": {"base": base}})
    assert moved.pull
    assert (moved.pull.base_before, moved.pull.head_before) == ("weak", "")
    pushed = parsed("pull_request", {"pull_request": PULL, "before": "c" * 40, "after": HEAD})
    assert pushed.pull
    assert (pushed.pull.base_before, pushed.pull.head_before) == ("", "c" * 40)
    over = parsed("pull_request", {"pull_request": {**PULL, "state": "closed"}})
    assert over.pull
    assert over.pull.closed


def test_a_comment_knows_its_pull_request_and_an_issues_has_none() -> None:
    comment = {"id": 3, "body": "/replan", "user": {"login": "hubot"}}
    issue = {"number": 7, "body": "text", "user": {"login": "octo"}, "pull_request": {"url": "x"}}
    event = parsed("issue_comment", {"action": "created", "issue": issue, "comment": comment})
    assert event.pull is not None
    assert (event.pull.number, event.pull.body) == (7, "text")
    assert (event.comment, event.comment_id, event.commenter) == ("/replan", 3, "hubot")
    del issue["pull_request"]
    assert parsed("issue_comment", {"issue": issue, "comment": comment}).pull is None


def test_a_push_tells_what_lies_between_unless_it_was_forced() -> None:
    push = {"ref": "refs/heads/main", "before": BASE, "after": HEAD, "deleted": False}
    event = parsed("push", push)
    assert (event.branch, event.base, event.head) == ("main", BASE, HEAD)
    assert parsed("push", {**push, "forced": True}).base == ""
    assert parsed("push", {**push, "before": "0" * 40}).base == ""
    gone = parsed("push", {**push, "after": "0" * 40, "deleted": True})
    assert (gone.deleted, gone.head) == (True, "")
    assert parsed("push", {**push, "ref": "refs/tags/v1"}).branch == ""


def test_a_merge_group_and_an_ended_run_tell_their_commits() -> None:
    group = parsed("merge_group", {"merge_group": {"base_sha": BASE, "head_sha": HEAD}})
    assert (group.base, group.head) == (BASE, HEAD)
    run = {"event": "pull_request", "head_sha": HEAD, "head_repository": {"full_name": "a/b"}}
    event = parsed("workflow_run", {"action": "completed", "workflow_run": run})
    assert (event.run_event, event.run_commit, event.run_repository) == (
        "pull_request",
        HEAD,
        "a/b",
    )


def test_the_caller_names_the_repository_and_the_payload_who_did_it() -> None:
    payload = {"repository": {"full_name": "evil/other"}, "sender": {"login": "octo"}}
    event = parse_event("schedule", payload, repository=REPO, actor="hubot")
    assert (event.repository, event.actor) == (REPO, "octo")
    bare = parse_event("schedule", {}, repository=REPO, actor="hubot")
    assert bare.actor == "hubot"


@pytest.mark.parametrize(
    ("name", "payload", "said"),
    [
        ("pull_request", {}, "lacks pull_request.number"),
        ("pull_request", {"pull_request": [PULL]}, "lacks pull_request.number"),
        ("pull_request", {"pull_request": {**PULL, "number": True}}, "lacks pull_request.number"),
        ("pull_request", {"pull_request": {**PULL, "number": "7"}}, "lacks pull_request.number"),
        (
            "pull_request",
            {"pull_request": {**PULL, "head": {"sha": "main; rm -rf /"}}},
            "lacks a commit at pull_request.head.sha",
        ),
        ("merge_group", {"merge_group": None}, "lacks a commit at merge_group.base_sha"),
        ("workflow_run", {}, "lacks a commit at workflow_run.head_sha"),
        ("issue_comment", {"issue": {"number": -1}}, "lacks issue.number"),
        ("push", {"ref": 7}, "lacks ref"),
    ],
)
def test_what_an_event_cannot_do_without_is_named(
    name: str, payload: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        parsed(name, payload)


def test_no_repository_is_a_sentence() -> None:
    with pytest.raises(InputError, match="names no repository"):
        parse_event("push", {"repository": {"full_name": "../x"}}, repository="")


KEYS = st.sampled_from(
    ["pull_request", "head", "base", "sha", "repo", "ref", "number", "issue", "user", "login",
     "comment", "body", "id", "changes", "label", "name", "workflow_run", "merge_group", "action"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(st.sampled_from(SUPPORTED), st.dictionaries(KEYS, JSON))
def test_any_json_is_an_event_or_a_sentence(name: str, payload: dict[str, Any]) -> None:
    with suppress(InputError):
        assert decide(parse_event(name, payload, repository=REPO), Wish()).reason


EXAMPLES = INSTALLED / "webhooks" / "examples"


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason=f"recorded payloads are not in {EXAMPLES}")
@pytest.mark.parametrize("name", SUPPORTED)
def test_recorded_payloads_of_github_are_read(name: str) -> None:
    for file in sorted((EXAMPLES / name.replace("_target", "")).glob("*.json")):
        event = parse_event(name, json.loads(file.read_text()), repository="")
        found = decide(event, Wish())
        assert event.actor, file
        assert found.reason, file
        if name.startswith("pull_request"):
            assert event.pull is not None
            assert event.pull.base_commit != event.pull.head_commit
