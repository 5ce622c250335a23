"""Profiles that follow an image: the whole loop, against a registry on loopback."""

import json
from collections.abc import Iterator

import pytest
from oci_server import Registry, digest, serving
from worlds import CHAT, LLAMA, World, kinds, only

from replanner.forge.local import LocalForge
from replanner.forge.trees import WorkingTree
from replanner.registry.access import Access
from replanner.registry.oci import OciRegistry
from replanner.replan import Options, Replanned, check, replan


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving() as one:
        yield one


def following(registry: Registry, track: str) -> str:
    engine = f"engine:\n  image: {registry.host}/acme/vllm:v0.33.0\n  image_track: '{track}'\n"
    return f"profile_version: 1\nmodel:\n  id: {LLAMA}\nhardware:\n  gpu_name: H100\n{engine}"


def client() -> OciRegistry:
    return OciRegistry(Access(None), timeout_s=2, retry_waits_s=())


def run(world: World) -> Replanned:
    forge = LocalForge.at(world.repo.root)
    return replan(forge, world.hub, Options(), registry=client())


def accept(world: World, result: Replanned) -> None:
    for one in result.proposals:
        world.repo.git("merge", "-q", "--no-ff", "-m", "merge", one.branch)
    run(world)


def test_the_digest_that_a_tag_stands_for_is_what_is_served(
    world: World, registry: Registry
) -> None:
    registry.push("acme/vllm", "stable", "one")
    world.repo.commit({CHAT: following(registry, "stable")})
    accept(world, run(world))
    image = f"{registry.host}/acme/vllm:stable@{digest('one')}"
    folder = world.repo.root / "deploy/chat"
    assert json.loads((folder / "plan.json").read_text())["config"]["image"] == image
    assert image in (folder / "docker-compose.yaml").read_text()
    assert digest("one") in (folder / "k8s-values.yaml").read_text()


def test_a_tag_that_moved_is_proposed_and_nothing_else_is(world: World, registry: Registry) -> None:
    registry.push("acme/vllm", "stable", "one")
    world.repo.commit({CHAT: following(registry, "stable")})
    accept(world, run(world))
    assert kinds(run(world)) == []
    registry.push("acme/vllm", "stable", "two")
    bumped = run(world)
    change = only(bumped).change
    assert change is not None
    assert [cause.kind for cause in change.causes] == ["image"]
    assert kinds(bumped) == ["Push", "Open"]
    assert digest("two") in bumped.proposals[0].text
    assert kinds(run(world)) == []


def test_a_glob_moves_on_to_the_newest_tag(world: World, registry: Registry) -> None:
    registry.push("acme/vllm", "v0.33.0", "one")
    world.repo.commit({CHAT: following(registry, "v0.33.*")})
    accept(world, run(world))
    registry.push("acme/vllm", "v0.33.1", "two")
    registry.push("acme/vllm", "v0.34.0", "three")
    new = only(run(world)).new
    assert new is not None
    assert new.plan.config.image.endswith(f":v0.33.1@{digest('two')}")


def test_a_registry_that_is_away_is_unknown_and_closes_nothing(
    world: World, registry: Registry
) -> None:
    registry.push("acme/vllm", "stable", "one")
    world.repo.commit({CHAT: following(registry, "stable")})
    run(world)
    registry.fail = 503
    result = run(world)
    assert only(result).status == "unknown"
    assert result.writes == ()
    assert len(world.proposals()) == 1


def test_check_takes_the_digest_that_is_pinned_and_asks_nobody(
    world: World, registry: Registry
) -> None:
    registry.push("acme/vllm", "stable", "one")
    world.repo.commit({CHAT: following(registry, "stable")})
    accept(world, run(world))
    registry.push("acme/vllm", "stable", "two")
    report = check(WorkingTree(world.repo.root), world.hub, registry=None)
    assert report.exit_code == 0
    world.repo.commit({CHAT: following(registry, "nightly")})
    assert check(WorkingTree(world.repo.root), world.hub, registry=None).exit_code == 3
