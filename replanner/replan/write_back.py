"""Brings a pull request's own branch in line with its profiles, in one commit, where somebody asked
for it; only while the branch is still at the commit that was read."""

from collections.abc import Callable
from dataclasses import dataclass

from replanner.errors import InputError
from replanner.profile.repo_config import REPO_CONFIG_PATH
from replanner.replan.apply import Applied, apply
from replanner.replan.ports import Pull, Pulls, Tree
from replanner.replan.repository import read_repository
from replanner.resolve import Hub, Registry


@dataclass(frozen=True, slots=True)
class WriteBackOptions:
    """What was asked for. `repository` is the one that may be written to, `how` ends the commit's
    message: it says by what means somebody asked. `only` are names of profiles; `registry` is where
    new ones look up the images that they follow."""

    repository: str
    how: str
    only: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    config_path: str = REPO_CONFIG_PATH
    overwrite: bool = False
    dry_run: bool = False
    registry: Registry | None = None


@dataclass(frozen=True, slots=True)
class WrittenBack:
    """What became of each profile, and the branch's new head; empty where nothing was written."""

    applied: Applied
    branch: str
    commit: str = ""

    @property
    def sentence(self) -> str:
        """What became of the files."""
        files = len(self.applied.files)
        count = f"{files} file{'s' * (files != 1)}"
        if not files:
            return "All files are what the profiles say."
        if not self.commit:
            return f"Would commit {count} to {self.branch}."
        return f"Committed {count} to {self.branch} as {self.commit[:7]}."


def write_back(
    pulls: Pulls, pull: Pull, hub_of: Callable[[Tree], Hub], wanted: WriteBackOptions
) -> WrittenBack:
    """What `check` would miss at the pull request's head, committed on top of it."""
    _check_branch(pull, wanted.repository)
    tree = pulls.tree(pull.head_commit)
    repository = read_repository(
        tree, only=wanted.only, globs=wanted.globs, config_path=wanted.config_path
    )
    hub, registry = hub_of(tree), wanted.registry
    applied = apply(repository, hub, overwrite=wanted.overwrite, registry=registry)
    if wanted.dry_run or not applied.files:
        return WrittenBack(applied, pull.head)
    message = f"Regenerate files\n\nAsked for {wanted.how}.\n"
    commit = pulls.commit(pull, applied.files, message=message)
    return WrittenBack(applied, pull.head, commit)


def _check_branch(pull: Pull, repository: str) -> None:
    """Said before anything is planned: only a branch of an open pull request, of one's own."""
    if pull.state != "open":
        raise InputError(f"pull request {pull.number} is {pull.state}.")
    if pull.head_repository.lower() != repository.lower():
        raise InputError(
            f"pull request {pull.number} comes from a fork: its owner alone writes to it.",
            hint="Who opened it can run `replanner apply` in a clone and push.",
        )
