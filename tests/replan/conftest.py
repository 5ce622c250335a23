"""A repository with one profile and a hub with its model, before and after its first proposal."""

from pathlib import Path

import pytest
from gitting import Repo
from worlds import CHAT, OTHER, World, profile


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(Repo.new(tmp_path / "repo"), tmp_path / "hub")
    made.hub_dir.mkdir()
    made.model()
    made.model(model_id=OTHER)
    made.repo.commit({CHAT: profile(), "README.md": "hello\n"})
    return made


@pytest.fixture
def accepted(world: World) -> World:
    """A repository whose plans are in place."""
    world.accept(world.run())
    return world
