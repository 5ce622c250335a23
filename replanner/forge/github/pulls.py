"""People's pull requests on GitHub: what they change, who may ask for what, what is said."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal
from urllib.parse import quote

from replanner.errors import InputError
from replanner.forge.github.asides import take_label_off
from replanner.forge.github.branches import MOST_COMPARED_FILES
from replanner.forge.github.commits import write_commit
from replanner.forge.github.refs import move
from replanner.forge.github.refusals import NotThere
from replanner.forge.github.session import About, Answer, Named, Session
from replanner.forge.github.trees import GitHubTree
from replanner.propose import Files
from replanner.replan.ports import Comment, Comparison, Note, Pull, Tree

_HUNK: Final = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)")
# Accounts, apps (`x[bot]`) and an enterprise's managed users (`x_acme`).
_LOGIN: Final = re.compile(r"[A-Za-z0-9_-]{1,100}(?:\[bot\])?")
_MAY_WRITE: Final = frozenset({"admin", "maintain", "write"})
_REVIEW: Final = "These changes of one line were planned, and help."
_PAGE_LENGTH: Final = 100
_PAGE: Final = {"per_page": str(_PAGE_LENGTH)}
_RECENT: Final = {"state": "open", "sort": "updated", "direction": "desc", **_PAGE}
_COMMENTS: Final = """query($owner: String!, $name: String!, $number: Int!, $after: String) {
  viewer { login databaseId }
  repository(owner: $owner, name: $name) {
    id nameWithOwner
    pullRequest(number: $number) {
      comments(first: 100, after: $after) {
        nodes { fullDatabaseId body url isMinimized viewerDidAuthor }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""


class _Label(Answer):
    name: str = ""


class _Person(Answer):
    login: str = ""


class _Repository(Answer):
    full_name: str


class _End(Answer):
    ref: str
    sha: str
    repo: _Repository | None = None


class _Pull(Answer):
    number: int
    state: Literal["open", "closed"]
    merged_at: str | None = None
    base: _End
    head: _End
    user: _Person | None = None
    labels: tuple[_Label, ...] = ()
    draft: bool = False
    title: str = ""
    body: str | None = None

    def shown(self) -> Pull:
        return Pull(
            number=self.number,
            state="merged" if self.merged_at else self.state,
            base=self.base.ref,
            base_commit=self.base.sha,
            head=self.head.ref,
            head_commit=self.head.sha,
            head_repository=self.head.repo.full_name if self.head.repo else "",
            author=self.user.login if self.user else "",
            labels=tuple(label.name for label in self.labels),
            draft=self.draft,
            title=self.title,
            body=self.body or "",
        )


class _Commit(Answer):
    sha: str


class _File(Answer):
    filename: str
    previous_filename: str = ""
    patch: str = ""


class _Compared(Answer):
    merge_base_commit: _Commit
    files: tuple[_File, ...] = ()


class _Permission(Answer):
    permission: str


class _Posted(Answer):
    id: int
    node_id: str
    html_url: str = ""


class _Said(Answer):
    fullDatabaseId: int  # noqa: N815 - GraphQL's own names, here and below
    body: str
    url: str
    isMinimized: bool  # noqa: N815
    viewerDidAuthor: bool  # noqa: N815


class _PageInfo(Answer):
    hasNextPage: bool  # noqa: N815
    endCursor: str | None = None  # noqa: N815


class _CommentPage(Answer):
    nodes: list[_Said]
    pageInfo: _PageInfo  # noqa: N815


class _Commented(Answer):
    comments: _CommentPage


class _CommentedIn(Named):
    pullRequest: _Commented  # noqa: N815


class _Comments(About):
    repository: _CommentedIn


class _Noted(Answer):
    path: str
    line: int | None = None  # none where the line is no longer in the diff
    body: str = ""
    user: _Person | None = None


@dataclass(frozen=True, slots=True)
class GitHubPulls:
    """The port of pull requests, in one repository."""

    session: Session

    def pull(self, number: int) -> Pull:
        found = self.session.get(_Pull, f"pulls/{number}", doing=f"read pull request {number}")
        return found.shown()

    def pull_of(self, commit: str, *, repository: str) -> Pull | None:
        """Looks through the open ones, the last touched first: GitHub's own list of a commit's
        pull requests knows no heads that lie in a fork."""
        listed = self.session.pages(_Pull, "pulls", doing="list pull requests", query=_RECENT)
        for one in listed:
            home = one.head.repo.full_name if one.head.repo else ""
            if one.head.sha == commit and repository.lower() in ("", home.lower()):
                return one.shown()
        return None

    def pulls_at(self, commit: str) -> Sequence[Pull]:
        """Among as many as one page holds: one that was just opened is the first of it."""
        listed = self.session.pages(_Pull, "pulls", doing="list pull requests", query=_RECENT)
        return [one.shown() for one in islice(listed, _PAGE_LENGTH) if one.head.sha == commit]

    def compare(self, base: str, head: str) -> Comparison:
        """One call: further pages would only list more commits."""
        path = f"compare/{quote(base, safe='')}...{quote(head, safe='')}"
        query = {"page": "1", "per_page": "1"}
        found = self.session.get(_Compared, path, doing="compare two commits", query=query)
        lines = {one.previous_filename: frozenset[int]() for one in found.files}
        lines |= {one.filename: frozenset(new_lines(one.patch)) for one in found.files}
        lines.pop("", None)
        complete = len(found.files) < MOST_COMPARED_FILES
        return Comparison(found.merge_base_commit.sha, lines, complete=complete)

    def tree(self, commit: str) -> Tree:
        return GitHubTree(self.session, commit)

    def may_write(self, login: str) -> bool:
        if not _LOGIN.fullmatch(login):
            return False
        path = f"collaborators/{quote(login, safe='')}/permission"
        try:
            found = self.session.get(_Permission, path, doing=f"ask what {login} may do")
        except NotThere:
            return False
        return found.permission in _MAY_WRITE

    def comments(self, number: int) -> Sequence[Comment]:
        """Over GraphQL: REST does not say which are folded, nor which are of this token's account
        without knowing its name."""
        found: list[_Said] = []
        after: str | None = None
        while True:
            page = self._comment_page(number, after)
            found += page.nodes
            after = page.pageInfo.endCursor
            if not page.pageInfo.hasNextPage or not after:
                return [_comment(one) for one in found]

    def add_comment(self, number: int, body: str) -> Comment:
        path, said = f"issues/{number}/comments", {"body": body}
        made = self.session.rest("POST", path, doing=f"comment on {number}", body=said)
        posted = self.session.checked(_Posted, made)
        return Comment(posted.id, body, ours=True, url=posted.html_url)

    def edit_comment(self, comment: Comment, body: str) -> None:
        said = {"body": body}
        self.session.rest("PATCH", _at(comment), doing="edit its comment", body=said)

    def delete_comment(self, comment: Comment) -> None:
        try:
            self.session.rest("DELETE", _at(comment), doing="delete its comment")
        except NotThere:
            return  # another run was faster

    def minimize_comment(self, comment: Comment) -> None:
        posted = self.session.get(_Posted, _at(comment), doing="read its comment")
        given = {"subjectId": posted.node_id, "classifier": "OUTDATED"}
        self.session.mutate("minimizeComment", given, doing="fold its comment")

    def notes(self, number: int) -> Sequence[Note]:
        path, doing = f"pulls/{number}/comments", "read review comments"
        listed = self.session.pages(_Noted, path, doing=doing, query=_PAGE)
        return [
            Note(one.path, one.line, one.body)
            for one in listed
            if one.line and one.user and one.user.login == self.session.me.login
        ]

    def add_notes(self, pull: Pull, notes: Sequence[Note]) -> None:
        said = [
            {"path": one.path, "line": one.line, "side": "RIGHT", "body": one.body} for one in notes
        ]
        review = {
            "commit_id": pull.head_commit,
            "event": "COMMENT",
            "body": _REVIEW,
            "comments": said,
        }
        path = f"pulls/{pull.number}/reviews"
        self.session.rest("POST", path, doing=f"review {pull.number}", body=review)

    def react(self, comment_id: int) -> None:
        path, eyes = f"issues/comments/{comment_id}/reactions", {"content": "eyes"}
        self.session.rest("POST", path, doing="react to a comment", body=eyes)

    def commit(self, pull: Pull, files: Files, *, message: str) -> str:
        if pull.head_repository.lower() != self.session.repository.lower():
            raise InputError(
                f"pull request {pull.number} comes from a fork: its owner alone writes to it."
            )
        head = pull.head_commit
        tree = GitHubTree(self.session, head)
        made = write_commit(self.session, files, parent=head, tree=tree, message=message)
        if made != head:
            move(self.session, pull.head, made, expected=head)
        return made

    def remove_label(self, pull: Pull, label: str) -> None:
        take_label_off(self.session, str(pull.number), label)

    def _comment_page(self, number: int, after: str | None) -> _CommentPage:
        variables = {**self.session.owner_and_name(), "number": number, "after": after}
        doing = f"read the comments of {number}"
        found = self.session.graphql(_Comments, _COMMENTS, variables, doing=doing)
        self.session.remember(found)
        return found.repository.pullRequest.comments


def new_lines(patch: str) -> Iterator[int]:
    """The numbers of the new file's lines that a unified diff shows."""
    at = 0
    for line in patch.split("\n"):
        if hunk := _HUNK.match(line):
            at = int(hunk[1])
        elif at and line[:1] in ("+", " "):
            yield at
            at += 1


def _at(comment: Comment) -> str:
    return f"issues/comments/{comment.id}"


def _comment(said: _Said) -> Comment:
    return Comment(
        said.fullDatabaseId,
        said.body,
        ours=said.viewerDidAuthor,
        url=said.url,
        minimized=said.isMinimized,
    )
