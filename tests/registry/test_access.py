import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import AccessDenied, InputError
from replanner.registry.access import Access, Login, is_local, logins_of
from replanner.registry.challenge import Challenge, challenge_of


def test_only_public_registries_are_asked_unless_others_are_named() -> None:
    assert Access().base_url("ghcr.io") == "https://ghcr.io"
    assert Access().base_url("docker.io") == "https://registry-1.docker.io"
    for host in ("169.254.169.254", "localhost:5000", "internal.example"):
        with pytest.raises(AccessDenied):
            Access().base_url(host)
    assert Access(None).base_url("localhost:5000") == "http://localhost:5000"
    mine = Access(frozenset({"images.acme"}), plain=frozenset({"images.acme"}))
    assert mine.base_url("images.acme") == "http://images.acme"


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("[::1]:5000", True),
        ("[::1]", True),
        ("127.0.0.1.example:5000", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
    ],
)
def test_only_this_machine_is_spoken_to_in_plain_text(host: str, local: bool) -> None:  # noqa: FBT001
    assert is_local(host) is local


def test_reads_the_logins_of_a_docker_client() -> None:
    word = base64.b64encode(b"ada:se:cret").decode()
    config = {
        "auths": {
            "https://index.docker.io/v1/": {"auth": word},
            "ghcr.io": {"auth": word},
            "kept.by.helper": {},
            "broken": {"auth": "%%%"},
        }
    }
    found = logins_of(json.dumps(config).encode(), name="config.json")
    assert found == {"docker.io": Login("ada", "se:cret"), "ghcr.io": Login("ada", "se:cret")}
    assert "cret" not in repr((found, Access(logins=found)))
    with pytest.raises(InputError):
        logins_of(b"{", name="config.json")


@pytest.mark.parametrize(
    ("header", "meant"),
    [
        (
            'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="a:b"',
            Challenge("bearer", "https://auth.docker.io/token", "registry.docker.io"),
        ),
        ("bearer realm=https://x/y, service=z", Challenge("bearer", "https://x/y", "z")),
        ('Basic realm="x\\"y"', Challenge("basic", 'x"y')),
        ("Negotiate", None),
        ("", None),
    ],
)
def test_reads_what_a_registry_asks_for(header: str, meant: Challenge | None) -> None:
    assert challenge_of([header]) == meant


def test_a_token_goes_before_a_password() -> None:
    found = challenge_of(['Basic realm="x"', 'Bearer realm="https://x/"'])
    assert found == Challenge("bearer", "https://x/")


@given(st.lists(st.text(max_size=200), max_size=3))
def test_any_header_can_be_read(headers: list[str]) -> None:
    challenge_of(headers)


@given(st.binary(max_size=300))
def test_any_config_is_read_or_refused(data: bytes) -> None:
    try:
        logins_of(data, name="x")
    except InputError as error:
        assert error.message  # noqa: PT017 - either is fine
