"""`replanner check` and `replan` as people run them, on a repository on disk."""

import json
from pathlib import Path

import pytest
from gitting import Repo
from running import Run


@pytest.fixture
def committed(repo: Path) -> Path:
    made = Repo.new(repo)
    made.commit({})
    return repo


def test_replan_says_where_its_proposals_lie(run: Run, committed: Path) -> None:
    folder = committed / ".git" / "replanner" / "proposals"
    assert str(folder) not in run("replan", "--dry-run").stdout
    assert not folder.exists()
    done = run("replan")
    assert str(folder) in done.stdout
    assert done.returncode == 0
    assert len(list(folder.rglob("*.md"))) == 2


def test_replan_tells_machines_what_it_did(run: Run, committed: Path) -> None:
    told = json.loads(run("replan", "--json").stdout)
    assert [step["step"] for step in told["steps"]] == ["push", "open"] * 2
    assert json.loads(run("replan", "--json").stdout)["steps"] == []
    assert {row["status"] for row in told["profiles"]} == {"planned"}
    del committed


def test_check_has_an_exit_code_for_files_that_are_missing(run: Run, committed: Path) -> None:
    done = run("check")
    assert done.returncode == 1
    assert "deploy/llama/plan.json: is missing" in done.stdout
    del committed


@pytest.mark.parametrize("command", ["check", "replan"])
def test_a_bug_in_one_profile_is_traced_only_where_asked_for(
    run: Run, committed: Path, command: str
) -> None:
    broken = committed / "sitecustomize.py"
    broken.write_text(
        "import replanner.resolve as r\n"
        "real = r.Planner.record\n"
        "def record(self, profile, place, **more):\n"
        "    if place.name == 'llama': raise KeyError('x')\n"
        "    return real(self, profile, place, **more)\n"
        "r.Planner.record = record\n"
    )
    env = {"PYTHONPATH": str(committed)}
    quiet = run(command, env=env)
    assert quiet.returncode == 4
    assert "profiles/llama.yaml: a bug in replanner: KeyError" in quiet.stdout
    assert "mixtral" in quiet.stdout
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in run(command, env={**env, "REPLANNER_DEBUG": "1"}).stderr


@pytest.mark.parametrize("command", ["check", "replan"])
def test_a_profile_that_cannot_be_read_is_named_once_with_what_to_do(
    run: Run, committed: Path, command: str
) -> None:
    text = "profile_version: 1\nmodel: {id: ./models/llama, revision: '../x'}\n"
    Repo(committed).commit(
        {"profiles/bad.yaml": text, "deploy/llama/plan.json": "{}", "profiles/mixtral.yaml": None}
    )
    done = run(command)
    assert done.returncode == 2
    lines = done.stdout.splitlines()
    assert any(line.startswith("profiles/bad.yaml:2:") for line in lines)
    assert "profiles/bad.yaml: profiles/bad.yaml" not in done.stdout
    assert "delete it, then run again" in lines[lines.index(_starting(lines, "profiles/ll")) + 1]


def _starting(lines: list[str], start: str) -> str:
    return next(line for line in lines if line.startswith(start))
