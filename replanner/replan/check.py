"""Decides whether the files of a tree are what its profiles say, at the commits they pin."""

from collections.abc import Sequence
from dataclasses import dataclass

from replanner.errors import worst_exit_code
from replanner.replan.judge import Judge, Judged
from replanner.replan.ports import Tree
from replanner.replan.repository import read_repository
from replanner.resolve import Hub, Planner, Registry


@dataclass(frozen=True, slots=True)
class Checked:
    """One profile's files: `stale` no longer follow from the profile, `leftover` have none."""

    judged: Judged
    missing: tuple[str, ...]
    stale: tuple[str, ...]
    leftover: tuple[str, ...]
    hand_edited: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        if self.judged.error is not None:
            return self.judged.error.exit_code
        differs = self.missing or self.stale or self.leftover or self.hand_edited
        return int(bool(differs) or self.judged.starts is False)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All profiles of a tree."""

    profiles: tuple[Checked, ...]

    @property
    def exit_code(self) -> int:
        return worst_exit_code(one.exit_code for one in self.profiles)


def check(
    tree: Tree, hub: Hub, *, only: Sequence[str] = (), registry: Registry | None = None
) -> CheckReport:
    """Recompute everything with the commits that the plans pin, and compare."""
    repository = read_repository(tree, only=only)
    judged = Judge(repository, Planner(hub, registry), update=False).all()
    return CheckReport(tuple(_checked(one) for one in judged))


def _checked(one: Judged) -> Checked:
    files = one.files
    removed = one.change is not None and one.change.kind == "removed"
    differing = tuple(sorted(set(files.write) - set(files.missing)))
    return Checked(
        judged=one,
        missing=files.missing,
        stale=() if removed else differing,
        leftover=differing if removed else (),
        hand_edited=files.hand_edited,
    )
