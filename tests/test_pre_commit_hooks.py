"""The hooks that pre-commit offers run commands that exist."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_runs_a_command_of_this_planner(hook: dict[str, Any], tmp_path: Path) -> None:
    name, *arguments = hook["entry"].split()
    assert name == "replanner"
    profile = tmp_path / "profiles" / "chat.yaml"
    profile.parent.mkdir()
    profile.write_text("profile_version: 1\nmodel: {id: ./nowhere}\n")
    files = ["profiles/chat.yaml"] if hook.get("pass_filenames", True) else []
    assert re.search(hook["files"], "profiles/chat.yaml")
    done = subprocess.run(
        [sys.executable, "-m", "replanner", *arguments, *files],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr
    assert "usage:" not in told
    assert "profiles/chat.yaml" in told
