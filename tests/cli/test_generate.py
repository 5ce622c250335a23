"""`replanner generate`: files that are all written, or none."""

import hashlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from running import Run


def test_the_default_artifacts_go_where_the_profile_says(run: Run, repo: Path) -> None:
    done = run("generate", "profiles/llama.yaml", "--repo", ".")
    assert done.returncode == 0, done.stderr
    folder = repo / "deploy" / "llama"
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "serve_command.sh",
        "docker-compose.yaml",
        "k8s-values.yaml",
        "profile.yaml",
        "plan.json",
    }
    assert os.access(folder / "serve_command.sh", os.X_OK)


def test_all_artifacts_carry_the_judged_settings(run: Run, repo: Path) -> None:
    run(
        "generate",
        "profiles/llama.yaml",
        "--output-dir",
        "out",
        "--emit",
        "command,compose,docker,k8s",
    )
    config = json.loads((repo / "out" / "plan.json").read_text())["config"]
    script = (repo / "out" / "serve_command.sh").read_text().replace("\\\n", "")
    argv = shlex.split(script.splitlines()[-1])
    compose = yaml.safe_load((repo / "out" / "docker-compose.yaml").read_text())
    command = compose["services"]["vllm"]["command"]
    values = yaml.safe_load((repo / "out" / "k8s-values.yaml").read_text())
    for arguments in (argv, command, values["args"]):
        at = arguments.index("--max-model-len")
        assert arguments[at + 1] == str(config["max_model_len"])


def test_the_written_profile_plans_to_the_same_settings(run: Run, repo: Path) -> None:
    run("generate", "profiles/llama.yaml", "--output-dir", "out")
    first = json.loads((repo / "out" / "plan.json").read_text())
    text = (repo / "out" / "profile.yaml").read_text()
    assert "# below the root" in text, "the user's comment is kept"
    done = run("plan", "--json", "out/profile.yaml", "--repo", ".")
    assert json.loads(done.stdout)["config"] == first["config"]


def test_digests_are_those_of_the_files(run: Run, repo: Path) -> None:
    run("generate", "profiles/llama.yaml", "--output-dir", "out")
    plan = json.loads((repo / "out" / "plan.json").read_text())
    for name, digest in plan["artifacts"].items():
        assert hashlib.sha256((repo / "out" / name).read_bytes()).hexdigest() == digest
    assert plan["identity"] in (repo / "out" / "serve_command.sh").read_text()


def test_a_plan_can_be_piped_through_a_filter(run: Run, repo: Path) -> None:
    plan = json.loads(run("plan", "--json", "profiles/llama.yaml").stdout)
    plan["config"]["max_num_seqs"] = 77
    done = run("generate", "-", "--output-dir", "piped", stdin=json.dumps(plan))
    assert done.returncode == 0, done.stderr
    assert "--max-num-seqs 77" in (repo / "piped" / "serve_command.sh").read_text()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"config": {}}', "null", "[" * 100_000])
def test_what_is_no_plan_on_stdin_is_bad_input(run: Run, repo: Path, text: str) -> None:
    done = run("generate", "-", "--output-dir", "piped", stdin=text)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert not (repo / "piped").exists()


def test_a_plan_that_does_not_fit_is_written_and_says_so(run: Run, repo: Path) -> None:
    done = run("generate", "profiles/mixtral.yaml", "--output-dir", "out")
    assert done.returncode == 1
    assert (repo / "out" / "plan.json").exists()


def test_several_profiles_get_a_folder_each(run: Run, repo: Path) -> None:
    run("generate", "profiles/llama.yaml", "profiles/mixtral.yaml", "--output-dir", "out")
    assert (repo / "out" / "llama" / "plan.json").exists()
    assert (repo / "out" / "mixtral" / "plan.json").exists()


def test_an_unknown_renderer_names_the_nearest(run: Run, repo: Path) -> None:
    done = run("generate", "profiles/llama.yaml", "--emit", "comand", "--output-dir", "out")
    assert done.returncode == 2
    assert "'command'" in done.stderr
    assert not (repo / "out").exists()


def test_nothing_is_left_half_written(run: Run, repo: Path) -> None:
    """plan.json cannot replace a folder, so no other file is written either."""
    (repo / "out" / "plan.json" / "x").mkdir(parents=True)
    done = run("generate", "profiles/llama.yaml", "--output-dir", "out")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert [path.name for path in (repo / "out").iterdir()] == ["plan.json"]


def test_an_output_folder_that_is_a_file_is_bad_input(run: Run, repo: Path) -> None:
    (repo / "out").write_text("mine")
    done = run("generate", "profiles/llama.yaml", "--output-dir", "out")
    assert done.returncode == 2
    assert (repo / "out").read_text() == "mine"


def test_flags_alone_write_a_profile_too(run: Run, repo: Path) -> None:
    done = run("generate", "--model", "./models/llama", "--gpu", "H100", "--output-dir", "out")
    assert done.returncode == 0, done.stderr
    profile = yaml.safe_load((repo / "out" / "profile.yaml").read_text())
    assert profile["model"]["id"] == "./models/llama"


def test_bytes_that_are_no_text_on_stdin_are_bad_input(repo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "replanner", "generate", "-", "--output-dir", "piped"],
        cwd=repo,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        input=b"\xff\xfe",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: standard input")


def test_two_profiles_never_write_to_one_folder(run: Run, repo: Path) -> None:
    (repo / "other").mkdir()
    (repo / "other" / "llama.yaml").write_text(
        (repo / "profiles" / "llama.yaml").read_text().replace("H100", "L40S")
    )
    done = run("generate", "profiles/llama.yaml", "other/llama.yaml", "--output-dir", "out")
    assert done.returncode == 2
    assert "as profiles/llama.yaml does" in done.stderr
    written = json.loads((repo / "out" / "llama" / "plan.json").read_text())
    assert written["hardware"]["gpu_name"] == "H100 SXM"
