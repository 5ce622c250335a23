"""Decides what a profile is on both sides of a pull request: found by the base's rules, planned by
this planner at the commits that the base pins, so that nobody is blamed for what moved upstream."""

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from replanner.errors import (
    AccessDenied,
    Bug,
    InputError,
    ModelNotFound,
    ReplannerError,
    UpstreamError,
)
from replanner.planning.diff import diff
from replanner.planning.record import PlanRecord
from replanner.planning.request import is_folder
from replanner.replan.artifacts import PLAN_FILE
from replanner.replan.judge import Files, Judge, pins
from replanner.replan.ports import Tree
from replanner.replan.repository import Found, Repository
from replanner.resolve import Hub, Place, Planner, Registry

# They say nothing about the profile: an upstream that is away, a credential that lapsed.
NOT_ITS_FAULT = (UpstreamError, AccessDenied)


class Side(NamedTuple):
    """One side of a pull request: its files, the hub that reads model folders among them, and
    where the images that its profiles follow are looked up."""

    tree: Tree
    hub: Hub
    registry: Registry | None = None

    @property
    def planner(self) -> Planner:
        return Planner(self.hub, self.registry)


class Outcome(NamedTuple):
    """A profile's plan on one side, or why there is none; neither where there is no profile. Both
    where it cannot be planned now but was, as the base's plan.json says."""

    record: PlanRecord | None = None
    error: ReplannerError | None = None


_NOTHING = Outcome()


@dataclass(frozen=True, slots=True)
class Pair:
    """One profile on both sides.

    `touched`: its file differs. Not `planned`: nothing of it differs, and both outcomes are the
    plan that the base holds, if any. `stale` and `hand_edited` are files of the head.
    """

    name: str
    path: str
    before: Found | None
    after: Found | None
    old: Outcome = _NOTHING
    new: Outcome = _NOTHING
    touched: bool = False
    planned: bool = True
    stale: tuple[str, ...] = ()
    hand_edited: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pairing:
    """Both sides by the base's rules. `changed` are the paths that differ, where that is known."""

    base: Repository
    head: Repository
    base_planner: Planner
    head_planner: Planner
    changed: frozenset[str] | None = None

    def pairs(self) -> tuple[Pair, ...]:
        """Every profile of either side; planned only where something of it differs."""
        before = {one.path: one for one in self.base.profiles}
        after = {one.path: one for one in self.head.profiles}
        blanks = [_blank(before.get(path), after.get(path)) for path in {**before, **after}]
        found = [_apart(one, self._planned) for one in blanks]
        self.head.expect_files(one.after.folder for one in found if one.after and one.planned)
        left = self._left()
        return tuple(
            _apart(one, lambda one: self._with_files(one, left.get(one.path, ()))) for one in found
        )

    def _planned(self, blank: Pair) -> Pair:
        before, after = blank.before, blank.after
        stored = self.base.old_record(before) if before else None
        if after is None:
            # What it was is told from the plan it had; its model need not be asked for any more.
            return replace(blank, old=Outcome(stored) if stored else self._old(before, None))
        touched = before is None or self._differs(after.path)
        still = before is not None and not touched and self._is_still(before, after)
        if still and not any(map(self._may_differ, _model_folders(after))):
            same = Outcome(stored, after.error)
            return replace(blank, old=same, new=same, planned=False)
        old = self._old(before, stored)
        own = self._own(after, stored)
        new = _attempt(self.head_planner, after, own or old.record or stored)
        pair = replace(blank, old=old, new=new, touched=touched)
        planned = not still or not _are_equal(old, new)
        notes = (*self._notes(pair, after), *self._odd_pins(pair, own, stored))
        return replace(pair, planned=planned, notes=notes)

    def _old(self, found: Found | None, stored: PlanRecord | None) -> Outcome:
        if found is None:
            return Outcome()
        outcome = _attempt(self.base_planner, found, stored)
        if stored and isinstance(outcome.error, ModelNotFound):
            # The history was rewritten. Both sides then stand on what is there now.
            return _attempt(self.base_planner, found, None)
        if isinstance(outcome.error, NOT_ITS_FAULT):
            return outcome._replace(record=stored)
        return outcome

    def _own(self, found: Found, stored: PlanRecord | None) -> PlanRecord | None:
        """The plan whose commits the pull request itself proposes, if it does."""
        own = self.head.old_record(found)
        if own is None or found.loaded is None:
            return None
        model, planned = found.loaded.profile.model, own.plan.model
        is_about_it = (planned.id, planned.revision) == (model.id, model.revision)
        same = stored is not None and pins(own) == pins(stored)
        return own if is_about_it and not same else None

    def _notes(self, pair: Pair, found: Found) -> Iterable[str]:
        if pair.touched and pair.new.record and isinstance(pair.old.error, NOT_ITS_FAULT):
            yield f"{pair.name} cannot be compared with what it was: {pair.old.error.message}"
        error = self.head.unreadable.get(found.folder or "")
        if error and self._differs(f"{found.folder}/{PLAN_FILE}"):
            yield f"{error.message} The commit that the base pins counts."

    def _odd_pins(
        self, pair: Pair, own: PlanRecord | None, stored: PlanRecord | None
    ) -> Iterable[str]:
        """Pins of the pull request's own that are no branch's or tag's commit: whoever proposes
        files to a model on the Hub makes commits there that can be pinned like its owner's."""
        known = pins(stored) if stored else []
        for pin in pins(own) if own else []:
            model, revision, commit = pin
            if pin not in known and self._stands_for(model, revision) not in (commit, None):
                yield (
                    f"{pair.name} pins {model} at {commit[:12]}, which is not the commit that"
                    f" {revision} stands for now: look whose it is."
                )

    def _stands_for(self, model: str, revision: str) -> str | None:
        try:
            return self.head_planner.hub.resolve(model, revision)
        except ReplannerError:
            return None

    def _is_still(self, before: Found, after: Found) -> bool:
        """Is all the same that the plan of an untouched profile, and its files, rest on, unless
        its model is a folder?"""
        if before.loaded is None or after.loaded is None:
            return str(before.error) == str(after.error)
        record = self.head.old_record(after)
        names = (PLAN_FILE, *(record.artifacts if record else ()))
        return not any(self._differs(f"{after.folder}/{name}") for name in names)

    def _differs(self, path: str) -> bool:
        here, there = path in self.base.paths, path in self.head.paths
        if not (here and there):
            return here != there
        if self.changed is not None:
            return path in self.changed
        return _content(self.base.tree, path) != _content(self.head.tree, path)

    def _may_differ(self, folder: str) -> bool:
        """Does a model's folder differ? Where only its contents could tell, planning does."""
        if self.changed is None:
            return True
        return folder == "." or any(path.startswith(f"{folder}/") for path in self.changed)

    def _left(self) -> dict[str, tuple[str, ...]]:
        """Folders of the head that a profile has left, by the profile's path."""
        found: dict[str, tuple[str, ...]] = {}
        for folder, record in self.head.leftovers().items():
            path = record.inputs.profile_path
            found[path] = (*found.get(path, ()), folder)
        return found

    def _with_files(self, pair: Pair, left: Iterable[str]) -> Pair:
        """What the head's files lack of the plan; a profile that fails keeps what it has."""
        if not pair.planned or pair.new.error:
            return pair
        judge = Judge(self.head, self.head_planner, update=False)
        files = [judge.leftover(one, self.head.records[one]).files for one in left]
        unreadable = self._unreadable(pair)
        if pair.after and not unreadable and self._keeps_plans(pair):
            files.append(_files(judge, pair.after, pair.new.record))
        edited = {path for one in files for path in one.hand_edited}
        return replace(
            pair,
            stale=tuple(sorted(path for one in files for path in one.write)),
            hand_edited=tuple(sorted({*edited, *unreadable})),
        )

    def _unreadable(self, pair: Pair) -> tuple[str, ...]:
        folder = pair.after.folder if pair.after else None
        return (f"{folder}/{PLAN_FILE}",) if folder in self.head.unreadable else ()

    def _keeps_plans(self, pair: Pair) -> bool:
        """Who commits no plans has no files that could be out of date."""
        kept = [self.head.old_record(pair.after)] if pair.after else []
        kept += [self.base.old_record(pair.before)] if pair.before else []
        return any(kept)


