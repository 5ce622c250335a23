"""The doors to the world beside the Hub: files of one commit, a forge that takes proposals, pull
requests that people opened, and checks of commits."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from replanner.propose import Content, Files, Proposal, Seen, Shown
from replanner.propose.shapes import Comment, Note

if TYPE_CHECKING:
    from replanner.report.check_run import CheckText

__all__ = [
    "Base",
    "CheckRun",
    "Checks",
    "Comment",
    "Comparison",
    "Forge",
    "Note",
    "Pull",
    "Pulls",
    "Tree",
]


class Tree(Protocol):
    """Files of one commit, or of a working tree; paths are relative, with `/`."""

    def paths(self) -> Collection[str]:
        """Every plain file: no links, no submodules."""
        ...

    def read(self, path: str) -> bytes:
        """A file's content; InputError where it is missing, no plain file or too large."""
        ...

    def expect(self, paths: Iterable[str]) -> None:
        """These will be read: a tree that is far away may fetch them together. No error comes of
        it; paths that it lacks are nothing to it."""
        ...


@dataclass(frozen=True, slots=True)
class Base:
    """The branch that proposals are for, at one commit."""

    name: str
    commit: str
    tree: Tree


class Forge(Protocol):
    """Where proposals go. Adapters only carry out steps; no lifecycle rule lives in them."""

    def base(self, name: str | None) -> Base:
        """The branch to propose to; None: the default one."""
        ...

    def look(self, base: Base, prefix: str, *, wanted: Collection[str] = ()) -> Seen:
        """The branches below `prefix`, and the pull requests from them into the base. So too those
        from `wanted` branches that are gone: what somebody closed there is remembered."""
        ...

    def push(self, proposal: Proposal, *, expected: str | None) -> str:
        """One commit on the base, and the branch moved to it from `expected`; the new head."""
        ...

    def open(self, content: Content) -> Shown:
        """The pull request as it is now; one that exists already for the branch is taken over."""
        ...

    def edit(self, shown: Shown, content: Content) -> None:
        """Title, body, labels, draft: only what differs is written."""
        ...

    def close(self, shown: Shown, body: str) -> None: ...

    def comment(self, shown: Shown, text: str) -> None:
        """Say something below a pull request."""
        ...

    def delete_branch(self, branch: str, *, expected: str) -> None: ...

    def merge_when_ready(self, shown: Shown, method: str) -> str:
        """Let the forge merge once its checks pass; the reason where it would not, else empty."""
        ...

    def subjects(self, base: Base) -> tuple[str, ...]:
        """The first lines of the base's last 20 commits, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request that somebody opened. `head_repository` is empty where it is gone."""

    number: int
    state: Literal["open", "closed", "merged"]
    base: str
    base_commit: str
    head: str
    head_commit: str
    head_repository: str
    author: str
    labels: tuple[str, ...] = ()
    draft: bool = False
    title: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a head changed since it left the base. `lines` are, for each changed file, the numbers
    of the head's lines that the diff shows (only those take review comments); a file whose diff
    is too large to be shown has none."""

    merge_base: str
    lines: Mapping[str, frozenset[int]]
    complete: bool = True


class Pulls(Protocol):
    """Reading pull requests, and speaking in them."""

    def pull(self, number: int) -> Pull: ...

    def pull_of(self, commit: str, *, repository: str) -> Pull | None:
        """The open pull request whose head is that commit of that repository; of any, where that
        is empty."""
        ...

    def pulls_at(self, commit: str) -> Sequence[Pull]:
        """Those of the open pull requests that were touched lately whose head is that commit,
        wherever it lies."""
        ...

    def compare(self, base: str, head: str) -> Comparison: ...

    def tree(self, commit: str) -> Tree: ...

    def may_write(self, login: str) -> bool:
        """Whether that person can push to the repository."""
        ...

    def comments(self, number: int) -> Sequence[Comment]: ...

    def add_comment(self, number: int, body: str) -> Comment: ...

    def edit_comment(self, comment: Comment, body: str) -> None: ...

    def delete_comment(self, comment: Comment) -> None: ...

    def minimize_comment(self, comment: Comment) -> None: ...

    def notes(self, number: int) -> Sequence[Note]:
        """The review comments that this run's own account wrote and that are not outdated."""
        ...

    def add_notes(self, pull: Pull, notes: Sequence[Note]) -> None:
        """One review with these comments; it approves nothing and blocks nothing."""
        ...

    def react(self, comment_id: int) -> None:
        """Show on somebody's comment that it was read."""
        ...

    def commit(self, pull: Pull, files: Files, *, message: str) -> str:
        """Put files on the pull request's own branch as one commit; the branch must still be at
        `pull.head_commit`. The new head."""
        ...

    def remove_label(self, pull: Pull, label: str) -> None: ...


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run of ours. `tag` is what we wrote to know it again, `conclusion` empty where it has
    not ended, `remarks` how many lines it remarks on."""

    id: int
    tag: str
    conclusion: str = ""
    remarks: int = 0


class Checks(Protocol):
    """What we say of commits, by which a branch may let merge or not."""

    def find(self, commit: str) -> CheckRun | None:
        """Ours on that commit, never anybody else's."""
        ...

    def create(self, commit: str, tag: str, text: "CheckText") -> None: ...

    def update(self, run: CheckRun, tag: str, text: "CheckText") -> None:
        """Say it instead; remarks are added to those that are there."""
        ...
