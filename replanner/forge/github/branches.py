"""Reads the branches below our prefix: whose commits stand on each, and how it lies to the base."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from replanner.forge.files import is_directly_below
from replanner.forge.github.authorship import Commit, plan_of, read_commit
from replanner.forge.github.refs import Ref
from replanner.forge.github.refusals import NotThere
from replanner.forge.github.session import Answer, Session
from replanner.forge.github.trees import GitHubTree
from replanner.propose import Branch
from replanner.replan.ports import Base

TreeAt = Callable[[str], GitHubTree]
_HEADS = "refs/heads/"
# A comparison lists that many files at most: docs.github.com, "Compare two commits".
MOST_COMPARED_FILES = 300


class _File(Answer):
    filename: str
    previous_filename: str | None = None


class _Point(Answer):
    sha: str


class _Compared(Answer):
    """What a head has that a base has not, from where they parted."""

    ahead_by: int
    behind_by: int
    total_commits: int
    merge_base_commit: _Point
    commits: tuple[Commit, ...]
    files: tuple[_File, ...] = ()

    @property
    def paths(self) -> set[str]:
        names = ((one.filename, one.previous_filename) for one in self.files)
        return {name for pair in names for name in pair if name}

    @property
    def shows_files(self) -> bool:
        return len(self.files) < MOST_COMPARED_FILES

    @property
    def shows_commits(self) -> bool:
        return len(self.commits) == self.total_commits


class Looked(NamedTuple):
    """The branches, and as whom our commits on them were made."""

    branches: dict[str, Branch]
    signer: str


def look(session: Session, base: Base, prefix: str, *, tree: TreeAt) -> Looked:
    """Every branch directly below the prefix; `tree` reads a commit's listing, once."""
    reader = _Reader(session, base, tree)
    found = {name: reader.branch(head) for name, head in _heads(session, prefix)}
    return Looked(found, reader.signer)


@dataclass
class _Reader:
    session: Session
    base: Base
    tree: TreeAt
    signer: str = ""

    def branch(self, head: str) -> Branch:
        lies = compare(self.session, self.base.commit, head)
        if lies is None:
            return Branch(head, ours=False, conflicted=True, behind=True)
        merged = lies.ahead_by == 0
        commits = (read_commit(self.session, head),) if merged else lies.commits
        plans = [self._plan(commit) for commit in commits] or [None]
        return Branch(
            head=head,
            ours=None not in plans and (merged or lies.shows_commits),
            digest=plans[-1] or "",
            merged=merged,
            conflicted=not merged and self._is_conflicted(head, lies),
            behind=not merged and lies.behind_by > 0,
        )

    def _plan(self, commit: Commit) -> str | None:
        plan = plan_of(commit, self.session)
        if plan:
            self.signer = commit.signer
        return plan

    def _is_conflicted(self, head: str, lies: _Compared) -> bool:
        """Has the base changed a file, since the branch left it, that the branch changes too? Or
        are there commits below ours that the base has lost, as somebody rewrote its history?"""
        if lies.ahead_by > 1:
            return True
        if not lies.behind_by:
            return False
        fork, base = self.tree(lies.merge_base_commit.sha), self.tree(self.base.commit)
        if lies.shows_files:
            return any(_differ(fork, base, path) for path in lies.paths)
        ours = self.tree(head)
        paths = {*fork.entries, *fork.others, *ours.entries, *ours.others}
        return any(_differ(fork, base, path) for path in paths if _differ(fork, ours, path))


def _differ(one: GitHubTree, other: GitHubTree, path: str) -> bool:
    entries = one.entries.get(path) != other.entries.get(path)
    return entries or (path in one.others) != (path in other.others)


def compare(session: Session, base: str, head: str) -> _Compared | None:
    """Two commits; None where they have no history in common."""
    try:
        return session.get(_Compared, f"compare/{base}...{head}", doing="compare two commits")
    except NotThere:
        return None


def _heads(session: Session, prefix: str) -> Iterator[tuple[str, str]]:
    path = f"git/matching-refs/heads/{quote(prefix.rstrip('/'))}"
    for ref in session.pages(Ref, path, doing="list branches"):
        branch = ref.ref.removeprefix(_HEADS)
        if is_directly_below(branch, prefix):
            yield branch, ref.object.sha
