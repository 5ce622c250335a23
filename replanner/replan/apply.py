"""Decides which files bring a tree in line with its profiles, at the commits that its plans pin;
new profiles are resolved now. What was edited by hand stays, unless it is to be overwritten."""

from dataclasses import dataclass

from replanner.errors import worst_exit_code
from replanner.propose import Files
from replanner.replan.judge import Judge, Judged
from replanner.replan.repository import Repository
from replanner.resolve import Hub, Planner, Registry


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of each profile, and the files to write; a path to None is to be deleted."""

    profiles: tuple[Judged, ...]

    @property
    def files(self) -> Files:
        return {path: blob for one in self.profiles for path, blob in one.files.write.items()}

    @property
    def exit_code(self) -> int:
        codes = [one.error.exit_code for one in self.profiles if one.error]
        return worst_exit_code([*codes, *(1 for one in self.profiles if one.starts is False)])


def apply(
    repository: Repository, hub: Hub, *, overwrite: bool = False, registry: Registry | None = None
) -> Applied:
    """The files that `check` misses or finds out of date. Nothing is written here."""
    planner = Planner(hub, registry)
    return Applied(Judge(repository, planner, update=False, overwrite=overwrite).all())
