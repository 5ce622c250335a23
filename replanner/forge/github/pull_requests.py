"""Writes the bot's own pull requests: opens, edits, closes, comments, lets them merge. What can be
asked for twice without harm is asked for; after a lost answer it looks before it says so."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import quote, urlencode

from replanner.errors import AccessDenied, RateLimited, ReplannerError, UpstreamError
from replanner.forge.github.asides import Asides
from replanner.forge.github.listing import Listed
from replanner.forge.github.refusals import BlockedBySettings, Refused, shortened
from replanner.forge.github.session import Answer, Session
from replanner.propose import Content, Shown

_OPENING = "open a pull request"
_EDITING = "edit a pull request"
_LONGEST_URL = 7000
_WHY_NOT = (
    (
        "clean status",
        "nothing is required on the base branch, so GitHub would merge it at once",
    ),
    (
        "auto merge is not allowed",
        "auto-merge is switched off in the repository's settings",
    ),
)


class _Login(Answer):
    login: str


class _Label(Answer):
    name: str


class _Head(Answer):
    sha: str


class _Pull(Answer):
    """A pull request as the REST API shows it."""

    number: int
    node_id: str
    html_url: str
    title: str
    head: _Head
    body: str | None = None
    draft: bool = False
    labels: tuple[_Label, ...] = ()


class _Comment(Answer):
    body: str
    user: _Login | None = None


@dataclass(eq=False)
class PullRequests:
    """`heads` are the branches' commits that we know of, for merging nothing else."""

    session: Session
    warnings: list[str]
    heads: dict[str, str] = field(default_factory=dict)
    _nodes: dict[str, str] = field(default_factory=dict, repr=False)  # number -> GraphQL id

    @property
    def _asides(self) -> Asides:
        return Asides(self.session, self.warnings)

    def know(self, pulls: Iterable[Listed]) -> None:
        """Spare the calls for what was read already."""
        for pull in pulls:
            self._nodes[str(pull.number)] = pull.id
            if pull.state == "OPEN":
                self.heads[pull.headRefName] = pull.headRefOid

    def open(self, content: Content) -> Shown:
        """Open it, or take over the one that is open already; then what is asked for once."""
        try:
            pull = self._create(content)
        except BlockedBySettings as error:
            raise self._by_hand(error, content) from None
        except RateLimited:
            raise
        except (Refused, UpstreamError) as error:
            found = self._opened(content)
            if found is None:
                raise
            if isinstance(error, Refused):
                return self._take_over(found, content)
            pull = found  # it was done, and the answer lost
        shown = self._shown(pull, content)
        self._asides.add_labels(shown.id, content.labels)
        self._asides.ask_people(shown.id, content)
        return shown

    def _create(self, content: Content) -> _Pull:
        body = {
            "title": content.title,
            "body": content.body,
            "head": content.branch,
            "base": content.base,
            "draft": content.draft,
        }
        try:
            made = self.session.rest("POST", "pulls", doing=_OPENING, body=body)
        except Refused as error:
            if not content.draft or not error.mentions("draft pull requests"):
                raise
            # Private repositories of free plans have no drafts.
            made = self.session.rest("POST", "pulls", doing=_OPENING, body={**body, "draft": False})
        return self.session.checked(_Pull, made)

    def _opened(self, content: Content) -> _Pull | None:
        """The open pull request from the branch into the base."""
        owner = self.session.repository.partition("/")[0]
        query = {"state": "open", "head": f"{owner}:{content.branch}", "base": content.base}
        pulls = self.session.pages(_Pull, "pulls", doing="list pull requests", query=query)
        return next(iter(pulls), None)

    def _take_over(self, pull: _Pull, content: Content) -> Shown:
        shown = self._shown(pull, content)
        there = tuple(label.name for label in pull.labels)
        before = replace(shown, title=pull.title, body=pull.body or "", labels=there)
        self.edit(before, replace(content, labels=tuple({*content.labels, *there})))
        return shown

    def _shown(self, pull: _Pull, content: Content) -> Shown:
        number = str(pull.number)
        self._nodes[number] = pull.node_id
        self.heads[content.branch] = pull.head.sha
        return Shown(
            id=number,
            branch=content.branch,
            state="open",
            title=content.title,
            body=content.body,
            labels=content.labels,
            draft=pull.draft,
            url=pull.html_url,
        )

    def _by_hand(self, error: BlockedBySettings, content: Content) -> BlockedBySettings:
        """The same error with a form that a person only has to send: the branch is not wasted."""
        form = _form(self.session, content)
        told = BlockedBySettings(
            error.message,
            hint=f"{error.hint} The branch is pushed; to open it by hand: {form.bare}",
        )
        told.url = form.filled
        return told

    def edit(self, shown: Shown, content: Content) -> None:
        """Only what differs."""
        before = {"title": shown.title, "body": shown.body}
        now = {"title": content.title, "body": content.body}
        changed = {key: text for key, text in now.items() if text != before[key]}
        if changed:
            self.session.rest("PATCH", f"pulls/{shown.id}", doing=_EDITING, body=changed)
        self._asides.remove_labels(shown.id, set(shown.labels) - set(content.labels))
        self._asides.add_labels(shown.id, set(content.labels) - set(shown.labels))
        if content.draft != shown.draft:
            self._set_draft(shown, draft=content.draft)

    def _set_draft(self, shown: Shown, *, draft: bool) -> None:
        """Plans without drafts refuse; that alone fails nothing."""
        name = "convertPullRequestToDraft" if draft else "markPullRequestReadyForReview"
        given = {"pullRequestId": self._node(shown)}
        try:
            self.session.mutate(name, given, doing=f"change whether #{shown.id} is a draft")
        except (Refused, AccessDenied) as error:
            self.warnings.append(error.message)

    def close(self, shown: Shown, body: str) -> None:
        """State and body together: nobody sees the one without the other."""
        changed = {"state": "closed", **({"body": body} if body != shown.body else {})}
        doing = "close a pull request"
        self.session.rest("PATCH", f"pulls/{shown.id}", doing=doing, body=changed)

    def comment(self, shown: Shown, text: str) -> None:
        path, doing = f"issues/{shown.id}/comments", "comment on a pull request"
        try:
            self.session.rest("POST", path, doing=doing, body={"body": text})
        except (Refused, AccessDenied) as error:
            # A locked conversation, mostly; the pull request itself says the same.
            self.warnings.append(error.message)
        except RateLimited:
            raise
        except UpstreamError:
            if not self._said(path, text):
                raise

    def _said(self, path: str, text: str) -> bool:
        """Whether a comment of ours says so already: its answer was lost, not the comment."""
        query = {"per_page": "100"}
        found = self.session.pages(_Comment, path, doing="list comments", query=query)
        me = self.session.me.login
        return any(
            one.user is not None and one.user.login == me and one.body.strip() == text.strip()
            for one in found
        )

    def merge_when_ready(self, shown: Shown, method: str) -> str:
        """Arm GitHub's auto-merge for the commit that we know of; never a merge of our own."""
        given = {"pullRequestId": self._node(shown), "mergeMethod": method.upper()}
        if head := self.heads.get(shown.branch):
            given["expectedHeadOid"] = head
        try:
            self.session.mutate("enablePullRequestAutoMerge", given, doing="arm auto-merge")
        except (Refused, AccessDenied) as error:
            return _why_not(error)
        return ""

    def _node(self, shown: Shown) -> str:
        """The pull request's GraphQL id."""
        if shown.id not in self._nodes:
            pull = self.session.get(_Pull, f"pulls/{shown.id}", doing="look at a pull request")
            self._nodes[shown.id] = pull.node_id
        return self._nodes[shown.id]


def _why_not(error: ReplannerError) -> str:
    said = "; ".join(error.says) if isinstance(error, Refused) else error.message
    known = (why for words, why in _WHY_NOT if words in said.lower())
    return next(known, shortened(said) or error.message)


class _Form(NamedTuple):
    """Addresses of a page where a person opens a pull request: empty, and with its text in it."""

    bare: str
    filled: str


def _form(session: Session, content: Content) -> _Form:
    """As much of the text as an address holds; its hidden state at least, by which later runs know
    the pull request for theirs."""
    where = f"{session.connection.site_url}/{session.repository}/compare"
    bare = f"{where}/{quote(content.base)}...{quote(content.branch)}?expand=1"
    parts = content.body.strip().split("\n\n")
    for body in (content.body, f"{parts[0]}\n\n{parts[-1]}"):
        filled = f"{bare}&{urlencode({'title': content.title, 'body': body})}"
        if len(filled) <= _LONGEST_URL:
            return _Form(bare, filled)
    return _Form(bare, bare)
