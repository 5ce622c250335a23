"""Lists pull requests by the branch that they come from, many branches a query."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import RootModel

from replanner.forge.github.session import Answer, Session
from replanner.propose import Shown

# Bodies are long, and GitHub ends a query after ten seconds: a hundred of them at once.
_BRANCHES = 10
_PAGE = 10
_MOST_PAGES = 10
_NEWEST = 20  # pull requests that are remembered of a branch
_STATES: Mapping[str, Literal["open", "closed", "merged"]] = {
    "OPEN": "open",
    "CLOSED": "closed",
    "MERGED": "merged",
}
_FRAGMENT = """fragment pull on PullRequest {
  id number title body url isDraft state baseRefName headRefName headRefOid isCrossRepository
  autoMergeRequest { enabledAt } labels(first: 100) { nodes { name } }
}"""


class _Label(Answer):
    name: str


class _Labels(Answer):
    nodes: tuple[_Label, ...]


class _Armed(Answer):
    pass


class Listed(Answer):
    """A pull request as GraphQL shows it."""

    # GraphQL's own names.
    id: str
    number: int
    title: str
    body: str
    url: str
    isDraft: bool  # noqa: N815
    state: Literal["OPEN", "CLOSED", "MERGED"]
    baseRefName: str  # noqa: N815
    headRefName: str  # noqa: N815
    headRefOid: str  # noqa: N815
    isCrossRepository: bool  # noqa: N815
    autoMergeRequest: _Armed | None = None  # noqa: N815
    labels: _Labels | None = None

    def shown(self, base: str) -> Shown:
        return Shown(
            id=str(self.number),
            branch=self.headRefName,
            state=_STATES[self.state],
            title=self.title,
            body=self.body.replace("\r\n", "\n"),  # as the web form sends it back
            labels=tuple(label.name for label in self.labels.nodes) if self.labels else (),
            draft=self.isDraft,
            url=self.url,
            merges_itself=self.autoMergeRequest is not None,
            retargeted=self.baseRefName != base,
        )


class _More(Answer):
    hasNextPage: bool  # noqa: N815
    endCursor: str | None = None  # noqa: N815


class _Found(Answer):
    nodes: tuple[Listed, ...]
    pageInfo: _More  # noqa: N815


class _Answer(Answer):
    repository: RootModel[dict[str, _Found]]


@dataclass
class _Search:
    """One branch's pull requests so far."""

    branch: str
    after: str | None = None
    found: list[Listed] = field(default_factory=list)
    done: bool = False

    def take(self, page: _Found) -> None:
        # Forks may have a branch of the same name.
        self.found += [one for one in page.nodes if not one.isCrossRepository]
        self.after = page.pageInfo.endCursor
        self.done = not page.pageInfo.hasNextPage or len(self.found) >= _NEWEST


def pulls_from(session: Session, branches: Collection[str]) -> list[Listed]:
    """Those from these branches of this repository into any base, whether or not the branches still
    exist; newest first."""
    searches = [_Search(branch) for branch in sorted(set(branches))]
    for _ in range(_MOST_PAGES):
        pending = [one for one in searches if not one.done]
        for at in range(0, len(pending), _BRANCHES):
            _ask(session, pending[at : at + _BRANCHES])
    found = (listed for one in searches for listed in one.found)
    return sorted(found, key=lambda one: one.number, reverse=True)


def _ask(session: Session, searches: list[_Search]) -> None:
    variables = session.owner_and_name()
    for number, one in enumerate(searches):
        variables |= {f"b{number}": one.branch, f"a{number}": one.after}
    answer = session.graphql(
        _Answer, _query(len(searches)), variables, doing="list pull requests"
    ).repository.root
    for number, one in enumerate(searches):
        one.take(answer[f"p{number}"])


def _query(count: int) -> str:
    parameters = "".join(f", $b{n}: String!, $a{n}: String" for n in range(count))
    fields = "\n".join(
        f"p{n}: pullRequests(headRefName: $b{n}, after: $a{n}, first: {_PAGE},"
        " orderBy: {field: CREATED_AT, direction: DESC})"
        " { nodes { ...pull } pageInfo { hasNextPage endCursor } }"
        for n in range(count)
    )
    return (
        f"query($owner: String!, $name: String!{parameters})"
        f" {{ repository(owner: $owner, name: $name) {{ {fields} }} }}\n{_FRAGMENT}"
    )
