"""The public API, as another program uses it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from configs import LLAMA_3_1_8B

import replanner
from replanner.hub.folder import FolderHub

PROFILE = """\
profile_version: 1
model: {{id: ./llama}}
hardware: {{gpu_name: H100, gpus: {gpus}}}
"""


def test_a_profile_is_loaded_planned_and_compared(tmp_path: Path) -> None:
    (tmp_path / "llama").mkdir()
    (tmp_path / "llama" / "config.json").write_text(json.dumps(LLAMA_3_1_8B))
    plans = []
    for gpus in (1, 2):
        file = tmp_path / "chat.yaml"
        file.write_text(PROFILE.format(gpus=gpus))
        plans.append(replanner.plan(replanner.load_profile(file), FolderHub(tmp_path)))
    assert plans[0].inputs.profile_name == "chat"
    change = replanner.diff(*plans)
    assert change is not None
    assert "hardware.gpus: default -> 2" in {str(cause) for cause in change.causes}


def test_nothing_else_is_public() -> None:
    assert replanner.__all__ == ["__version__", "diff", "load_profile", "plan"]
    with pytest.raises(AttributeError, match="has no attribute 'planner'"):
        _ = replanner.planner  # type: ignore[attr-defined]


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, replanner; print(sorted(m for m in sys.modules if m.startswith('pydantic')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
