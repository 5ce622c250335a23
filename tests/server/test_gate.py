import dataclasses
from pathlib import Path

import pytest

from replanner.errors import InputError
from replanner.profile.settings import merged
from replanner.server.gate import GitHubGate, inputs_of
from replanner.server.settings import Settings, read_settings
from replanner.server.work import make_work

KNOWN = {"huggingface": False, "cloudevents": False}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "secrets").write_text("s" * 32)
    (tmp_path / "token").write_text("ghp_secret")
    (tmp_path / "hf").write_text("hf_secret")
    (tmp_path / "server.yaml").write_text(
        "github: {token_file: token, repositories: [acme/infra]}\n"
        "hub: {endpoint: 'https://hub.acme', token_file: hf}\n"
        "registries: {hosts: ['images.acme:5000']}\n"
        "min_revision_age: 6h\n"
        "sources:\n"
        "  cloudevents: {secrets_file: secrets, map: {'a/*': 'profiles/a.yaml'}}\n"
    )
    return read_settings(tmp_path / "server.yaml", {}, folder=tmp_path, known=KNOWN)


def test_a_repository_does_not_say_where_the_hubs_token_goes(settings: Settings) -> None:
    here = merged(inputs_of(settings), {"hf_endpoint": "https://evil.example"})
    assert here.hf_endpoint == "https://hub.acme"
    assert here.hf_token.endswith("_secret")
    assert here.min_revision_age_s == 6 * 3600


def test_registries_beside_the_public_ones_are_named_by_who_runs_the_server(
    settings: Settings,
) -> None:
    hosts = settings.registries.hosts
    assert hosts is not None
    assert {"images.acme:5000", "docker.io"} <= hosts
    assert "localhost:5000" not in hosts


def test_work_is_made_of_settings(settings: Settings) -> None:
    work = make_work(settings)
    assert work.gate.repositories() == ("acme/infra",)
    assert work.subjects == {"a/*": "profiles/a.yaml"}
    assert not work.dispatches
    assert "_secret" not in repr(work)
    assert work.gate.redeliver() == 0


def test_without_a_token_nothing_is_opened(settings: Settings) -> None:
    bare = dataclasses.replace(settings, github=settings.github._replace(token=None))
    with pytest.raises(InputError, match="neither"), GitHubGate(bare).world("acme/infra"):
        pass
