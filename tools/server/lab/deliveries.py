"""Deliveries as GitHub and the Hub send them: signed, each with an id of its own."""

import hashlib
import hmac
import json
from collections.abc import Mapping

from sending import GITHUB, HUB

from lab.wire import Delivery, request

# What the commits of a push weigh; with them it is as large as GitHub's own example of a push.
_BYTES = 8_800
_ZERO = "0" * 40


def github(url: str, event: str, payload: Mapping[str, object], number: int) -> Delivery:
    """The delivery of that number, of any event."""
    body = json.dumps(payload).encode()
    guid = f"00000000-0000-4000-8000-{number:012x}"
    signature = hmac.new(GITHUB.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    return Delivery(guid, request(url, "github", body, headers))


def push(repository: str, branch: str, before: str, after: str) -> dict[str, object]:
    """The payload of a push, with as much around it as GitHub sends."""
    payload: dict[str, object] = {
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": after,
        "repository": {"full_name": repository, "default_branch": "main"},
        "sender": {"login": "ada"},
    }
    commit = {
        "id": after,
        "message": "change",
        "url": f"https://github.example/{repository}/commit/{after}",
        "author": {"name": "Ada", "email": "ada@example.org"},
        "modified": ["profiles/chat.yaml"],
    }
    missing = _BYTES - len(json.dumps(payload))
    return {**payload, "commits": [commit] * (missing // len(json.dumps(commit)))}


def plain_push(url: str, number: int, repositories: int) -> Delivery:
    """A push that nothing stands behind."""
    after = f"{number + 1:040x}"
    name = f"acme/infra-{number % repositories}"
    return github(url, "push", push(name, "main", _ZERO, after), number)


def model_moved(url: str, model: str, commit: str, number: int) -> Delivery:
    """The Hub says that a model moved; `number` is which of the account's webhooks says it."""
    payload = {
        "event": {"action": "update", "scope": "repo.content"},
        "repo": {"type": "model", "name": model, "id": "6" * 24, "headSha": commit},
        "updatedRefs": [{"ref": "refs/heads/main", "oldSha": _ZERO, "newSha": commit}],
        "webhook": {"id": f"{number:024x}", "version": 3},
    }
    headers = {"Content-Type": "application/json", "X-Webhook-Secret": HUB}
    body = json.dumps(payload).encode()
    return Delivery(f"hub-{number}", request(url, "huggingface", body, headers))
