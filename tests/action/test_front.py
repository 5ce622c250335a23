"""Whole steps against the ports: what is written, said, put out, and with which exit code."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from staged import (
    BASE,
    CHAT,
    COMMON,
    DENIED,
    HEAD,
    LARGE,
    REPO,
    SMALL,
    Stage,
    profile,
    pull_event,
)

from replanner.action.outputs import TABLE
from replanner.errors import AccessDenied, ReplannerError, UpstreamError

CONFIG = ".github/replanner.yaml"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A pull request that asks a bit more of a profile."""
    before = {CHAT: profile(), "README.md": "x"}
    return Stage(tmp_path, before, {**before, CHAT: profile(concurrency=8)})


def test_a_pull_request_is_commented_and_everything_is_put_out(stage: Stage) -> None:
    assert stage.run("pull_request", pull_event()) == 0
    assert stage.done == ["comment 7"]
    assert list(stage.output) == list(TABLE)
    assert stage.output["comment-operation"] == "created"
    assert stage.output["comment-url"] == "https://x/1"
    assert stage.output["changed-profiles"] == json.dumps([CHAT])
    assert stage.output["report-path"] == "replanner-report.json"
    report = json.loads((stage.folder / "replanner-report.json").read_text())
    assert (report["head_commit"], report["base_commit"]) == (HEAD, BASE)
    assert "chat" in stage.summary
    assert stage.run("pull_request", pull_event("synchronize")) == 0
    assert stage.output["comment-operation"] == "unchanged"
    assert stage.done == ["comment 7"]


def test_the_log_says_why(stage: Stage) -> None:
    stage.run("pull_request", pull_event())
    assert "On pull_request (opened): comment, since the pull request was opened." in stage.log
    assert f"{CHAT}: changed" in stage.log
    assert "the gate is open" in stage.log


@pytest.mark.parametrize(("fail_on", "code"), [("infeasible", 1), ("never", 0)])
def test_the_gate_decides_the_exit_code(stage: Stage, fail_on: str, code: int) -> None:
    stage.head[CHAT] = profile(LARGE, gpu="L4")
    assert stage.run("pull_request", pull_event(), fail_on=fail_on) == code
    assert stage.output["verdict"] == "infeasible"
    assert any(line.startswith(f"::error file={CHAT}") for line in stage.log.splitlines())


def test_annotations_suggestions_and_comment_can_be_switched_off(stage: Stage) -> None:
    stage.head[CHAT] = profile(LARGE, gpu="L4")
    off = {"annotations": "false", "suggestions": "false", "comment_mode": "off"}
    stage.run("pull_request", pull_event(), **off)
    assert "::error file" not in stage.log
    assert stage.done == []
    assert stage.output["comment-operation"] == "none"


@pytest.mark.parametrize("why", ["fork", "dependabot", "no token"])
def test_where_nothing_can_be_written_the_verdict_stands(stage: Stage, why: str) -> None:
    event = pull_event(head_repository="stranger/infra") if why == "fork" else pull_event()
    if why == "dependabot":
        event["sender"] = {"login": "dependabot[bot]"}
    token = {"token": " "} if why == "no token" else {}
    assert stage.run("pull_request", event, **token) == 0
    assert stage.done == []
    assert stage.output["comment-operation"] == "skipped-readonly"
    assert "::notice title=replanner::No comment was written" in stage.log
    assert "No comment was written" in stage.summary


def test_a_refused_comment_is_a_warning(stage: Stage) -> None:
    stage.pulls.refuses = DENIED
    assert stage.run("pull_request", pull_event()) == 0
    assert stage.output["comment-operation"] == "skipped-readonly"
    assert "pull-requests: write" in stage.log


FORK = {"head_repository": "stranger/infra"}


