"""Runs that somebody asks for, or that post what another run found; and runs without a token."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from action_run import Ran, Step, pull_event, push_event, schedule_event
from emulated import GitHub
from stories import profile

CHAT = "profiles/chat.yaml"
PLAN = "deploy/chat/plan.json"


def changed(github: GitHub) -> int:
    github.push({CHAT: profile()})
    github.push({CHAT: profile(concurrency=16)}, branch="change", start="main")
    return github.open_pull("change")


def comment_event(github: GitHub, number: int, body: str, login: str = "acme-bot") -> Any:
    path = f"/issues/{number}/comments"
    return {
        "action": "created",
        "issue": {**github.repo("GET", f"/issues/{number}"), "pull_request": {"url": "x"}},
        "comment": github.repo("POST", path, {"body": body}) | {"user": {"login": login}},
        "repository": github.repo("GET", ""),
        "sender": {"login": login, "type": "User"},
    }


def labeled(github: GitHub, number: int, label: str) -> Any:
    github.repo("POST", f"/issues/{number}/labels", {"labels": [label]})
    return pull_event(github, number, "labeled", label={"name": label})


def test_the_label_apply_commits_the_files_and_comes_off(step: Step, github: GitHub) -> None:
    number = changed(github)
    event = labeled(github, number, "replanner:apply")
    ran = step.run("pull_request", event)
    head = github.head("change")
    assert head != event["pull_request"]["head"]["sha"]
    plan = json.loads(github.read(PLAN, head))
    assert plan["config"]["max_num_seqs"] == 256
    commit = github.repo("GET", f"/git/commits/{head}")
    assert [one["sha"] for one in commit["parents"]] == [event["pull_request"]["head"]["sha"]]
    assert "replanner:apply" not in [one["name"] for one in github.pull(number)["labels"]]
    assert "Committed" in ran.log
    again = step.run("pull_request", labeled(github, number, "replanner:apply"))
    assert github.head("change") == head
    assert "All files are what the profiles say" in again.summary


def test_a_command_of_a_writer_is_followed_and_of_another_is_not(
    step: Step, github: GitHub
) -> None:
    number = changed(github)
    stranger = step.run("issue_comment", comment_event(github, number, "/replan", "octocat"))
    assert stranger.outputs["comment-operation"] == "none"
    assert not stranger.writes
    assert "may not write" in stranger.log
    ran = step.run("issue_comment", comment_event(github, number, "/replan"))
    assert ran.outputs["comment-operation"] == "created"


def test_a_command_below_our_own_pull_request_writes_it_afresh(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    step.run("schedule", schedule_event(github))
    (pull,) = github.pulls()
    branch = pull["head"]["ref"]
    github.push({"notes.md": "mine\n"}, branch=branch)
    ran = step.run("issue_comment", comment_event(github, pull["number"], "/replan"))
    assert ran.outputs["pull-request-operation"] == "updated"
    assert not github.exists("notes.md", branch)


def ended(github: GitHub, head: str, home: str) -> Any:
    """The event of a run that ended, of a pull request's commit in that repository."""
    return {
        "action": "completed",
        "workflow_run": {
            "event": "pull_request",
            "head_sha": head,
            "head_repository": {"full_name": home},
        },
        "repository": github.repo("GET", ""),
        "sender": {"login": "acme-bot", "type": "User"},
    }


def published(step: Step, github: GitHub, report: bytes, head: str, *, expect: int = 0) -> Ran:
    """What mode publish makes of a report that somebody left as an artifact."""
    (step.folder / "in.json").write_bytes(report)
    event = ended(github, head, github.repository)
    return step.run("workflow_run", event, mode="publish", report_artifact="in.json", expect=expect)


def forks_report(step: Step, github: GitHub) -> tuple[int, str, Any]:
    """A pull request whose own run may not write, its head, and the report that the run leaves."""
    number = changed(github)
    event = pull_event(github, number, "opened")
    head = event["pull_request"]["head"]
    head["repo"]["full_name"] = "stranger/infra"
    ran = step.run("pull_request", event)
    assert ran.outputs["comment-operation"] == "skipped-readonly"
    return number, head["sha"], ran.report


