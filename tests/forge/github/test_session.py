"""Calls over a real wire: headers, waits, what is repeated and what never is, whom we trust."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import certificates
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_github import ABOUT, FakeGitHub, Reply, fake_github

import replanner
from replanner.errors import AccessDenied, InputError, RateLimited, ReplannerError, UpstreamError
from replanner.forge.github.refusals import NotThere, Refused
from replanner.forge.github.session import Answer, App, Connection, Me, Pace, Session

TOKEN = "ghp_" + "s" * 36
AT_ONCE = Pace(0, 0, patience_s=0.5, first_wait_s=0.01, timeout_s=1)
LIMITED = {"message": "You have exceeded a secondary rate limit. Please wait."}


class Named(Answer):
    name: str


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with fake_github() as server:
        yield server


@pytest.fixture
def session(fake: FakeGitHub) -> Iterator[Session]:
    with Session(connection(fake.url)) as opened:
        yield opened


def connection(url: str, **more: Any) -> Connection:
    values = {"repository": "acme/infra", "token": TOKEN, "pace": AT_ONCE, "api_url": url}
    return Connection(**{**values, **more})


def test_a_call_says_who_it_is_and_which_api_it_wants(fake: FakeGitHub, session: Session) -> None:
    fake.on("GET", "^/repos/acme/infra/branches/main$", Reply(body={"name": "main"}))
    assert session.get(Named, "branches/main", doing="look").name == "main"
    (asked,) = fake.asked
    assert asked.headers["authorization"].endswith(TOKEN)
    assert asked.headers["user-agent"] == f"replanner/{replanner.__version__}"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert session.calls == 1


def test_nothing_is_asked_before_the_first_call(fake: FakeGitHub, session: Session) -> None:
    assert session.repository == "acme/infra"
    assert session.calls == 0
    assert fake.asked == []


def test_an_enterprise_server_has_its_api_below_a_path(fake: FakeGitHub) -> None:
    fake.on("POST", "^/api/graphql$", Reply(body=ABOUT))
    fake.on("GET", "^/api/v3/repos/acme/infra/branches/main$", Reply(body={"name": "main"}))
    with Session(connection(fake.url + "/api/v3/")) as session:
        assert session.me == Me("bot", "user")
        assert session.get(Named, "branches/main", doing="look").name == "main"


@pytest.mark.parametrize(
    ("login", "kind", "waits"),
    [("ada", "user", ""), ("github-actions[bot]", "actions", "7+"), ("x[bot]", "app", "7+")],
)
def test_a_login_tells_whose_token_it_is(
    fake: FakeGitHub, session: Session, login: str, kind: str, waits: str
) -> None:
    about = {**ABOUT["data"], "viewer": {"login": login, "databaseId": 7}}
    fake.on("POST", "^/graphql$", Reply(body={"data": about}))
    assert session.me.kind == kind
    assert session.signer == (f"{login} <7+{login}@users.noreply.127.0.0.1>" if waits else "")
    assert not session.signs  # not GitHub's own site
    assert session.calls == 1


def test_a_repository_that_was_renamed_is_refused(fake: FakeGitHub, session: Session) -> None:
    renamed = {**ABOUT["data"], "repository": {"id": "R", "nameWithOwner": "acme/platform"}}
    fake.on("POST", "^/graphql$", Reply(body={"data": renamed}))
    with pytest.raises(InputError, match="is now called acme/platform"):
        session.repository_id  # noqa: B018 - asking is the test


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_no_answer(fake: FakeGitHub, session: Session, status: int) -> None:
    headers = {"Location": "https://elsewhere.example/x"}
    fake.on("POST", "/pulls$", Reply(status, {"message": "Moved"}, headers))
    with pytest.raises(ReplannerError, match=r"moved|leads elsewhere"):
        session.rest("POST", "pulls", doing="open a pull request", body={})


def test_every_page_is_read_and_no_link_leads_away(fake: FakeGitHub, session: Session) -> None:
    def page(name: str, after: str | None) -> Reply:
        link = f'<https://elsewhere.example/x?per_page=2&after={after}>; rel="next"'
        first = '<https://elsewhere.example/x?per_page=2>; rel="first", '
        return Reply(200, [{"name": name}], {"Link": first + link} if after else {})

    fake.on("GET", "/labels$", page("a", "X"), page("b", "Y"), page("c", None))
    found = session.pages(Named, "labels", doing="list labels", query={"per_page": "2"})
    assert [one.name for one in found] == ["a", "b", "c"]
    assert [one.query.get("after") for one in fake.asked] == [None, ["X"], ["Y"]]


# --- what is repeated, and what never is


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_reading_is_repeated_after_an_outage(
    fake: FakeGitHub, session: Session, status: int
) -> None:
    fake.on("GET", "/x$", Reply(status), Reply(status), Reply(body={"name": "x"}))
    assert session.get(Named, "x", doing="look").name == "x"


@pytest.mark.parametrize("verb", ["POST", "PATCH"])
def test_writing_is_not(fake: FakeGitHub, session: Session, verb: Any) -> None:
    fake.on(verb, "/pulls$", Reply(502, b"<html>Bad Gateway</html>"))
    with pytest.raises(UpstreamError, match=r"127.0.0.1 answered 502 when asked to open it\."):
        session.rest(verb, "pulls", doing="open it", body={})
    assert len(fake.asked) == 1


def test_an_outage_that_stays_is_told(fake: FakeGitHub, session: Session) -> None:
    fake.on("GET", "/x$", Reply(503))
    with pytest.raises(UpstreamError, match="answered 503"):
        session.rest("GET", "x", doing="look")
    assert len(fake.asked) == 4


@pytest.mark.parametrize("kind", ["blobs", "trees", "commits"])
def test_what_is_named_by_its_content_may_be_written_twice(
    fake: FakeGitHub, session: Session, kind: str
) -> None:
    fake.on("POST", f"/git/{kind}$", Reply(502), Reply(201, {"sha": "1"}))
    assert session.rest("POST", f"git/{kind}", doing="write", body={}) == {"sha": "1"}


def test_a_query_is_repeated_and_a_mutation_is_not(fake: FakeGitHub, session: Session) -> None:
    fake.on("POST", "^/graphql$", Reply(502), Reply(body=ABOUT))
    assert session.me.login == "bot"
    fake.on("POST", "^/graphql$", Reply(502), Reply(body={"data": {"updateRefs": None}}))
    with pytest.raises(UpstreamError):
        session.mutate("updateRefs", {}, doing="move a branch")
    assert len(fake.asked) == 3


@pytest.mark.parametrize("verb", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_is_waited_for_whatever_was_asked(
    fake: FakeGitHub, session: Session, verb: Any, status: int
) -> None:
    fake.on(verb, "/x$", Reply(status, LIMITED, {"Retry-After": "0"}), Reply(body={"name": "x"}))
    assert session.rest(verb, "x", doing="do it", body={}) == {"name": "x"}
    assert len(fake.asked) == 2


def test_a_limit_without_a_time_is_waited_for_a_minute_or_as_patience_goes(
    fake: FakeGitHub, session: Session
) -> None:
    fake.on("POST", "/x$", Reply(403, LIMITED), Reply(body={}))
    started = time.monotonic()
    assert session.rest("POST", "x", doing="do it", body={}) == {}
    assert time.monotonic() - started >= 0.5


def secondary(wait_s: int) -> Reply:
    return Reply(403, LIMITED, {"Retry-After": str(wait_s)})


def too_many(wait_s: int) -> Reply:
    return Reply(429, {"message": "Too many"}, {"Retry-After": str(wait_s)})


def primary(wait_s: int) -> Reply:
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + wait_s)}
    return Reply(403, {"message": "API rate limit exceeded for installation ID 1."}, reset)


@pytest.mark.parametrize("limit", [secondary, too_many, primary])
def test_a_limit_beyond_our_patience_is_told_and_not_waited_for(
    fake: FakeGitHub, session: Session, limit: Callable[[int], Reply]
) -> None:
    fake.on("POST", "/x$", limit(900))
    started = time.monotonic()
    with pytest.raises(RateLimited) as caught:
        session.rest("POST", "x", doing="do it", body={})
    assert time.monotonic() - started < 0.4
    assert caught.value.retry_after_s == pytest.approx(900, abs=3)
    assert caught.value.exit_code == 3


def test_a_limit_that_stays_ends_our_patience(fake: FakeGitHub, session: Session) -> None:
    fake.on("GET", "/x$", Reply(429, {"message": "slow down"}, {"Retry-After": "0"}))
    with pytest.raises(RateLimited):
        session.rest("GET", "x", doing="do it")
    assert len(fake.asked) == 4


def test_graphql_tells_a_limit_with_a_status_of_200(fake: FakeGitHub, session: Session) -> None:
    errors = [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]
    fake.on("POST", "^/graphql$", Reply(200, {"errors": errors}))
    with pytest.raises(RateLimited):
        session.me  # noqa: B018 - asking is the test
    assert len(fake.asked) == 1


# --- answers that are none


@pytest.mark.parametrize(
    "body",
    [b"<html>Sign in to the proxy</html>", b"{", b"[]", b"null", b'{"name": 1}', b'"x"', b""],
)
def test_an_answer_of_another_shape_is_told(
    fake: FakeGitHub, session: Session, body: bytes
) -> None:
    fake.on("GET", "/x$", Reply(200, body, {"Content-Type": "application/json"}))
    with pytest.raises(UpstreamError, match=r"usable|understood"):
        session.get(Named, "x", doing="look")


@pytest.mark.parametrize("body", [{}, {"data": None}, [], {"data": {"viewer": {}}}])
def test_so_is_one_of_graphql(fake: FakeGitHub, session: Session, body: object) -> None:
    fake.on("POST", "^/graphql$", Reply(200, body))
    with pytest.raises(UpstreamError):
        session.me  # noqa: B018 - asking is the test


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("FORBIDDEN", AccessDenied),
        ("INSUFFICIENT_SCOPES", AccessDenied),
        ("NOT_FOUND", NotThere),
        ("UNPROCESSABLE", Refused),
        (None, Refused),
    ],
)
def test_graphql_errors_are_told_by_their_type(
    fake: FakeGitHub, session: Session, kind: str | None, error: type[Exception]
) -> None:
    told = {"message": "no, because", **({"type": kind} if kind else {})}
    fake.on("POST", "^/graphql$", Reply(200, {"data": None, "errors": [told]}))
    with pytest.raises(error):
        session.mutate("updateRefs", {}, doing="move a branch")


def test_graphqls_own_outage_is_an_outage(fake: FakeGitHub, session: Session) -> None:
    told = "Something went wrong while executing your query. Please include `A:B` when reporting."
    fake.on("POST", "^/graphql$", Reply(200, {"errors": [{"message": told}]}), Reply(body=ABOUT))
    assert session.me.login == "bot"


def test_a_server_that_is_away_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            Session(connection(url)) as session,
            pytest.raises(UpstreamError, match="cannot be reached to look"),
        ):
            session.rest("GET", "x", doing="look")


def test_a_server_that_is_silent_is_told_and_a_write_not_repeated(fake: FakeGitHub) -> None:
    def slow(_: object) -> Reply:
        time.sleep(1.3)
        return Reply()

    fake.on("POST", "/x$", slow)
    with (
        Session(connection(fake.url)) as session,
        pytest.raises(UpstreamError, match=r"did not answer in time|cannot be reached"),
    ):
        session.rest("POST", "x", doing="write", body={})
    assert len(fake.asked) == 1


# --- secrets


def test_the_token_is_shown_by_nothing() -> None:
    app = App(1, "-----BEGIN RSA PRIVATE KEY-----", None)
    assert TOKEN not in repr(connection("https://api.github.com"))
    assert "BEGIN" not in repr(connection("https://api.github.com", token=app)) + repr(app)


@pytest.mark.parametrize("token", ["", " ", "a b", "gh\np_secret", "ghp_sécret", "x\0y"])
def test_a_token_with_odd_characters_is_refused_unshown(token: str) -> None:
    with pytest.raises(InputError, match="the GitHub token") as caught:
        connection("https://api.github.com", token=token)
    assert "secret" not in caught.value.message


def test_a_newline_at_the_end_of_a_token_is_nobodys_mistake(fake: FakeGitHub) -> None:
    fake.on("GET", "/x$", Reply(body={}))
    with Session(connection(fake.url, token=TOKEN + "\n")) as session:
        session.rest("GET", "x", doing="look")
    assert fake.asked[0].headers["authorization"].endswith(TOKEN)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500])
def test_a_server_that_repeats_the_token_does_not_make_us_say_it(
    fake: FakeGitHub, session: Session, status: int
) -> None:
    fake.on("POST", "/x$", Reply(status, {"message": f"no {TOKEN}\x1b[31m", "errors": [TOKEN]}))
    with pytest.raises(ReplannerError) as caught:
        session.rest("POST", "x", doing="write", body={})
    assert TOKEN not in caught.value.message + caught.value.hint
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "repository",
    ["", "acme", "acme/", "/infra", "a/b/c", "acme/..", "../x", "acme/in fra", "acme/x?y", "a/b\n"],
)
def test_what_is_no_repository_is_refused(repository: str) -> None:
    with pytest.raises(InputError, match="is no repository"):
        connection("https://api.github.com", repository=repository)


# --- Apps


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind = serialization.PrivateFormat.TraditionalOpenSSL
    none = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, kind, none).decode()


@pytest.mark.parametrize("installation", [None, 100])
def test_an_app_finds_its_installation_and_renews_its_token(
    fake: FakeGitHub, private_key: str, installation: int | None
) -> None:
    def token(name: str, expires: str) -> Reply:
        body = {"token": name, "expires_at": expires, "permissions": {}}
        return Reply(201, body)

    fake.on("GET", "^/repos/acme/infra/installation$", Reply(body={"id": 100}))
    fake.on("GET", "^/app$", Reply(body={"slug": "planner"}))
    fake.on("POST", "^/graphql$", Reply(body=ABOUT))
    fake.on(
        "POST",
        "^/app/installations/100/access_tokens$",
        token("ghs_old", "2020-01-01T00:00:00Z"),
        token("ghs_new", "2099-01-01T00:00:00Z"),
    )
    fake.on("GET", "/x$", Reply(body={}))
    with Session(connection(fake.url, token=App("12", private_key, installation))) as session:
        for _ in range(3):
            session.rest("GET", "x", doing="look")
        assert session.me == Me("planner[bot]", "app")
    used = [one.headers["authorization"] for one in fake.asked if one.path.endswith("/x")]
    assert [one.partition(" ")[2] for one in used] == ["ghs_old", "ghs_new", "ghs_new"]
    looked = "GET /repos/acme/infra/installation" in fake.paths()
    assert looked == (installation is None)


@pytest.mark.parametrize("key", ["", "rubbish", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END"])
def test_a_private_key_that_is_none_is_told_unshown(fake: FakeGitHub, key: str) -> None:
    with pytest.raises(InputError, match="private key") as caught:
        Session(connection(fake.url, token=App(1, key))).rest("GET", "x", doing="look")
    assert "AAAA" not in caught.value.message


# --- whom we trust, and by which way


def test_a_private_authority_is_trusted_where_it_is_named(tmp_path: Path) -> None:
    authority, server = certificates(tmp_path)
    with fake_github(server) as fake:
        fake.on("GET", "/x$", Reply(body={"name": "x"}))
        url = fake.url.replace("127.0.0.1", "localhost")
        with Session(connection(url, ca_bundle=authority)) as session:
            assert session.get(Named, "x", doing="look").name == "x"
            merged = Path(str(session._client._writer.kwargs["verify"]))
            assert merged.read_text().count("BEGIN CERTIFICATE") > 10  # certifi's as well
        assert not merged.exists()


def test_without_it_the_certificate_is_the_reason(tmp_path: Path) -> None:
    _, server = certificates(tmp_path)
    with fake_github(server) as fake:
        url = fake.url.replace("127.0.0.1", "localhost")
        with (
            Session(connection(url)) as session,
            pytest.raises(UpstreamError, match="certificate of localhost") as caught,
        ):
            session.rest("GET", "x", doing="look")
    assert "ca-bundle" in caught.value.hint
    assert fake.asked == []


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\xff\xfe"])
def test_a_bundle_without_certificates_is_refused(
    fake: FakeGitHub, tmp_path: Path, content: bytes | None
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    with (
        Session(connection(fake.url, ca_bundle=bundle)) as session,
        pytest.raises(InputError, match="holds no certificates"),
    ):
        session.rest("GET", "x", doing="look")


def test_a_proxy_of_the_environment_is_used(
    fake: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", fake.url)
    fake.on("GET", "/x$", Reply(body={"name": "x"}))
    with Session(connection("http://ghe.example.test/api/v3")) as session:
        assert session.get(Named, "x", doing="look").name == "x"
    assert fake.asked[0].path == "http://ghe.example.test:80/api/v3/repos/acme/infra/x"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Session(connection(fake.url)) as session:
        session.rest("GET", "x", doing="look")
    assert fake.asked[1].path == "/repos/acme/infra/x"


def test_a_proxy_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with (
        Session(connection("https://ghe.example.test")) as session,
        pytest.raises(UpstreamError, match="through the proxy"),
    ):
        session.rest("GET", "x", doing="look")


def test_only_writes_are_a_second_apart() -> None:
    assert (Pace().between_requests_s, Pace().between_writes_s) == (0, 1)