@pytest.mark.parametrize(
    ("name", "event", "inputs", "with_token"),
    [
        ("pull_request", {}, {}, True),
        ("pull_request", FORK, {}, False),
        ("pull_request", FORK, {"hf_token_on_forks": "true"}, True),
        ("pull_request_target", {}, {}, False),
        ("pull_request_target", FORK, {}, False),
        ("pull_request_target", FORK, {"hf_token_on_forks": "true"}, True),
    ],
)
def test_a_stranger_never_learns_what_a_private_model_is_like(
    stage: Stage,
    name: str,
    event: dict[str, Any],
    inputs: dict[str, str],
    with_token: bool,  # noqa: FBT001 - a row's value
) -> None:
    stage.run(name, pull_event(**event), hf_token="hf_x", **inputs)  # noqa: S106 - of nobody
    assert {found for _, found in stage.tokens} == {with_token}


def test_a_command_below_a_forks_pull_request_does_not_lend_it_the_token(stage: Stage) -> None:
    stage.pulls.head_repository = "stranger/infra"
    issue = {"number": 7, "pull_request": {"url": "x"}, "user": {"login": "stranger"}}
    comment = {"id": 3, "body": "/replan", "user": {"login": "octo"}}
    event = {**COMMON, "action": "created", "issue": issue, "comment": comment}
    stage.run("issue_comment", event)
    assert stage.done == ["react 3", "comment 7"]
    assert {found for _, found in stage.tokens} == {False}
    stage.pulls.writers = ()
    stage.run("issue_comment", event)
    assert stage.output["verdict"] == "none"
    assert "octo may not write" in stage.log
    assert len(stage.done) == 2


def test_endpoint_and_settings_come_from_the_base_never_from_the_head(stage: Stage) -> None:
    stage.base[CONFIG] = "hf_endpoint: https://mirror.example\ncomment_on: never\n"
    stage.head[CONFIG] = "hf_endpoint: https://evil.example\nhf_token_on_forks: true\n"
    stage.run("pull_request", pull_event(**FORK), hf_token="hf_x")  # noqa: S106 - of nobody
    assert set(stage.tokens) == {("https://mirror.example", False)}


def test_an_input_wins_over_the_configuration(stage: Stage) -> None:
    stage.base[CONFIG] = stage.head[CONFIG] = "comment_mode: 'off'\nfail_on: never\n"
    stage.run("pull_request", pull_event())
    assert stage.output["comment-operation"] == "none"
    stage.run("pull_request", pull_event(), comment_mode="update")
    assert stage.output["comment-operation"] == "created"


def test_a_broken_configuration_of_the_base_is_told_with_its_line(stage: Stage) -> None:
    stage.base[CONFIG] = "fail_on: often\n"
    assert stage.run("pull_request", pull_event()) == 2
    assert f"{CONFIG}:1:1: fail_on must be one of" in stage.log
    assert (stage.output["verdict"], stage.done) == ("unknown", [])


def test_dry_run_lists_every_write_and_makes_none(stage: Stage) -> None:
    stage.head[CHAT] = profile(LARGE)
    stage.run("pull_request", pull_event(), dry_run="true")
    assert "would write a comment" in stage.summary
    stage.run("schedule", COMMON, dry_run="true")
    assert "would push replanner/main/" in stage.summary
    assert stage.output["pull-request-operation"] == "none"
    stage.run("pull_request", pull_event("labeled", label={"name": "replanner:apply"}), dry_run="1")
    assert "Would commit" in stage.summary
    assert stage.done == []


def test_a_schedule_opens_a_pull_request(stage: Stage) -> None:
    assert stage.run("schedule", COMMON) == 0
    branch = stage.output["pull-request-branch"]
    assert stage.done == [f"push {branch}", f"open {branch}"]
    assert stage.output["pull-request-operation"] == "created"
    assert stage.output["pull-request-number"] == "12"
    assert stage.output["pull-request-commits-verified"] == "true"
    assert json.loads(stage.output["pull-requests"])[0]["branch"] == branch
    assert "wait for somebody's approval" in stage.log
    assert branch in stage.summary