HOSTILE = (
    "@octo #1 acme/infra#2 <img src=x onerror=alert(1)> --> </details> ```[x](https://evil.example)"
)


def test_a_report_of_a_forks_run_is_posted_by_another_run(step: Step, github: GitHub) -> None:
    number, head, report = forks_report(step, github)
    (profile_row,) = [row for row in report["profiles"] if row["kind"] == "changed"]
    profile_row |= {"name": HOSTILE, "stale": [HOSTILE], "edits": [], "level": "warning"}
    report |= {"head_commit": "0" * 40, "base": "@octo #1 <b>", "notes": [HOSTILE]}
    ran = published(step, github, json.dumps(report).encode(), head)
    assert ran.outputs["comment-operation"] == "created"
    (comment,) = github.comments(number)
    body = comment["body"]
    assert f"head={head}" in body
    assert not [word for word in ("@octo", "<img", "infra#2", "](https://evil") if word in body]
    ends = [line for line in body.splitlines() if "-->" in line]
    assert all(line.startswith("<!-- replanner:") for line in ends), "our own markers"
    assert body.count("<details>") == body.count("</details>")


def test_a_report_that_blames_another_profile_than_its_plans_show_is_worked_out_again(
    step: Step, github: GitHub
) -> None:
    _, head, report = forks_report(step, github)
    report["profiles"][0] |= {"before": report["profiles"][0]["after"]}
    ran = published(step, github, json.dumps(report).encode(), head)
    assert ran.outputs["comment-operation"] in ("created", "none")


@pytest.mark.parametrize(
    "report",
    [
        b"{",
        b"[]",
        b'{"schema_version": 1}',
        b"\x00",
        b'{"schema_version": 1, "notes": ["' + b"x" * 10_000_000 + b'"]}',
        b"[" * 1_000_000,
    ],
    ids=["cut", "list", "bare", "null", "10 MB", "deep"],
)
def test_a_report_that_is_none_is_refused(step: Step, github: GitHub, report: bytes) -> None:
    ran = published(step, github, report, "a" * 40, expect=2)
    assert "report" in ran.log
    assert not ran.writes


def test_a_pull_request_is_named_by_hand(step: Step, github: GitHub) -> None:
    number = changed(github)
    event = {"inputs": {}, "repository": github.repo("GET", ""), "sender": {"login": "acme-bot"}}
    ran = step.run("workflow_dispatch", event, pr_number=str(number))
    assert ran.outputs["comment-operation"] == "created"


