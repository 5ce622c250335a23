"""Decides what became of each profile, three-valued: planned, nothing to do (or pending, while a
revision is too young), unknown; or failed, which keeps the old plan and holds back no other."""

import hashlib
import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from replanner.errors import AccessDenied, Bug, InputError, ReplannerError, UpstreamError
from replanner.planning.causes import FILE_CLASSES
from replanner.planning.diff import Change, diff, same_plan
from replanner.planning.record import PlanRecord
from replanner.profile import LoadedProfile
from replanner.profile.settings import USUAL_CLASSES
from replanner.propose import Blob
from replanner.replan.artifacts import PLAN_FILE, Written, output_dir, write_plan
from replanner.replan.cooldown import NO_COOLDOWN, Cooldown
from replanner.replan.repository import Found, Repository
from replanner.resolve import DRAFT_REVISION, Place, Planner

Status = Literal["planned", "nothing", "pending", "unknown", "failed"]
_REMOVED = "is removed: its profile is gone"
_MOVED = "has moved: its profile writes elsewhere now"


@dataclass(frozen=True, slots=True)
class Files:
    """What would be done to the tree: content to write (None deletes), and what is not touched."""

    write: Mapping[str, Blob | None] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    hand_edited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """One profile's outcome. `change` and `files` are there where it is planned; `waits` says which
    revision it does not take up yet."""

    name: str
    path: str
    status: Status
    old: PlanRecord | None = None
    change: Change | None = None
    files: Files = field(default_factory=Files)
    error: ReplannerError | None = None
    model_id: str | None = None
    waits: str = ""

    @property
    def new(self) -> PlanRecord | None:
        return self.change.new if self.change else None

    @property
    def starts(self) -> bool | None:
        """Whether the plan as it is now starts; None where there is none."""
        record = self.change.new if self.change else self.old
        return record.plan.feasibility.starts if record else None


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges profiles against one repository. `update` resolves revisions anew; otherwise the
    commits that the old plans pin are used. `overwrite` takes hand-edited files for stale ones."""

    repository: Repository
    planner: Planner
    update: bool = True
    revision_classes: Collection[str] = USUAL_CLASSES
    overwrite: bool = False
    cooldown: Cooldown = NO_COOLDOWN

    def all(self) -> tuple[Judged, ...]:
        """Every profile's outcome, then what is left of removed ones."""
        repository = self.repository
        repository.expect_files(found.folder for found in repository.profiles)
        profiles = [self._apart(found) for found in repository.profiles]
        # What a profile left behind goes once its files are elsewhere, not while that is open.
        stuck = {one.path for one in profiles if one.status in ("failed", "unknown")}
        left = [
            self.leftover(folder, record)
            for folder, record in repository.leftovers().items()
            if record.inputs.profile_path not in stuck
        ]
        return (*profiles, *left)

    def _apart(self, found: Found) -> Judged:
        try:
            return self.profile(found)
        except Exception as error:  # noqa: BLE001 - a bug met by one profile holds back no other
            return replace(self.blank(found), error=Bug.of(error))

    def profile(self, found: Found) -> Judged:
        """A profile's outcome; its errors are part of it, since they are nobody else's."""
        blank = self.blank(found)
        unreadable = self.repository.unreadable.get(found.folder or "")
        if found.loaded is None or unreadable:
            return replace(blank, error=found.error or unreadable)
        try:
            settled = self.settled(found.loaded, blank, self._record(found.loaded, blank))
            return self._cooled(found.loaded, blank, settled)
        except (UpstreamError, AccessDenied) as error:
            # A credential that lapsed says nothing about the model, so it closes nothing either.
            return replace(blank, status="unknown", error=error)
        except ReplannerError as error:
            return replace(blank, error=error)

    def blank(self, found: Found) -> Judged:
        """What is known of a profile before it is planned."""
        old = self.repository.old_record(found)
        model_id = found.loaded.profile.model.id if found.loaded else None
        return Judged(found.name, found.path, "failed", old=old, model_id=model_id)

    def leftover(self, folder: str, record: PlanRecord) -> Judged:
        """A plan whose profile is gone: its files go, unless somebody edited them."""
        files = _removal(_Sorted(self.repository, overwrite=self.overwrite), folder, record)
        inputs = record.inputs
        verdict = _MOVED if inputs.profile_path in self.repository.paths else _REMOVED
        change = Change("removed", record, None, verdict)
        return Judged(inputs.profile_name, inputs.profile_path, "planned", record, change, files)

    def settled(self, loaded: LoadedProfile, blank: Judged, new: PlanRecord) -> Judged:
        """The outcome of a profile whose plan is `new`."""
        written = write_plan(new, loaded, name=blank.name)
        change = diff(blank.old, written.record)
        files = self._compared(output_dir(loaded.profile, blank.name), blank.old, written)
        if self._is_news(change, files):
            told = change or same_plan(blank.old, written.record)
            return replace(blank, status="planned", change=told, files=files)
        # Kept as it is: what differs is noise, and hand edits are still worth telling.
        return replace(blank, status="nothing", files=Files(hand_edited=files.hand_edited))

    def _compared(self, folder: str, old: PlanRecord | None, written: Written) -> Files:
        """What of the plan's files the tree lacks, has older, or has in somebody else's words."""
        recorded = old.artifacts if old and folder in self.repository.records else {}
        files = _Sorted(self.repository, overwrite=self.overwrite)
        for name, one in written.files.items():
            path = posixpath.join(folder, name)
            digest = None if name == PLAN_FILE else recorded.get(name, "")
            blob = Blob(one.text.encode(), one.executable)
            files.wanted(path, blob, digest=digest, stale=_is_stale(name, old, written))
        for name in sorted(recorded.keys() - written.files.keys()):
            files.unwanted(posixpath.join(folder, name), digest=recorded[name])
        return files.done()

    def _cooled(self, loaded: LoadedProfile, blank: Judged, settled: Judged) -> Judged:
        """The same without revisions that are too young; a first plan waits for nothing."""
        waits = self.cooldown.waits_for(self._moved(settled), self.planner.hub)
        if not waits:
            return settled
        place = Place(blank.path, blank.name)
        pinned = self.planner.record(loaded.profile, place, pinned=blank.old)
        without = self.settled(loaded, blank, pinned)
        status: Status = "pending" if without.status == "nothing" else without.status
        return replace(without, status=status, waits=waits)

    def _moved(self, settled: Judged) -> list[tuple[str, str]]:
        """(model, new commit) of what moved, where the old commit can still be served."""
        if not self.cooldown.min_age_s or settled.new is None or settled.old is None:
            return []
        before = {(model, revision): commit for model, revision, commit in pins(settled.old)}
        moved = [
            (model, commit)
            for model, revision, commit in pins(settled.new)
            if before.get((model, revision), commit) != commit
        ]
        return moved if moved and self._is_there(settled.old) else []

    def _record(self, loaded: LoadedProfile, blank: Judged) -> PlanRecord:
        place, old = Place(blank.path, blank.name), blank.old
        if not self.update:
            return self.planner.record(loaded.profile, place, pinned=old)
        new = self.planner.record(loaded.profile, place)
        commits = {commit for _, _, commit in pins(new)}
        if old and commits.intersection(self.repository.config.ignore_revisions):
            return self.planner.record(loaded.profile, place, pinned=old)
        return new

    def _is_news(self, change: Change | None, files: Files) -> bool:
        if files.missing:
            return True
        if change is None:
            # Same plan: only the same planner's word counts against what it wrote before.
            return bool(files.stale)
        return change.news and not (self._is_ignored(change) and self._is_there(change.old))

    def _is_ignored(self, change: Change) -> bool:
        """Are all causes commits that changed nothing but, say, the model card?"""
        kinds = {cause.kind for cause in change.causes}
        if not kinds or not kinds <= {"model", "draft"}:
            return False
        details = {detail for cause in change.causes for detail in cause.details}
        return not details & set(FILE_CLASSES) & set(self.revision_classes)

    def _is_there(self, old: PlanRecord | None) -> bool:
        """Can the pinned commits still be served? A rewritten history takes them away."""
        try:
            for model_id, revision, commit in pins(old) if old else ():
                self.planner.hub.fetch(model_id, revision, commit=commit)
        except AccessDenied:
            raise
        except InputError:
            return False
        return True


