"""Whose rules a pull request is judged by: today's, wherever it branched off."""

import json
from pathlib import Path

import pytest
from pulling import CHAT, CONFIG, World, profile

from replanner.profile import parse_repo_config
from replanner.report.review import Review


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Main holds one profile with its plan."""
    made = World.new(tmp_path)
    made.base({CHAT: profile()})
    return made


def outcome(result: Review) -> tuple[str, bool, int]:
    return result.verdict, result.blocked, result.exit_code


def policy(**limits: float) -> str:
    return f"policy: {json.dumps(limits)}\n"


def test_who_branches_off_from_long_ago_chooses_no_older_policy(world: World) -> None:
    strict = parse_repo_config(policy(min_concurrency=3))
    world.pull({CHAT: profile(gpu_name="A100-40GB")})
    assert outcome(world.review(fail_on="policy")) == ("warning", False, 0)
    result = world.review(fail_on="policy", rules=strict)
    assert outcome(result) == ("policy", True, 1)
    assert result.notes == ()  # the pull request does not touch the configuration


def test_globs_are_todays_too(world: World) -> None:
    world.base({CONFIG: "profiles: [serving/*.yaml]\n"})
    world.pull({CHAT: profile(gpu_name="nope")})
    assert outcome(world.review()) == ("none", False, 0)
    today = parse_repo_config("profiles: [profiles/**/*.yaml]\n")
    assert outcome(world.review(rules=today)) == ("infeasible", True, 2)


def test_an_old_configuration_that_was_mended_since_is_nobodys_trouble(world: World) -> None:
    world.repo.commit({CONFIG: "policies: {}\n"})
    world.pull({"README.md": "x\n"})
    result = world.review(rules=parse_repo_config(policy(min_concurrency=1)))
    assert (result.config_trouble, result.notes) == (None, ())


def test_settings_that_the_pull_request_brings_are_told(world: World) -> None:
    """None of them counts for this run, and all of them once it is merged."""
    world.pull({CONFIG: "fail_on: never\nhf_endpoint: https://evil.example\n"})
    result = world.review()
    assert outcome(result) == ("none", False, 0)
    assert result.notes == ("This pull request changes settings: fail_on, hf_endpoint.",)


def test_a_pin_that_is_no_commit_of_the_revision_is_told(world: World) -> None:
    """Anybody makes commits in anybody's model, by proposing files to it."""
    path = "deploy/chat/plan.json"
    world.pull({CHAT: profile(gpu_name="A100-40GB")}, planned=True)
    assert world.review().notes == ()
    plan = json.loads(world.tree("topic").read(path))
    ours = plan["model"]["commit"]
    theirs = world.model(model_id="acme/llama", **{"README.md": b"x"})
    plan["model"]["commit"] = plan["config"]["revision"] = theirs
    world.model(model_id="acme/llama", **{"README.md": b"y"})  # what main stands for now
    world.pull({path: json.dumps(plan)})
    (note,) = world.review().notes
    assert note.startswith(
        f"chat pins acme/llama at {theirs[:12]}, which is not the commit that main"
    )
    assert ours not in note
