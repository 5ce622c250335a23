"""Answers what somebody asked below a pull request: a profile planned as it is, or as it would be
with other values. Nothing is written to the repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from replanner.errors import InputError, ReplannerError, UpstreamError, did_you_mean
from replanner.planning.record import PlanRecord
from replanner.profile import LoadedProfile, edit_profile, parse_profile
from replanner.profile.source import resolve
from replanner.propose.command import Command
from replanner.replan.gate import severity, verdict
from replanner.replan.pairs import Outcome, Pair
from replanner.replan.ports import Comparison, Pull
from replanner.replan.repository import Found, Repository, read_config, read_repository
from replanner.replan.rows import row
from replanner.report.comment import sections
from replanner.report.markdown import BUDGET_BYTES, code, escape, fit
from replanner.report.markdown import Section as Part
from replanner.report.review import Review, Reviewed
from replanner.resolve import Place, Planner
from replanner.run.scene import Scene

_MOST_PROFILES: Final = 5


def answer(scene: Scene, pull: Pull, command: Command) -> str:
    """The comment that says it; UpstreamError where that cannot be known now."""
    try:
        review = _review(scene, pull, command)
    except UpstreamError:
        raise
    except ReplannerError as error:
        return "\n\n".join([_asked(command), f"{escape(error.in_full, longest=1000)}"])
    parts = sections(review, scene.look())
    return fit([Part(_asked(command)), *parts], budget_bytes=BUDGET_BYTES)


def told_before(marker: str, bodies: Sequence[str]) -> bool:
    """Was this answered already? A job may be done twice, and people need one answer."""
    return any(body.startswith(marker) for body in bodies)


def marker_of(comment_id: int) -> str:
    """What hides at the head of the answer to a comment."""
    return f"<!-- replanner:answer {comment_id} -->\n"


def _asked(command: Command) -> str:
    named = f" for {code(command.profile)}" if command.profile else ""
    if not command.changes:
        return f"**Planned anew**{named}, with what is upstream now; nothing was written."
    changes = ", ".join(code(f"{key}={value}") for key, value in command.changes)
    return f"**What if** {changes}{named}? Nothing was written."


def _review(scene: Scene, pull: Pull, command: Command) -> Review:
    found = scene.world.pulls.compare(pull.base_commit, pull.head_commit)
    head = _head(scene, pull, found)
    foreign = pull.head_repository != scene.repository
    planner = Planner(scene.hub(head.tree, foreign=foreign), scene.registry(foreign=foreign))
    bench = _Bench(planner, head, command)
    pairs = [bench.pair(one) for one in _chosen(head, found, command.profile)]
    rows = [_known(row(one, head.config.policy_for(one.path)), one) for one in pairs]
    return Review(
        profiles=tuple(sorted(rows, key=severity)),
        verdict=verdict(rows),
        blocked=False,
        exit_code=0,
        base=pull.base,
        base_commit=found.merge_base,
        head_commit=pull.head_commit,
    )


def _known(reviewed: Reviewed, pair: Pair) -> Reviewed:
    if isinstance(pair.new.error, UpstreamError):
        raise pair.new.error
    return reviewed


def _head(scene: Scene, pull: Pull, found: Comparison) -> Repository:
    """The head's files, by the base's rules."""
    world, at = scene.world, scene.settings.config
    base = world.tree(found.merge_base)
    config = read_config(base, base.paths(), at)
    return read_repository(
        world.tree(pull.head_commit), config=config, globs=scene.settings.profiles, config_path=at
    )


def _chosen(head: Repository, found: Comparison, profile: str) -> list[Found]:
    """Those that were named, else those that the pull request touches, else the only one."""
    if profile:
        named = [one for one in head.profiles if profile in (one.name, one.path)]
        if named:
            return named
        known = [word for one in head.profiles for word in (one.name, one.path)]
        raise InputError(f"no profile is called {profile!r}.{did_you_mean(profile, known)}")
    touched = [one for one in head.profiles if one.path in found.lines]
    if not touched and len(head.profiles) != 1:
        raise InputError("the pull request touches no profile.", hint="Name one.")
    return (touched or list(head.profiles))[:_MOST_PROFILES]


@dataclass(frozen=True, slots=True)
class _Bench:
    """Plans a profile of the head before and after what was asked for; InputError where no profile
    could say that."""

    planner: Planner
    head: Repository
    command: Command

    def pair(self, found: Found) -> Pair:
        blank = Pair(found.name, found.path, found, found, touched=True)
        if found.loaded is None:
            return _with(blank, Outcome(), Outcome(error=found.error))
        stored = self.head.old_record(found)
        if not self.command.changes:
            return _with(blank, Outcome(stored), self._outcome(found, found.loaded))
        before = self._outcome(found, found.loaded, stored)
        edited = self._edited(found.loaded)
        return _with(blank, before, self._outcome(found, edited, before.record or stored))

    def _outcome(
        self, found: Found, loaded: LoadedProfile, pinned: PlanRecord | None = None
    ) -> Outcome:
        try:
            place = Place(found.path, found.name)
            return Outcome(self.planner.record(loaded.profile, place, pinned=pinned))
        except ReplannerError as error:
            return Outcome(error=error)

    def _edited(self, loaded: LoadedProfile) -> LoadedProfile:
        changes = {key: resolve(value) for key, value in self.command.changes}
        text = edit_profile(loaded.text, changes, name=loaded.path)
        return parse_profile(text, name=loaded.path)


def _with(pair: Pair, old: Outcome, new: Outcome) -> Pair:
    return Pair(pair.name, pair.path, pair.before, pair.after, old, new, touched=True)
