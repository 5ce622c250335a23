"""Deliveries as senders send them, over a socket or to the application in this process."""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from typing import NamedTuple

GITHUB = "a-secret-of-github-0123456789"
HUB = "a-secret-of-the-hub-0123456789"
PATH = "a-path-that-nobody-can-guess-0123456789"


class Answer(NamedTuple):
    status: int
    body: dict[str, object]
    headers: dict[str, str]


def push(number: int = 0, *, key: str = GITHUB) -> tuple[bytes, dict[str, str]]:
    """A push to acme/infra as GitHub sends it."""
    payload = {
        "ref": "refs/heads/main",
        "before": "a" * 40,
        "after": f"{number:039x}b",
        "repository": {"full_name": "acme/infra", "default_branch": "main"},
        "sender": {"login": "ann"},
    }
    body = json.dumps(payload).encode()
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return body, {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": f"00000000-0000-4000-8000-{number:012x}",
        "X-GitHub-Hook-ID": "1",
        "X-Hub-Signature-256": f"sha256={signature}",
    }


def model_moved(model_id: str, number: int = 0, *, key: str = HUB) -> tuple[bytes, dict[str, str]]:
    """A new commit of a model as the Hugging Face Hub tells it."""
    payload = {
        "event": {"action": "update", "scope": "repo.content"},
        "repo": {"type": "model", "name": model_id, "id": "6" * 24, "headSha": f"{number:040x}"},
        "updatedRefs": [
            {"ref": "refs/heads/main", "oldSha": "a" * 40, "newSha": f"{number:039x}b"}
        ],
        "webhook": {"id": "5" * 24, "version": 3},
    }
    headers = {"Content-Type": "application/json", "X-Webhook-Secret": key}
    return json.dumps(payload).encode(), headers


def post(
    base: str, source: str, delivery: tuple[bytes, dict[str, str]], *, timeout: float = 30
) -> Answer:
    """Send it over the network."""
    body, headers = delivery
    return fetch(urllib.request.Request(f"{base}/webhooks/{source}", body, headers), timeout)


def fetch(request: urllib.request.Request | str, timeout: float = 30) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return Answer(answer.status, _json(answer.read()), dict(answer.headers))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _json(error.read()), dict(error.headers))


def _json(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        return {"text": body.decode()}
    assert isinstance(found, dict)
    return found
