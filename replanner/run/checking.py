"""Says of a commit whether it may be merged, in a check run of our own: of a pull request's head,
of one of our proposals, or of a group in the merge queue."""

from dataclasses import replace
from typing import NamedTuple

from replanner.errors import ReplannerError
from replanner.replan.check_runs import About, CheckWanted, Put, about_of, put
from replanner.replan.ports import CheckRun, Pull
from replanner.report.check_run import CheckText, buttons_for, check_text, trouble_text
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


def check_pull(scene: Scene, pull: Pull, review: Review, asked: Asked) -> Put:
    """What the review of a pull request comes to, on its head."""
    if scene.settings.dry_run:
        return _NOTHING
    writable = pull.head_repository == scene.repository
    buttons = buttons_for(review, own=asked.own, writable=writable)
    text = replace(_text(scene, review), buttons=buttons, url=asked.url)
    return _put_on(scene.world, pull, text, again=asked.again)


def check_trouble(world: World, pull: Pull, error: ReplannerError, *, again: bool = False) -> Put:
    """That a pull request could not be reviewed, which its branch must not take for a success."""
    return _put_on(world, pull, trouble_text(error.message, error.hint), again=again)


def check_queue(scene: Scene, base: str, head: str, *, again: bool = False) -> tuple[Review, Put]:
    """What everything between two commits of the merge queue comes to, on the last of them."""
    review = review_pull(scene, commits_of(scene, base, head))
    checks = scene.world.checks
    if checks is None or scene.settings.dry_run:
        return review, _NOTHING
    wanted = CheckWanted(head, About("queue", base), _text(scene, review), again)
    return review, put(checks, wanted)


def _text(scene: Scene, review: Review) -> CheckText:
    return check_text(review, scene.look(), annotated=scene.settings.annotations)


def _put_on(world: World, pull: Pull, text: CheckText, *, again: bool) -> Put:
    if world.checks is None:
        return _NOTHING
    wanted = CheckWanted(pull.head_commit, About("pull", str(pull.number)), text, again)
    return put(world.checks, wanted, spares=lambda run: _is_anothers(world, pull, text, run))


def _is_anothers(world: World, pull: Pull, text: CheckText, standing: CheckRun) -> bool:
    """GitHub has one check for a commit, however many pull requests it is the head of. Nobody may
    turn a closed gate into an open one by opening a second one, to a branch with other rules: not
    another pull request's, nor a group's in the merge queue, whose commit anybody can fetch."""
    about = about_of(standing)
    number = about.number if about else None
    opens = standing.conclusion == "failure" and text.conclusion != "failure"
    if about and about.kind == "queue":
        return opens
    if number is None or number == pull.number or not opens:
        return False
    other = world.pulls.pull(number)
    return other.state == "open" and other.head_commit == pull.head_commit
