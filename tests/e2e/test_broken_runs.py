"""Runs that die: after every write, before every write, and with an answer lost on the way. The
next run ends where an unbroken one would have."""

import json
from typing import Any, Literal

import pytest
from action_run import Step, pull_event, schedule_event
from configs import LLAMA_3_1_8B
from emulated import GitHub
from models_hub import SMALL, Hub
from stories import profile

CHAT = "profiles/chat.yaml"
Moment = Literal["before", "after"]


def world(github: GitHub) -> Any:
    """What people see in the end, without ids and times."""
    pulls = [
        (
            pull["state"],
            pull["title"],
            pull["head"]["ref"],
            pull["draft"],
            sorted(label["name"] for label in pull["labels"]),
            _planned(github, pull),
            len(github.repo("GET", f"/pulls/{pull['number']}/commits")),
            len(github.comments(pull["number"])),
        )
        for pull in github.pulls("all")
    ]
    return sorted(pulls)


def _planned(github: GitHub, pull: Any) -> Any:
    """What is proposed, but for the commit's name: a model that moved back has a new one."""
    plan = json.loads(github.read("deploy/chat/plan.json", pull["head"]["ref"]))
    return {key: plan[key] for key in ("feasibility", "performance", "hardware")}


def prepare(step: Step, github: GitHub, hub: Hub, story: str) -> None:
    github.push({CHAT: profile()})
    if story == "first":
        return
    step.run("schedule", schedule_event(github))
    changed = {**LLAMA_3_1_8B, "num_hidden_layers": 40}
    hub.commit(SMALL, {"config.json": json.dumps(changed)})


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("story", ["first", "moved"])
def test_a_run_that_dies_at_any_write_is_finished_by_the_next(
    step: Step, github: GitHub, hub: Hub, story: str, moment: Moment
) -> None:
    prepare(step, github, hub, story)
    whole = step.run("schedule", schedule_event(github))
    count, wanted = len(whole.writes), world(github)
    assert count >= 3
    seen = step.hub_url
    for number in range(1, count + 1):
        github.reset()
        step.wire.clear()
        _back(hub, story)
        prepare(step, github, hub, story)
        _die_at(step, github, number, moment)
        step.run("schedule", schedule_event(github))
        assert world(github) == wanted, (
            f"died {moment} write {number}: {whole.writes[number - 1].name}"
        )
        last = step.run("schedule", schedule_event(github))
        assert not last.writes, [one.name for one in last.writes]
    assert seen == step.hub_url


def _back(hub: Hub, story: str) -> None:
    if story == "moved":
        hub.commit(SMALL, {"config.json": json.dumps(LLAMA_3_1_8B)})


def _die_at(step: Step, github: GitHub, number: int, moment: Moment) -> None:
    process = step.start("schedule", schedule_event(github))

    def cut(at: int, when: Moment) -> bool:
        if (at, when) == (number, moment):
            process.kill()
            process.wait(30)
            return True
        return False

    step.wire.cut = cut
    process.communicate(timeout=120)
    step.wire.clear()


@pytest.mark.parametrize("story", ["first", "moved"])
def test_an_answer_lost_on_the_way_makes_nothing_twice(
    step: Step, github: GitHub, hub: Hub, story: str
) -> None:
    prepare(step, github, hub, story)
    whole = step.run("schedule", schedule_event(github))
    count, wanted = len(whole.writes), world(github)
    for number in range(1, count + 1):
        github.reset()
        step.wire.clear()
        _back(hub, story)
        prepare(step, github, hub, story)
        step.wire.clear()
        step.wire.lose = frozenset({number})
        step.run("schedule", schedule_event(github), expect=None)
        step.wire.clear()
        step.run("schedule", schedule_event(github))
        assert world(github) == wanted, f"lost answer {number}: {whole.writes[number - 1].name}"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_comment_run_that_dies_leaves_one_comment_in_the_end(
    step: Step, github: GitHub, moment: Moment
) -> None:
    github.push({CHAT: profile()})
    github.push({CHAT: profile("acme/large-8x7b")}, branch="change", start="main")
    number = github.open_pull("change")
    event = pull_event(github, number, "opened")
    process = step.start("pull_request", event)

    def cut(at: int, when: Moment) -> bool:
        if (at, when) == (1, moment):
            process.kill()
            process.wait(30)
            return True
        return False

    step.wire.cut = cut
    process.communicate(timeout=120)
    step.wire.clear()
    step.run("pull_request", event, expect=1)
    ours = [one for one in github.comments(number) if "replanner:comment" in one["body"]]
    assert len(ours) == 1


def test_a_lost_answer_to_a_comment_makes_no_second_one(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    github.push({CHAT: profile(concurrency=16)}, branch="change", start="main")
    number = github.open_pull("change")
    step.wire.lose = frozenset({1})
    step.run("pull_request", pull_event(github, number, "opened"))
    step.wire.clear()
    assert len(github.comments(number)) == 1
