"""Whole stories of the server as the gate: its check on a pull request's head, what its buttons do
for whom, and its answer to the merge queue."""

import time
from collections.abc import Mapping
from typing import Any

from emulated import APP_LOGIN
from models_hub import LARGE, SMALL
from server_stage import Stage, until
from stories import profile

from replanner.report.check_run import NAME

CHAT = "profiles/chat.yaml"
PLAN = "deploy/chat/plan.json"
WRITER, STRANGER = "acme-bot", "outsider"
TOO_LARGE = profile(SMALL, gpu="A10G", concurrency=64)


def check(stage: Stage, commit: str) -> Mapping[str, Any]:
    """The one check run of ours on a commit."""
    (run,) = until(lambda: stage.github.check_runs(commit))
    assert run["name"] == NAME
    return run


def settled(stage: Stage, commit: str, conclusion: str) -> Mapping[str, Any]:
    until(lambda: check(stage, commit)["conclusion"] == conclusion)
    return check(stage, commit)


def quiet(stage: Stage) -> None:
    """Whatever was to be done is done by now."""
    time.sleep(4)
    assert stage.github.violations() == []


def test_a_profile_that_does_not_fit_holds_back_its_merge(stage: Stage) -> None:
    github = stage.github
    github.push({CHAT: profile(SMALL)})
    with stage.app_server():
        stage.listens()
        head = github.push({CHAT: TOO_LARGE}, branch="topic", start="main")
        number = github.open_pull("topic")
        run = settled(stage, head, "failure")
        assert run["output"]["title"].startswith("❌")
        assert run["output"]["annotations_count"]
        (comment,) = until(lambda: github.comments(number))
        assert comment["user"]["login"] == APP_LOGIN
        assert run["details_url"].endswith(f"comment-{comment['id']}")
        # Pressed again and again by who may, and by who may not: one check run, one comment.
        for who in (STRANGER, WRITER, STRANGER, WRITER):
            for button in ("replan", ""):
                assert stage.pressed(run, button, who) == 202
        head = github.push({CHAT: profile(SMALL, concurrency=2)}, branch="topic")
        settled(stage, head, "success")
        quiet(stage)
        assert len(github.check_runs(head)) == 1
        assert len(github.comments(number)) == 1
    assert "BEGIN" not in stage.log
    assert "ghs_" not in stage.log


def test_what_concerns_no_profile_is_answered_too(stage: Stage) -> None:
    github = stage.github
    github.push({CHAT: profile(SMALL)})
    with stage.app_server():
        stage.listens()
        head = github.push({"README.md": "new\n"}, branch="topic", start="main")
        number = github.open_pull("topic")
        settled(stage, head, "neutral")
        quiet(stage)
        assert github.comments(number) == []


def test_apply_is_for_writers(stage: Stage) -> None:
    github = stage.github
    github.push({CHAT: profile(SMALL)})
    with stage.app_server():
        stage.listens()
        stage.model_moved()
        (proposal,) = until(github.pulls)
        own = proposal["head"]["sha"]
        assert settled(stage, own, "success")["output"]["title"]
        assert github.comments(proposal["number"]) == []
        github.repo("PUT", f"/pulls/{proposal['number']}/merge", {})
        head = github.push({CHAT: profile(SMALL, concurrency=2)}, branch="topic", start="main")
        github.open_pull("topic")
        run = check(stage, head)
        assert stage.pressed(run, "apply", STRANGER) == 202
        quiet(stage)
        assert github.head("topic") == head
        assert stage.pressed(run, "apply", WRITER) == 202
        until(lambda: github.head("topic") != head)
        settled(stage, github.head("topic"), "success")
        assert github.read(PLAN, "topic") != github.read(PLAN, "main")
        # Pressed twice, on a commit that is no head any more.
        done = github.head("topic")
        assert stage.pressed(run, "apply", WRITER) == 202
        quiet(stage)
        assert github.head("topic") == done


def test_a_revision_that_is_ignored_is_not_proposed_again(stage: Stage) -> None:
    github = stage.github
    github.push({CHAT: profile(SMALL)})
    with stage.app_server():
        stage.listens()
        stage.model_moved()
        (proposal,) = until(github.pulls)
        run = check(stage, proposal["head"]["sha"])
        assert stage.pressed(run, "ignore", STRANGER) == 202
        quiet(stage)
        assert github.pulls()
        assert stage.pressed(run, "ignore", WRITER) == 202
        until(lambda: not github.pulls())
        (said,) = github.comments(proposal["number"])
        assert "Ignore revision" in said["body"]
        stage.model_moved(number=1)
        quiet(stage)
        assert github.pulls() == []


def test_the_merge_queue_is_answered(stage: Stage) -> None:
    github = stage.github
    github.push({CHAT: profile(SMALL), "profiles/large.yaml": profile(LARGE)})
    base = github.head()
    with stage.app_server():
        stage.listens()
        group = "gh-readonly-queue/main/pr-1-" + base
        head = github.push({CHAT: TOO_LARGE}, branch=group, start="main")
        told = {"head_sha": head, "base_sha": base, "head_ref": f"refs/heads/{group}"}
        queued = {"action": "checks_requested", "merge_group": told}
        assert stage.told("merge_group", queued, WRITER) == 202
        run = settled(stage, head, "failure")
        assert stage.told("merge_group", queued, WRITER) == 202
        assert stage.pressed(run, "", WRITER) == 202
        quiet(stage)
        assert len(github.check_runs(head)) == 1
        assert github.pulls() == []


def test_a_success_for_one_branch_opens_no_other(stage: Stage) -> None:
    github = stage.github
    github.push({CHAT: profile(SMALL)})
    rules = {".github/replanner.yaml": "fail_on: never\n"}
    github.push(rules, branch="weak", start="main")
    with stage.app_server():
        stage.listens()
        head = github.push({CHAT: TOO_LARGE}, branch="topic", start="main")
        lax = github.open_pull("topic", base="weak")
        settled(stage, head, "success")
        strict = github.open_pull("topic")
        ended = until(lambda: [one for one in runs(stage, head) if one["conclusion"] == "failure"])
        # Two may have shut it at once, the review of the first and the news of the second: GitHub
        # counts the newest.
        first, *_, last = sorted(runs(stage, head), key=lambda one: int(one["id"]))
        assert (first["conclusion"], last["id"]) == ("success", ended[0]["id"])
        github.repo("PATCH", f"/pulls/{strict}", {"state": "closed"})
        until(lambda: newest(stage, head) == "success")
        moved = github.repo("PATCH", f"/pulls/{lax}", {"base": "main"})
        # GitHub tells where it was for; the emulator does not.
        change = {"base": {"ref": {"from": "weak"}, "sha": {"from": github.head("weak")}}}
        told = {"action": "edited", "pull_request": moved, "changes": change}
        assert stage.told("pull_request", told, WRITER) == 202
        until(lambda: newest(stage, head) == "failure")
        quiet(stage)


def newest(stage: Stage, commit: str) -> object:
    return max(runs(stage, commit), key=lambda one: int(one["id"]))["conclusion"]


def runs(stage: Stage, commit: str) -> list[Mapping[str, Any]]:
    return stage.github.check_runs(commit)