def test_several_bases_are_each_served_and_a_missing_one_holds_back_none(stage: Stage) -> None:
    stage.forge.branches = ("main", "release")
    assert stage.run("schedule", COMMON, base="main, release, gone") == 2
    opened = [one for one in stage.done if one.startswith("open ")]
    assert [one.split("/")[1] for one in opened] == ["main", "release"]
    assert "has no branch 'gone'" in stage.log


def test_every_way_to_propose_reaches_the_loop(stage: Stage) -> None:
    stage.run("schedule", COMMON, group_by="all", branch_prefix="bots/", scope="eu")
    assert stage.output["pull-request-branch"] == "bots/main/eu/all"


def test_an_unplannable_profile_of_an_update_fails_it_and_holds_back_no_other(
    stage: Stage,
) -> None:
    stage.base["profiles/bad.yaml"] = "profile_version: 9\n"
    assert stage.run("schedule", COMMON) == 2
    assert stage.output["pull-request-operation"] == "created"
    assert "::error file=profiles/bad.yaml" in stage.log
    assert "profiles/bad.yaml" in stage.summary


def test_a_push_matters_where_something_planned_was_touched(stage: Stage) -> None:
    push = {**COMMON, "ref": "refs/heads/main", "before": BASE, "after": HEAD}
    stage.head[CHAT] = stage.base[CHAT]
    stage.head["README.md"] = "y"
    assert stage.run("push", push) == 0
    assert (stage.output["verdict"], stage.done) == ("none", [])
    assert "nothing that is planned was touched" in stage.log
    stage.head[CONFIG] = "labels: [x]\n"
    stage.run("push", push)
    assert stage.output["pull-request-operation"] == "created"


def test_a_merge_group_is_checked_in_silence(stage: Stage) -> None:
    stage.head[CHAT] = profile(LARGE, gpu="L4")
    group = {"merge_group": {"base_sha": BASE, "head_sha": HEAD}, "action": "checks_requested"}
    assert stage.run("merge_group", {**COMMON, **group}) == 1
    assert (stage.output["verdict"], stage.done) == ("infeasible", [])


def test_two_named_commits_are_compared(stage: Stage) -> None:
    named = {"mode": "check", "base_ref": BASE, "head_ref": HEAD}
    assert stage.run("workflow_dispatch", COMMON, **named) == 0
    assert stage.output["profiles-changed"] == "1"
    assert stage.done == []


def test_the_label_apply_writes_back_and_goes(stage: Stage) -> None:
    labeled = pull_event("labeled", label={"name": "replanner:apply"})
    assert stage.run("pull_request", labeled) == 0
    commit, unlabel = stage.done
    assert commit.startswith("commit change: deploy/chat/")
    assert unlabel == "unlabel 7 replanner:apply"
    assert "Checks on what a workflow's own token pushes wait" in stage.log


def test_a_report_is_posted_to_the_pull_request_of_the_run_not_of_the_report(stage: Stage) -> None:
    stage.run("pull_request", pull_event(**FORK))
    report = json.loads((stage.folder / "replanner-report.json").read_text())
    report["head_commit"] = "f" * 40
    (stage.folder / "in.json").write_text(json.dumps(report))
    stage.pulls.head_repository = "stranger/infra"
    run = {
        "event": "pull_request",
        "head_sha": HEAD,
        "head_repository": {"full_name": "stranger/infra"},
    }
    event = {**COMMON, "action": "completed", "workflow_run": run}
    assert stage.run("workflow_run", event, report_artifact="in.json", mode="publish") == 0
    assert stage.done == ["comment 7"]
    assert f"head={HEAD}" in stage.pulls.kept[0].body
    run["head_repository"] = {"full_name": "other/infra"}
    stage.run("workflow_run", event, report_artifact="in.json", mode="publish")
    assert stage.output["comment-operation"] == "none"
    assert "No open pull request" in stage.log


