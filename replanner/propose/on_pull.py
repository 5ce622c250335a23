"""Decides what an event of a pull request asks for: ours, a person's, or a stranger's.

GitHub counts a check's newest run of a commit. A run that looked at nothing and ended well would
turn a closed gate into an open one for whoever edits a title or has a label put on, so whatever
happens to an open pull request, it is judged.
"""

from collections.abc import Mapping
from dataclasses import replace

from replanner.errors import InputError
from replanner.event import Event, PullFacts
from replanner.propose.controls import BOXES, boxes
from replanner.propose.decision import Decision, Mode, Rule, Wish, nothing
from replanner.propose.shapes import APPLY_LABEL, REPLAN_LABEL
from replanner.propose.state import read_state

# GitHub gives its own dependency bot a token that can only read, as it does to forks.
_READ_ONLY_ACTORS = ("dependabot[bot]",)
_FORK = "the pull request comes from a fork, whose token can only read"
_BOT = "runs that {} sets off get a token that can only read"


def on_pull_request(event: Event, wish: Wish) -> Decision:
    return _ON_PULL.get(event.action, _judged)(event, wish)


def _judged(event: Event, wish: Wish) -> Decision:
    if _pull(event).closed:
        return nothing("the pull request is closed")
    if is_bots(event, wish):
        why = "the pull request is replanner's own, whose body is the report"
        return replace(compared(event, "check", why), read_only="")
    return compared(event, "comment", f"the pull request was {event.action}")


def compared(event: Event, mode: Mode, reason: str) -> Decision:
    pull = _pull(event)
    return Decision(
        mode,
        reason,
        number=pull.number,
        base=pull.base_commit,
        head=pull.head_commit,
        read_only=read_only_why(event),
    )


def _pull(event: Event) -> PullFacts:
    if event.pull is None:
        raise InputError(f"the event {event.name} names no pull request.")
    return event.pull


def _edited(event: Event, wish: Wish) -> Decision:
    moved = _moved_boxes(event)
    if not moved or not is_bots(event, wish):
        return _judged(event, wish)
    return _updated_group(event, wish, f"somebody ticked or cleared the box {moved[0]}")


def _moved_boxes(event: Event) -> list[str]:
    """The boxes that differ from how they were; who takes a box out of the text asks nothing."""
    if event.body_before is None:
        return []
    before, now = boxes(event.body_before), boxes(_pull(event).body)
    return [name for name in BOXES if name in now and now[name] != before.get(name)]


def _updated_group(event: Event, wish: Wish, reason: str) -> Decision:
    return Decision(
        "update",
        reason,
        needs_writer=event.actor,
        group=group_of(_pull(event)),
        read_only=read_only_why(event),
        otherwise=_judged(event, wish),
    )


def _closed(event: Event, wish: Wish) -> Decision:
    if not is_bots(event, wish):
        return nothing("the pull request was closed")
    if _pull(event).merged:
        return nothing("replanner's pull request was merged; the push tells what comes next")
    return nothing("replanner's pull request was closed; it stays so until its content changes")


def _labeled(event: Event, wish: Wish) -> Decision:
    if event.label == APPLY_LABEL and not event.is_fork:  # a fork's branch is not ours to write to
        asked = compared(event, "apply", f"it was labeled {APPLY_LABEL}")
        return replace(asked, needs_writer=event.actor, otherwise=_judged(event, wish))
    if event.label == REPLAN_LABEL and is_bots(event, wish):
        return _updated_group(event, wish, f"it was labeled {REPLAN_LABEL}")
    return _judged(event, wish)


def is_bots(event: Event, wish: Wish) -> bool:
    """Is the pull request one of our own: from our branches, with our state in its body? The state
    alone is no proof: anybody may copy it into a pull request's text."""
    pull = event.pull
    if pull is None or read_state(pull.body) is None:
        return False
    return not event.is_fork and pull.head.startswith(wish.branch_prefix)


def group_of(pull: PullFacts) -> str:
    state = read_state(pull.body)
    return state.group if state else ""


def read_only_why(event: Event) -> str:
    if event.name == "pull_request_target":
        return ""  # its token can write, wherever the head lies
    if event.is_fork:
        return _FORK
    return _BOT.format(event.actor) if event.actor in _READ_ONLY_ACTORS else ""


_ON_PULL: Mapping[str, Rule] = {"edited": _edited, "closed": _closed, "labeled": _labeled}
