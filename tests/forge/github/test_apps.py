"""An App as itself, over a real wire."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_github import FakeGitHub, Reply, fake_github

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


def delivery(number: int, guid: str, status: int) -> dict[str, object]:
    return {"id": number, "guid": guid, "status_code": status}


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
    fake.on("GET", "^/app/hook/deliveries$", Reply(body=rows))
    fake.on("POST", "^/app/hook/deliveries/9/attempts$", Reply(202, {}))
    assert redeliver_failed(app) == 1
    assert [path for path in fake.paths() if path.startswith("POST")] == [
        "POST /app/hook/deliveries/9/attempts"
    ]


def test_a_limit_is_told_as_one(fake: FakeGitHub, app: Connection) -> None:
    limit = {"message": "You have exceeded a secondary rate limit. Please wait."}
    fake.on("GET", "^/app/hook/deliveries$", Reply(403, limit, {"Retry-After": "120"}))
    with pytest.raises(RateLimited):
        redeliver_failed(app)
