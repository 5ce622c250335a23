"""Asking whether a branch moved, and who looks on while a GitHub is asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from fake_github import FakeGitHub, Reply, fake_github

from replanner.errors import AccessDenied, InputError, RateLimited, ReplannerError, UpstreamError
from replanner.forge.github.session import About, Connection, Pace, Session
from replanner.forge.github.standing import Standing, stands

AT_ONCE = Pace(0, 0, patience_s=0.5, first_wait_s=0.01, timeout_s=1)
HEAD, NEXT = "a" * 40, "b" * 40
STOOD = Standing("release/1", HEAD)
PATH = "^/repos/acme/infra/commits/heads/release/1$"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with fake_github() as server:
        yield server


@dataclass
class Watcher:
    """Writes down what it was told; `shut` forbids to ask."""

    told: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    shut: bool = False

    def before(self) -> None:
        if self.shut:
            raise UpstreamError("not now.")

    def answered(self, headers: Mapping[str, str]) -> None:
        self.told.append("answered")
        self.left.append(headers.get("x-ratelimit-remaining", ""))

    def failed(self, error: ReplannerError) -> None:
        self.told.append(error.code)


def connected(fake: FakeGitHub, watch: Watcher | None = None) -> Session:
    return Session(
        Connection(
            repository="acme/infra",
            token="x" * 40,
            api_url=fake.url,
            pace=AT_ONCE,
            watch=watch or Watcher(),
        )
    )


def test_a_branch_that_stands_is_asked_by_its_commit_and_costs_nothing(fake: FakeGitHub) -> None:
    fake.on("GET", PATH, Reply(304))
    with connected(fake) as session:
        assert stands(session, STOOD) == STOOD
    (asked,) = fake.asked
    assert asked.headers["if-none-match"] == f'"{HEAD}"'
    assert asked.headers["accept"] == "application/vnd.github.sha"


def test_a_branch_that_moved_does_not_stand(fake: FakeGitHub) -> None:
    fake.on("GET", PATH, Reply(200, NEXT.encode(), {"ETag": f'"{NEXT}"'}))
    with connected(fake) as session:
        assert stands(session, STOOD) is None


@pytest.mark.parametrize("body", [HEAD.encode(), {"sha": HEAD, "commit": {}}])
def test_a_server_that_tags_answers_otherwise_is_understood(fake: FakeGitHub, body: object) -> None:
    fake.on("GET", PATH, Reply(200, body, {"ETag": 'W/"7"'}), Reply(304))
    with connected(fake) as session:
        now = stands(session, STOOD)
        assert now == STOOD._replace(etag='W/"7"')
        assert stands(session, now) == now
    assert fake.asked[1].headers["if-none-match"] == 'W/"7"'


def test_a_branch_that_is_gone_is_an_error(fake: FakeGitHub) -> None:
    with connected(fake) as session, pytest.raises(InputError):
        stands(session, STOOD)


def test_an_outage_is_never_a_branch_that_stands(fake: FakeGitHub) -> None:
    fake.on("GET", PATH, Reply(502))
    watch = Watcher()
    with connected(fake, watch) as session, pytest.raises(UpstreamError):
        stands(session, STOOD)
    assert watch.told == ["upstream_unreachable"]  # once, however often it was tried


def test_who_looks_on_hears_of_answers_and_limits(fake: FakeGitHub) -> None:
    fake.on("GET", "^/repos/acme/infra$", Reply(200, {}, {"X-RateLimit-Remaining": "17"}))
    limit = {"message": "You have exceeded a secondary rate limit. Please wait."}
    fake.on("GET", "^/repos/acme/infra/limited$", Reply(403, limit, {"Retry-After": "120"}))
    fake.on("GET", "^/repos/acme/infra/denied$", Reply(403, {"message": "no"}))
    watch = Watcher()
    with connected(fake, watch) as session:
        session.rest("GET", "", doing="look")
        for path, error in (("limited", RateLimited), ("denied", AccessDenied)):
            with pytest.raises(error):
                session.rest("GET", path, doing="look")
    assert watch.told == ["answered", "rate_limited", "access_denied"]
    assert watch.left == ["17"]


def test_a_limit_that_graphql_tells_is_heard_of_too(fake: FakeGitHub) -> None:
    fake.on("POST", "graphql", Reply(200, {"errors": [{"type": "RATE_LIMITED", "message": "x"}]}))
    watch = Watcher()
    with connected(fake, watch) as session, pytest.raises(RateLimited):
        session.graphql(About, "query { viewer { login } }", {}, doing="look")
    assert watch.told[-1] == "rate_limited"


def test_who_looks_on_may_forbid_to_ask(fake: FakeGitHub) -> None:
    with connected(fake, Watcher(shut=True)) as session:
        for ask in (
            lambda: session.rest("GET", "", doing="look"),
            lambda: list(session.pages(About, "x", doing="look")),
            lambda: session.graphql(About, "query", {}, doing="look"),
            lambda: session.mutate("addStar", {}, doing="look"),
            lambda: stands(session, STOOD),
        ):
            with pytest.raises(UpstreamError, match="not now"):
                ask()
    assert fake.asked == []
