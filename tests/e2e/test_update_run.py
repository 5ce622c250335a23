"""Proposals on GitHub: opened once, kept up to date, never over anybody's work."""

import json
import threading
from typing import Any

import pytest
from action_run import Ran, Step, push_event, schedule_event
from configs import LLAMA_2_70B, LLAMA_3_1_8B
from emulated import GitHub
from models_hub import LARGE, SMALL, Hub
from stories import profile

CHAT = "profiles/chat.yaml"
PLAN = "deploy/chat/plan.json"


def update(step: Step, github: GitHub, **inputs: str) -> Ran:
    return step.run("schedule", schedule_event(github), **inputs)


def proposed(step: Step, github: GitHub) -> Any:
    """A repository with one profile and the pull request for its first plan."""
    github.push({CHAT: profile()})
    update(step, github)
    (pull,) = github.pulls()
    return pull


def accepted(step: Step, github: GitHub) -> None:
    """The same, merged."""
    pull = proposed(step, github)
    github.repo("PUT", f"/pulls/{pull['number']}/merge", {"merge_method": "merge"})


def test_a_first_plan_is_proposed_whole_and_once(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    ran = update(step, github)
    (pull,) = github.pulls()
    assert ran.outputs["pull-request-operation"] == "created"
    assert ran.outputs["pull-request-number"] == str(pull["number"])
    assert ran.outputs["pull-request-url"].endswith(f"/acme-bot/infra/pull/{pull['number']}")
    assert ran.outputs["pull-request-branch"] == pull["head"]["ref"]
    assert ran.outputs["pull-request-head-sha"] == pull["head"]["sha"]
    assert [label["name"] for label in pull["labels"]] == ["replanner"]
    plan = json.loads(github.read(PLAN, pull["head"]["ref"]))
    assert plan["feasibility"]["fits"] is True
    assert github.exists("deploy/chat/docker-compose.yaml", pull["head"]["ref"])
    commit = github.repo("GET", f"/git/commits/{pull['head']['sha']}")
    assert "Replanner-Plan: " in commit["message"]
    assert [one["sha"] for one in commit["parents"]] == [github.head()]

    again = update(step, github)
    assert again.outputs["pull-request-operation"] == "unchanged"
    assert not again.writes
    assert github.pulls() == [pull]


def test_after_the_merge_there_is_nothing_to_do_but_tidy(step: Step, github: GitHub) -> None:
    accepted(step, github)
    update(step, github)
    ran = update(step, github)
    assert not ran.writes
    assert github.pulls() == []


def test_a_model_that_moves_opens_one_request_and_moving_again_updates_it(
    step: Step, github: GitHub, hub: Hub
) -> None:
    accepted(step, github)
    config = {"num_hidden_layers": 40}
    hub.commit(SMALL, {"config.json": json.dumps({**llama(), **config})})
    update(step, github)
    (first,) = github.pulls()
    hub.commit(SMALL, {"config.json": json.dumps({**llama(), "num_hidden_layers": 36})})
    ran = update(step, github)
    (second,) = github.pulls()
    assert second["number"] == first["number"]
    assert second["head"]["sha"] != first["head"]["sha"]
    assert ran.outputs["pull-request-operation"] == "updated"
    assert len(github.repo("GET", f"/pulls/{second['number']}/commits")) == 1


def llama() -> dict[str, Any]:
    return dict(LLAMA_3_1_8B)


def test_a_model_card_alone_is_no_news(step: Step, github: GitHub, hub: Hub) -> None:
    accepted(step, github)
    update(step, github)
    hub.commit(SMALL, {"README.md": "A better text.\n"})
    ran = update(step, github)
    assert not ran.writes
    assert github.pulls() == []


def test_what_does_not_fit_any_more_comes_as_a_draft(step: Step, github: GitHub, hub: Hub) -> None:
    accepted(step, github)
    hub.commit(SMALL, {"config.json": json.dumps(LLAMA_2_70B)})
    update(step, github)
    (pull,) = github.pulls()
    assert pull["draft"] is True
    assert "replanner:infeasible" in [label["name"] for label in pull["labels"]]


def test_a_persons_commit_on_the_branch_is_never_lost(step: Step, github: GitHub, hub: Hub) -> None:
    pull = proposed(step, github)
    branch = pull["head"]["ref"]
    theirs = github.push({"deploy/chat/notes.md": "mine\n"}, branch=branch)
    hub.commit(SMALL, {"config.json": json.dumps({**llama(), "num_hidden_layers": 40})})
    ran = update(step, github)
    assert github.head(branch) == theirs
    assert ran.outputs["pull-request-operation"] == "skipped-modified"
    shown = github.pull(pull["number"])
    assert "replanner:modified" in [label["name"] for label in shown["labels"]]
    again = update(step, github)
    assert not again.writes


def test_a_push_between_look_and_write_wins(step: Step, github: GitHub, hub: Hub) -> None:
    pull = proposed(step, github)
    branch = pull["head"]["ref"]
    hub.commit(SMALL, {"config.json": json.dumps({**llama(), "num_hidden_layers": 40})})
    pushed: list[str] = []

    def push_now(_number: int, moment: str) -> bool:
        if moment == "before" and not pushed:
            pushed.append(github.push({"notes.md": "mine\n"}, branch=branch))
        return False

    step.wire.cut = push_now
    step.run("schedule", schedule_event(github), expect=None)
    assert github.head(branch) == pushed[0]


def test_a_base_that_moves_elsewhere_is_no_reason_to_push(step: Step, github: GitHub) -> None:
    pull = proposed(step, github)
    github.push({"README.md": "news\n"})
    ran = update(step, github)
    assert not ran.writes
    assert github.head(pull["head"]["ref"]) == pull["head"]["sha"]


def test_a_base_that_conflicts_rebuilds_the_branch(step: Step, github: GitHub) -> None:
    pull = proposed(step, github)
    github.push({PLAN: github.read(PLAN, pull["head"]["ref"]).replace("{", "{ ", 1)})
    update(step, github)
    after = github.pull(pull["number"])
    commit = github.repo("GET", f"/git/commits/{after['head']['sha']}")
    assert [one["sha"] for one in commit["parents"]] == [github.head()]


def test_what_a_person_closed_stays_closed_until_there_is_news(
    step: Step, github: GitHub, hub: Hub
) -> None:
    pull = proposed(step, github)
    github.repo("PATCH", f"/pulls/{pull['number']}", {"state": "closed"})
    ran = update(step, github)
    assert github.pulls() == []
    assert "closed" in ran.log
    hub.commit(SMALL, {"config.json": json.dumps({**llama(), "num_hidden_layers": 40})})
    update(step, github)
    (newer,) = github.pulls()
    assert newer["number"] != pull["number"]


def test_a_removed_profile_takes_its_files_along(step: Step, github: GitHub) -> None:
    accepted(step, github)
    github.push({CHAT: None, "profiles/other.yaml": profile(concurrency=4)})
    update(step, github)
    branches = [pull["head"]["ref"] for pull in github.pulls()]
    assert branches
    assert not any(github.exists(PLAN, branch) for branch in branches)


def test_a_profile_that_is_set_back_closes_its_request(step: Step, github: GitHub) -> None:
    accepted(step, github)
    github.push({CHAT: profile(concurrency=16)})
    update(step, github)
    (pull,) = github.pulls()
    github.push({CHAT: profile()})
    ran = update(step, github)
    assert github.pulls() == []
    assert ran.outputs["pull-request-operation"] == "closed"
    shown = github.pull(pull["number"])
    assert shown["state"] == "closed"


@pytest.mark.parametrize("fault", ["error", "limited"])
def test_a_hub_that_is_away_touches_nothing(
    step: Step, github: GitHub, hub: Hub, fault: str
) -> None:
    pull = proposed(step, github)
    hub.faults({SMALL: {"kind": fault, "status": 503}})
    ran = step.run("schedule", schedule_event(github), expect=None)
    assert not ran.writes
    assert github.pull(pull["number"])["state"] == "open"
    assert ran.outputs["verdict"] == "unknown"


def test_two_runs_at_once_make_one_request(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    other = Step(github, step.wire, step.folder.parent / "other", step.hub_url)
    other.folder.mkdir()
    runs = [one.start("schedule", schedule_event(github)) for one in (step, other)]
    waits = [threading.Thread(target=run.communicate) for run in runs]
    for wait in waits:
        wait.start()
    for wait in waits:
        wait.join(240)
    assert len(github.pulls("all")) == 1
    final = update(step, github)
    assert not final.writes


def test_actions_that_may_not_open_requests_are_told_where_the_switch_is(
    step: Step, github: GitHub
) -> None:
    github.push({CHAT: profile()})
    github.faults(
        {
            "method": "POST",
            "path": "/pulls$",
            "status": 403,
            "times": 9,
            "body": {
                "message": "GitHub Actions is not permitted to create or approve pull requests."
            },
        }
    )
    ran = step.run("schedule", schedule_event(github), expect=None)
    assert ran.outputs["pull-request-operation"] == "blocked-by-settings"
    assert "Settings" in ran.summary
    assert "/compare/" in ran.summary
    github.faults()
    update(step, github)
    assert len(github.pulls()) == 1


def test_a_token_without_permission_is_told_which(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    github.faults(
        {
            "method": "POST",
            "path": "/git/(trees|blobs)$",
            "status": 403,
            "times": 9,
            "headers": {"x-accepted-github-permissions": "contents=write"},
            "body": {"message": "Resource not accessible by integration"},
        }
    )
    ran = step.run("schedule", schedule_event(github), expect=2)
    assert "contents" in ran.log
    assert github.pulls() == []


def test_a_rate_limit_is_waited_for(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    github.faults(
        {
            "method": "POST",
            "path": "/git/trees$",
            "status": 403,
            "times": 1,
            "headers": {"Retry-After": "1"},
            "body": {"message": "You have exceeded a secondary rate limit"},
        }
    )
    update(step, github)
    assert len(github.pulls()) == 1


def test_an_empty_repository_is_no_bug(step: Step, github: GitHub) -> None:
    step.github.repository = "acme-bot/empty"
    try:
        event = {"schedule": "17 */6 * * *", "repository": github.repo("GET", "")}
        ran = step.run("schedule", event, expect=None)
        assert ran.code in (0, 2)
        assert not ran.writes
    finally:
        step.github.repository = "acme-bot/infra"


def test_twelve_profiles_of_two_models_make_two_requests(step: Step, github: GitHub) -> None:
    files: dict[str, str | bytes | None] = {
        f"profiles/p{n:02}.yaml": profile((SMALL, LARGE)[n % 2], gpus=4, concurrency=1 + n)
        for n in range(12)
    }
    github.push(files)
    update(step, github)
    assert len(github.pulls()) == 2


def test_more_groups_than_the_limit_wait_for_their_turn(step: Step, github: GitHub) -> None:
    github.push({f"profiles/p{n}.yaml": profile(concurrency=1 + n) for n in range(4)})
    ran = update(step, github, group_by="profile", new_prs_per_run="2")
    assert len(github.pulls()) == 2
    assert "limit" in ran.log
    update(step, github, group_by="profile", new_prs_per_run="2")
    assert len(github.pulls()) == 4


def test_dry_run_shows_all_and_writes_nothing(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    ran = update(step, github, dry_run="true")
    assert not ran.writes
    assert github.pulls() == []
    assert "would" in ran.summary.lower()


def test_a_push_to_our_own_branch_starts_nothing(step: Step, github: GitHub) -> None:
    pull = proposed(step, github)
    event = push_event(github, pull["head"]["ref"])
    ran = step.run("push", event, env={"GITHUB_REF": f"refs/heads/{pull['head']['ref']}"})
    assert not ran.writes
    assert ran.outputs["verdict"] == "none"
