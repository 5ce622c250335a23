"""Reads what set a run off: the event's name and payload, which a stranger may have written."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from replanner.errors import InputError
from replanner.event import Event
from replanner.webhooks.github_payload import parse_event
from replanner.webhooks.look import Payload

# GitHub sends no payload above 25 MB (docs.github.com, "Webhook events and payloads").
MOST_BYTES: Final = 25 * 1024**2


def read_event(env: Mapping[str, str]) -> Event:
    """The event that the runner's environment tells of; InputError where it tells of none."""
    name = env.get("GITHUB_EVENT_NAME", "")
    if not name:
        raise InputError(
            "GITHUB_EVENT_NAME is not set, so there is no event to act on.",
            hint="Run this in GitHub Actions; on a laptop, use `replanner replan --forge github`.",
        )
    payload = _payload(env.get("GITHUB_EVENT_PATH", ""))
    repository, actor = env.get("GITHUB_REPOSITORY", ""), env.get("GITHUB_ACTOR", "")
    return parse_event(name, payload, repository=repository, actor=actor)


def _payload(path: str) -> Payload:
    if not path:
        raise InputError("GITHUB_EVENT_PATH is not set, so the event cannot be read.")
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        raise InputError("the file in GITHUB_EVENT_PATH cannot be read.") from None
    if len(data) > MOST_BYTES:
        raise InputError("the event's payload is larger than 25 MB, which no event is.")
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError):
        raise InputError("the event's payload is no JSON.") from None
    if not isinstance(payload, dict):
        raise InputError("the event's payload is no JSON object.")
    return payload
