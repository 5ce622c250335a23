"""A stage for whole runs: an emulated GitHub behind a wire, and a Hub with two small models."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from action_run import Step
from configs import LLAMA_3_1_8B, MIXTRAL_8X7B
from emulated import GitHub, emulated
from peers import peer, running
from wire import wired

SMALL = "acme/small-8b"
LARGE = "acme/large-8x7b"


@dataclass
class Hub:
    """Models that move; what is committed here is what a publisher does."""

    url: str

    def commit(self, model: str, files: Mapping[str, str], message: str = "change") -> None:
        self._put("POST", "/_tools/commit", {"model": model, "files": files, "message": message})

    def faults(self, faults: Mapping[str, Any]) -> None:
        self._put("PUT", "/_tools/faults", faults)

    def _put(self, method: str, path: str, body: object) -> None:
        request = urllib.request.Request(
            self.url + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30):
            pass


@pytest.fixture(scope="session")
def _github() -> Iterator[GitHub]:
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
