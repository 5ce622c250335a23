"""What a server may be told, and what it is told about mistakes."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from gunicorn.util import parse_address
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import InputError
from replanner.server.settings import Settings, read_settings

KNOWN = {"github": False, "huggingface": False, "dockerhub": True}
SECRET = "a-secret-of-thirty-two-characters"  # noqa: S105 - made up


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "github").write_text(f"{SECRET}\nthe-previous-secret-0123\n\n")
    (tmp_path / "short").write_text("0123456789abcde\n")
    (tmp_path / "empty").write_text("\n")
    return tmp_path


def settings(folder: Path, text: str = "", env: Mapping[str, str] | None = None) -> Settings:
    file = folder / "server.yaml"
    file.write_text(text)
    return read_settings(file, env or {}, folder=folder / "elsewhere", known=KNOWN)


def test_an_empty_file_is_a_server_on_loopback_with_one_sqlite_file(folder: Path) -> None:
    found = settings(folder)
    assert str(found.listen) == "127.0.0.1:8080"
    assert found.store_file == folder / "replanner.db"
    assert found.sources == {}
    assert (found.debounce_seconds, found.reconcile_minutes, found.min_revision_age_s) == (
        20,
        15,
        0,
    )


def test_the_contracts_file_is_read(folder: Path) -> None:
    (folder / "token").write_text("a-token\n")
    (folder / "paths").write_text(SECRET)
    found = settings(
        folder,
        """
listen: 127.0.0.1:8080
store: sqlite:///replanner.db
github:
  api_url: https://api.github.com
  token_file: token
  repositories: [acme/infra]
