"""Reads what GitHub tells of an event, whether a webhook brought it or a workflow's runner; a
stranger may have written any of it."""

from collections.abc import Callable, Mapping
from typing import Final

from replanner.errors import InputError
from replanner.event import Event, PullFacts
from replanner.webhooks.look import Payload, at, commit, is_repository, items, number, text


def parse_event(name: str, payload: Payload, *, repository: str = "", actor: str = "") -> Event:
    """The event in a payload; InputError where it lacks what it means nothing without. Of the
    repository the caller's word goes first (a runner knows where it runs), of who did it the
    payload's."""
    told = repository or text(payload, "repository", "full_name")
    if not is_repository(told):
        raise InputError("the event names no repository like owner/name.")
    common = Event(
        name,
        told,
        action=text(payload, "action"),
        default_branch=text(payload, "repository", "default_branch"),
        actor=text(payload, "sender", "login") or actor,
    )
    fill = _FILL.get(name)
    return fill(common, payload) if fill else common


def _needed(event: Event, payload: Payload, *path: str) -> str:
    """A commit without which the event means nothing."""
    found = commit(payload, *path)
    if not found:
        raise InputError(f"the payload of {event.name} lacks a commit at {'.'.join(path)}.")
    return found


def _pull_request(event: Event, payload: Payload) -> Event:
    told = number(payload, "pull_request", "number") or number(payload, "number")
    if told is None:
        raise InputError(f"the payload of {event.name} lacks pull_request.number.")
    pull = PullFacts(
        told,
        author=text(payload, "pull_request", "user", "login"),
        body=text(payload, "pull_request", "body"),
        merged=at(payload, "pull_request", "merged") is True,
        closed=text(payload, "pull_request", "state") == "closed",
        base=text(payload, "pull_request", "base", "ref"),
        base_commit=_needed(event, payload, "pull_request", "base", "sha"),
        head=text(payload, "pull_request", "head", "ref"),
        head_commit=_needed(event, payload, "pull_request", "head", "sha"),
        head_repository=text(payload, "pull_request", "head", "repo", "full_name"),
        head_before=commit(payload, "before"),
        base_before=text(payload, "changes", "base", "ref", "from"),
    )
    before = at(payload, "changes", "body", "from")
    return event._replace(
        pull=pull,
        label=text(payload, "label", "name"),
        body_before=before if isinstance(before, str) else None,
    )


def _issue_comment(event: Event, payload: Payload) -> Event:
    told = number(payload, "issue", "number")
    if told is None:
        raise InputError("the payload of issue_comment lacks issue.number.")
    is_pull = isinstance(at(payload, "issue", "pull_request"), dict)
    author, body = text(payload, "issue", "user", "login"), text(payload, "issue", "body")
    return event._replace(
        pull=PullFacts(told, author=author, body=body) if is_pull else None,
        comment=text(payload, "comment", "body"),
        comment_id=number(payload, "comment", "id"),
        commenter=text(payload, "comment", "user", "login"),
    )


def _merge_group(event: Event, payload: Payload) -> Event:
    return event._replace(
        base=_needed(event, payload, "merge_group", "base_sha"),
        head=_needed(event, payload, "merge_group", "head_sha"),
    )


def _push(event: Event, payload: Payload) -> Event:
    ref = text(payload, "ref")
    if not ref:
        raise InputError("the payload of push lacks ref.")
    # After a forced push the old head may be no ancestor, so what lies between is not known.
    forced = at(payload, "forced") is True
    return event._replace(
        ref=ref,
        deleted=at(payload, "deleted") is True,
        base="" if forced else commit(payload, "before"),
        head=commit(payload, "after"),
    )


def _workflow_run(event: Event, payload: Payload) -> Event:
    run = payload.get("workflow_run")
    return event._replace(
        run_event=text(run, "event"),
        run_commit=_needed(event, payload, "workflow_run", "head_sha"),
        run_repository=text(run, "head_repository", "full_name"),
    )


def _check_run(event: Event, payload: Payload) -> Event:
    run = payload.get("check_run")
    return event._replace(
        head=_needed(event, payload, "check_run", "head_sha"),
        pull=_checked_pull(event, payload, run),
        check_id=number(run, "id"),
        check_app=number(run, "app", "id"),
        check_name=text(run, "name"),
        check_tag=text(run, "external_id"),
        button=text(payload, "requested_action", "identifier"),
    )


def _check_suite(event: Event, payload: Payload) -> Event:
    suite = payload.get("check_suite")
    return event._replace(
        head=_needed(event, payload, "check_suite", "head_sha"),
        pull=_checked_pull(event, payload, suite),
        check_app=number(suite, "app", "id"),
    )


def _checked_pull(event: Event, payload: Payload, checked: object) -> PullFacts | None:
    """The pull request that a commit was checked for, where there is but one. GitHub lists none for
    forks, and tells a repository here by its number only."""
    found = items(checked, "pull_requests")
    told = number(found[0], "number") if len(found) == 1 else None
    if told is None:
        return None
    sides = [number(found[0], side, "repo", "id") for side in ("base", "head")]
    here = number(payload, "repository", "id")
    if here is None or sides[0] != here:
        return None
    return PullFacts(
        told,
        base=text(found[0], "base", "ref"),
        base_commit=commit(found[0], "base", "sha"),
        head=text(found[0], "head", "ref"),
        head_commit=commit(found[0], "head", "sha"),
        head_repository=event.repository if sides[1] == here else "",
    )


_FILL: Final[Mapping[str, Callable[[Event, Payload], Event]]] = {
    "pull_request": _pull_request,
    "pull_request_target": _pull_request,
    "issue_comment": _issue_comment,
    "merge_group": _merge_group,
    "push": _push,
    "workflow_run": _workflow_run,
    "check_run": _check_run,
    "check_suite": _check_suite,
}
