"""Decides what the judged profiles come to, group by group: what is to be proposed, and about which
groups nothing may be concluded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from replanner.propose.groups import GroupBy, grouped, model_group, profile_group
from replanner.replan.judge import Judged, Status

_UP_TO_DATE = "its plans are up to date on {base} without it"


@dataclass(frozen=True, slots=True)
class Grouped:
    """`members` are the planned profiles of each group, `failed` those of no group. The rest says
    what `Wanted` says."""

    members: Mapping[str, Sequence[Judged]]
    failed: tuple[Judged, ...]
    frozen: frozenset[str]
    waiting: frozenset[str]
    kept: frozenset[str]
    certain: bool
    endings: Mapping[str, str]


def group_judged(judged: Sequence[Judged], by: GroupBy, *, base: str, partial: bool) -> Grouped:
    """The judged profiles by group. `partial`: some profiles were left out of sight."""
    members = _members(judged, by)
    waiting = [one for one in judged if one.waits]
    failed, unknown, settled = (_with(judged, one) for one in ("failed", "unknown", "nothing"))

    def groups(some: Iterable[Judged]) -> frozenset[str]:
        return frozenset(chain.from_iterable(_groups_of(one, by, members) for one in some))

    unclear = [*failed, *unknown, *waiting]
    blind = [one for one in unclear if _is_anywhere(one, by)]
    frozen = groups(unknown)
    return Grouped(
        members={group: some for group, some in members.items() if group not in frozen},
        failed=tuple(failed),
        frozen=frozen | _groups_once(unknown),
        waiting=groups(waiting) | _groups_once(waiting),
        kept=groups(failed) | _groups_once(failed),
        # With some profiles out of sight, having nothing to propose proves nothing.
        certain=not blind and not partial,
        endings=dict.fromkeys(groups(settled), _UP_TO_DATE.format(base=base)),
    )


def _with(judged: Iterable[Judged], status: Status) -> list[Judged]:
    return [one for one in judged if one.status == status]


def _members(judged: Iterable[Judged], by: GroupBy) -> dict[str, list[Judged]]:
    of_change = {id(one.change): one for one in judged if one.change}
    groups = grouped((one.change for one in of_change.values() if one.change), by)
    return {group: [of_change[id(one)] for one in some] for group, some in groups.items()}


def _is_anywhere(one: Judged, by: GroupBy) -> bool:
    """May it belong to groups that cannot be named? Who cannot be read may be of any model now."""
    return one.old is None or by == "revision" or (by == "model" and one.model_id is None)


def _groups_once(some: Iterable[Judged]) -> frozenset[str]:
    """Their groups in every grouping: the last run may have had another."""
    return frozenset(
        group
        for one in some
        for by in ("model", "profile", "all")
        for group in _groups_of(one, by, ())
    )


def _groups_of(one: Judged, by: GroupBy, groups: Iterable[str]) -> set[str]:
    """Every group that a profile without a new plan may belong to."""
    if by == "all":
        return {"all"}
    if by == "profile":
        return {profile_group(one.name)}
    models = {one.model_id, one.old.plan.model.id if one.old else None} - {None}
    named = {model_group(str(model)) for model in models}
    if by == "model":
        return named
    return {group for group in groups if group.rpartition("-")[0] in named}
