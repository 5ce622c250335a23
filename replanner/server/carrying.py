"""Carries out one target, from the newest state: the same use-cases as the Action's, with a short
account instead of a log. Everything may be done twice."""

from collections.abc import Callable, Mapping
from typing import Final

from replanner.propose.command import Command
from replanner.propose.shapes import APPLY_LABEL
from replanner.replan.ports import Pull
from replanner.run.answering import answer, marker_of, told_before
from replanner.run.applying import apply_to_pull
from replanner.server.errand import Account, Errand, nothing, raise_if_away
from replanner.server.gate import Gate
from replanner.server.holding import handed_over
from replanner.server.jobs import Target
from replanner.server.judging import queued, reviewed
from replanner.server.pressing import pressed
from replanner.server.proposing import updated

# What a workflow that we start may like to know.
_HINTS: Final = ("model", "revision", "image", "tag")


def carry_out(gate: Gate, target: Target, inputs: Mapping[str, str], *, now_s: int) -> Account:
    """Do it; UpstreamError where it has to be tried again."""
    if target.kind == "dispatch":
        hints = {key: str(value) for key, value in target.payload.items() if key in _HINTS}
        gate.dispatch(target.repository, str(target.payload["kind"]), hints)
        return {"did": "dispatched"}
    with gate.world(target.repository) as world:
        return _DOES[target.kind](Errand(world, target, inputs, now_s))


def _update(errand: Errand) -> Account:
    why = errand.refusal()
    if why:
        return nothing(why)
    forced = errand.target.payload.get("forced") is True
    return updated(errand, errand.text("base"), group=errand.text("group"), forced=forced)


def _review(errand: Errand) -> Account:
    return reviewed(errand, errand.pull())


def _queue(errand: Errand) -> Account:
    return queued(errand, errand.text("base"), errand.text("head"))


def _apply(errand: Errand) -> Account:
    pull = errand.pull()
    why = errand.refusal()
    if not why and APPLY_LABEL not in pull.labels:
        why = "the label is gone"  # it was done already, or somebody thought better of it
    if why:
        return nothing(why)
    done = apply_to_pull(errand.scene(pull.base_commit), pull)
    raise_if_away(one.error for one in done.applied.profiles)
    return {"did": "applied", "pull": pull.number, "commit": done.commit}


# --- what people ask for


def _command(errand: Errand) -> Account:
    why = errand.refusal()
    if why:
        return nothing(why)
    pull, comment = errand.pull(), errand.target.payload.get("comment")
    if pull.state != "open":
        return nothing(f"pull request {pull.number} is {pull.state}")
    if isinstance(comment, int):
        errand.world.pulls.react(comment)
    command = _parsed(errand)
    if not command.is_plain:
        return _answered(errand, pull, command)
    group = errand.own_group(pull)
    if not group:
        return reviewed(errand, pull)
    return updated(errand, pull.base, group=group, forced=True)


def _answered(errand: Errand, pull: Pull, command: Command) -> Account:
    comment = errand.target.payload.get("comment")
    marker = marker_of(comment if isinstance(comment, int) else 0)
    said = [one.body for one in errand.world.pulls.comments(pull.number) if one.ours]
    if told_before(marker, said):
        return nothing("it was answered already")
    scene = errand.scene(pull.base_commit)
    text = marker + answer(scene, pull, command)
    if not scene.settings.dry_run:
        errand.world.pulls.add_comment(pull.number, text)
    return {"did": "answered", "pull": pull.number}


def _parsed(errand: Errand) -> Command:
    changes = errand.target.payload.get("changes")
    pairs = changes if isinstance(changes, list) else []
    return Command(errand.text("profile"), tuple((str(key), str(word)) for key, word in pairs))


_DOES: Final[Mapping[str, Callable[[Errand], Account]]] = {
    "update": _update,
    "pull": _review,
    "apply": _apply,
    "command": _command,
    "button": pressed,
    "queue": _queue,
    "left": handed_over,
}