def test_a_push_that_touches_no_profile_ends_at_once(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    before = github.head()
    github.push({"docs/readme.md": "x\n"})
    ran = step.run("push", push_event(github, before=before))
    assert ran.outputs["verdict"] == "none"
    assert github.pulls() == []
    before = github.head()
    github.push({CHAT: profile(concurrency=2)})
    step.run("push", push_event(github, before=before))
    assert len(github.pulls()) == 1


def test_settings_come_from_the_bases_configuration(step: Step, github: GitHub) -> None:
    config = "labels: [gpu, bot]\nbranch_prefix: bots/\ngroup_by: all\n"
    github.push({CHAT: profile(), "ops/replanner.yaml": config})
    step.run("schedule", schedule_event(github), config="ops/replanner.yaml")
    (pull,) = github.pulls()
    assert pull["head"]["ref"] == "bots/main/all"
    assert sorted(one["name"] for one in pull["labels"]) == ["bot", "gpu"]


def test_a_narrowed_run_closes_nothing_that_it_does_not_see(step: Step, github: GitHub) -> None:
    large = profile("acme/large-8x7b", gpus=4)
    github.push({"profiles/eu/chat.yaml": profile(), "profiles/us.yaml": large})
    step.run("schedule", schedule_event(github))
    assert len(github.pulls()) == 2
    ran = step.run("schedule", schedule_event(github), profiles="profiles/eu/*.yaml")
    assert len(github.pulls()) == 2
    assert not ran.writes
    assert ran.outputs["profiles-total"] == "1"


@pytest.mark.parametrize("what", ["pull_request", "schedule"])
def test_without_a_token_a_public_repository_is_read_and_nothing_written(
    step: Step, github: GitHub, what: str
) -> None:
    number = changed(github)
    event = pull_event(github, number) if what == "pull_request" else schedule_event(github)
    ran = step.run(what, event, token="", dry_run="true")
    assert not ran.writes
    assert ran.outputs["profiles-changed"] == "1"
    assert "No token was given" in ran.log
    assert not [call for call in ran.calls if "graphql" in call.name]


def test_a_sarif_report_and_the_report_go_where_they_were_asked_for(
    step: Step, github: GitHub
) -> None:
    number = changed(github)
    ran = step.run(
        "pull_request",
        pull_event(github, number),
        sarif_path="out/r.sarif",
        report_path="out/r.json",
    )
    assert (ran.outputs["sarif-path"], ran.outputs["report-path"]) == ("out/r.sarif", "out/r.json")
    assert json.loads((step.folder / "out/r.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((step.folder / "out/r.json").read_text())["schema_version"] == 1


def test_a_reader_may_not_ask(step: Step, github: GitHub) -> None:
    number = changed(github)
    event = labeled(github, number, "replanner:apply")
    event["sender"] = {"login": "octocat", "type": "User"}
    head = github.head("change")
    ran = step.run("pull_request", event)
    assert github.head("change") == head  # judged as whatever happens to it, and not written to
    assert "may not write" in ran.log


def laptop(step: Step, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command line, far from any workflow."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(step.folder),
        "GITHUB_API_URL": step.wire.url,
        "HF_ENDPOINT": step.hub_url,
        "GH_TOKEN": step.github.token,
    }
    command = [sys.executable, "-m", "replanner", *arguments, "--forge", "github", "--json"]
    asked = [*command, "--repository", step.github.repository]
    return subprocess.run(asked, env=env, capture_output=True, text=True, check=False)


def test_a_laptop_proposes_what_the_action_would(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    done = laptop(step, "replan")
    assert done.returncode == 0, done.stderr
    (pull,) = github.pulls()
    assert json.loads(done.stdout)["proposals"][0]["number"] == pull["number"]
    ran = step.run("schedule", schedule_event(github))
    assert not ran.writes


def test_a_laptop_writes_to_a_pull_request_what_the_label_would(step: Step, github: GitHub) -> None:
    number = changed(github)
    before = github.head("change")
    dry = laptop(step, "apply", "--pr", str(number), "--dry-run")
    assert (dry.returncode, json.loads(dry.stdout)["commit"]) == (0, None)
    assert github.head("change") == before
    done = laptop(step, "apply", "--pr", str(number))
    assert done.returncode == 0, done.stderr
    head = github.head("change")
    assert json.loads(done.stdout)["commit"] == head != before
    commit = github.repo("GET", f"/git/commits/{head}")
    assert [one["sha"] for one in commit["parents"]] == [before]
    ran = step.run("pull_request", labeled(github, number, "replanner:apply"))
    assert github.head("change") == head
    assert "All files are what the profiles say" in ran.summary


def test_a_laptop_overwrites_no_push_that_came_between(step: Step, github: GitHub) -> None:
    number = changed(github)
    pushed: list[str] = []

    def push_now(_number: int, moment: str) -> bool:
        if moment == "before" and not pushed:
            pushed.append(github.push({"notes.md": "mine\n"}, branch="change"))
        return False

    step.wire.cut = push_now
    done = laptop(step, "apply", "--pr", str(number))
    assert github.head("change") == pushed[0]
    assert done.returncode in (2, 3), done.stdout
    assert "change" in done.stderr
