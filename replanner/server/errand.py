"""One target with its repository opened: what every way of carrying one out needs."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from replanner.errors import InputError, RateLimited, ReplannerError, UpstreamError
from replanner.propose.state import read_state
from replanner.replan.ports import Pull
from replanner.run.scene import Scene, settings_of
from replanner.run.world import World
from replanner.server.jobs import Target

Account = dict[str, object]
_NOTHING: Final = "nothing"


class Errand:
    """`inputs` is what the server says in every repository, `now_s` the time in seconds."""

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
        return self.at_tip(self.world.pulls.pull(number))

    def at_tip(self, pull: Pull) -> Pull:
        """With what its base stands at now: GitHub tells where that stood when the pull request was
        pushed to last, and rules that were tightened since then count for it too."""
        if pull.state != "open":
            return pull  # its base may be gone
        return replace(pull, base_commit=self.world.forge.base(pull.base).commit)

    def text(self, name: str) -> str:
        """A word of the target's; empty where it has none of that name."""
        found = self.target.payload.get(name)
        return found if isinstance(found, str) else ""

    def refusal(self) -> str:
        """Why whoever asked gets nothing; asked of GitHub now, whatever the event said."""
        who = self.text("writer")
        if not who or self.world.pulls.may_write(who):
            return ""
        return "not a writer"

    def own_group(self, pull: Pull) -> str:
        """The group of one of our own proposals, whose body is its report."""
        prefix = self.scene(pull.base_commit).settings.branch_prefix
        ours = pull.head_repository == self.target.repository and pull.head.startswith(prefix)
        state = read_state(pull.body) if ours else None
        return state.group if state else ""


def nothing(why: str) -> Account:
    """The account of what was not done."""
    return {"did": _NOTHING, "why": why}


def raise_if_away(errors: Iterable[ReplannerError | None]) -> None:
    """What could not be known has to be asked again, and not before it may be."""
    away = [error for error in errors if isinstance(error, UpstreamError)]
    limits = [error for error in away if isinstance(error, RateLimited)]
    if limits:
        raise max(limits, key=lambda error: error.retry_after_s or 0)
    if away:
        raise away[0]
