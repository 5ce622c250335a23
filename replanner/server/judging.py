"""Reviews pull requests and groups of the merge queue, and says so: in the comment, and where the
server may in the check run, by which a branch can require what the review comes to."""

import time
from dataclasses import replace
from typing import Final

from replanner.errors import InputError, ReplannerError, UpstreamError
from replanner.propose.shapes import REPLAN_LABEL
from replanner.replan.check_runs import Put
from replanner.replan.ports import Pull
from replanner.replan.talk import Told
from replanner.report.review import Review
from replanner.run.checking import (
    Asked,
    Spot,
    check_pull,
    check_queue,
    check_trouble,
    hold,
    passes_for_another,
)
from replanner.run.reviewing import review_pull, tell_pull
from replanner.run.scene import Scene
from replanner.server.errand import Account, Errand, nothing

_SILENCE: Final = Told("none")


def reviewed(errand: Errand, pull: Pull, *, again: bool = False) -> Account:
    """The review of a pull request as it is now. A proposal of ours gets no comment: its body is
    the report. `again`: its check was asked to be run again."""
    if pull.state != "open":
        return nothing(f"pull request {pull.number} is {pull.state}")
    try:
        own = bool(errand.own_group(pull))
        if own and errand.world.checks is None:
            return nothing("it is our own, whose body is the report")
        scene = _strict(errand.scene(pull.base_commit), pull)
        review = review_pull(scene, pull)
    except UpstreamError:
        raise
    except ReplannerError as error:
        raise _told_in_vain(errand, pull, error, again=again) from None
    told = _told(scene, pull, review, own=own)
    url = told.comment.url if told.comment else ""
    put = check_pull(scene, pull, review, Asked(own, url, again))
    if put.operation == "created" and not review.blocked:
        _shut_for_others(errand, pull)
    _raise_unless_known(review, told.error, put.error)
    account: Account = {"did": "reviewed", "pull": pull.number, "verdict": review.verdict}
    said = {"comment": told.operation, "suggestions": len(told.notes)}
    return account | said | _of_check(errand, put)


def shut(errand: Errand, pull: Pull) -> None:
    """Hold the check on the head of an open pull request where it passes for another."""
    here = spot(errand, pull)
    if passes_for_another(here) and not _is_dry(errand, pull):
        put = hold(here)
        if put.error:
            raise put.error


def spot(errand: Errand, pull: Pull) -> Spot:
    return Spot(errand.world, errand.target.repository, pull)


def queued(errand: Errand, base: str, head: str, *, again: bool = False) -> Account:
    """A group of the merge queue waits for its check and for nothing else."""
    if errand.world.checks is None:
        return nothing("no check runs are written")
    review, put = check_queue(errand.scene(base), base, head, again=again)
    _raise_unless_known(review, put.error)
    return {"did": "checked", "verdict": review.verdict} | _of_check(errand, put)


def _shut_for_others(errand: Errand, pull: Pull) -> None:
    """Who opened a pull request to another branch while this one was reviewed found no check to
    hold; its own review comes."""
    others = errand.world.pulls.pulls_at(pull.head_commit)
    other = next((one for one in others if one.base != pull.base), None)
    if other:
        shut(errand, errand.at_tip(other))


def _is_dry(errand: Errand, pull: Pull) -> bool:
    try:
        return errand.scene(pull.base_commit).settings.dry_run
    except InputError:
        return False  # rules that cannot be read let nothing pass


def _strict(scene: Scene, pull: Pull) -> Scene:
    """What cannot be known of a fork lets nothing pass, whatever `on_error` says: a stranger may
    name a model of his own that fails as often as he likes."""
    if pull.head_repository == scene.repository:
        return scene
    return replace(scene, settings=scene.settings._replace(on_error="fail"))


def _told(scene: Scene, pull: Pull, review: Review, *, own: bool) -> Told:
    if own or scene.settings.mode == "check":
        return _SILENCE
    told = tell_pull(scene, pull, review, seq=time.time_ns() // 1_000_000)
    if REPLAN_LABEL in pull.labels and not scene.settings.dry_run:
        scene.world.pulls.remove_label(pull, REPLAN_LABEL)
    return told


def _told_in_vain(
    errand: Errand, pull: Pull, error: ReplannerError, *, again: bool
) -> ReplannerError:
    """What to raise where a pull request cannot be reviewed. Its check says why: one that is
    required and never comes says nothing to anybody."""
    put = check_trouble(spot(errand, pull), error, again=again)
    return put.error if isinstance(put.error, UpstreamError) else error


def _raise_unless_known(review: Review, *errors: ReplannerError | None) -> None:
    """What was not said, or could not be known, comes again."""
    for error in errors:
        if error:
            raise error
    troubles = [one.trouble for one in review.profiles if one.trouble]
    away = [one.message for one in troubles if one.exit_code == UpstreamError.exit_code]
    if away:
        raise UpstreamError(away[0])


def _of_check(errand: Errand, put: Put) -> Account:
    if errand.world.checks is None:
        return {}
    return {"check": put.operation} | ({"warning": put.warning} if put.warning else {})
