"""Files that are brought in line with their profiles, at the commits that the plans pin."""

from pathlib import Path

import pytest
from pulling import CHAT, LARGE, LLAMA, World, profile

from replanner import __version__
from replanner.replan.apply import Applied, apply
from replanner.replan.check import check
from replanner.replan.repository import read_repository

PLAN, SCRIPT = "deploy/chat/plan.json", "deploy/chat/serve_command.sh"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World.new(tmp_path)
    made.base({CHAT: profile()})
    return made


def applied(world: World, *, only: tuple[str, ...] = (), overwrite: bool = False) -> Applied:
    """And what comes of it on main."""
    repository = read_repository(world.tree("main"), only=only)
    done = apply(repository, world.hub("main"), overwrite=overwrite)
    world.repo.commit({path: blob and blob.data for path, blob in done.files.items()})
    return done


def test_what_is_in_line_stays(world: World) -> None:
    assert applied(world).files == {}
    assert applied(world).exit_code == 0


def test_what_is_applied_is_what_check_wants(world: World) -> None:
    world.repo.commit({CHAT: profile(gpus=2), SCRIPT: None, "profiles/b.yaml": profile()})
    done = applied(world)
    assert {PLAN, SCRIPT, "deploy/b/plan.json"} <= set(done.files)
    assert check(world.tree("main"), world.hub("main")).exit_code == 0
    assert applied(world).files == {}


def test_pins_are_kept_and_new_profiles_resolved_now(world: World) -> None:
    pinned = world.hub("main").resolve(LLAMA, "main")
    now = world.model(LARGE)
    world.repo.commit({CHAT: profile(gpus=2), "profiles/b.yaml": profile()})
    applied(world)
    records = read_repository(world.tree("main")).records
    commits = {folder: record.plan.model.commit for folder, record in records.items()}
    assert commits == {"deploy/chat": pinned, "deploy/b": now}


def test_files_of_removed_profiles_go(world: World) -> None:
    world.repo.commit({CHAT: None})
    assert set(applied(world).files.values()) == {None}
    assert not [path for path in world.tree("main").paths() if path.startswith("deploy/")]


def test_hand_edits_stay_unless_they_are_to_be_overwritten(world: World) -> None:
    before = world.tree("main").read(SCRIPT)
    world.repo.commit({SCRIPT: "mine\n"})
    done = applied(world)
    assert (dict(done.files), done.profiles[0].files.hand_edited) == ({}, (SCRIPT,))
    done = applied(world, overwrite=True)
    assert (list(done.files), done.profiles[0].files.hand_edited) == ([SCRIPT], ())
    assert world.tree("main").read(SCRIPT) == before


def test_overwriting_needs_no_other_reason(world: World) -> None:
    """Another planner's files are left as they are while the plan is the same; but not by force."""
    plan = world.tree("main").read(PLAN).decode()
    older = plan.replace(f'"planner_version": "{__version__}"', '"planner_version": "0.0.1"')
    world.repo.commit({PLAN: older, SCRIPT: "mine\n"})
    assert older != plan
    assert applied(world).files == {}
    assert SCRIPT in applied(world, overwrite=True).files


def test_overwriting_takes_the_edited_files_of_removed_profiles_along(world: World) -> None:
    world.repo.commit({CHAT: None, SCRIPT: "mine\n"})
    assert SCRIPT not in applied(world).files
    world.repo.commit({PLAN: world.repo.git("show", f"HEAD~1:{PLAN}")})
    assert SCRIPT in applied(world, overwrite=True).files


def test_a_profile_that_fails_keeps_its_files_and_holds_back_no_other(world: World) -> None:
    world.repo.commit({CHAT: "profile_version: 7\n", "profiles/b.yaml": profile()})
    done = applied(world)
    assert done.exit_code == 2
    assert {path.split("/")[1] for path in done.files} == {"b"}


def test_a_plan_that_does_not_start_is_written_and_said(world: World) -> None:
    world.repo.commit({CHAT: profile(gpu_name="L4", length=131072)})
    done = applied(world)
    assert (PLAN in done.files, done.exit_code) == (True, 1)
    assert applied(world).exit_code == 1


def test_only_some_profiles_may_be_meant(world: World) -> None:
    world.repo.commit({CHAT: None, "profiles/a.yaml": profile(), "profiles/b.yaml": profile()})
    assert {path.split("/")[1] for path in applied(world, only=("b",)).files} == {"b"}
