"""Everything that a server needs around it, or a skip."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from configs import LLAMA_3_1_8B
from emulated import GitHub, emulated
from models_hub import SMALL, Hub
from oci_server import serving
from peers import peer, running
from server_stage import Stage


@pytest.fixture(scope="module")
def _github() -> Iterator[GitHub]:
    with emulated() as github:
        yield github


@pytest.fixture
def stage(_github: GitHub, tmp_path: Path) -> Iterator[Stage]:
    _github.reset()
    models = tmp_path / "models"
    program = peer("hub-server")
    made = tmp_path / "made"
    made.mkdir()
    (made / "config.json").write_text(json.dumps(LLAMA_3_1_8B))
    maker = program.parent / "hub" / "make_model_repo.py"
    subprocess.run([sys.executable, maker, models, SMALL, made], check=True, capture_output=True)
    with running(program, models) as url, serving() as registry:
        yield Stage(_github, Hub(url), registry, tmp_path)
