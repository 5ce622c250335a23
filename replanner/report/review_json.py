"""Decides what the machine-readable report of a review holds, and reads one back.

The report of a fork's run is posted by another run that trusts nothing in it: every value is
checked, both plans of a profile are read as any plan.json is, and what changed between them is
worked out again.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from replanner.errors import InputError
from replanner.planning.diff import Change, diff, same_plan
from replanner.planning.record import PlanRecord, document
from replanner.planning.stored import is_inside, parse_document
from replanner.report.report_fit import MOST_BYTES, fitted, text_of
from replanner.report.review import Breach, Edit, Position, Review, Reviewed, Trouble

if TYPE_CHECKING:
    from replanner.report.review_schema import ProfileReport, ReviewReport, TroubleReport

SCHEMA_VERSION = 1
MAX_BYTES = MOST_BYTES
# Sides that a kind of profile must have: before, after.
_SIDES: Mapping[str, tuple[bool, bool]] = {
    "new": (False, True),
    "removed": (True, False),
    "changed": (True, True),
}
_LONGEST_SHOWN = 60


def report(review: Review, *, planner_version: str) -> dict[str, object]:
    """The report as a JSON object. Unchanged profiles stand without their plans: plan.json has
    them, and a thousand would fill the report."""
    return {
        "schema_version": SCHEMA_VERSION,
        "planner_version": planner_version,
        "verdict": review.verdict,
        "blocked": review.blocked,
        "exit_code": review.exit_code,
        "base": review.base,
        "base_commit": review.base_commit,
        "head_commit": review.head_commit,
        "digest": review.digest,
        "notes": list(review.notes),
        "changed_lines": _lines(review),
        "config_trouble": _trouble(review.config_trouble),
        "profiles": [_profile(one) for one in review.profiles],
    }


def report_text(review: Review, *, planner_version: str) -> str:
    """The report as text: equal reviews give equal bytes, and never more than are read again."""
    return text_of(fitted(report(review, planner_version=planner_version)))


def parse_report(data: bytes) -> Review:
    """The review that a report tells of; InputError naming what is wrong with it."""
    if len(data) > MAX_BYTES:
        raise InputError(f"the report has more than {MAX_BYTES:,} bytes.")
    from replanner.report.review_schema import validated  # noqa: PLC0415 - pydantic, only here

    found = validated(data)
    return Review(
        profiles=tuple(_reviewed(one) for one in found.profiles),
        verdict=found.verdict,
        blocked=found.blocked,
        exit_code=found.exit_code,
        base=found.base,
        base_commit=found.base_commit,
        head_commit=found.head_commit,
        digest=found.digest,
        notes=found.notes,
        changed_lines=_changed_lines(found),
        config_trouble=_trouble_of(found.config_trouble),
    )


def report_schema() -> dict[str, object]:
    """The published JSON Schema of the report."""
    from replanner.report.review_schema import schema  # noqa: PLC0415 - pydantic, only here

    return schema()


def _lines(review: Review) -> dict[str, list[int]]:
    lines: dict[str, list[int]] = {}
    for path, line in sorted(review.changed_lines):
        lines.setdefault(path, []).append(line)
    return lines


def _profile(one: Reviewed) -> dict[str, object]:
    before, after = _sides(one)
    return {
        "name": one.name,
        "path": one.path,
        "kind": one.kind,
        "level": one.level,
        "before": document(before) if before else None,
        "after": document(after) if after else None,
        "breaches": [breach._asdict() for breach in one.breaches],
        "kept": [breach._asdict() for breach in one.kept],
        "edits": [edit._asdict() for edit in one.edits],
        "trouble": _trouble(one.trouble),
        "inherited": one.inherited,
        "touched": one.touched,
        "stale": list(one.stale),
        "hand_edited": list(one.hand_edited),
        "places": {key: list(at) for key, at in one.places},
        "without_plans": False,
    }


def _sides(one: Reviewed) -> tuple[PlanRecord | None, PlanRecord | None]:
    return (one.change.old, one.change.new) if one.change else (None, None)


def _trouble(one: Trouble | None) -> dict[str, object] | None:
    if one is None:
        return None
    return {**one._asdict(), "position": list(one.position) if one.position else None}


def _reviewed(one: "ProfileReport") -> Reviewed:
    where = f"the report's profile {one.name[:_LONGEST_SHOWN]!r}"
    # They become links, which dots would lead anywhere on the forge.
    if not all(map(is_inside, (one.path, *(edit.path for edit in one.edits)))):
        raise InputError(f"{where} stands outside the repository.")
    before, after = (_record(side, where) for side in (one.before, one.after))
    change = _change(one, before, after, where)
    return Reviewed(
        name=one.name,
        path=one.path,
        kind=one.kind,
        level=one.level,
        record=after or before,
        change=change,
        breaches=tuple(Breach(**each.model_dump()) for each in one.breaches),
        kept=tuple(Breach(**each.model_dump()) for each in one.kept),
        edits=tuple(Edit(**each.model_dump()) for each in one.edits),
        trouble=_trouble_of(one.trouble),
        inherited=one.inherited,
        touched=one.touched,
        stale=one.stale,
        hand_edited=one.hand_edited,
        places=tuple((key, Position(*at)) for key, at in one.places.items()),
    )


def _record(side: Mapping[str, object] | None, where: str) -> PlanRecord | None:
    if side is None:
        return None
    try:
        return parse_document(side)
    except InputError as error:
        raise InputError(f"{where}: {error.message}", hint=error.hint) from None


def _change(
    one: "ProfileReport", before: PlanRecord | None, after: PlanRecord | None, where: str
) -> Change | None:
    wanted = (False, False) if one.without_plans else _SIDES.get(one.kind, (False, False))
    if wanted != (before is not None, after is not None):
        raise InputError(f"{where} is {one.kind}, which its plans are not.")
    if wanted == (False, False):
        return None
    return diff(before, after) or same_plan(before, after)


def _trouble_of(found: "TroubleReport | None") -> Trouble | None:
    if found is None:
        return None
    at = Position(*found.position) if found.position else None
    return Trouble(found.message, found.hint, found.exit_code, at)


def _changed_lines(found: "ReviewReport") -> frozenset[tuple[str, int]]:
    return frozenset((path, line) for path, lines in found.changed_lines.items() for line in lines)
