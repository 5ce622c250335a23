"""Asks what must be known before it is settled what a run does: who asks, and what was changed."""

from typing import NamedTuple

from replanner.event import Event
from replanner.profile.settings import Settings
from replanner.propose.decision import Decision
from replanner.replan.ports import Tree
from replanner.replan.touch import touches
from replanner.run.reviewing import at_tip
from replanner.run.scene import Scene
from replanner.run.world import World


class Settled(NamedTuple):
    """What is done; `refused` says what was asked for and is not, and why."""

    decision: Decision
    refused: str = ""


def with_default_branch(event: Event, world: World) -> Event:
    """Some payloads lack it, and a push means nothing without."""
    if event.default_branch or event.name != "push":
        return event
    return event._replace(default_branch=world.forge.base(None).name)


def with_head(event: Event, world: World) -> Event:
    """A comment's payload does not say which branch the pull request comes from, nor whose."""
    if event.name != "issue_comment" or event.pull is None:
        return event
    found = world.pulls.pull(event.pull.number)
    known = event.pull._replace(head=found.head, head_repository=found.head_repository)
    return event._replace(pull=known)


def base_tree(event: Event, world: World, settings: Settings) -> Tree:
    """The files whose configuration counts: the base's as it is now, never the head's."""
    told = event.pull
    if told and told.base_commit:
        gone = told.closed or not told.base
        return world.tree(told.base_commit if gone else world.tip(told.base, told.base_commit))
    number = settings.pr_number or (told.number if told else 0)
    if number:
        return world.tree(at_tip(world, world.pulls.pull(number)).base_commit)
    if event.name == "merge_group":
        return world.tree(event.base)
    return world.forge.base(settings.base[0] if settings.base else None).tree


def settled(scene: Scene, decision: Decision) -> Settled:
    """The decision, once it is known who asks and what was changed."""
    who = decision.needs_writer
    if who and not scene.world.pulls.may_write(who):
        why = f"{who} may not write to {scene.repository}"
        if decision.otherwise is None:
            return Settled(Decision("none", why))
        return Settled(decision.otherwise, f"Not done: {decision.mode}, since {why}.")
    if decision.needs_touch and not _is_touched(scene, decision):
        return Settled(Decision("none", "nothing that is planned was touched"))
    return Settled(decision)


def _is_touched(scene: Scene, decision: Decision) -> bool:
    if not (decision.base and decision.head):
        return True
    found = scene.world.pulls.compare(decision.base, decision.head)
    if not found.complete:
        return True
    paths = scene.world.tree(decision.head).paths()
    return touches(found.lines, paths, scene.config, config_path=scene.settings.config)
