import pytest
from oci_server import Registry, digest

from replanner.errors import AccessDenied, InputError, RateLimited, UpstreamError
from replanner.registry.access import Access, Login
from replanner.registry.oci import OciRegistry


def asking(registry: Registry, login: Login | None = None) -> OciRegistry:
    known = {registry.host: login} if login else {}
    access = Access(frozenset({registry.host}), logins=known)
    return OciRegistry(access, timeout_s=2, retry_waits_s=())


def test_pins_a_tag_by_what_it_stands_for_now(registry: Registry) -> None:
    now = registry.push("acme/vllm", "stable", "one")
    name = f"{registry.host}/acme/vllm"
    assert asking(registry).pin(name, "stable") == f"{name}:stable@{now}"
    assert registry.calls == ["HEAD /v2/acme/vllm/manifests/stable"]


def test_a_tag_that_moved_is_seen_by_the_next_run_alone(registry: Registry) -> None:
    name = f"{registry.host}/acme/vllm"
    registry.push("acme/vllm", "stable", "one")
    run = asking(registry)
    before = run.pin(name, "stable")
    registry.push("acme/vllm", "stable", "two")
    assert run.pin(name, "stable") == before
    assert asking(registry).pin(name, "stable").endswith(digest("two"))


def test_a_glob_finds_the_newest_tag_on_any_page(registry: Registry) -> None:
    registry.page = 2
    for tag in ("v0.9.1", "v0.33.1", "v0.33.0", "v0.34.0rc1", "latest", "v0.33.10"):
        registry.push("acme/vllm", tag, tag)
    name = f"{registry.host}/acme/vllm"
    found = asking(registry).pin(name, "v0.*")
    assert found == f"{name}:v0.33.10@{digest('v0.33.10')}"
    # The next page's address named another host, which was not asked.
    assert registry.calls[1] == "GET /v2/acme/vllm/tags/list?n=2&last=v0.33.0"


def test_too_many_tags_are_an_answer_and_no_outage(registry: Registry) -> None:
    registry.page = 1
    for number in range(60):
        registry.push("acme/vllm", f"v{number:02}", "one")
    with pytest.raises(InputError, match="more tags than are read"):
        asking(registry).pin(f"{registry.host}/acme/vllm", "v*")
    assert len(registry.calls) == 50


def test_a_registry_that_tells_no_digest_is_read_and_hashed(registry: Registry) -> None:
    registry.tells_digests = False
    now = registry.push("acme/vllm", "stable", "one")
    assert asking(registry).digest(f"{registry.host}/acme/vllm", "stable") == now


def test_fetches_a_token_where_one_is_asked_for_and_once(registry: Registry) -> None:
    registry.auth = "bearer"
    for tag in ("v1", "v2"):
        registry.push("acme/vllm", tag, tag)
    asked = asking(registry)
    for tag in ("v1", "v2"):
        assert asked.digest(f"{registry.host}/acme/vllm", tag) == digest(tag)
    assert [call for call in registry.calls if "token" in call] == [
        "GET /token?service=images&scope=repository%3Aacme%2Fvllm%3Apull"
    ]


@pytest.mark.parametrize("auth", ["bearer", "basic"])
def test_logs_in_where_the_image_is_private(registry: Registry, auth: str) -> None:
    registry.auth, registry.users = auth, {"ada": "secret"}
    now = registry.push("acme/vllm", "stable", "one")
    name = f"{registry.host}/acme/vllm"
    known = asking(registry, Login("ada", "secret"))
    assert known.digest(name, "stable") == now
    for other in (asking(registry), asking(registry, Login("ada", "wrong"))):
        with pytest.raises(AccessDenied) as refused:
            other.digest(name, "stable")
        assert "secret" not in repr((known, other, str(refused.value)))


@pytest.mark.parametrize(
    "realm",
    ["http://169.254.169.254/token", "ftp://x/token", "https://u:p@x/token", "https://x/?a=b", ""],
)
def test_a_realm_of_no_use_is_not_followed(registry: Registry, realm: str) -> None:
    registry.auth, registry.realm = "bearer", realm or "x"
    registry.push("acme/vllm", "stable", "one")
    with pytest.raises(UpstreamError, match="no usable address"):
        asking(registry).digest(f"{registry.host}/acme/vllm", "stable")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, UpstreamError), (503, UpstreamError), (403, AccessDenied), (302, UpstreamError)],
)
def test_says_what_kind_of_failure_it_is(
    registry: Registry, status: int, kind: type[Exception]
) -> None:
    registry.fail, registry.headers = status, {"Location": "http://169.254.169.254/"}
    with pytest.raises(kind):
        asking(registry).pin(f"{registry.host}/acme/vllm", "stable")


def test_a_registry_that_asks_to_slow_down_says_until_when(registry: Registry) -> None:
    registry.fail, registry.headers = 429, {"Retry-After": "120"}
    with pytest.raises(RateLimited) as limited:
        asking(registry).pin(f"{registry.host}/acme/vllm", "stable")
    assert limited.value.retry_after_s == 120
    assert len(registry.calls) == 1


def test_an_outage_is_tried_again_and_told_once_for_all_profiles(registry: Registry) -> None:
    registry.fail = 500
    asked = OciRegistry(Access(None), timeout_s=2, retry_waits_s=(0.01, 0.01))
    for _ in range(2):
        with pytest.raises(UpstreamError):
            asked.pin(f"{registry.host}/acme/vllm", "stable")
    assert len(registry.calls) == 3


def test_a_registry_that_is_gone_is_unreachable() -> None:
    asked = OciRegistry(Access(None), timeout_s=1, retry_waits_s=())
    with pytest.raises(UpstreamError, match="could not be reached"):
        asked.pin("127.0.0.1:9/acme/vllm", "stable")


def test_what_is_not_there_is_the_profiles_fault(registry: Registry) -> None:
    registry.push("acme/vllm", "stable", "one")
    name = f"{registry.host}/acme/vllm"
    for repository, track in ((name, "gone"), (name, "v9.*"), (f"{registry.host}/acme/x", "a*")):
        with pytest.raises(InputError):
            asking(registry).pin(repository, track)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a/../b", "Acme/x", "127.0.0.1:99999999/a", "a@b.c/x", "x" * 300, "a//b"],
)
def test_no_name_leads_elsewhere(name: str) -> None:
    with pytest.raises(InputError):
        OciRegistry(Access(None), retry_waits_s=()).pin(name, "stable")


def test_a_body_without_end_is_cut_off(registry: Registry) -> None:
    registry.images["acme/vllm"] = {f"t{'x' * 100}{at}": "x" for at in range(60_000)}
    registry.page = 100_000
    with pytest.raises(UpstreamError, match="more than 4096 KiB"):
        asking(registry).pin(f"{registry.host}/acme/vllm", "*")
