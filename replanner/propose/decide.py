"""Decides what a run is for, from the event that started it: one rule an event, tried in order.

Nothing is asked of the forge here; what must be asked first (may this person write? were profiles
touched?) is part of the decision.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from replanner.errors import InputError, did_you_mean
from replanner.propose.event import SUPPORTED, Event, PullFacts
from replanner.propose.shapes import APPLY_LABEL, REPLAN_LABEL
from replanner.propose.state import read_state

Mode = Literal["comment", "check", "update", "publish", "apply", "none"]

_OPENED = ("opened", "synchronize", "reopened", "ready_for_review")
_COMMAND = re.compile(r"\s*/replan\s*(?:$|\n)")
# GitHub gives its own dependency bot a token that can only read, as it does to forks.
_READ_ONLY_ACTORS = ("dependabot[bot]",)
_FORK = "the pull request comes from a fork, whose token can only read"
_BOT = "runs that {} sets off get a token that can only read"
_NO_FORK_WRITE = "a fork's branch is not ours to write to"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the workflow asked for beside the event; empty values ask for nothing."""

    mode: str = "auto"
    branch_prefix: str = "replanner/"
    bases: tuple[str, ...] = ()
    number: int | None = None
    base_ref: str = ""
    head_ref: str = ""
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a run does, and why, in a sentence.

    `number`: the pull request it is about. `base`, `head`: what to compare where there is none.
    `read_only`: why nothing may be written, else empty. `needs_writer`: who has to be able to push,
    or nothing is done. `needs_touch`: nothing is done unless `base..head` touches what we plan.
    `group`: the only proposal that is meant; `forced`: it is to be written afresh.
    """

    mode: Mode
    reason: str
    number: int | None = None
    base: str = ""
    head: str = ""
    read_only: str = ""
    needs_writer: str = ""
    needs_touch: bool = False
    group: str = ""
    forced: bool = False
    react_to: int | None = None
    run_commit: str = ""
    run_repository: str = ""

    @property
    def writes(self) -> bool:
        """Whether the run may write at all."""
        return self.mode not in ("check", "none") and not self.read_only


Rule = Callable[[Event, Wish], Decision]


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


def _none(reason: str) -> Decision:
    return Decision("none", reason)


def _is_bots(event: Event, wish: Wish) -> bool:
    """Is the pull request one of our own: from our branches, with our state in its body?"""
    pull = event.pull
    if pull is None or read_state(pull.body) is None:
        return False
    return not event.is_fork and pull.head.startswith(wish.branch_prefix)


def _group(pull: PullFacts) -> str:
    state = read_state(pull.body)
    return state.group if state else ""


def _read_only(event: Event) -> str:
    if event.name == "pull_request_target":
        return ""  # its token can write, wherever the head lies
    if event.is_fork:
        return _FORK
    return _BOT.format(event.actor) if event.actor in _READ_ONLY_ACTORS else ""


# --- pull_request, pull_request_target


def _pull_request(event: Event, wish: Wish) -> Decision:
    if event.action in _OPENED or (event.action == "edited" and event.retargeted):
        return _opened(event, wish)
    rule = _ON_PULL.get(event.action)
    return rule(event, wish) if rule else _none(f"nothing to do when one is {event.action}")


def _opened(event: Event, wish: Wish) -> Decision:
    if _is_bots(event, wish):
        why = "this is our own pull request, whose body is the report"
        return replace(_compared(event, "check", why), read_only="")
    return _compared(event, "comment", f"the pull request was {event.action}")


def _compared(event: Event, mode: Mode, reason: str) -> Decision:
    pull = _pull(event)
    return Decision(
        mode,
        reason,
        number=pull.number,
        base=pull.base_commit,
        head=pull.head_commit,
        read_only=_read_only(event),
    )


def _pull(event: Event) -> PullFacts:
    if event.pull is None:
        raise InputError(f"the event {event.name} names no pull request.")
    return event.pull


def _edited(event: Event, wish: Wish) -> Decision:
    if not _is_bots(event, wish):
        return _none("only its words were edited")
    ticked = [name for name in ("replan", "hold") if _ticked(event, name)]
    if not ticked:
        return _none("no box was ticked or cleared")
    return _updated_group(event, f"somebody ticked or cleared the box {ticked[0]}")


def _ticked(event: Event, name: str) -> bool:
    """Does the box differ from how it was? Who edits a text that has no boxes asks nothing."""
    if event.body_before is None:
        return False
    before, now = (_box(text, name) for text in (event.body_before, _pull(event).body))
    return before != now and now is not None


def _box(body: str, name: str) -> bool | None:
    found = re.search(rf"(?m)^\s*[-*] \[([ xX])\] <!-- replanner:{name} -->", body)
    return found[1] != " " if found else None


def _updated_group(event: Event, reason: str) -> Decision:
    group = _group(_pull(event))
    read_only = _read_only(event)
    return Decision("update", reason, needs_writer=event.actor, group=group, read_only=read_only)


def _closed(event: Event, wish: Wish) -> Decision:
    if not _is_bots(event, wish):
        return _none("the pull request was closed")
    if _pull(event).merged:
        return _none("our pull request was merged; the push tells what comes next")
    return _none("our pull request was closed, and stays closed until its content changes")


def _labeled(event: Event, wish: Wish) -> Decision:
    if event.label == APPLY_LABEL:
        return _apply(event)
    if event.label != REPLAN_LABEL:
        return _none(f"the label {event.label!r} asks nothing of us")
    if _is_bots(event, wish):
        return _updated_group(event, f"it was labeled {REPLAN_LABEL}")
    asked = _compared(event, "comment", f"it was labeled {REPLAN_LABEL}")
    return replace(asked, needs_writer=event.actor)


def _apply(event: Event) -> Decision:
    if event.is_fork:
        return _none(_NO_FORK_WRITE)
    asked = _compared(event, "apply", f"it was labeled {APPLY_LABEL}")
    return replace(asked, needs_writer=event.actor)


_ON_PULL: Mapping[str, Rule] = {"edited": _edited, "closed": _closed, "labeled": _labeled}


# --- the other events


def _merge_group(event: Event, wish: Wish) -> Decision:
    del wish
    if event.action not in ("checks_requested", ""):
        return _none("the merge queue asks for no checks")
    return Decision("check", "the merge queue asks for checks", base=event.base, head=event.head)


def _push(event: Event, wish: Wish) -> Decision:
    if event.deleted:
        return _none(f"{event.ref} was deleted")
    if event.ref.startswith("refs/tags/"):
        return Decision("update", f"{event.ref.removeprefix('refs/tags/')} was tagged")
    if event.branch.startswith(wish.branch_prefix):
        return _none("the push was to one of our own branches")
    if event.branch not in (wish.bases or (event.default_branch,)):
        return _none(f"{event.branch} is no branch that we propose to")
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
    return _none(f"nothing to do when a {event.name} is {event.action}")


def _commented(event: Event, wish: Wish) -> Decision:
    del wish
    if event.action != "created" or not _COMMAND.match(event.comment):
        return _none("the comment does not say /replan")
    if event.pull is None:
        return _none("the comment is below an issue, not a pull request")
    reason = f"{event.commenter} wrote /replan"
    asked = Decision(
        "comment",
        reason,
        number=event.pull.number,
        needs_writer=event.commenter,
        react_to=event.comment_id,
    )
    group = _group(event.pull)
    # Below one of our own proposals there is nothing to compare: its body is the report.
    if not group:
        return asked
    return replace(asked, mode="update", number=None, group=group, forced=True)


def _workflow_run(event: Event, wish: Wish) -> Decision:
    if not wish.artifact:
        return _none("a workflow_run needs mode publish and report-artifact")
    return _publish(event, wish)


_RULES: Mapping[str, Rule] = {
    "pull_request": _pull_request,
    "pull_request_target": _pull_request,
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
        return _none(f"the run that ended was of {event.run_event or 'no event'}")
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
        return _none("the pull request was closed")
    return _compared(event, mode, f"mode is {mode}")


def _commented_for(event: Event, wish: Wish, mode: Mode) -> Decision:
    asked = _commented(event, wish)
    if asked.mode == "update":
        return _none(f"{asked.reason} below one of our own proposals, and mode is {mode}")
    return replace(asked, mode=mode) if asked.mode == "comment" else asked


def _update(event: Event, wish: Wish) -> Decision:
    usual = _RULES[event.name](event, wish)
    if usual.mode in ("update", "none") and event.name in ("push", "issue_comment"):
        return usual
    if usual.mode == "update":
        return replace(usual, needs_touch=False)
    return Decision("update", "mode is update", read_only=_read_only(event))


_FORCED: Mapping[str, Rule] = {
    "comment": _comment,
    "check": _check,
    "update": _update,
    "publish": _publish,
}