hub: {endpoint: https://huggingface.co, token_file: null}
sources:
  huggingface: {secrets_file: github}
  github: {secrets_file: github}
  dockerhub: {path_tokens_file: paths}
debounce_seconds: 20
min_revision_age: 2h
reconcile_minutes: 15
""",
    )
    assert found.github.token is not None
    assert found.github.token.text == "a-token"
    assert found.min_revision_age_s == 7200
    assert [each.text for each in found.sources["github"].secrets] == [
        SECRET,
        "the-previous-secret-0123",
    ]
    assert found.sources["dockerhub"].secrets[0].text == SECRET


def test_the_environment_wins_over_the_file(folder: Path) -> None:
    env = {
        "REPLANNER_LISTEN": "0.0.0.0:9000",
        "REPLANNER_STORE": "postgresql://app:pass@db/replanner",
        "REPLANNER_GITHUB__API_URL": "https://ghe.example/api/v3/",
        "REPLANNER_GITHUB__REPOSITORIES": "acme/infra, acme/apps",
        "REPLANNER_SOURCES__HUGGINGFACE__SECRETS": SECRET,
        "REPLANNER_DEBOUNCE_SECONDS": "0",
        "REPLANNER_GITHUB__CHECKS": "false",
    }
    found = settings(folder, "listen: 127.0.0.1:1\nsources: {github: {secrets_file: github}}", env)
    assert found.listen.port == 9000
    assert found.store_file is None
    assert found.github.api_url == "https://ghe.example/api/v3"
    assert found.github.repositories == ("acme/infra", "acme/apps")
    assert sorted(found.sources) == ["github", "huggingface"]
    assert found.debounce_seconds == 0
    assert not found.github.checks


def test_what_kubernetes_and_other_parts_set_is_no_setting(folder: Path) -> None:
    settings(
        folder,
        env={
            "REPLANNER_PORT": "tcp://10.0.0.1:80",
            "REPLANNER_PORT_80_TCP_ADDR": "10.0.0.1",
            "REPLANNER_SERVICE_HOST": "10.0.0.1",
            "REPLANNER_WEB_SERVICE_PORT_HTTP": "80",
            "REPLANNER_WORKER_SLOT": "3",
            "REPLANNER_DEBUG": "1",
        },
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("listn: 1", r"server.yaml:1:1: unknown key 'listn'. Did you mean 'listen'"),
        ("github: {api: x}", "unknown key 'api' in github"),
        ("listen: 8099", "1:1: listen must be host:port, such as 127.0.0.1:8080, not 8099"),
        ("listen: [a, b]", "listen must be host:port, such as 127.0.0.1:8080, not a list"),
        ("listen: localhost", "listen must be host:port"),
        ("listen: '0.0.0.0:65536'", "listen must be host:port"),
        ("listen: ':8080'", "listen must be host:port"),
        ('listen: "a\\0b:80"', "listen must be host:port"),
        ("store: mysql://u:hidden@h/d", r"store must be sqlite:///file.db or postgresql://"),
        ("store: 'sqlite:///:memory:'", "must name a file"),
        ("debounce_seconds: -1", "debounce_seconds must be at least 0"),
        ("min_revision_age: soon", "must be a time like"),
        ("github: {api_url: 'https://u:p@h/'}", "must hold no password"),
        ("github: {repositories: [a]}", "must be owner/name"),
        ("github: {checks: sometimes}", "checks must be true or false"),
        ("github: {token: abc}", "is a secret, which does not belong in this file"),
        ("sources: {github: {secrets: abc}}", "sources.github.secrets is a secret"),
        ("sources: {githb: {secrets_file: github}}", "no such source. Did you mean 'github'"),
        ("sources: {github: {}}", "sources.github has no secret"),
        ("sources: {github: {secrets_file: empty}}", "holds no secret"),
        ("sources: {github: {secrets_file: short}}", "secret 1 has 15 bytes; it needs at least 16"),
        ("sources: {github: {secrets_file: gone}}", "gone cannot be read"),
        ("sources: {github: {path_tokens_file: github}}", "takes secrets_file, not"),
        ("sources: {dockerhub: {path_tokens_file: short}}", "needs at least 32"),
        ("github: {token_file: github}", "must hold exactly one line, not 2"),
        ("[]", "must be a mapping"),
    ],
)
def test_a_mistake_is_one_sentence_that_says_where(folder: Path, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as error:
        settings(folder, text)
    assert "hidden" not in error.value.in_full
    assert "\n" not in error.value.in_full


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "REPLANNER_LISTN",
            "x",
            "REPLANNER_LISTN: no setting has this name. Did you mean 'listen'",
        ),
        ("REPLANNER_GITHUB__API", "x", "Did you mean 'app'"),
        ("REPLANNER_LISTEN", "8099", "listen must be host:port, such as 127.0.0.1:8080"),
        ("REPLANNER_GITHUB__CHECKS", "no", "CHECKS: must be true or false, not 'no'"),
        ("REPLANNER_GITHUB", "x", "is a section"),
        ("REPLANNER_SOURCES__GITHUB", "x", "is a section"),
        ("REPLANNER_DEBOUNCE_SECONDS", "soon", "must be a whole number"),
        ("REPLANNER_DEBOUNCE_SECONDS", "9999", "the environment: debounce_seconds must be at most"),
        ("REPLANNER_GITHUB__APP__ID", "1", "github.app.private_key_file is required"),
        ("REPLANNER_SOURCES__GITHUB__SECRETS", "short", "needs at least 16"),
    ],
)
def test_a_mistake_in_the_environment_is_named_there(
    folder: Path, name: str, value: str, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        settings(folder, "", {name: value})


@pytest.mark.parametrize("text", ["[::1]:8080", "::1:8080"])
def test_an_ipv6_address_is_named_as_gunicorn_takes_it(folder: Path, text: str) -> None:
    found = settings(folder, f"listen: '{text}'").listen
    assert found == ("::1", 8080)
    assert parse_address(str(found)) == found


def test_no_secret_is_printable(folder: Path) -> None:
    env = {"REPLANNER_GITHUB__TOKEN": "hidden", "REPLANNER_STORE": "postgresql://a:hidden@h/d"}
    assert "hidden" not in repr(settings(folder, "", env))


@given(
    st.dictionaries(st.from_regex(r"REPLANNER_[A-Z_]{0,20}", fullmatch=True), st.text(), max_size=4)
)
def test_no_environment_is_more_than_a_mistake(env: dict[str, str]) -> None:
    try:
        read_settings(None, env, folder=Path("/nowhere"), known=KNOWN)
    except InputError:
        return
