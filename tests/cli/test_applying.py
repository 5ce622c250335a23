"""`replanner apply` as people run it, in a working tree."""

import json
from pathlib import Path

import pytest
from running import Run

from replanner.cli.files import write_tree
from replanner.propose import Blob

SCRIPT = "deploy/llama/serve_command.sh"


def files(repo: Path) -> dict[str, bytes]:
    return {
        path.relative_to(repo).as_posix(): path.read_bytes()
        for path in repo.rglob("*")
        if path.is_file()
    }


def test_apply_writes_what_check_misses(run: Run, repo: Path) -> None:
    done = run("apply", "llama")
    assert done.returncode == 0
    assert f"{SCRIPT}: written" in done.stdout.splitlines()
    assert run("check", "llama").returncode == 0
    assert (repo / SCRIPT).stat().st_mode & 0o777 == 0o755
    assert run("apply", "llama").stdout == "profiles/llama.yaml: up to date\n"


def test_a_dry_run_writes_nothing(run: Run, repo: Path) -> None:
    before = files(repo)
    done = run("apply", "--dry-run")
    assert f"{SCRIPT}: would be written" in done.stdout.splitlines()
    assert files(repo) == before


def test_machines_are_told_file_by_file(run: Run, repo: Path) -> None:
    run("apply")
    (repo / "profiles/mixtral.yaml").unlink()
    (repo / SCRIPT).write_text("mine\n")
    told = {row["name"]: row for row in json.loads(run("apply", "--json").stdout)["profiles"]}
    assert told["llama"]["hand_edited"] == [SCRIPT]
    assert "deploy/mixtral/plan.json" in told["mixtral"]["deleted"]
    assert not (repo / "deploy/mixtral").exists()
    assert told["mixtral"]["written"] == []


def test_hand_edits_are_overwritten_only_by_force(run: Run, repo: Path) -> None:
    run("apply")
    (repo / SCRIPT).write_text("mine\n")
    left = run("apply", "llama").stdout
    assert left == f"{SCRIPT}: was edited by hand and stays as it is; --force overwrites it\n"
    assert run("apply", "--force", "llama").stdout == f"{SCRIPT}: written\n"
    assert run("check", "llama").returncode == 0


def test_a_profile_that_cannot_be_read_is_told_and_the_others_written(run: Run, repo: Path) -> None:
    (repo / "profiles/mixtral.yaml").write_text("profile_version: 7\n")
    done = run("apply")
    assert done.returncode == 2
    assert "profiles/mixtral.yaml:1:1: " in done.stdout
    assert (repo / SCRIPT).exists()


def test_a_plan_that_does_not_start_ends_with_one(run: Run, repo: Path) -> None:
    text = (repo / "profiles/llama.yaml").read_text()
    (repo / "profiles/llama.yaml").write_text(
        text.replace("H100", "L4").replace("hardware:", "  max_model_len: 131072\nhardware:")
    )
    done = run("apply", "llama")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "profiles/llama.yaml: the plan does not start"
    assert (repo / SCRIPT).exists()


@pytest.mark.parametrize("link", ["deploy", "deploy/llama"])
def test_a_link_out_of_the_repository_is_not_followed(
    run: Run, repo: Path, tmp_path_factory: pytest.TempPathFactory, link: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (repo / link).parent.mkdir(exist_ok=True)
    (repo / link).symlink_to(outside)
    done = run("apply")
    assert done.returncode == 2
    assert "leads out of" in done.stderr
    assert list(outside.iterdir()) == []
    assert not (repo / "deploy/mixtral").exists()


def test_a_folder_in_the_way_is_told_and_nothing_written(run: Run, repo: Path) -> None:
    (repo / SCRIPT).mkdir(parents=True)
    done = run("apply")
    assert (done.returncode, f"{SCRIPT}: cannot be written: it is a folder." in done.stderr) == (
        2,
        True,
    )
    assert not (repo / "deploy/mixtral").exists()


def test_a_file_where_a_folder_is_needed_leaves_nothing_half_done(run: Run, repo: Path) -> None:
    (repo / "deploy").mkdir()
    (repo / "deploy/mixtral").write_text("in the way\n")
    done = run("apply")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert [path for path in files(repo) if path.startswith("deploy/")] == ["deploy/mixtral"]


def test_a_link_in_the_place_of_a_file_is_replaced_not_written_through(
    run: Run, repo: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run("apply")
    target = tmp_path_factory.mktemp("outside") / "precious"
    target.write_text("precious\n")
    (repo / SCRIPT).unlink()
    (repo / SCRIPT).symlink_to(target)
    assert run("apply", "llama").returncode == 0
    assert target.read_text() == "precious\n"
    assert not (repo / SCRIPT).is_symlink()


def test_the_plan_comes_last_so_that_check_sees_a_run_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced: list[str] = []
    monkeypatch.setattr(Path, "replace", lambda _self, place: replaced.append(place.name))
    names = ["a/plan.json", "a/a.sh", "b/plan.json", "z/z.sh"]
    write_tree(tmp_path, {name: Blob(b"x") for name in names})
    assert replaced == ["a.sh", "z.sh", "plan.json", "plan.json"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
