"""A forge without an account: branches in a git repository on disk, pull requests as Markdown files
beside them. Working tree, index and HEAD are never touched."""

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from replanner.errors import InputError, UpstreamError
from replanner.forge.files import check_path, is_directly_below
from replanner.forge.git import Git, GitError
from replanner.forge.proposal_files import ProposalFiles
from replanner.forge.trees import tree_at
from replanner.propose import (
    Blob,
    Branch,
    Content,
    Proposal,
    Seen,
    Shown,
    read_state,
)
from replanner.propose.groups import PREFIX
from replanner.replan.ports import Base

BOT_NAME = "replanner"
BOT_EMAIL = "replanner@localhost"
_HEADS = "refs/heads/"
_USUAL_BASES = ("main", "master")
_OWN = 2  # a branch's last commit, which is the only one that the base lacks
_HISTORY = "%ae%x00%ce%x00%(trailers:key=Replanner-Plan,valueonly,separator=%x2C)"


@dataclass(frozen=True, slots=True)
class LocalForge:
    """One repository on disk, bare or not."""

    git: Git

    @classmethod
    def at(cls, root: Path) -> "LocalForge":
        return cls(Git.at(root))

    @property
    def files(self) -> ProposalFiles:
        return ProposalFiles(self.git.common_dir / "replanner" / "proposals")

    def base(self, name: str | None) -> Base:
        """The named branch, else the one that is checked out (a proposal's own never is a base)."""
        branch = name or self._default_branch()
        commit = self.git.resolve(_HEADS + branch)
        if commit is None:
            hint = "Commit the profiles first." if name is None else "Name a branch with commits."
            raise InputError(f"{str(self.git.root)!r} has no branch {branch[:80]!r}.", hint=hint)
        return Base(branch, commit, tree_at(self.git, commit))

    def _default_branch(self) -> str:
        try:
            current = self.git.text("symbolic-ref", "--quiet", "--short", "HEAD")
        except GitError:
            current = ""
        if current and not current.startswith(PREFIX):
            return current
        for usual in _USUAL_BASES:
            if self.git.resolve(_HEADS + usual):
                return usual
        raise InputError(
            "no branch is checked out, and there is no main or master to propose to.",
            hint="Name the branch with --base.",
        )

    def look(self, base: Base, prefix: str, *, wanted: Collection[str] = ()) -> Seen:
        del wanted  # every proposal has its file, whatever became of its branch
        branches = dict(self._branches(base, prefix))
        shown = [
            self._with_state(one, branches.get(one.branch), base)
            for one in self.files.read_all()
            if is_directly_below(one.branch, prefix)
        ]
        return Seen(branches, tuple(shown), signer=f"{BOT_NAME} <{BOT_EMAIL}>")

    def _branches(self, base: Base, prefix: str) -> Iterator[tuple[str, Branch]]:
        form = "%(objectname) %(if)%(worktreepath)%(then)1%(else)0%(end) %(refname)"
        listing = self.git.text("for-each-ref", f"--format={form}", _HEADS + prefix)
        for line in filter(None, listing.split("\n")):
            head, in_use, name = line.split(" ", 2)
            branch = name.removeprefix(_HEADS)
            if is_directly_below(branch, prefix):
                yield branch, self._branch(head, base, in_use=in_use == "1")

    def _branch(self, head: str, base: Base, *, in_use: bool) -> Branch:
        commits = [self._own_plan(f"{head}^!")]
        merged = self._is_merged(head, base)
        if not merged:
            commits += self._own_plans(f"{base.commit}..{head}")
        return Branch(
            head=head,
            ours=None not in commits,
            digest=commits[0] or "",
            merged=merged,
            conflicted=not merged and (len(commits) > _OWN or self._is_conflicted(head, base)),
            behind=not merged and not self._contains(head, base.commit),
            in_use=in_use,
        )

    def _own_plan(self, commits: str) -> str | None:
        return self._own_plans(commits)[0]

    def _own_plans(self, commits: str) -> list[str | None]:
        """What each commit says it proposes; None where it is not ours. An amended commit keeps
        its author and its trailers, so the committer counts too."""
        log = self.git.text("log", f"--format={_HISTORY}", commits, "--")
        rows = [line.split("\0") for line in log.split("\n")]
        return [
            plan if author == committer == BOT_EMAIL and plan else None
            for author, committer, plan in rows
        ]

    def _is_merged(self, head: str, base: Base) -> bool:
        return self._contains(base.commit, head)

    def _contains(self, head: str, commit: str) -> bool:
        return self.git.says("merge-base", "--is-ancestor", commit, head)

    def _is_conflicted(self, head: str, base: Base) -> bool:
        """Has the base changed a file, since the branch left it, that the branch changes too?"""
        try:
            fork = self.git.text("merge-base", head, base.commit)
        except GitError:
            return True  # no common history any more
        return bool(self._changed(fork, head) & self._changed(fork, base.commit))

    def _changed(self, old: str, new: str) -> set[bytes]:
        names = self.git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new, "--")
        return set(filter(None, names.split(b"\0")))

    def _with_state(self, shown: Shown, branch: Branch | None, base: Base) -> Shown:
        """Merging is seen in the history; a branch that somebody deleted is a no."""
        if shown.state != "open":
            return shown
        state = read_state(shown.body)
        head = branch.head if branch else state.head if state else ""
        merged = branch.merged if branch else bool(head) and self._is_merged(head, base)
        if merged:
            return self.files.as_state(shown, "merged")
        return shown if branch else self.files.as_state(shown, "closed")

    def push(self, proposal: Proposal, *, expected: str | None) -> str:
        tree = tree_at(self.git, proposal.base_commit)
        for path, blob in sorted(proposal.files.items()):
            check_path(tree, path, blob)
        commit = self._commit(proposal, self._write_tree(proposal))
        self._move(proposal.branch, commit, expected=expected)
        return commit

    def _write_tree(self, proposal: Proposal) -> str:
        """The base's tree with the proposal's files, made in an index of its own."""
        with tempfile.TemporaryDirectory(prefix="replanner-") as folder:
            lines = self._index_lines(proposal, Path(folder))
            env = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            self.git.run("read-tree", proposal.base_commit, env=env)
            self.git.run("update-index", "-z", "--index-info", stdin=lines, env=env)
            return self.git.text("write-tree", env=env)

    def _index_lines(self, proposal: Proposal, folder: Path) -> bytes:
        written = {path: blob for path, blob in sorted(proposal.files.items()) if blob}
        ids = dict(zip(written, self._store(written.values(), folder), strict=True))
        nothing = "0" * len(proposal.base_commit)
        lines = []
        for path, blob in sorted(proposal.files.items()):
            mode = "0" if blob is None else "100755" if blob.executable else "100644"
            head = f"{mode} {ids.get(path, nothing)}\t"
            lines.append(head.encode() + os.fsencode(path) + b"\0")
        return b"".join(lines)

    def _store(self, blobs: Iterable[Blob], folder: Path) -> list[str]:
        """The blobs' ids; one process, however many there are."""
        names = []
        for number, blob in enumerate(blobs):
            file = folder / f"{number}.blob"
            file.write_bytes(blob.data)
            names.append(f"{file}\n")
        listing = "".join(names).encode()
        return self.git.text(
            "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=listing
        ).split()

    def _commit(self, proposal: Proposal, tree: str) -> str:
        """Dated like its parent: equal proposals are equal commits, whenever they are made."""
        date = self.git.text("log", "-1", "--format=%ct +0000", proposal.base_commit, "--")
        env = {
            **{f"GIT_{role}_NAME": BOT_NAME for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_EMAIL": BOT_EMAIL for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_DATE": date for role in ("AUTHOR", "COMMITTER")},
        }
        message = proposal.message.encode("utf-8", "replace")
        parent = proposal.base_commit
        return self.git.text("commit-tree", tree, "-p", parent, "-F", "-", stdin=message, env=env)

    def _move(self, branch: str, commit: str, *, expected: str | None) -> None:
        ref, old = _HEADS + branch, expected or ""  # empty: it must not exist yet
        try:
            self.git.run("update-ref", "--no-deref", "-m", "replanner", ref, commit, old)
        except GitError as error:
            if self.git.resolve(ref) == commit:
                return  # another run with the same inputs was faster
            self._refused(branch, expected, error)

    def delete_branch(self, branch: str, *, expected: str) -> None:
        try:
            self.git.run("update-ref", "--no-deref", "-d", _HEADS + branch, expected)
        except GitError as error:
            self._refused(branch, expected, error)

    def _refused(self, branch: str, expected: str | None, error: GitError) -> NoReturn:
        if self.git.resolve(_HEADS + branch) != expected:
            raise UpstreamError(
                f"{branch} was moved by somebody else while this run was at work.",
                hint="Nothing was overwritten; run again.",
            ) from None
        raise InputError(f"{branch} cannot be written: {error.stderr[:300]}") from None

    def open(self, content: Content) -> Shown:
        self.files.write(content, state="open")
        return Shown(
            id=content.branch,
            branch=content.branch,
            state="open",
            title=content.title,
            body=content.body,
            labels=content.labels,
            draft=content.draft,
            url=str(self.files.path(content.branch)),
        )

    def edit(self, shown: Shown, content: Content) -> None:
        self.files.write(content, state=shown.state)

    def close(self, shown: Shown, body: str) -> None:
        self.files.rewrite(shown, body, state="closed")

    def comment(self, shown: Shown, text: str) -> None:
        """A proposal on disk is one file, whose body says everything."""

    def merge_when_ready(self, shown: Shown, method: str) -> str:
        del shown, method
        return "a repository on disk has no checks to wait for"

    def subjects(self, base: Base) -> tuple[str, ...]:
        log = self.git.text("log", "-20", "--format=%s", base.commit, "--")
        return tuple(log.split("\n"))