def pins(record: PlanRecord) -> list[tuple[str, str, str]]:
    """(model, revision, commit) of the model and its draft, where they have commits."""
    model, draft = record.plan.model, record.plan.config.speculative
    pins = [(model.id, model.revision, model.commit)]
    pins += [(draft.model, DRAFT_REVISION, draft.revision)] if draft and draft.model else []
    return [(one, revision, commit) for one, revision, commit in pins if commit]


class _Sorted:
    """Sorts a plan's files into those to write, and those that are somebody else's."""

    def __init__(self, repository: Repository, *, overwrite: bool) -> None:
        self._repository, self._overwrite = repository, overwrite
        self._write: dict[str, Blob | None] = {}
        self._missing: list[str] = []
        self._stale: list[str] = []
        self._edited: list[str] = []

    def wanted(self, path: str, blob: Blob, *, digest: str | None, stale: bool) -> None:
        """A file to be there; `digest` is what we last wrote, None: ours whatever it holds."""
        if path not in self._repository.paths:
            self._missing.append(path)
            self._write[path] = blob
            return
        there = self._repository.tree.read(path)
        if there == blob.data:
            return
        edited = digest not in (None, hashlib.sha256(there).hexdigest())
        if edited and not self._overwrite:
            self._edited.append(path)
            return
        self._write[path] = blob
        if stale or edited:
            self._stale.append(path)

    def unwanted(self, path: str, *, digest: str | None) -> None:
        """A file to be gone, if it is as we wrote it."""
        if path not in self._repository.paths:
            return
        there = hashlib.sha256(self._repository.tree.read(path)).hexdigest()
        if self._overwrite or digest in (None, there):
            self._write[path] = None
            self._stale.append(path)
        else:
            self._edited.append(path)

    def done(self) -> Files:
        return Files(self._write, tuple(self._missing), tuple(self._stale), tuple(self._edited))


def _is_stale(name: str, old: PlanRecord | None, written: Written) -> bool:
    """plan.json differs with every planner version; that alone is no news."""
    if old is None:
        return True
    same_planner = old.inputs.planner_version == written.record.inputs.planner_version
    return same_planner and (name != PLAN_FILE or old.artifacts != written.record.artifacts)


def _removal(files: _Sorted, folder: str, record: PlanRecord) -> Files:
    files.unwanted(posixpath.join(folder, PLAN_FILE), digest=None)
    for name, digest in sorted(record.artifacts.items()):
        files.unwanted(posixpath.join(folder, name), digest=digest)
    return files.done()
