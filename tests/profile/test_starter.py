"""What `replanner init` writes loads, and is a workflow that asks for no more than it needs."""

import json
import re

import pytest
import yaml

from replanner import __version__
from replanner.errors import InputError
from replanner.profile import (
    RepoConfig,
    find_profiles,
    json_schema,
    parse_profile,
    parse_repo_config,
    starter_files,
)


def test_the_starter_files_work_together() -> None:
    files = starter_files(model_id=None, gpu_name=None)
    config = parse_repo_config(files[".github/replanner.yaml"])
    assert config == RepoConfig()
    [(name, path)] = find_profiles(files, config.profiles)
    asked = parse_profile(files[path], name=path).profile.request()
    assert (name, path) == ("qwen3-8b", "profiles/qwen3-8b.yaml")
    assert (asked.model.id, asked.hardware.gpu_name) == ("Qwen/Qwen3-8B", "L40S")
    assert json.loads(files[".github/replanner.schema.json"]) == json_schema()
    modeline = files[path].splitlines()[0]
    assert modeline == "# yaml-language-server: $schema=../.github/replanner.schema.json"


def test_every_line_that_is_commented_out_would_be_accepted() -> None:
    files = starter_files(model_id=None, gpu_name=None)
    path = "profiles/qwen3-8b.yaml"
    parse_profile(re.sub(r"(?m)^  # ", "  ", files[path]), name=path)
    config = re.sub(r"(?m)^# (?=[ a-z]+:|  )", "", files[".github/replanner.yaml"])
    parsed = parse_repo_config(config)
    assert parsed.policy.min_concurrency == 8
    assert parsed.overrides[0].policy.min_concurrency == 32


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "profiles/llama-3.1-8b-instruct.yaml"),
        ("./my models/x: y #", "profiles/x-y.yaml"),
        ("../", "profiles/model.yaml"),
        ("/models/tiny/", "profiles/tiny.yaml"),
    ],
)
def test_any_model_and_gpu_can_be_started_from(model: str, path: str) -> None:
    files = starter_files(model_id=model, gpu_name='RTX "4090" # x')
    loaded = parse_profile(files[path], name=path).profile
    assert loaded.model.id == model
    assert loaded.hardware.gpu_name == 'RTX "4090" # x'


@pytest.mark.parametrize(("model", "gpu"), [("a b", None), (None, "\n"), ("../../x\n- y", None)])
def test_a_name_that_no_profile_may_hold_is_refused(model: str | None, gpu: str | None) -> None:
    with pytest.raises(InputError, match="must"):
        starter_files(model_id=model, gpu_name=gpu)


def test_the_workflow_asks_for_no_more_than_it_needs() -> None:
    text = starter_files(model_id=None, gpu_name=None)[".github/workflows/replanner.yml"]
    workflow = yaml.safe_load(text)
    [job] = workflow["jobs"].values()
    assert workflow["permissions"] == {}
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
    [step] = job["steps"]
    assert step["uses"].endswith("/replanner@v" + __version__.partition(".")[0])
