"""Reads what set a run off: the event's name and payload, which a stranger may have written."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from replanner.errors import InputError
from replanner.propose.event import Event, PullFacts

# GitHub sends no payload above 25 MB (docs.github.com, "Webhook events and payloads").
MOST_BYTES: Final = 25 * 1024**2
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_REPOSITORY: Final = re.compile(
    r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}"
)
_NO_COMMIT: Final = "0" * 40
Payload = Mapping[str, object]


def read_event(env: Mapping[str, str]) -> Event:
    """The event that the runner's environment tells of; InputError where it tells of none."""
    name = env.get("GITHUB_EVENT_NAME", "")
    if not name:
        raise InputError(
            "GITHUB_EVENT_NAME is not set, so there is no event to act on.",
            hint="Run this in GitHub Actions; on a laptop, use `replanner replan --forge github`.",
        )
    payload = _payload(env.get("GITHUB_EVENT_PATH", ""))
    return parse_event(name, payload, repository=env.get("GITHUB_REPOSITORY", ""), env=env)


def parse_event(name: str, payload: Payload, *, repository: str, env: Mapping[str, str]) -> Event:
    """The event in a payload. Of the repository the runner's word goes first; who did something
    the payload knows better."""
    told = repository or _text(payload, "repository", "full_name")
    if not _REPOSITORY.fullmatch(told):
        raise InputError("GITHUB_REPOSITORY names no repository like owner/name.")
    common = Event(
        name,
        told,
        action=_text(payload, "action"),
        default_branch=_text(payload, "repository", "default_branch"),
        actor=_text(payload, "sender", "login") or env.get("GITHUB_ACTOR", ""),
    )
    fill = _FILL.get(name)
    return fill(common, payload) if fill else common


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


# --- looking into a payload: what is missing or of another type is empty


def _at(payload: object, *path: str) -> object:
    for part in path:
        payload = payload.get(part) if isinstance(payload, dict) else None
    return payload


def _text(payload: object, *path: str) -> str:
    found = _at(payload, *path)
    return found if isinstance(found, str) else ""


def _number(payload: object, *path: str) -> int | None:
    found = _at(payload, *path)
    right = isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**63
    return found if right and isinstance(found, int) else None


def _commit(payload: object, *path: str) -> str:
    found = _text(payload, *path)
    return found if _COMMIT.fullmatch(found) and found != _NO_COMMIT else ""


def _needed(event: Event, payload: Payload, *path: str) -> str:
    """A commit without which the event means nothing."""
    found = _commit(payload, *path)
    if not found:
        raise InputError(f"the payload of {event.name} lacks a commit at {'.'.join(path)}.")
    return found


# --- what each event tells


def _pull_request(event: Event, payload: Payload) -> Event:
    number = _number(payload, "pull_request", "number") or _number(payload, "number")
    if number is None:
        raise InputError(f"the payload of {event.name} lacks pull_request.number.")
    at = ("pull_request",)
    pull = PullFacts(
        number,
        author=_text(payload, *at, "user", "login"),
        body=_text(payload, *at, "body"),
        merged=_at(payload, *at, "merged") is True,
        closed=_text(payload, *at, "state") == "closed",
        base=_text(payload, *at, "base", "ref"),
        base_commit=_needed(event, payload, *at, "base", "sha"),
        head=_text(payload, *at, "head", "ref"),
        head_commit=_needed(event, payload, *at, "head", "sha"),
        head_repository=_text(payload, *at, "head", "repo", "full_name"),
    )
    before = _at(payload, "changes", "body", "from")
    return event._replace(
        pull=pull,
        label=_text(payload, "label", "name"),
        body_before=before if isinstance(before, str) else None,
    )


def _issue_comment(event: Event, payload: Payload) -> Event:
    number = _number(payload, "issue", "number")
    if number is None:
        raise InputError("the payload of issue_comment lacks issue.number.")
    is_pull = isinstance(_at(payload, "issue", "pull_request"), dict)
    author, body = _text(payload, "issue", "user", "login"), _text(payload, "issue", "body")
    return event._replace(
        pull=PullFacts(number, author=author, body=body) if is_pull else None,
        comment=_text(payload, "comment", "body"),
        comment_id=_number(payload, "comment", "id"),
        commenter=_text(payload, "comment", "user", "login"),
    )


def _merge_group(event: Event, payload: Payload) -> Event:
    return event._replace(
        base=_needed(event, payload, "merge_group", "base_sha"),
        head=_needed(event, payload, "merge_group", "head_sha"),
    )


def _push(event: Event, payload: Payload) -> Event:
    ref = _text(payload, "ref")
    if not ref:
        raise InputError("the payload of push lacks ref.")
    # After a forced push the old head may be no ancestor, so what lies between is not known.
    forced = _at(payload, "forced") is True
    return event._replace(
        ref=ref,
        deleted=_at(payload, "deleted") is True,
        base="" if forced else _commit(payload, "before"),
        head=_commit(payload, "after"),
    )


def _workflow_run(event: Event, payload: Payload) -> Event:
    at = ("workflow_run",)
    return event._replace(
        run_event=_text(payload, *at, "event"),
        run_commit=_needed(event, payload, *at, "head_sha"),
        run_repository=_text(payload, *at, "head_repository", "full_name"),
    )


_FILL: Final[Mapping[str, Callable[[Event, Payload], Event]]] = {
    "pull_request": _pull_request,
    "pull_request_target": _pull_request,
    "issue_comment": _issue_comment,
    "merge_group": _merge_group,
    "push": _push,
    "workflow_run": _workflow_run,
}
