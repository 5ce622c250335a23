"""`replanner check` and `replan` as people run them, on a repository on disk."""

import json
from pathlib import Path
from typing import Any

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


def titles(done: Any) -> list[str]:
    return [step["title"] for step in json.loads(done.stdout)["steps"] if step["step"] == "open"]


def test_flags_say_how_to_propose(run: Run, committed: Path) -> None:
    told = json.loads(
        run(
            *("replan", "--json", "--dry-run", "--group-by", "all", "--branch-prefix", "bots/"),
            *("--scope", "eu", "--title-style", "conventional"),
        ).stdout
    )
    (one,) = told["proposals"]
    assert (one["branch"], one["operation"]) == ("bots/main/eu/all", "created")
    assert one["title"].startswith("chore(vllm): [eu] plan 2 profiles")
    del committed


def test_a_proposal_looks_as_it_was_asked_for(run: Run, committed: Path) -> None:
    run("replan", "--labels", "gpu,plans", "--draft", "true", "--signoff", "--new-prs-per-run", "1")
    (file,) = (committed / ".git/replanner/proposals").rglob("*.md")
    assert 'labels: ["gpu", "plans"]' in file.read_text()
    assert "draft: true" in file.read_text()
    branch = f"replanner/main/{file.stem}"
    assert "Signed-off-by: replanner" in Repo(committed).git("log", "-1", "--format=%B", branch)


def test_limits_hold_on_disk_only_where_asked(run: Run, committed: Path) -> None:
    asked = ("replan", "--json", "--dry-run")
    assert len(titles(run(*asked))) == 2
    assert len(titles(run(*asked, "--new-prs-per-run", "1"))) == 1
    Repo(committed).commit({".github/replanner.yaml": "open_prs_limit: 1\n"})
    assert len(titles(run(*asked))) == 1
    assert len(titles(run(*asked, "--open-prs-limit", "5"))) == 2


def test_the_configuration_says_what_flags_do_not(run: Run, committed: Path) -> None:
    Repo(committed).commit({".github/replanner.yaml": "title_style: conventional\n"})
    asked = ("replan", "--json", "--dry-run")
    assert titles(run(*asked))[0].startswith("chore(vllm): plan")
    assert titles(run(*asked, "--title-style", "plain"))[0].startswith("Plan")


def test_a_proposal_can_be_written_afresh(run: Run, committed: Path) -> None:
    run("replan", "--group-by", "all")
    repo = Repo(committed)
    repo.git("checkout", "-q", "replanner/main/all")
    repo.commit({"note.txt": "mine"})
    repo.git("checkout", "-q", "main")
    left = run("replan", "--group-by", "all")
    assert "is left alone: somebody else committed to its branch." in left.stdout
    done = run("replan", "--group-by", "all", "--rebuild", "replanner/main/all")
    assert "pushed replanner/main/all" in done.stdout
    assert "nothing is proposed for 'x'." in run("replan", "--rebuild", "x").stdout


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--draft", "yes"), "must be one of auto, true, false"),
        (("--branch-prefix", "bots"), "the last of them '/'"),
        (("--min-revision-age", "soon"), "must be a time like 24h"),
        (("--new-prs-per-run", "0"), "whole number from 1"),
        (("--revision-classes", "doc"), "Did you mean 'docs'?"),
    ],
)
def test_a_flag_that_makes_no_sense_says_what_would(
    run: Run, committed: Path, flags: tuple[str, ...], sentence: str
) -> None:
    done = run("replan", *flags)
    assert done.returncode == 2
    assert sentence in done.stderr
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
