"""Proposals on GitHub: the bot's branches and pull requests. It carries out steps and decides
nothing about them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice

from replanner.errors import InputError
from replanner.forge.github import branches, listing, refs
from replanner.forge.github.authorship import Commit, plan_of, read_commit
from replanner.forge.github.commits import write_commit
from replanner.forge.github.guards import guards_of
from replanner.forge.github.pull_requests import PullRequests
from replanner.forge.github.session import About, Answer, Named, Session
from replanner.forge.github.trees import GitHubTree
from replanner.propose import Content, Proposal, Seen, Shown
from replanner.replan.ports import Base

_SUBJECTS = 20
_QUERY = """{{
  viewer {{ login databaseId }}
  repository(owner: $owner, name: $name) {{
    id nameWithOwner found: {which} {{ name target {{ oid }} }}
  }}
}}"""
_UNSEEN = "Without a token nobody sees which pull requests are open: all would be new."
_DEFAULT = "query($owner: String!, $name: String!) " + _QUERY.format(which="defaultBranchRef")
_NAMED = "query($owner: String!, $name: String!, $ref: String!) " + _QUERY.format(
    which="ref(qualifiedName: $ref)"
)


class _Target(Answer):
    oid: str


class _Ref(Answer):
    name: str
    target: _Target


class _Repository(Named):
    found: _Ref | None


class _Base(About):
    repository: _Repository


class _Public(Answer):
    default_branch: str


@dataclass(eq=False)
class GitHubForge:
    """One repository on GitHub. `warnings` are for people: what a pull request lacks, for which no
    run should fail."""

    session: Session
    warnings: list[str] = field(default_factory=list, init=False)
    _pulls: PullRequests = field(init=False, repr=False)
    _trees: dict[str, GitHubTree] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._pulls = PullRequests(self.session, self.warnings)

    def base(self, name: str | None) -> Base:
        """The named branch, else the default one, at its tip."""
        ref = self._ref(name)
        if ref is None:
            where = self.session.repository
            raise InputError(
                f"{where} has no branch {name[:80]!r}." if name else f"{where} has no commits yet.",
                hint="Name a branch with commits." if name else "Commit the profiles first.",
            )
        return Base(name or ref.name, ref.target.oid, self._tree(ref.target.oid))

    def _ref(self, name: str | None) -> _Ref | None:
        """One call, which also tells who we are."""
        if self.session.anonymous:
            return self._public_ref(name)
        query, variables = _DEFAULT, self.session.owner_and_name()
        if name:
            query, variables = _NAMED, {**variables, "ref": f"refs/heads/{name}"}
        found = self.session.graphql(_Base, query, variables, doing="look for the base branch")
        self.session.remember(found)
        return found.repository.found

    def _public_ref(self, name: str | None) -> _Ref | None:
        doing = "look for the base branch"
        name = name or self.session.get(_Public, "", doing=doing).default_branch
        head = refs.head_of(self.session, name)
        return _Ref(name=name, target=_Target(oid=head)) if head else None

    def _tree(self, commit: str) -> GitHubTree:
        if commit not in self._trees:
            self._trees[commit] = GitHubTree(self.session, commit)
        return self._trees[commit]

    def look(self, base: Base, prefix: str, *, wanted: Collection[str] = ()) -> Seen:
        if self.session.anonymous:
            self.warnings.append(_UNSEEN)
            return Seen()
        looked = branches.look(self.session, base, prefix, tree=self._tree)
        names = {*looked.branches, *wanted}
        pulls = listing.pulls_from(self.session, names)
        guards = guards_of(self.session, base.name)
        self._pulls.know(pulls)
        return Seen(
            branches=looked.branches,
            proposals=tuple(one.shown(base.name) for one in pulls),
            checks_wait=self.session.me.kind == "actions",
            guarded=guards.guarded,
            strict=guards.strict,
            signer=self.session.signer or looked.signer,
        )

    def push(self, proposal: Proposal, *, expected: str | None) -> str:
        """The commit is made first and the branch moved to it once: a branch that stood at its base
        for a moment would have its pull request closed by GitHub."""
        base = proposal.base_commit
        tree = self._tree(base)
        commit = write_commit(
            self.session, proposal.files, parent=base, tree=tree, message=proposal.message
        )
        if commit == base:
            raise InputError(f"{proposal.branch}: {proposal.base} holds all that it proposes.")
        try:
            refs.move(self.session, proposal.branch, commit, expected=expected)
        except refs.Moved as moved:
            commit = self._same(proposal, moved)
        self._pulls.heads[proposal.branch] = commit
        return commit

    def _same(self, proposal: Proposal, moved: refs.Moved) -> str:
        """Another run may have been faster with the same content: then that is what we wanted."""
        if moved.head is None:
            raise moved
        commit = read_commit(self.session, moved.head)
        on_base = [one.sha for one in commit.parents] == [proposal.base_commit]
        if on_base and plan_of(commit, self.session) == proposal.digest:
            return moved.head
        raise moved

    def open(self, content: Content) -> Shown:
        return self._pulls.open(content)

    def edit(self, shown: Shown, content: Content) -> None:
        self._pulls.edit(shown, content)

    def close(self, shown: Shown, body: str) -> None:
        self._pulls.close(shown, body)

    def comment(self, shown: Shown, text: str) -> None:
        self._pulls.comment(shown, text)

    def delete_branch(self, branch: str, *, expected: str) -> None:
        refs.move(self.session, branch, None, expected=expected)

    def merge_when_ready(self, shown: Shown, method: str) -> str:
        return self._pulls.merge_when_ready(shown, method)

    def subjects(self, base: Base) -> tuple[str, ...]:
        query = {"sha": base.commit, "per_page": str(_SUBJECTS)}
        commits = self.session.pages(Commit, "commits", doing="list commits", query=query)
        return tuple(one.subject for one in islice(commits, _SUBJECTS))