def test_no_name_is_beyond_the_log_of_any_machine(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("{}")
    env = {
        "GITHUB_EVENT_NAME": "❌",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": REPO,
        "PYTHONIOENCODING": "cp1252",  # as on Windows
    }
    command = [sys.executable, "-m", "replanner.action"]
    done = subprocess.run(command, env=env, capture_output=True, check=False)
    assert done.returncode == 2
    assert "❌" in done.stdout.decode()


def test_a_files_name_is_no_command_of_the_log(stage: Stage) -> None:
    stage.base[CONFIG] = "profiles: ['**/*.yaml']\n"
    stage.head[CONFIG] = stage.base[CONFIG]
    stage.head["::stop-commands::x/a.yaml"] = profile(gpu="nope")
    assert stage.run("pull_request", pull_event()) == 2
    said = [line.lstrip() for line in stage.log.splitlines()]
    assert not [line for line in said if line.startswith("::stop-commands::x")]
    assert any(line.startswith("- ::stop-commands::x/a.yaml: ") for line in said)


def test_the_policy_is_the_base_branchs_as_it_is_now(stage: Stage) -> None:
    """Not that of the commit that a pull request chose to branch off from."""
    stage.pulls.commits["c" * 40] = dict(stage.base)
    stage.pulls.forked_at = "c" * 40
    stage.base[".github/replanner.yaml"] = "policy: {min_concurrency: 3}\n"
    stage.head[CHAT] = profile(gpu="A100-40GB")
    assert stage.run("pull_request", pull_event(), fail_on="policy") == 1
    assert stage.output["verdict"] == "policy"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("digest", "x -->\n\n@acme/all [click](https://evil.example) <!--"),
        ("digest", "0" * 64 + "\n"),
        ("base_commit", "a" * 40 + " --> @acme/all"),
        ("head_commit", "--> @acme/all"),
    ],
)
def test_a_report_ends_no_hidden_line_of_the_comment(stage: Stage, key: str, value: str) -> None:
    """A fork writes the report that a run with a token posts."""
    stage.run("pull_request", pull_event(**FORK))
    report = json.loads((stage.folder / "replanner-report.json").read_text())
    (stage.folder / "in.json").write_text(json.dumps({**report, key: value}))
    stage.pulls.head_repository = "stranger/infra"
    run = {
        "event": "pull_request",
        "head_sha": HEAD,
        "head_repository": {"full_name": "stranger/infra"},
    }
    event = {**COMMON, "action": "completed", "workflow_run": run}
    assert stage.run("workflow_run", event, report_artifact="in.json", mode="publish") == 2
    assert stage.done == []


@pytest.mark.parametrize(("on_error", "code"), [("", 0), ("warn", 0), ("fail", 3)])
def test_a_forge_that_is_away_fails_only_who_wants_that(
    stage: Stage, on_error: str, code: int
) -> None:
    stage.error = UpstreamError("api.github.com did not answer.")
    assert stage.run("schedule", COMMON, on_error=on_error) == code
    assert stage.output["verdict"] == "unknown"
    assert "::warning title=replanner::api.github.com did not answer." in stage.log
    assert "did not answer" in stage.summary


def test_a_refused_credential_is_always_an_error(stage: Stage) -> None:
    stage.error = AccessDenied("api.github.com refused the token.")
    assert stage.run("schedule", COMMON, on_error="warn") == 2


def test_a_bug_is_a_sentence_to_paste(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_base: str, _head: str) -> None:
        raise KeyError("::error::x")

    monkeypatch.setattr(stage.pulls, "compare", broken)
    assert stage.run("pull_request", pull_event()) == 4
    assert "a bug in replanner: KeyError at test_front.py" in stage.log
    assert "Traceback" not in stage.log
    assert "::error::x" not in stage.log


