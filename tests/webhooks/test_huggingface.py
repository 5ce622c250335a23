"""Hugging Face tells which branches and tags of a model moved; all else is nothing to do."""

from typing import Any

import pytest
from deliveries import NOW_S, SECRET, read, received, request

from replanner.webhooks.events import ModelMoved
from replanner.webhooks.source import Received, Refusal

OLD, NEW = "ce9a4674fa833a68d5a73ec355f0ea95eedd60b7", "575db8b7a51b6f85eb06eee540738584589f131c"
PUSHED: dict[str, Any] = {
    "event": {"action": "update", "scope": "repo.content"},
    "repo": {
        "type": "model",
        "name": "acme/llm-7b",
        "id": "6366c000a2abcdf2fd69a080",
        "private": False,
        "url": {"web": "https://huggingface.co/acme/llm-7b", "api": "http://169.254.169.254/"},
        "headSha": NEW,
        "owner": {"id": "61d2000c3c2083e1c08af22d"},
    },
    "updatedRefs": [
        {"ref": "refs/heads/main", "oldSha": OLD, "newSha": NEW},
        {"ref": "refs/tags/v2", "oldSha": None, "newSha": NEW},
        {"ref": "refs/pr/3", "oldSha": None, "newSha": NEW},
        {"ref": "refs/heads/same", "oldSha": NEW, "newSha": NEW},
    ],
    "webhook": {"id": "6390e855e30d9209411de93b", "version": 3},
}


def told(payload: Any, *, now_s: float = NOW_S) -> Received:
    return received("huggingface", request(payload, now_s=now_s, x_webhook_secret=SECRET.decode()))


def test_branches_and_tags_that_moved_are_told_and_proposed_changes_are_not() -> None:
    assert told(PUSHED).events == (
        ModelMoved("acme/llm-7b", "main", NEW),
        ModelMoved("acme/llm-7b", "v2", NEW),
    )


def test_a_branch_that_went_moved_to_nowhere() -> None:
    gone = [{"ref": "refs/heads/main", "oldSha": OLD, "newSha": None}]
    assert told({**PUSHED, "updatedRefs": gone}).events == (ModelMoved("acme/llm-7b", "main"),)


def test_a_model_that_was_renamed_moved_under_both_names() -> None:
    moved = {k: v for k, v in PUSHED.items() if k != "updatedRefs"} | {
        "event": {"action": "move", "scope": "repo"},
        "movedTo": {"name": "acme-ai/llm-7b", "owner": {"id": "61d2000c3c2083e1c08af22e"}},
    }
    assert told(moved).events == (
        ModelMoved("acme/llm-7b", commit=NEW),
        ModelMoved("acme-ai/llm-7b", commit=NEW),
    )


@pytest.mark.parametrize("scope", ["repo.config", "repo.config.access", "repo.something.new"])
def test_scopes_that_are_not_known_yet_are_of_the_one_above(scope: str) -> None:
    changed = {k: v for k, v in PUSHED.items() if k != "updatedRefs"}
    changed["event"] = {"action": "update", "scope": scope}
    assert told(changed).events == (ModelMoved("acme/llm-7b", commit=NEW),)


@pytest.mark.parametrize(
    "change",
    [
        {"event": {"action": "create", "scope": "discussion"}},
        {"event": {"action": "create", "scope": "discussion.comment"}},
        {"event": None},
        {"repo": {**PUSHED["repo"], "type": "dataset"}},
        {"repo": {**PUSHED["repo"], "type": "bucket"}},
        {"webhook": {"version": 4}},
        {"updatedRefs": [{"ref": "refs/pr/3", "oldSha": None, "newSha": NEW}]},
        {"updatedRefs": []},
    ],
)
def test_what_moves_no_model_is_nothing_to_do_and_says_why(change: dict[str, Any]) -> None:
    found = told({**PUSHED, **change})
    assert found.events == ()
    assert found.note


@pytest.mark.parametrize(
    "name", ["../../x", "a/b/c", "http://evil", "a@evil/b", "", 7, "é/x", "a%2eb/c"]
)
def test_what_names_no_model_is_not_understood(name: object) -> None:
    named = {**PUSHED, "repo": {**PUSHED["repo"], "name": name}}
    answer = read("huggingface", request(named, x_webhook_secret=SECRET.decode()))
    assert isinstance(answer, Refusal)
    assert answer.status == 422


def test_the_same_body_is_a_repetition_for_ten_minutes() -> None:
    """A branch may go forth, back and forth again; the third delivery is the first one's twin."""
    start = NOW_S // 600 * 600
    keys = [told(PUSHED, now_s=start + after).delivery_key for after in (0, 599, 600)]
    assert keys[0] == keys[1] != keys[2]
    assert told({**PUSHED, "more": 1}, now_s=start).delivery_key != keys[0]


def test_a_secret_in_the_address_counts_nothing() -> None:
    answer = read("huggingface", request(PUSHED, token=SECRET.decode()))
    assert isinstance(answer, Refusal)
    assert answer.status == 401
