"""validate, schema, init, catalog: the commands that plan nothing."""

import json
from pathlib import Path

import pytest
import yaml
from running import Run


def test_validate_tells_every_files_problems_with_their_place(run: Run, repo: Path) -> None:
    (repo / "bad.yaml").write_text("profile_version: 1\nmodel:\n  id: a/b\n  revison: main\n")
    done = run("validate", "profiles/llama.yaml", "bad.yaml")
    assert done.returncode == 2
    assert done.stdout == "profiles/llama.yaml: valid\n"
    assert "bad.yaml:4:3" in done.stderr
    assert "revision" in done.stderr


def test_validate_knows_the_renderers(run: Run, repo: Path) -> None:
    text = (repo / "profiles" / "llama.yaml").read_text()
    (repo / "typo.yaml").write_text(text + "outputs: {emit: [kommand]}\n")
    done = run("validate", "typo.yaml")
    assert done.returncode == 2
    assert "command" in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("hardware: {gpu_name: L40X}", "L40S"),
        ("outputs: {vllm_args: {max-model-length: 5}}", "max-model-len"),
    ],
)
def test_validate_knows_gpus_and_flags_without_a_model(
    run: Run, repo: Path, more: str, said: str
) -> None:
    (repo / "typo.yaml").write_text(f"profile_version: 1\nmodel: {{id: a/b}}\n{more}\n")
    done = run("validate", "typo.yaml")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "typo.yaml:3:" in done.stderr
    assert said in done.stderr


def test_schema_is_json_with_the_documented_keys(run: Run) -> None:
    schema = json.loads(run("schema").stdout)
    assert "profile_version" in json.dumps(schema)


def test_init_writes_a_profile_that_validates_and_overwrites_nothing(run: Run, repo: Path) -> None:
    (repo / ".git").mkdir()
    done = run("init", "--model", "Qwen/Qwen3-8B", "--gpu", "L40S")
    assert done.returncode == 0
    profile = repo / "profiles" / "qwen3-8b.yaml"
    assert run("validate", str(profile)).returncode == 0
    workflow = yaml.safe_load((repo / ".github" / "workflows" / "replanner.yml").read_text())
    assert "jobs" in workflow
    profile.write_text("mine")
    again = run("init", "--model", "Qwen/Qwen3-8B", "--gpu", "L40S")
    assert "left as it is" in again.stdout
    assert profile.read_text() == "mine"


@pytest.mark.parametrize("what", ["gpus", "instances", "quantizations", "renderers"])
def test_catalogs_are_tables_for_people_and_json_for_machines(run: Run, what: str) -> None:
    rows = json.loads(run("catalog", what, "--json").stdout)
    table = run("catalog", what).stdout.splitlines()
    assert len(table) == len(rows) + 1
    assert table[0].split()[0] == next(iter(rows[0]))


def test_every_gpu_that_is_listed_can_be_planned_for(run: Run, repo: Path) -> None:
    names = [row["name"] for row in json.loads(run("catalog", "gpus", "--json").stdout)]
    text = (repo / "profiles" / "llama.yaml").read_text()
    files = []
    for number, name in enumerate(names):
        file = repo / f"gpu{number}.yaml"
        file.write_text(text.replace("gpu_name: H100", f"gpu_name: {json.dumps(name)}"))
        files.append(file.name)
    lines = run("plan", "--json", *files).stdout.splitlines()
    assert len(lines) == len(names) >= 60
    for line in lines:
        assert "error" not in json.loads(line)
