"""What doctor says about the token or the App, asked over a real wire."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_github import FakeGitHub, Reply, fake_github

from replanner.server.doctor import Finding, examine
from replanner.server.settings import Settings, read_settings

NEEDED = {"contents": "write", "metadata": "read", "pull_requests": "write", "checks": "write"}
EVENTS = ["issue_comment", "pull_request", "push", "release"]


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


def settings(fake: FakeGitHub, folder: Path, github: str) -> Settings:
    file = folder / "server.yaml"
    file.write_text(f"github: {{api_url: '{fake.url}', {github}}}\n")
    return read_settings(file, {}, folder=folder, known={})


@pytest.fixture
def of_token(fake: FakeGitHub, tmp_path: Path) -> Settings:
    (tmp_path / "token").write_text("ghp_secret")
    return settings(fake, tmp_path, "token_file: token, repositories: [acme/infra]")


@pytest.fixture
def of_app(fake: FakeGitHub, tmp_path: Path, private_key: str) -> Settings:
    (tmp_path / "app.pem").write_text(private_key)
    return settings(fake, tmp_path, "app: {id: 12, private_key_file: app.pem}")


def said(told: Settings) -> list[Finding]:
    """About GitHub, without what the settings say; the store is not there."""
    return [one for one in examine(told) if one.text.startswith("github: ")][1:]


def scopes(fake: FakeGitHub, *headers: tuple[str, str]) -> None:
    fake.on("GET", "^/rate_limit$", Reply(200, {}, dict(headers)))


def test_a_token_that_says_nothing_of_its_rights_is_fine(
    fake: FakeGitHub, of_token: Settings
) -> None:
    scopes(fake)
    assert said(of_token) == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("repo", []),
        ("repo, admin:org, workflow", ["admin:org, workflow"]),
        ("repo, delete_repo", ["delete_repo"]),
    ],
)
def test_a_classic_token_that_can_do_more_is_told(
    fake: FakeGitHub, of_token: Settings, told: str, expected: list[str]
) -> None:
    scopes(fake, ("X-OAuth-Scopes", told))
    found = said(of_token)
    more = [one.text.rpartition("needed: ")[2] for one in found if "more than" in one.text]
    assert more == expected
    assert {one.mark for one in found} == {"warn"}
    assert "fine-grained" in found[-1].text


@pytest.mark.parametrize("told", ["", "read:org, gist"])
def test_a_classic_token_that_cannot_push_is_bad(
    fake: FakeGitHub, of_token: Settings, told: str
) -> None:
    scopes(fake, ("X-OAuth-Scopes", told))
    assert said(of_token)[0].is_bad


@pytest.mark.parametrize("status", [401, 403, 502])
def test_a_token_that_is_refused_or_cannot_be_asked_about_is_bad_and_not_shown(
    fake: FakeGitHub, of_token: Settings, status: int
) -> None:
    fake.on("GET", "^/rate_limit$", Reply(status, {"message": "Bad credentials ghp_secret"}))
    (found,) = said(of_token)
    assert found.is_bad
    assert "ghp_secret" not in found.text


def installed(fake: FakeGitHub, permissions: object, at: object, events: object = EVENTS) -> None:
    fake.on("GET", "^/app$", Reply(200, {"permissions": permissions, "events": events}))
    row = {"id": 1, "account": {"login": "acme"}, "permissions": at, "events": events}
    fake.on("GET", "^/app/installations$", Reply(200, [row]))


def test_an_app_that_may_do_what_is_needed_is_fine(fake: FakeGitHub, of_app: Settings) -> None:
    more = {**NEEDED, "packages": "read", "merge_queues": "read"}
    installed(fake, more, NEEDED)
    assert said(of_app) == []


def test_what_an_app_lacks_is_bad_and_what_it_has_too_much_is_told(
    fake: FakeGitHub, of_app: Settings
) -> None:
    given = {**NEEDED, "contents": "read", "administration": "write", "packages": "write"}
    installed(fake, given, NEEDED)
    lacks, more = said(of_app)
    assert (lacks.text, lacks.mark) == ("github: the App lacks contents: write", "bad ")
    assert more.text.endswith("more than is needed: administration: write, packages: write")
    assert more.mark == "warn"


def test_an_owner_who_has_not_accepted_what_the_app_asks_is_named(
    fake: FakeGitHub, of_app: Settings
) -> None:
    installed(fake, NEEDED, {key: NEEDED[key] for key in ("contents", "metadata")})
    (found,) = said(of_app)
    where = "github: its installation at acme lacks checks: write, pull_requests: write"
    assert found == Finding(where, is_bad=True)


def test_an_app_that_hears_nothing_is_told(fake: FakeGitHub, of_app: Settings) -> None:
    installed(fake, NEEDED, NEEDED, ["push"])
    (found,) = said(of_app)
    assert found.text == "github: the App does not hear of issue_comment, pull_request"


def test_who_only_starts_workflows_needs_less(fake: FakeGitHub, of_app: Settings) -> None:
    installed(fake, {"contents": "write", "metadata": "read"}, {}, [])
    only = replace(of_app, github=of_app.github._replace(mode="dispatch"))
    found = said(only)
    assert [one.text for one in found] == [
        "github: its installation at acme lacks contents: write, metadata: read"
    ]


def test_without_checks_that_right_is_too_much(fake: FakeGitHub, of_app: Settings) -> None:
    installed(fake, NEEDED, NEEDED)
    unchecked = replace(of_app, github=of_app.github._replace(checks=False))
    assert ["checks: write" in one.text for one in said(unchecked)] == [True, True]


@pytest.mark.parametrize(
    ("maker", "named", "expected"),
    [
        ("acme", (), False),
        ("ACME", (), False),
        ("ours", (), True),
        ("ours", ("acme/infra",), False),
    ],
)
def test_who_else_has_installed_an_app_is_told(
    fake: FakeGitHub,
    of_app: Settings,
    maker: str,
    named: tuple[str, ...],
    expected: bool,  # noqa: FBT001
) -> None:
    installed(fake, NEEDED, NEEDED)
    app = {"permissions": NEEDED, "events": EVENTS, "owner": {"login": maker}}
    fake.on("GET", "^/app$", Reply(200, app))
    found = said(replace(of_app, github=of_app.github._replace(repositories=named)))
    assert ["others than its owner (acme)" in one.text for one in found] == [True] * expected
    assert all(one.mark == "warn" for one in found)