def _blank(before: Found | None, after: Found | None) -> Pair:
    known = after or before
    if known is None:
        raise ValueError("a pair has at least one side")
    return Pair(known.name, known.path, before, after)


def _apart(pair: Pair, step: Callable[[Pair], Pair]) -> Pair:
    """One step for one profile; what goes wrong is its own affair."""
    try:
        return step(pair)
    except ReplannerError as error:
        return replace(pair, new=Outcome(error=error))
    except Exception as error:  # noqa: BLE001 - a bug met by one profile holds back no other
        return replace(pair, new=Outcome(error=Bug.of(error)))


def _attempt(planner: Planner, found: Found, pinned: PlanRecord | None) -> Outcome:
    if found.loaded is None:
        return Outcome(error=found.error)
    place = Place(found.path, found.name)
    try:
        return Outcome(planner.record(found.loaded.profile, place, pinned=pinned))
    except ReplannerError as error:
        return Outcome(error=error)


def _files(judge: Judge, found: Found, record: PlanRecord | None) -> Files:
    if found.loaded is None or record is None:
        return Files()
    return judge.settled(found.loaded, judge.blank(found), record).files


def _are_equal(old: Outcome, new: Outcome) -> bool:
    if old.record and new.record:
        return diff(old.record, new.record) is None
    return str(old.error) == str(new.error)


def _model_folders(found: Found) -> list[str]:
    """The folders of the repository that the profile's models lie in."""
    if found.loaded is None:
        return []
    profile = found.loaded.profile
    draft = profile.engine.speculative.model if profile.engine.speculative else None
    models = [profile.model.id, *([draft] if draft else [])]
    return [posixpath.normpath(model) for model in models if is_folder(model)]


def _content(tree: Tree, path: str) -> bytes | str:
    """What a file holds, or why that cannot be read."""
    try:
        return tree.read(path)
    except InputError as error:
        return error.message
