import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_github import FakeGitHub, Reply, Request, fake_github

from replanner.errors import InputError, RateLimited, UpstreamError
from replanner.profile.settings import merged
from replanner.run.polite import PoliteHub, PoliteRegistry
from replanner.server.cap import TooOften
from replanner.server.figures import Figures, figures_of
from replanner.server.flow import JobFailed, _later
from replanner.server.gate import GitHubGate, inputs_of
from replanner.server.secrets import Secret
from replanner.server.settings import App, Settings, read_settings
from replanner.server.work import make_work
from replanner.upstream.manners import Manners

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


# --- who looks on


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with fake_github() as server:
        yield server


def gate(fake: FakeGitHub, settings: Settings, figures: Figures | None = None) -> GitHubGate:
    github = settings.github._replace(api_url=fake.url)
    manners = Manners(figures or Figures(), clock=lambda: 0.0)
    return GitHubGate(dataclasses.replace(settings, github=github), manners)


def left(*pairs: tuple[str, str]) -> Reply:
    return Reply(304, None, dict(pairs))


HEADS = {"main": "a" * 40}


def test_what_github_still_answers_is_told_by_owner(fake: FakeGitHub, settings: Settings) -> None:
    fake.on(
        "GET",
        "^/repos/acme/infra/commits/heads/main$",
        left(("X-RateLimit-Remaining", "4711"), ("X-RateLimit-Resource", "core")),
        left(("X-RateLimit-Remaining", "9"), ("X-RateLimit-Resource", "search")),
        left(("X-RateLimit-Remaining", "many"), ("X-RateLimit-Resource", "core")),
    )
    figures = Figures()
    asking = gate(fake, settings, figures)
    for _ in range(3):
        assert asking.still("acme/infra", HEADS)
    assert figures.shown().left == [(("acme", "core"), 4711)]


def test_all_wait_for_a_limit_that_one_met(fake: FakeGitHub, settings: Settings) -> None:
    limit = {"message": "You have exceeded a secondary rate limit. Please wait."}
    fake.on("GET", "commits", Reply(403, limit, {"Retry-After": "120"}))
    figures = Figures()
    asking = gate(fake, settings, figures)
    for repository in ("acme/infra", "acme/other", "beta/infra"):  # one token, one limit
        with pytest.raises(RateLimited) as raised:
            asking.still(repository, HEADS)
        assert raised.value.retry_after_s in (120, 121)
    assert len(fake.asked) == 1
    assert figures.shown().counts == [("upstream_errors", ("github", "limited"), 1)]


def test_an_apps_limits_are_each_owners_own(settings: Settings) -> None:
    told = settings.github._replace(token=None, app=App(12, Secret("key")))
    asking = GitHubGate(dataclasses.replace(settings, github=told))
    keys = [
        asking._limit(name, "https://api.github.com") for name in ("acme/a", "acme/b", "beta/a")
    ]
    assert keys[0] == keys[1] == ("api.github.com acme", "acme")
    assert keys[2] == ("api.github.com beta", "beta")


def test_an_answer_ends_the_patience_with_a_github_that_failed(
    fake: FakeGitHub, settings: Settings
) -> None:
    fake.on("GET", "commits", Reply(304))
    asking = gate(fake, settings)
    for _ in range(5):
        asking.manners.failed("github", asking._limit("a/b", fake.url)[0], UpstreamError("away."))
        assert asking.still("acme/infra", HEADS)


def test_models_and_images_are_asked_with_the_same_manners(settings: Settings) -> None:
    asking = GitHubGate(settings)
    with asking.world("acme/infra") as world:
        hub, registry = world.models(merged(inputs_of(settings)), True), world.images(True)  # noqa: FBT003 - see there
    assert isinstance(hub, PoliteHub)
    assert hub.host == "hub.acme"
    assert isinstance(registry, PoliteRegistry)
    assert hub.manners is registry.manners is asking.manners


def test_the_figures_are_those_that_upstreams_are_counted_in(settings: Settings) -> None:
    work = make_work(settings)
    assert isinstance(work.gate, GitHubGate)
    assert work.gate.manners.meter is work.figures is figures_of(work)


def test_our_own_cap_is_waited_for_however_often() -> None:
    assert _later(TooOften("x", retry_after_s=7), 1000).later_s == 7
    with pytest.raises(JobFailed):
        _later(RateLimited("x", retry_after_s=7), 1000)


# --- one owner, and the others


@dataclasses.dataclass
class Owners:
    """An App that is installed by two; `fails` is what GitHub answers about one of them."""

    fails: dict[int, Reply] = dataclasses.field(default_factory=dict)

    def serve(self, fake: FakeGitHub) -> None:
        fake.on("GET", "^/app/installations$", Reply(body=[{"id": 1}, {"id": 2}]))
        for number in (1, 2):
            body = {"token": f"ghs_{number}", "expires_at": "2099-01-01T00:00:00Z"}
            made = Reply(201, {**body, "permissions": {}})
            fake.on("POST", f"^/app/installations/{number}/access_tokens$", made)
        fake.on("GET", "^/installation/repositories$", self._listed)

    def _listed(self, request: Request) -> Reply:
        number = int(request.headers["authorization"][-1])
        names = [{"full_name": f"owner{number}/infra"}]
        return self.fails.get(number) or Reply(body={"repositories": names})


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind = serialization.PrivateFormat.TraditionalOpenSSL
    none = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, kind, none).decode()


def as_app(settings: Settings, private_key: str) -> Settings:
    told = settings.github._replace(token=None, app=App(12, Secret(private_key)), repositories=())
    return dataclasses.replace(settings, github=told)


LIMIT = Reply(403, {"message": "API rate limit exceeded"}, {"Retry-After": "1800"})


def test_a_limit_that_one_owner_met_keeps_no_other_waiting(
    fake: FakeGitHub, settings: Settings, private_key: str
) -> None:
    owners = Owners()
    owners.serve(fake)
    asking = gate(fake, as_app(settings, private_key))
    both = ["owner1/infra", "owner2/infra"]
    assert asking.repositories() == both
    owners.fails[1] = LIMIT
    for _ in range(2):
        assert asking.repositories() == both
    asked = [one for one in fake.paths() if one == "GET /installation/repositories"]
    assert len(asked) == 2 + 2 + 1  # who asked to wait is left alone


def test_an_owner_who_lets_us_in_no_more_is_left_out_alone(
    fake: FakeGitHub, settings: Settings, private_key: str, caplog: pytest.LogCaptureFixture
) -> None:
    owners = Owners()
    owners.serve(fake)
    asking = gate(fake, as_app(settings, private_key))
    assert asking.repositories()
    owners.fails[1] = Reply(403, {"message": "Your IP address is not on the allow list."})
    assert asking.repositories() == ["owner2/infra"]
    assert "installation 1 is left out" in caplog.text
    owners.fails.clear()
    fake.on("GET", "^/app/installations$", Reply(body=[{"id": 1}]))
    assert asking.repositories() == ["owner1/infra"]


def test_whose_repositories_were_never_known_are_waited_for(
    fake: FakeGitHub, settings: Settings, private_key: str
) -> None:
    owners = Owners({1: LIMIT})
    owners.serve(fake)
    with pytest.raises(RateLimited):
        gate(fake, as_app(settings, private_key)).repositories()
