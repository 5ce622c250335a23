from pathlib import Path

import pytest
from oci_server import Registry, digest, serving
from staged import FakeForge, FakePulls

from replanner.errors import AccessDenied
from replanner.hub.folder import LocalHub
from replanner.registry.access import Access, Login
from replanner.run.world import World, registry_of


def world(**more: object) -> World:
    return World(FakePulls({}), FakeForge({}), lambda *_: LocalHub(Path()), **more)  # type: ignore[arg-type]


def test_a_strangers_profile_reaches_no_registry_of_ours() -> None:
    with serving() as registry:
        registry.push("acme/vllm", "stable", "one")
        name = f"{registry.host}/acme/vllm"
        ours = world()
        assert ours.registry(trusted=True).pin(name, "stable").endswith(digest("one"))
        asked = len(registry.calls)
        with pytest.raises(AccessDenied):
            ours.registry(trusted=False).pin(name, "stable")
        assert len(registry.calls) == asked


def test_a_stranger_asks_as_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as registry:
        monkeypatch.setattr("replanner.run.world.PUBLIC", frozenset({registry.host}))
        private(registry)
        login = {registry.host: Login("ada", "word")}
        ours = world(images=registry_of(Access(frozenset({registry.host}), logins=login)))
        name = f"{registry.host}/acme/vllm"
        assert ours.registry(trusted=True).pin(name, "stable")
        with pytest.raises(AccessDenied):
            ours.registry(trusted=False).pin(name, "stable")


def private(registry: Registry) -> None:
    registry.auth, registry.users = "bearer", {"ada": "word"}
    registry.push("acme/vllm", "stable", "one")


def test_a_registry_is_opened_once_for_all_profiles() -> None:
    ours = world()
    assert ours.registry(trusted=True) is ours.registry(trusted=True)
    assert ours.registry(trusted=True) is not ours.registry(trusted=False)
