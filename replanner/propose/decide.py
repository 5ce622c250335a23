"""Decides what a run is for, from the event that started it: one rule an event, tried in order.

Nothing is asked of the forge here; what must be asked first (may this person write? were profiles
touched?) is part of the decision.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from replanner.errors import InputError, did_you_mean
from replanner.event import SUPPORTED, Event
from replanner.propose.decision import Decision, Mode, Rule, Wish, nothing
from replanner.propose.on_pull import (
    compared,
    group_of,
    is_bots,
    on_pull_request,
    read_only_why,
)

_COMMAND = re.compile(r"\s*/replan\s*(?:$|\n)")


def decide(event: Event, wish: Wish) -> Decision:
    """What to do; InputError for an event or a wish that makes no sense."""
    rule = _RULES.get(event.name)
    if rule is None:
        near = did_you_mean(event.name[:40], SUPPORTED)
        raise InputError(
            f"the event {event.name[:40]!r} is not supported.{near}",
            hint=f"Supported: {', '.join(SUPPORTED)}.",
        )
    forced = _FORCED.get(wish.mode)
    return forced(event, wish) if forced else rule(event, wish)


# --- the other events


def _merge_group(event: Event, wish: Wish) -> Decision:
    del wish
    if event.action not in ("checks_requested", ""):
        return nothing("the merge queue asks for no checks")
    return Decision("check", "the merge queue asks for checks", base=event.base, head=event.head)


def _push(event: Event, wish: Wish) -> Decision:
    if event.deleted:
        return nothing(f"{event.ref} was deleted")
    if event.ref.startswith("refs/tags/"):
        return Decision("update", f"{event.ref.removeprefix('refs/tags/')} was tagged")
    if event.branch.startswith(wish.branch_prefix):
        return nothing("the push was to one of replanner's own branches")
    if event.branch not in (wish.bases or (event.default_branch,)):
        return nothing(f"{event.branch} is no branch that we propose to")
    return Decision(
        "update",
        f"{event.branch} was pushed to",
        base=event.base,
        head=event.head,
        needs_touch=True,
    )


def _always_update(event: Event, wish: Wish) -> Decision:
    del wish
    return Decision("update", f"the event is {event.name}")


def _dispatched(event: Event, wish: Wish) -> Decision:
    if wish.number is None:
        return _always_update(event, wish)
    return Decision("comment", "a pull request was named", number=wish.number)


def _released(event: Event, wish: Wish) -> Decision:
    if event.action in ("published", "updated", ""):
        return _always_update(event, wish)
    return nothing(f"nothing to do when a {event.name} is {event.action}")


def _commented(event: Event, wish: Wish) -> Decision:
    if event.action != "created" or not _COMMAND.match(event.comment):
        return nothing("the comment does not say /replan")
    if event.pull is None:
        return nothing("the comment is below an issue, not a pull request")
    reason = f"{event.commenter} wrote /replan"
    asked = Decision(
        "comment",
        reason,
        number=event.pull.number,
        needs_writer=event.commenter,
        react_to=event.comment_id,
    )
    group = group_of(event.pull) if is_bots(event, wish) else ""
    # Below one of our own proposals there is nothing to compare: its body is the report.
    if not group:
        return asked
    return replace(asked, mode="update", number=None, group=group, forced=True)


def _workflow_run(event: Event, wish: Wish) -> Decision:
    if not wish.artifact:
        return nothing("a workflow_run needs mode publish and report-artifact")
    return _publish(event, wish)


_RULES: Mapping[str, Rule] = {
    "pull_request": on_pull_request,
    "pull_request_target": on_pull_request,
    "merge_group": _merge_group,
    "push": _push,
    "schedule": _always_update,
    "workflow_dispatch": _dispatched,
    "repository_dispatch": _dispatched,
    "issue_comment": _commented,
    "workflow_run": _workflow_run,
    "release": _released,
    "registry_package": _released,
}


# --- where the workflow names the mode itself


def _publish(event: Event, wish: Wish) -> Decision:
    if event.name != "workflow_run":
        raise InputError(f"mode publish needs the event workflow_run, not {event.name}.")
    if not wish.artifact:
        raise InputError("mode publish needs report-artifact, the report to post.")
    if event.run_event != "pull_request":
        return nothing(f"the run that ended was of {event.run_event or 'no event'}")
    return Decision(
        "publish",
        "a run of a pull request ended",
        run_commit=event.run_commit,
        run_repository=event.run_repository,
    )


def _comment(event: Event, wish: Wish) -> Decision:
    return _of_pull(event, wish, "comment")


def _check(event: Event, wish: Wish) -> Decision:
    named = event.pull is not None or wish.number is not None
    if named and not wish.head_ref:
        return replace(_of_pull(event, wish, "check"), react_to=None)
    head = wish.head_ref or event.head
    base = wish.base_ref or event.base or event.default_branch
    if not head or not base:
        raise InputError(
            f"the event {event.name} names nothing to check.",
            hint="Set pr-number, or base-ref and head-ref.",
        )
    return Decision("check", "mode is check", base=base, head=head)


def _of_pull(event: Event, wish: Wish, mode: Mode) -> Decision:
    if wish.number is not None:
        return Decision(mode, "a pull request was named", number=wish.number)
    if event.name == "issue_comment":
        return _commented_for(event, wish, mode)
    if event.pull is None:
        raise InputError(
            f"the event {event.name} names no pull request, which mode {mode} needs.",
            hint="Set pr-number.",
        )
    if event.action == "closed":
        return nothing("the pull request was closed")
    return compared(event, mode, f"mode is {mode}")


def _commented_for(event: Event, wish: Wish, mode: Mode) -> Decision:
    asked = _commented(event, wish)
    if asked.mode == "update":
        return nothing(f"{asked.reason} below replanner's own pull request, and mode is {mode}")
    return replace(asked, mode=mode) if asked.mode == "comment" else asked


def _update(event: Event, wish: Wish) -> Decision:
    usual = _RULES[event.name](event, wish)
    if usual.mode in ("update", "none") and event.name in ("push", "issue_comment"):
        return usual
    if usual.mode == "update":
        return replace(usual, needs_touch=False)
    return Decision("update", "mode is update", read_only=read_only_why(event))


_FORCED: Mapping[str, Rule] = {
    "comment": _comment,
    "check": _check,
    "update": _update,
    "publish": _publish,
}
