"""A repository with a model folder, and the command line run in it as people run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from configs import LLAMA_3_1_8B, MIXTRAL_8X7B
from running import Run

PROFILE = """\
profile_version: 1
model:
  id: ./models/{model}   # below the root
hardware:
  gpu_name: {gpu}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Two models as folders and a profile of each: one fits an H100, one does not."""
    for name, config in (("llama", LLAMA_3_1_8B), ("mixtral", MIXTRAL_8X7B)):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(config))
        profile = tmp_path / "profiles" / f"{name}.yaml"
        profile.parent.mkdir(exist_ok=True)
        profile.write_text(PROFILE.format(model=name, gpu="H100"))
    return tmp_path


@pytest.fixture
def run(repo: Path) -> Run:
    """`run("plan", ..., env={...}, stdin="...")` in the repository, in a process of its own."""

    def command(
        *arguments: str, env: dict[str, str] | None = None, stdin: str = "", cwd: Path = repo
    ) -> subprocess.CompletedProcess[str]:
        base = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "replanner", *arguments],
            cwd=cwd,
            env={**base, "PYTHONUTF8": "1", **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    return command
