"""Addresses and names in signed deliveries: whoever stole a secret can only have us look at what
we follow anyway."""

import socket
from pathlib import Path
from typing import NoReturn

import pytest
from deliveries import SECRET, github, received, request
from staged import REPO
from yard import Yard, commented

from replanner.webhooks.events import HookEvent, ImageMoved, ModelMoved, SubjectMoved, to_json
from replanner.webhooks.source import Request

EVIL = "http://169.254.169.254/latest/meta-data/"
HOSTILE = (
    EVIL,
    "https://github.example@evil.example/x",
    "../../etc/passwd",
    "acme/%2e%2e%2fsmall",
    "acme/small?x=y",
    "acme/small\r\nHost: evil.example",
    "//evil.example/small",
    "\N{CYRILLIC SMALL LETTER A}cme/small",
    "file:///etc/passwd",
    "acme/" + "x" * 5000,
    "--upload-pack=x/small",
)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("somebody was called")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def _with_addresses(source: str) -> Request:
    """A delivery that is honest but for the addresses in it, of which senders put in many."""
    if source == "huggingface":
        repo = {"type": "model", "name": "acme/small", "url": {"web": EVIL, "api": EVIL}}
        moved = [{"ref": "refs/heads/main", "oldSha": "a" * 40, "newSha": "b" * 40}]
        payload = {"event": {"action": "update", "scope": "repo.content"}, "repo": repo}
        payload |= {"updatedRefs": moved, "webhook": {"version": 3, "url": EVIL}}
        return request(payload, x_webhook_secret=SECRET.decode())
    if source == "github":
        addresses = dict.fromkeys(("url", "compare", "clone_url", "api_url", "html_url"), EVIL)
        repository = {"full_name": REPO, "default_branch": "main", **addresses}
        pushed = {"ref": "refs/heads/main", "before": "a" * 40, "after": "b" * 40, **addresses}
        return github("push", {**pushed, "repository": repository, "sender": {"login": "a"}})
    repository = {"repo_name": "acme/llm", "repo_url": EVIL, "dockerfile": EVIL}
    hub = {"push_data": {"tag": "v1"}, "repository": repository, "callback_url": EVIL}
    quay = {"docker_url": "quay.io/acme/llm", "homepage": EVIL, "updated_tags": ["v1"]}
    return request(hub if source == "dockerhub" else quay, token=SECRET.decode())


@pytest.mark.parametrize("source", ["huggingface", "github", "dockerhub", "quay"])
def test_no_address_of_a_delivery_gets_into_a_job(source: str) -> None:
    events = received(source, _with_addresses(source)).events
    assert events
    assert "169.254" not in str([to_json(each) for each in events])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_nobody_follows_leads_nowhere(name: str, tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    work = yard.work(subjects={"models/*": "profiles/*.yaml"})
    told: list[HookEvent] = [
        ModelMoved(name),
        ModelMoved("acme/small", name),
        ImageMoved(name, name),
        SubjectMoved(name),
        commented("/replan", repository=name),
    ]
    assert [one for event in told for one in work.targets(to_json(event))] == []
    assert set(yard.opened) <= {REPO}
    assert yard.done() == []
