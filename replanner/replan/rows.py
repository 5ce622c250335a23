"""Decides what both sides of one profile come to: its kind, its level, its trouble, and whether the
base had that already."""

from dataclasses import replace

from replanner.errors import (
    AccessDenied,
    Bug,
    ModelNotFound,
    ProfileError,
    ReplannerError,
    UnknownGpu,
    UnsupportedModel,
)
from replanner.planning.diff import diff
from replanner.planning.record import PlanRecord
from replanner.planning.verdict import state
from replanner.profile import GatePolicy, LoadedProfile
from replanner.replan.gate import is_inherited, limits, planned_level
from replanner.replan.pairs import NOT_ITS_FAULT, Pair
from replanner.report.limits import Limits
from replanner.report.review import Kind, Level, Position, Reviewed, Trouble

# The key that an error of planning is about.
_ABOUT: tuple[tuple[type[ReplannerError], str], ...] = (
    (UnknownGpu, "hardware.gpu_name"),
    (ModelNotFound, "model.id"),
    (UnsupportedModel, "model.id"),
    (AccessDenied, "model.id"),
)


def row(pair: Pair, policy: GatePolicy) -> Reviewed:
    """One profile of the review; edits come later."""
    if pair.new.error is None and isinstance(pair.old.error, NOT_ITS_FAULT) and pair.after:
        return _uncompared(pair, pair.old.error, policy)
    if pair.new.error is not None:
        return _unplanned(pair, pair.new.error)
    if pair.after is None:
        return _removed(pair)
    if pair.new.record is None or not pair.planned:
        return _still(pair, policy)
    return _planned(pair, pair.new.record, policy)


def trouble(error: ReplannerError, loaded: LoadedProfile | None = None) -> Trouble:
    """The error as people are told it, with its place in the file where that is known."""
    position = _position(error, loaded)
    return Trouble(error.message, error.hint, error.exit_code, position)


def _position(error: ReplannerError, loaded: LoadedProfile | None) -> Position | None:
    if isinstance(error, ProfileError):
        return Position(*error.position) if error.position else None
    about = next((key for kind, key in _ABOUT if isinstance(error, kind)), None)
    found = loaded.position(about) if loaded and about else None
    return Position(*found) if found else None


def _reviewed(pair: Pair, kind: Kind, level: Level) -> Reviewed:
    loaded = pair.after.loaded if pair.after else None
    return Reviewed(
        name=pair.name,
        path=pair.path,
        kind=kind,
        level=level,
        record=pair.new.record,
        touched=pair.touched,
        stale=pair.stale,
        hand_edited=pair.hand_edited,
        places=_places(loaded) if loaded and pair.planned else (),
    )


def _unplanned(pair: Pair, error: ReplannerError) -> Reviewed:
    """Failed, or unknown; its old figures are nobody's answer."""
    kind: Kind = "unknown" if isinstance(error, NOT_ITS_FAULT) else "failed"
    level: Level = "unknown" if isinstance(error, (*NOT_ITS_FAULT, Bug)) else "infeasible"
    loaded = pair.after.loaded if pair.after else None
    return replace(
        _reviewed(pair, kind, level),
        trouble=trouble(error, loaded),
        inherited=level == "infeasible" and _was_broken(pair, error),
    )


def _uncompared(pair: Pair, error: ReplannerError, policy: GatePolicy) -> Reviewed:
    """The base is not known, so whether it got worse is not either. What is bad by itself is bad:
    it takes nobody's word that it was so before, but that of a plan that the base holds."""
    if pair.touched and pair.new.record:
        alone = _planned(pair, pair.new.record, policy)
        if alone.level in ("infeasible", "policy") and not alone.inherited:
            return alone
    return _unplanned(pair, error)


def _was_broken(pair: Pair, error: ReplannerError) -> bool:
    """Who edits a file that cannot be read is asked to mend it; a model that is gone is as gone
    for everybody."""
    old = pair.old.error
    if old is None or (pair.touched and isinstance(error, ProfileError)):
        return False
    return not pair.touched or (type(old), old.message) == (type(error), error.message)


def _removed(pair: Pair) -> Reviewed:
    level: Level = "warning" if pair.stale or pair.hand_edited else "ok"
    return replace(
        _reviewed(pair, "removed", level),
        record=pair.old.record,
        change=diff(pair.old.record, None),
    )


def _still(pair: Pair, policy: GatePolicy) -> Reviewed:
    """Nothing of it changes. How it is, is told from the plan that the base holds."""
    record = pair.new.record
    judged = limits(policy, record, before=None) if record else Limits()
    level: Level = "policy" if judged.breached else "ok"
    if record and state(record) != "fits":
        level = "infeasible"
    return replace(
        _reviewed(pair, "unchanged", level),
        breaches=judged.breached,
        kept=judged.kept,
        inherited=level != "ok",
    )


def _planned(pair: Pair, record: PlanRecord, policy: GatePolicy) -> Reviewed:
    old = pair.old.record
    change = diff(old, record)
    judged = limits(policy, record, before=old)
    before = limits(policy, old, before=None).breached if old else ()
    untidy = bool(pair.stale or pair.hand_edited)
    level = planned_level(record, change, breached=judged.breached, untidy=untidy)
    kind: Kind = "unchanged" if change is None else "changed" if old else "new"
    return replace(
        _reviewed(pair, kind, level),
        change=change,
        breaches=judged.breached,
        kept=judged.kept,
        inherited=is_inherited(level, change, breached=judged.breached, before=before),
    )


def _places(loaded: LoadedProfile) -> tuple[tuple[str, Position], ...]:
    """Where every key is written."""
    return tuple(
        (".".join(map(str, path)), Position(*place.line_column))
        for path, place in loaded.source.places.items()
        if path
    )
