"""Sees to it that a commit's check passes for nothing that it was not about: before any review,
where a pull request begins to end in that commit, and once it does so no longer."""

import logging
from collections.abc import Mapping
from typing import Final

from replanner.errors import ReplannerError, UpstreamError
from replanner.event import Event
from replanner.replan.check_runs import about_of
from replanner.replan.ports import Pull
from replanner.run.checking import passes_for_another
from replanner.server.errand import Account, Errand, nothing
from replanner.server.gate import Gate
from replanner.server.jobs import Target
from replanner.server.judging import reviewed, shut, spot

LOG: Final = logging.getLogger(__name__)
_BEGINS: Final = frozenset({"opened", "reopened", "synchronize"})


def begins(event: Event) -> bool:
    """Does a pull request end in another commit since, or go to another branch?"""
    if event.name != "pull_request" or event.pull is None:
        return False
    return event.action in _BEGINS or bool(event.pull.base_before)


def left(event: Event) -> str:
    """The commit that a pull request does not end in any more; empty where there is none."""
    if event.name != "pull_request" or event.pull is None:
        return ""
    return event.pull.head_commit if event.action == "closed" else event.pull.head_before


def hold_at_once(gate: Gate, event: Event, inputs: Mapping[str, str]) -> None:
    """Reviews are gathered and may be put off, and until then the verdict of another branch's rules
    would let pass; UpstreamError where that cannot be seen to now."""
    facts = event.pull
    if facts is None:
        return
    told = Pull(
        number=facts.number,
        state="open",
        base=facts.base,
        base_commit=facts.base_commit,
        head=facts.head,
        head_commit=facts.head_commit,
        head_repository=facts.head_repository,
        author=facts.author,
    )
    errand = Target("hold", "", event.repository, {"number": facts.number})
    try:
        with gate.world(event.repository) as world:
            _hold(Errand(world, errand, inputs, now_s=0), told)
    except UpstreamError:
        raise
    except ReplannerError as error:
        LOG.warning("%s: %s", event.repository, error.in_full)


def _hold(errand: Errand, told: Pull) -> None:
    """As the event told it first, which is one question; then as it is now, for it may be old."""
    if not passes_for_another(spot(errand, told)):
        return
    pull = errand.pull()
    if pull.state == "open" and pull.head_commit == told.head_commit:
        shut(errand, pull)


def handed_over(errand: Errand) -> Account:
    """Where a commit's check is about a pull request that ends in it no more, it is another's that
    does."""
    world, commit, number = errand.world, errand.text("commit"), errand.target.payload["number"]
    standing = world.checks.find(commit) if world.checks else None
    about = about_of(standing) if standing else None
    if about is None or about.number != number:
        return nothing("the check is not about it")
    rest = world.pulls.pulls_at(commit)
    if not rest or number in {one.number for one in rest}:
        return nothing("no other open pull request ends in that commit")
    return reviewed(errand, errand.at_tip(rest[0]))
