"""Says of a commit whether it may be merged, in a check run of our own: of a pull request's head,
of one of our proposals, or of a group in the merge queue."""

from dataclasses import replace
from typing import NamedTuple

from replanner.errors import ReplannerError
from replanner.replan import check_runs
from replanner.replan.check_runs import About, CheckWanted, Put, about_of, put
from replanner.replan.ports import CheckRun, Pull
from replanner.report.check_run import (
    CheckText,
    buttons_for,
    check_text,
    trouble_text,
    waiting_text,
)
from replanner.report.review import Review
from replanner.run.reviewing import commits_of, review_pull
from replanner.run.scene import Scene
from replanner.run.world import World

_NOTHING = Put("none")


class Asked(NamedTuple):
    """How a pull request is to be checked. `own`: it is a proposal of ours; `url`: where the review
    is told; `again`: somebody asked for its check to be run again."""

    own: bool = False
    url: str = ""
    again: bool = False


class Spot(NamedTuple):
    """A pull request and the repository that it is in."""

    world: World
    repository: str
    pull: Pull

    @property
    def about(self) -> About:
        return About.pull(self.pull.number, self.pull.base)

    def is_home(self, pull: Pull) -> bool:
        """Did somebody who may write push it?"""
        return pull.head_repository == self.repository


def check_pull(scene: Scene, pull: Pull, review: Review, asked: Asked) -> Put:
    """What the review of a pull request comes to, on its head."""
    if scene.settings.dry_run:
        return _NOTHING
    spot = Spot(scene.world, scene.repository, pull)
    buttons = buttons_for(review, own=asked.own, writable=spot.is_home(pull))
    text = replace(_text(scene, review), buttons=buttons, url=asked.url)
    return _put_on(spot, text, again=asked.again)


def check_trouble(spot: Spot, error: ReplannerError, *, again: bool = False) -> Put:
    """That a pull request could not be reviewed, which its branch must not take for a success."""
    return _put_on(spot, trouble_text(error.message, error.hint), again=again)


def check_queue(scene: Scene, base: str, head: str, *, again: bool = False) -> tuple[Review, Put]:
    """What everything between two commits of the merge queue comes to, on the last of them."""
    review = review_pull(scene, commits_of(scene, base, head))
    checks = scene.world.checks
    if checks is None or scene.settings.dry_run:
        return review, _NOTHING
    wanted = CheckWanted(head, About("queue", base), _text(scene, review), again)
    return review, put(checks, wanted)


def passes_for_another(spot: Spot) -> bool:
    """Does the check on a pull request's head let pass what was judged by another branch's rules,
    or as a pull request that is gone?"""
    checks, pull = spot.world.checks, spot.pull
    standing = checks.find(pull.head_commit) if checks else None
    if standing is None or standing.conclusion in ("", "failure"):
        return False
    about = about_of(standing)
    if about is None or about.base != spot.about.base or about.number is None:
        return True
    return about != spot.about and not _ends_in(spot.world.pulls.pull(about.number), pull)


def hold(spot: Spot) -> Put:
    """Let nothing pass on a pull request's head until it is reviewed."""
    pull, checks = spot.pull, spot.world.checks
    if checks is None:
        return _NOTHING
    wanted = CheckWanted(pull.head_commit, spot.about, waiting_text(pull.number, pull.base))
    return check_runs.hold(checks, wanted)


def _text(scene: Scene, review: Review) -> CheckText:
    return check_text(review, scene.look(), annotated=scene.settings.annotations)


def _put_on(spot: Spot, text: CheckText, *, again: bool) -> Put:
    checks = spot.world.checks
    if checks is None:
        return _NOTHING
    wanted = CheckWanted(spot.pull.head_commit, spot.about, text, again)
    return put(checks, wanted, spares=lambda run: _is_anothers(spot, text, run))


def _is_anothers(spot: Spot, text: CheckText, standing: CheckRun) -> bool:
    """GitHub has one check for a commit, however many pull requests it is the head of. Nobody may
    turn a closed gate into an open one by opening a second one, to a branch with other rules: not
    another pull request's, nor a group's in the merge queue, whose commit anybody can fetch. Of two
    to the same branch the one of who may write counts: a stranger's copy of it is judged without
    what our logins can see."""
    about = about_of(standing)
    opens = standing.conclusion in ("", "failure") and text.conclusion != "failure"
    if about is None or about.kind == "queue":
        return opens and about is not None
    if about.number is None or about.number == spot.pull.number:
        return False
    home = spot.is_home(spot.pull)
    same = about.base == spot.about.base
    if not opens and (home or not same):
        return False
    other = spot.world.pulls.pull(about.number)
    theirs = spot.is_home(other)
    counts = theirs if same and home != theirs else opens
    return counts and _ends_in(other, spot.pull)


def _ends_in(other: Pull, pull: Pull) -> bool:
    return other.state == "open" and other.head_commit == pull.head_commit
