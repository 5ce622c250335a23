"""Carries out one target, from the newest state: the same use-cases as the Action's, with a short
account instead of a log. Everything may be done twice."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from replanner.errors import InputError, RateLimited, ReplannerError, UpstreamError
from replanner.propose.command import Command
from replanner.propose.shapes import APPLY_LABEL, REPLAN_LABEL
from replanner.propose.state import read_state
from replanner.replan import Replanned
from replanner.replan.ports import Pull
from replanner.run.answering import answer, marker_of, told_before
from replanner.run.applying import apply_to_pull
from replanner.run.reviewing import review_pull, tell_pull
from replanner.run.scene import Scene, settings_of
from replanner.run.updating import update_base
from replanner.run.world import World
from replanner.server.gate import Gate
from replanner.server.jobs import Target

Account = dict[str, object]
_NOTHING: Final = "nothing"
# What a workflow that we start may like to know.
_HINTS: Final = ("model", "revision", "image", "tag")


def carry_out(gate: Gate, target: Target, inputs: Mapping[str, str], *, now_s: int) -> Account:
    """Do it; UpstreamError where it has to be tried again."""
    if target.kind == "dispatch":
        hints = {key: str(value) for key, value in target.payload.items() if key in _HINTS}
        gate.dispatch(target.repository, _text(target, "kind"), hints)
        return {"did": "dispatched"}
    with gate.world(target.repository) as world:
        return _DOES[target.kind](_Job(world, target, inputs, now_s))


class _Job:
    """One target with its repository opened."""

    def __init__(self, world: World, target: Target, inputs: Mapping[str, str], now_s: int) -> None:
        self.world, self.target, self._inputs, self._now_s = world, target, inputs, now_s

    def scene(self, commit: str) -> Scene:
        """The repository by the rules of one base."""
        settings, config = settings_of(self.world.tree(commit), self._inputs)
        where = self.target.repository
        return Scene(self.world, where, self._inputs, settings, config, self._now_s)

    def pull(self) -> Pull:
        number = self.target.payload["number"]
        if not isinstance(number, int):
            raise InputError("a target lacks the number of its pull request.")
        return self.world.pulls.pull(number)

    def refusal(self) -> str:
        """Why whoever asked gets nothing; asked of GitHub now, whatever the event said."""
        who = _text(self.target, "writer")
        if not who or self.world.pulls.may_write(who):
            return ""
        return "not a writer"


# --- proposals


def _update(job: _Job) -> Account:
    why = job.refusal()
    if why:
        return {"did": _NOTHING, "why": why}
    base = job.world.forge.base(_text(job.target, "base") or None)
    return _updated(job, base.name, base.commit, _text(job.target, "group"))


def _updated(job: _Job, base: str, commit: str, group: str, *, forced: bool = False) -> Account:
    forced = forced or job.target.payload.get("forced") is True
    result = update_base(job.scene(commit), base, group=group, forced=forced)
    errors = _errors(result)
    if job.target.payload.get("round") is not True:
        _raise_if_away(errors)  # the next round asks again by itself
    unknown = sum(isinstance(error, UpstreamError) for error in errors)
    numbers = sorted(one.number for one in result.published if one.number)
    return {"did": "updated", "base": result.base.name, "writes": len(result.writes)} | {
        "pulls": numbers,
        "profiles": len(result.judged),
        "unknown": unknown,
    }


def _errors(result: Replanned) -> list[ReplannerError]:
    found = [*(one.error for one in result.judged), *(one.error for one in result.failures)]
    return [error for error in found if error]


def _raise_if_away(errors: Iterable[ReplannerError]) -> None:
    """What could not be known has to be asked again, and not before it may be."""
    away = [error for error in errors if isinstance(error, UpstreamError)]
    limits = [error for error in away if isinstance(error, RateLimited)]
    if limits:
        raise max(limits, key=lambda error: error.retry_after_s or 0)
    if away:
        raise away[0]


# --- people's pull requests


def _review(job: _Job) -> Account:
    pull = job.pull()
    if pull.state != "open":
        return {"did": _NOTHING, "why": f"pull request {pull.number} is {pull.state}"}
    if _own_group(job, pull):
        return {"did": _NOTHING, "why": "it is our own, whose body is the report"}
    return _reviewed(job, pull)


def _reviewed(job: _Job, pull: Pull) -> Account:
    scene = job.scene(pull.base_commit)
    review = review_pull(scene, pull)
    told = tell_pull(scene, pull, review, seq=time.time_ns() // 1_000_000)
    if REPLAN_LABEL in pull.labels and not scene.settings.dry_run:
        job.world.pulls.remove_label(pull, REPLAN_LABEL)
    if told.error:
        raise told.error
    troubles = [one.trouble for one in review.profiles if one.trouble]
    away = [one.message for one in troubles if one.exit_code == UpstreamError.exit_code]
    if away:
        raise UpstreamError(away[0])
    account: Account = {"did": "reviewed", "pull": pull.number, "verdict": review.verdict}
    return account | {"comment": told.operation, "suggestions": len(told.notes)}


def _apply(job: _Job) -> Account:
    pull = job.pull()
    why = job.refusal()
    if not why and APPLY_LABEL not in pull.labels:
        why = "the label is gone"  # it was done already, or somebody thought better of it
    if why:
        return {"did": _NOTHING, "why": why}
    done = apply_to_pull(job.scene(pull.base_commit), pull)
    _raise_if_away(one.error for one in done.applied.profiles if one.error)
    return {"did": "applied", "pull": pull.number, "commit": done.commit}


# --- what people ask for


def _command(job: _Job) -> Account:
    why = job.refusal()
    if why:
        return {"did": _NOTHING, "why": why}
    pull, comment = job.pull(), job.target.payload.get("comment")
    if pull.state != "open":
        return {"did": _NOTHING, "why": f"pull request {pull.number} is {pull.state}"}
    if isinstance(comment, int):
        job.world.pulls.react(comment)
    command = _parsed(job.target)
    if not command.is_plain:
        return _answered(job, pull, command)
    group = _own_group(job, pull)
    if not group:
        return _reviewed(job, pull)
    base = job.world.forge.base(pull.base)
    return _updated(job, base.name, base.commit, group, forced=True)


def _own_group(job: _Job, pull: Pull) -> str:
    """The group of one of our own proposals, whose body is its report."""
    prefix = job.scene(pull.base_commit).settings.branch_prefix
    ours = pull.head_repository == job.target.repository and pull.head.startswith(prefix)
    state = read_state(pull.body) if ours else None
    return state.group if state else ""


def _answered(job: _Job, pull: Pull, command: Command) -> Account:
    comment = job.target.payload.get("comment")
    marker = marker_of(comment if isinstance(comment, int) else 0)
    said = [one.body for one in job.world.pulls.comments(pull.number) if one.ours]
    if told_before(marker, said):
        return {"did": _NOTHING, "why": "it was answered already"}
    scene = job.scene(pull.base_commit)
    text = marker + answer(scene, pull, command)
    if not scene.settings.dry_run:
        job.world.pulls.add_comment(pull.number, text)
    return {"did": "answered", "pull": pull.number}


def _parsed(target: Target) -> Command:
    changes = target.payload.get("changes")
    pairs = changes if isinstance(changes, list) else []
    return Command(_text(target, "profile"), tuple((str(key), str(word)) for key, word in pairs))


def _text(target: Target, name: str) -> str:
    found = target.payload.get(name)
    return found if isinstance(found, str) else ""


_DOES: Final[Mapping[str, Callable[[_Job], Account]]] = {
    "update": _update,
    "pull": _review,
    "apply": _apply,
    "command": _command,
}
