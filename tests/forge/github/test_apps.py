"""An App as itself, over a real wire."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_github import FakeGitHub, Reply, Request, fake_github

from replanner.errors import RateLimited
from replanner.forge.github.apps import installations, redeliver_failed, repositories_of
from replanner.forge.github.session import App, Connection, Pace

AT_ONCE = Pace(0, 0, patience_s=0.5, first_wait_s=0.01, timeout_s=1)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with fake_github() as server:
        yield server


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind = serialization.PrivateFormat.TraditionalOpenSSL
    none = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, kind, none).decode()


@pytest.fixture
def app(fake: FakeGitHub, private_key: str) -> Connection:
    token = App("12", private_key)
    return Connection(repository="-/-", token=token, api_url=fake.url, pace=AT_ONCE)


def test_finds_where_it_is_installed(fake: FakeGitHub, app: Connection) -> None:
    suspended = {"id": 2, "suspended_at": "2026-01-01T00:00:00Z"}
    fake.on("GET", "^/app/installations$", Reply(body=[{"id": 1}, suspended, {"id": 3}]))
    assert list(installations(app)) == [1, 3]


def test_finds_every_repository_of_an_installation(
    fake: FakeGitHub, app: Connection, private_key: str
) -> None:
    body = {"token": "ghs_1", "expires_at": "2099-01-01T00:00:00Z", "permissions": {}}
    fake.on("POST", "^/app/installations/1/access_tokens$", Reply(201, body))
    old = {"full_name": "acme/old", "archived": True}
    found = {"repositories": [{"full_name": "acme/infra"}, old]}
    fake.on("GET", "^/installation/repositories$", Reply(body=found))
    there = replace(app, token=App("12", private_key, 1))
    assert list(repositories_of(there)) == ["acme/infra"]


def delivery(number: int, guid: str, status: int, ago_min: float = 600) -> dict[str, object]:
    at = (datetime.now(UTC) - timedelta(minutes=ago_min)).isoformat()
    return {"id": number, "guid": guid, "status_code": status, "delivered_at": at}


def asked_again(fake: FakeGitHub) -> list[str]:
    found = [path.split("/") for path in fake.paths() if path.startswith("POST")]
    assert all(one[-1] == "attempts" for one in found)
    return [one[-2] for one in found]


def deliveries(fake: FakeGitHub, *pages: list[dict[str, object]]) -> None:
    """Pages that know no numbers, as GitHub has them."""

    def page(request: Request) -> Reply:
        at = int(request.query.get("cursor", ["v 0"])[0].removeprefix("v "))
        link = f'<{fake.url}/app/hook/deliveries?per_page=100&cursor=v%20{at + 1}>; rel="next"'
        more = at + 1 < len(pages)
        return Reply(body=pages[at], headers={"Link": link} if more else {})

    fake.on("GET", "^/app/hook/deliveries$", page)
    fake.on("POST", "^/app/hook/deliveries/[0-9]+/attempts$", Reply(202, {}))


def test_asks_again_for_what_never_arrived_and_for_nothing_else(
    fake: FakeGitHub, app: Connection
) -> None:
    rows = [
        delivery(9, "late", 502),
        delivery(8, "mended", 202),
        delivery(7, "late", 502),
        delivery(6, "mended", 502),
        delivery(5, "fine", 202),
    ]
    deliveries(fake, rows)
    assert redeliver_failed(app) == 1
    assert asked_again(fake) == ["9"]


def test_what_was_refused_is_not_asked_for_again(fake: FakeGitHub, app: Connection) -> None:
    refused = (301, 400, 401, 404, 413, 415, 422, 431)
    failed = (0, 408, 429, 500, 502, 503, 504)
    rows = [delivery(code, f"of {code}", code) for code in (*refused, *failed)]
    deliveries(fake, [*rows, delivery(999, "of 422", 502)])
    assert redeliver_failed(app) == len(failed)
    assert sorted(map(int, asked_again(fake))) == sorted(failed)


@pytest.mark.parametrize(
    ("attempts", "ago_min", "due"),
    [
        (1, 0, True),
        (2, 24, False),
        (2, 26, True),
        (3, 26, False),
        (3, 51, True),
        (6, 401, True),
        (7, 4000, False),
    ],
)
def test_what_fails_each_time_is_asked_for_less_and_less_and_then_no_more(
    fake: FakeGitHub,
    app: Connection,
    attempts: int,
    ago_min: float,
    due: bool,  # noqa: FBT001
) -> None:
    deliveries(fake, [delivery(9 - one, "late", 503, ago_min) for one in range(attempts)])
    assert redeliver_failed(app) == due


def test_older_pages_are_looked_at_too_as_far_as_there_is_an_end(
    fake: FakeGitHub, app: Connection
) -> None:
    deliveries(fake, [delivery(2, "new", 202)], [delivery(1, "old", 502)])
    assert redeliver_failed(app) == 1
    assert asked_again(fake) == ["1"]
    fake.asked.clear()
    deliveries(fake, *([delivery(page, str(page), 502)] for page in range(30)))
    assert redeliver_failed(app) == 10
    assert asked_again(fake) == [str(page) for page in reversed(range(10))]


def test_many_are_asked_for_in_several_looks_the_oldest_first(
    fake: FakeGitHub, app: Connection
) -> None:
    deliveries(fake, [delivery(one, str(one), 502) for one in range(300, 0, -1)])
    assert redeliver_failed(app) == 200
    assert asked_again(fake)[:2] == ["1", "2"]


def test_a_limit_is_told_as_one(fake: FakeGitHub, app: Connection) -> None:
    limit = {"message": "You have exceeded a secondary rate limit. Please wait."}
    fake.on("GET", "^/app/hook/deliveries$", Reply(403, limit, {"Retry-After": "120"}))
    with pytest.raises(RateLimited):
        redeliver_failed(app)
