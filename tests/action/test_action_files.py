"""action.yml, the composite and the guide say what the tables of settings and outputs say."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from peers import ROOT

from replanner.action.inputs import read_inputs
from replanner.action.outputs import TABLE as OUTPUTS
from replanner.profile.settings import TABLE as SETTINGS


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return loaded(ROOT / "tools" / "action_files.py")


@pytest.fixture(scope="module")
def step() -> ModuleType:
    return loaded(ROOT / "cli" / "step.py")


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_every_file_is_what_the_tables_say(tool: ModuleType) -> None:
    for path, text in tool.files().items():
        assert path.read_text(encoding="utf-8") == text, "run tools/action_files.py"


@pytest.mark.parametrize("path", ["action.yml", "cli/action.yml"])
def test_inputs_and_outputs_are_those_of_the_tables(path: str) -> None:
    found = read(path)
    assert list(found["inputs"]) == [one.name for one in SETTINGS]
    assert list(found["outputs"]) == list(OUTPUTS)
    assert all(one["description"] for one in found["inputs"].values())


@pytest.mark.parametrize("path", ["action.yml", "cli/action.yml"])
def test_nothing_but_the_token_has_a_default_that_would_win_over_the_configuration(
    path: str,
) -> None:
    inputs = read(path)["inputs"]
    assert [name for name, one in inputs.items() if "default" in one] == ["token"]
    assert not [name for name, one in inputs.items() if "required" in one]


def test_the_composite_passes_every_input_by_the_environment_and_none_into_a_script() -> None:
    (run,) = read("cli/action.yml")["runs"]["steps"]
    assert "${{" not in run["run"]
    values = {one.name: f"${{{{ inputs.{one.name} }}}}" for one in SETTINGS}
    assert read_inputs(run["env"]) == values


def test_the_composite_hands_every_output_on() -> None:
    outputs = read("cli/action.yml")["outputs"]
    wanted = {name: f"${{{{ steps.run.outputs.{name} }}}}" for name in OUTPUTS}
    assert {name: one["value"] for name, one in outputs.items()} == wanted


def test_the_guide_names_every_input_and_output() -> None:
    text = (ROOT / "docs" / "action.md").read_text(encoding="utf-8")
    for name in [one.name for one in SETTINGS] + list(OUTPUTS):
        assert f"| `{name}` |" in text


def test_without_docker_only_locked_wheels_are_installed(step: ModuleType) -> None:
    command = [str(part) for part in step.pip(Path("python"))]
    for option in ("--require-hashes", "--no-deps", "--only-binary"):
        assert option in command
    assert command[-1] == str(ROOT / "requirements.lock")


def test_one_environment_serves_all_steps_of_a_job(step: ModuleType, tmp_path: Path) -> None:
    folder = step.environment_for(tmp_path)
    assert folder.parent == tmp_path
    assert step.environment_for(tmp_path) == folder
    assert step.environment_for(tmp_path / "other").name == folder.name


def test_an_old_python_is_told(
    step: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert step.main() == 2
    assert "::error title=replanner::Python 3.9 is too old" in capsys.readouterr().out


def test_a_step_in_a_ready_environment_runs_the_action_there(
    step: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    folder = step.environment_for(tmp_path)
    python = step.python_of(folder)
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@" > "$RUNNER_TEMP/told"\nexit 3\n')
    python.chmod(0o755)
    (folder / "done").touch()
    assert step.main() == 3
    assert (tmp_path / "told").read_text().split() == ["-I", "-u", "-m", "replanner.action"]
