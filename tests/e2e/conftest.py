"""A stage for whole runs: an emulated GitHub behind a wire, and a Hub with two small models."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from action_run import Step
from configs import LLAMA_3_1_8B, MIXTRAL_8X7B
from emulated import GitHub, emulated
from engines import image
from image_step import ImageStep
from models_hub import LARGE, SMALL, Hub
from peers import peer, running
from wire import wired


@pytest.fixture(scope="module")
def _github() -> Iterator[GitHub]:
    """One for a file: the emulator counts 5,000 calls an hour, whatever is reset."""
    with emulated() as github:
        yield github


@pytest.fixture
def github(_github: GitHub) -> GitHub:
    _github.reset()
    return _github


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    models = tmp_path / "hub"
    program = peer("hub-server")
    make = program.parent / "hub" / "make_model_repo.py"
    for model, config in ((SMALL, LLAMA_3_1_8B), (LARGE, MIXTRAL_8X7B)):
        _make(make, models, model=model, config=config)
    with running(program, models) as url:
        yield Hub(url)


def _make(make: Path, models: Path, *, model: str, config: Mapping[str, Any]) -> None:
    folder = models.parent / "made" / model
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "README.md").write_text("A model.\n")
    subprocess.run([sys.executable, make, models, model, folder], check=True, capture_output=True)


@pytest.fixture
def step(github: GitHub, hub: Hub, tmp_path: Path) -> Iterator[Step]:
    folder = tmp_path / "workspace"
    folder.mkdir()
    with wired(github.url) as wire:
        yield Step(github, wire, folder, hub.url)


@pytest.fixture
def image_step(step: Step) -> ImageStep:
    """A step that runs the image of this tree, or a skip."""
    return ImageStep(step.github, step.wire, step.folder, step.hub_url, engine=image())
