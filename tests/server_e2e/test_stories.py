"""Whole stories: a signed delivery over a socket, until something stands on GitHub, or does not."""

import json
import time

from configs import LLAMA_3_1_8B
from emulated import READER
from models_hub import SMALL
from oci_server import digest
from server_stage import Stage, until
from stories import profile

CHAT = "profiles/chat.yaml"


def merged(stage: Stage) -> None:
    """The first plans are in place, as a person would have merged them."""
    (pull,) = until(stage.github.pulls)
    stage.github.repo("PUT", f"/pulls/{pull['number']}/merge", {})


def moved(stage: Stage) -> str:
    config = {**LLAMA_3_1_8B, "max_position_embeddings": 65536}
    stage.hub.commit(SMALL, {"config.json": json.dumps(config)})
    return "65,536"


def test_a_model_that_moved_becomes_one_pull_request_however_often_it_is_told(
    stage: Stage,
) -> None:
    stage.github.push({CHAT: profile(SMALL)})
    with stage.server():
        assert stage.model_moved() == 202
        merged(stage)
        moved(stage)
        assert {stage.model_moved(number=1) for _ in range(50)} == {202}
        assert {stage.model_moved(number=number) for number in range(2, 52)} == {202}
        (pull,) = until(stage.github.pulls)
        time.sleep(5)
        assert [one["number"] for one in stage.github.pulls()] == [pull["number"]]
    assert stage.github.violations() == []
    branch = pull["head"]["ref"]
    plan = json.loads(stage.github.read("deploy/chat/plan.json", branch))
    assert plan["config"]["revision"] == plan["model"]["commit"]
    assert "model commit" in pull["body"]
    assert plan["model"]["commit"][:7] in pull["body"]
    assert "ghp_" not in stage.log


def test_a_profile_that_is_pushed_to_a_pull_request_is_commented_on(stage: Stage) -> None:
    github = stage.github
    github.push({CHAT: profile(SMALL)})
    with stage.server():
        stage.listens()
        github.push({CHAT: profile(SMALL, concurrency=16)}, branch="topic", start="main")
        number = github.open_pull("topic")
        (first,) = until(lambda: github.comments(number))
        assert "chat" in first["body"]
        github.push({CHAT: profile(SMALL, concurrency=64)}, branch="topic")
        until(lambda: github.comments(number)[0]["body"] != first["body"])
        assert len(github.comments(number)) == 1


def test_a_profile_that_is_pushed_to_the_base_is_planned(stage: Stage) -> None:
    with stage.server():
        stage.listens()
        stage.github.push({CHAT: profile(SMALL)})
        (pull,) = until(stage.github.pulls)
        assert stage.github.exists("deploy/chat/plan.json", pull["head"]["ref"])


def test_strangers_get_nothing_and_writers_an_answer(stage: Stage) -> None:
    github = stage.github
    github.push({CHAT: profile(SMALL)})
    github.push({CHAT: profile(SMALL, concurrency=16)}, branch="topic", start="main")
    number = github.open_pull("topic")
    with stage.server():
        for text in ("/replan", "/replan what-if hardware.gpus=2"):
            assert stage.commented(number, text, token=READER) == 202
        assert stage.commented(number, "/replan what-if hardware.gpu_name=H200") == 202
        said = until(lambda: github.comments(number)[3:])
        assert "What if" in said[0]["body"]
        assert "H200" in said[0]["body"]
        assert stage.commented(number, "/replan") == 202
        until(lambda: github.comments(number)[5:])
        time.sleep(3)
        assert len(github.comments(number)) == 6


def test_an_image_that_moved_is_proposed(stage: Stage) -> None:
    stage.registry.push("acme/vllm", "stable", "one")
    engine = f"  image: {stage.registry.host}/acme/vllm\n  image_track: stable\n"
    stage.github.push({CHAT: profile(SMALL) + engine})
    with stage.server():
        assert stage.model_moved() == 202
        merged(stage)
        now = stage.registry.push("acme/vllm", "stable", "two")
        assert stage.image_pushed("acme/vllm", "stable", now) == 202
        (pull,) = until(stage.github.pulls)
    plan = json.loads(stage.github.read("deploy/chat/plan.json", pull["head"]["ref"]))
    assert plan["config"]["image"].endswith(f"/acme/vllm:stable@{digest('two')}")
    assert "image" in pull["body"]


def test_what_nobody_told_is_found_when_the_server_starts(stage: Stage) -> None:
    stage.github.push({CHAT: profile(SMALL)})
    with stage.server(minutes=1):
        (pull,) = until(stage.github.pulls)
    assert pull["state"] == "open"