@pytest.mark.parametrize(
    ("event", "inputs", "said"),
    [
        ("gollum", {}, "Supported: pull_request,"),
        ("schedule", {"fail_on": "polcy"}, "Did you mean 'policy'?"),
        ("schedule", {"mode": "comment"}, "Set pr-number."),
        ("schedule", {"ca_bundle": "nowhere.pem"}, "ca-bundle 'nowhere.pem' is no file"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    stage: Stage, event: str, inputs: dict[str, str], said: str
) -> None:
    stage.error = UpstreamError("asked all the same")
    assert stage.run(event, COMMON, **inputs) == 2
    assert said in stage.log
    assert stage.output["verdict"] == "unknown"


def test_an_input_that_does_not_exist_is_warned_of(stage: Stage) -> None:
    stage.run("schedule", COMMON, fail_onn="never", dry_run="true")
    assert "The input 'fail-onn' does not exist. Did you mean 'fail-on'?" in stage.log


def test_tokens_are_masked_and_never_shown(stage: Stage) -> None:
    stage.run("pull_request", pull_event(), hf_token="hf_secret")  # noqa: S106 - of nobody
    lines = stage.log.splitlines()
    assert lines[:2] == ["::add-mask::ghs_token", "::add-mask::hf_secret"]
    assert not [one for one in lines[2:] if "ghs_token" in one or "hf_secret" in one]


def test_a_model_folder_is_read_from_the_commit_not_from_the_disk(stage: Stage) -> None:
    config = (stage.folder / "hub" / SMALL).rglob("config.json")
    text = next(config).read_text()
    model = "./models/own"
    (stage.folder / "models/own").mkdir(parents=True)
    (stage.folder / "models/own/config.json").write_text("{}")
    for side in (stage.base, stage.head):
        side["models/own/config.json"] = text
        side[CHAT] = profile(model, concurrency=1 if side is stage.base else 4)
    assert stage.run("pull_request", pull_event()) == 0
    assert stage.output["profiles-changed"] == "1"
    stage.head[CHAT] = profile("/etc")
    assert stage.run("pull_request", pull_event()) == 2
    assert "leaves the repository" in stage.log


# --- the base as it is now


TIP = "e" * 40


def tightened(stage: Stage) -> None:
    """The pull request breaks a profile; when it was pushed to, its base let that pass."""
    stage.head[CHAT] = profile(LARGE, gpu="L4")
    stage.base[CONFIG] = stage.head[CONFIG] = "fail_on: never\n"
    now = {**stage.base, CONFIG: "fail_on: infeasible\n"}
    stage.pulls.commits[TIP] = now
    stage.pulls.forked_at = BASE
    stage.forge.tip = TIP
    stage.forge.commits = stage.pulls.commits


@pytest.mark.parametrize("token", ["ghs_token", ""])
@pytest.mark.parametrize("home", [REPO, "stranger/infra"])
def test_a_pull_request_is_judged_by_the_rules_that_its_base_has_now(
    stage: Stage, home: str, token: str
) -> None:
    tightened(stage)
    assert stage.run("pull_request", pull_event(head_repository=home), token=token) == 1
    assert "may be old" not in stage.log


@pytest.mark.parametrize("event", ["workflow_dispatch", "issue_comment"])
def test_so_is_one_that_was_named_or_commented_on(stage: Stage, event: str) -> None:
    tightened(stage)
    named = {"pr_number": "7"} if event == "workflow_dispatch" else {}
    said = {
        "action": "created",
        "issue": {"number": 7, "pull_request": {}, "user": {"login": "octo"}},
        "comment": {"id": 5, "body": "/replan", "user": {"login": "octo"}},
    }
    assert stage.run(event, {**COMMON, **said}, **named) == 1


@pytest.mark.parametrize("error", [UpstreamError("away."), AccessDenied("may not.")])
def test_where_that_cannot_be_seen_it_says_by_which_rules_it_judges(
    stage: Stage, error: ReplannerError
) -> None:
    tightened(stage)
    stage.forge.cannot_look = error
    assert stage.run("pull_request", pull_event()) == 0
    told = f"those of main at {BASE[:12]}: {error.message}"
    assert stage.log.count("::warning title=replanner::The rules that count here may be old") == 1
    assert told in stage.log
    assert told in stage.summary


def test_a_pull_request_that_was_closed_may_have_lost_its_base(stage: Stage) -> None:
    stage.forge.branches = ()
    event = pull_event("closed")
    event["pull_request"]["state"] = "closed"
    assert stage.run("pull_request", event) == 0
    assert "::warning" not in stage.log
