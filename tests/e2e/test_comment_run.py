"""A pull request that touches profiles: the comment, the gate, what forks and old runs may do."""

import json
from typing import Any

import pytest
from action_run import Step, pull_event
from emulated import READER, GitHub
from models_hub import Hub
from stories import profile

CHAT = "profiles/chat.yaml"


def changed(github: GitHub, text: str, *, path: str = CHAT, branch: str = "change") -> int:
    """A pull request that changes one profile of two."""
    github.push({CHAT: profile(), "profiles/other.yaml": profile(concurrency=4)})
    github.push({path: text}, branch=branch, start="main")
    return github.open_pull(branch)


def our_comments(github: GitHub, number: int) -> list[Any]:
    return [
        one for one in github.comments(number) if one["body"].startswith("<!-- replanner:comment")
    ]


def test_a_change_is_told_in_one_comment_and_a_second_run_writes_nothing(
    step: Step, github: GitHub
) -> None:
    number = changed(github, profile(concurrency=16))
    first = step.run("pull_request", pull_event(github, number, "opened"))
    assert first.outputs["comment-operation"] == "created"
    assert first.outputs["profiles-changed"] == "1"
    assert json.loads(first.outputs["changed-profiles"]) == [CHAT]
    (comment,) = our_comments(github, number)
    assert "chat" in comment["body"]
    assert "other" not in comment["body"].split("<details>")[0]
    assert first.outputs["comment-url"].endswith(f"/{number}#issuecomment-{comment['id']}")

    again = step.run("pull_request", pull_event(github, number))
    assert again.outputs["comment-operation"] == "unchanged"
    assert not again.writes
    assert our_comments(github, number) == [comment]


def test_the_comment_follows_the_head_in_place_and_remembers_what_it_said(
    step: Step, github: GitHub
) -> None:
    number = changed(github, profile(concurrency=12))
    step.run("pull_request", pull_event(github, number, "opened"))
    before = our_comments(github, number)[0]
    github.push({CHAT: profile(concurrency=16)}, branch="change")
    ran = step.run("pull_request", pull_event(github, number))
    (after,) = our_comments(github, number)
    assert ran.outputs["comment-operation"] == "updated"
    assert after["id"] == before["id"]
    assert after["body"] != before["body"]


def test_a_change_that_is_taken_back_leaves_one_line(step: Step, github: GitHub) -> None:
    number = changed(github, profile(concurrency=12))
    step.run("pull_request", pull_event(github, number, "opened"))
    github.push({CHAT: profile()}, branch="change")
    ran = step.run("pull_request", pull_event(github, number))
    assert ran.outputs["verdict"] == "none"
    (comment,) = our_comments(github, number)
    assert "changes any more" in comment["body"]


def test_what_cannot_start_blocks_and_names_line_and_cure(step: Step, github: GitHub) -> None:
    number = changed(github, profile("acme/large-8x7b", gpu="L4"))
    ran = step.run("pull_request", pull_event(github, number, "opened"), expect=1)
    assert ran.outputs["verdict"] == "infeasible"
    assert ran.outputs["profiles-infeasible"] == "1"
    errors = [line for line in ran.annotations if line.startswith("::error")]
    assert any(f"file={CHAT}" in line for line in errors)
    (comment,) = our_comments(github, number)
    assert comment["body"].splitlines()[1].startswith("<!--") or "❌" in comment["body"]
    assert ran.report["schema_version"] == 1


def test_a_cure_on_a_changed_line_is_a_suggestion_given_once(step: Step, github: GitHub) -> None:
    number = changed(github, profile("acme/large-8x7b", gpus=1))
    step.run("pull_request", pull_event(github, number, "opened"), expect=1)
    notes = github.repo("GET", f"/pulls/{number}/comments")
    assert notes
    assert all("```suggestion" in note["body"] for note in notes)
    step.run("pull_request", pull_event(github, number), expect=1)
    assert len(github.repo("GET", f"/pulls/{number}/comments")) == len(notes)


def test_never_failing_is_possible(step: Step, github: GitHub) -> None:
    number = changed(github, profile("acme/large-8x7b", gpu="L4"))
    ran = step.run("pull_request", pull_event(github, number, "opened"), fail_on="never")
    assert ran.outputs["verdict"] == "infeasible"


def test_the_sins_of_the_base_are_not_the_pull_requests(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile("acme/large-8x7b", gpu="L4"), "README.md": "x\n"})
    github.push({"profiles/new.yaml": profile()}, branch="change", start="main")
    number = github.open_pull("change")
    ran = step.run("pull_request", pull_event(github, number, "opened"))
    assert ran.outputs["verdict"] in ("ok", "safe")
    assert "chat" in our_comments(github, number)[0]["body"]


def test_a_policy_is_the_bases_and_cannot_be_weakened(step: Step, github: GitHub) -> None:
    config = ".github/replanner.yaml"
    github.push({CHAT: profile(), config: "policy: {min_concurrency: 2}\n"})
    github.push(
        {
            CHAT: profile(concurrency=1).replace("engine:", "engine:\n  enforce_eager: true"),
            config: "policy: {min_concurrency: null}\n",
        },
        branch="change",
        start="main",
    )
    number = github.open_pull("change")
    strict = step.run(
        "pull_request", pull_event(github, number, "opened"), expect=None, fail_on="policy"
    )
    assert "replanner.yaml" in strict.summary


def test_without_a_touched_profile_nothing_is_said(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    github.push({"README.md": "other\n"}, branch="change", start="main")
    number = github.open_pull("change")
    ran = step.run("pull_request", pull_event(github, number, "opened"))
    assert ran.outputs["verdict"] == "none"
    assert ran.outputs["comment-operation"] == "none"
    assert not ran.writes
    assert github.comments(number) == []


def test_an_unreadable_profile_is_told_with_its_line(step: Step, github: GitHub) -> None:
    number = changed(github, profile().replace("gpus: 1", 'gpus: "one"'))
    ran = step.run("pull_request", pull_event(github, number, "opened"), expect=2)
    assert f"{CHAT}:" in our_comments(github, number)[0]["body"].replace("&#8203;", "")
    assert any("line=" in line for line in ran.annotations if line.startswith("::error"))


def test_a_person_who_quotes_the_comment_keeps_their_words(step: Step, github: GitHub) -> None:
    number = changed(github, profile(concurrency=16))
    step.run("pull_request", pull_event(github, number, "opened"))
    body = our_comments(github, number)[0]["body"]
    path = f"/repos/{github.repository}/issues/{number}/comments"
    theirs = github.api("POST", path, {"body": body}, token=READER)
    github.push({CHAT: profile(concurrency=12)}, branch="change")
    step.run("pull_request", pull_event(github, number))
    kept = next(one for one in github.comments(number) if one["id"] == theirs["id"])
    assert kept["body"] == body
    assert len(github.comments(number)) == 2


def test_duplicates_of_a_race_are_healed(step: Step, github: GitHub) -> None:
    number = changed(github, profile(concurrency=16))
    step.run("pull_request", pull_event(github, number, "opened"))
    body = our_comments(github, number)[0]["body"]
    github.repo("POST", f"/issues/{number}/comments", {"body": body})
    github.push({CHAT: profile(concurrency=12)}, branch="change")
    step.run("pull_request", pull_event(github, number))
    assert len(our_comments(github, number)) == 1


def test_a_run_that_was_overtaken_writes_nothing(step: Step, github: GitHub) -> None:
    number = changed(github, profile(concurrency=12))
    old = pull_event(github, number, "opened")
    github.push({CHAT: profile(concurrency=16)}, branch="change")
    step.run("pull_request", pull_event(github, number))
    told = our_comments(github, number)
    late = step.run("pull_request", old, expect=None)
    assert late.outputs["comment-operation"] == "skipped-stale"
    assert not late.writes
    assert our_comments(github, number) == told


@pytest.mark.parametrize("why", ["fork", "dependabot"])
def test_where_the_token_only_reads_the_summary_says_it_all(
    step: Step, github: GitHub, why: str
) -> None:
    number = changed(github, profile("acme/large-8x7b", gpu="L4"))
    event = pull_event(github, number, "opened")
    if why == "fork":
        event["pull_request"]["head"]["repo"]["full_name"] = "stranger/infra"
        event["pull_request"]["head"]["repo"]["fork"] = True
    else:
        event["sender"] = {"login": "dependabot[bot]", "type": "Bot"}
    ran = step.run("pull_request", event, expect=1)
    assert ran.outputs["comment-operation"] == "skipped-readonly"
    assert not ran.writes
    assert "chat" in ran.summary
    assert any(line.startswith("::notice") for line in ran.annotations)


def test_a_token_that_may_not_comment_is_told_the_permission_and_the_verdict_stands(
    step: Step, github: GitHub
) -> None:
    number = changed(github, profile(concurrency=16))
    github.faults(
        {
            "method": "POST",
            "path": "/issues/\\d+/comments$",
            "status": 403,
            "times": 5,
            "headers": {"x-accepted-github-permissions": "issues=write; pull_requests=write"},
            "body": {"message": "Resource not accessible by integration"},
        }
    )
    ran = step.run("pull_request", pull_event(github, number, "opened"))
    assert ran.outputs["comment-operation"] == "skipped-readonly"
    assert "pull_requests" in ran.log.replace("-", "_")
    assert "chat" in ran.summary


def test_a_hub_that_is_away_is_unknown_and_never_no_change(
    step: Step, github: GitHub, hub: Hub
) -> None:
    number = changed(github, profile(concurrency=16))
    hub.faults({"acme/small-8b": {"kind": "error", "status": 503}})
    ran = step.run("pull_request", pull_event(github, number, "opened"))
    assert ran.outputs["verdict"] == "unknown"
    assert ran.outputs["profiles-unknown"] != "0"
    strict = step.run("pull_request", pull_event(github, number), expect=3, on_error="fail")
    assert strict.outputs["verdict"] == "unknown"


def test_a_merge_queue_is_checked_without_a_word(step: Step, github: GitHub) -> None:
    changed(github, profile("acme/large-8x7b", gpu="L4"))
    event = {
        "action": "checks_requested",
        "merge_group": {
            "head_sha": github.head("change"),
            "head_ref": "refs/heads/gh-readonly-queue/main/pr-1",
            "base_sha": github.head("main"),
            "base_ref": "refs/heads/main",
        },
        "repository": github.repo("GET", ""),
        "sender": {"login": "acme-bot", "type": "User"},
    }
    ran = step.run("merge_group", event, expect=1)
    assert ran.outputs["verdict"] == "infeasible"
    assert not ran.writes


def test_twelve_profiles_take_at_most_forty_calls(step: Step, github: GitHub) -> None:
    names = [f"profiles/p{n:02}.yaml" for n in range(12)]
    github.push({path: profile(concurrency=2 + n) for n, path in enumerate(names)})
    github.push(
        {path: profile(concurrency=20 + n) for n, path in enumerate(names)},
        branch="change",
        start="main",
    )
    number = github.open_pull("change")
    ran = step.run("pull_request", pull_event(github, number, "opened"), expect=None)
    assert ran.outputs["profiles-changed"] == "12"
    assert len(ran.calls) <= 40, [one.name for one in ran.calls]
    assert len(our_comments(github, number)) == 1


def test_the_same_on_an_enterprise_server(step: Step, github: GitHub) -> None:
    number = changed(github, profile(concurrency=16))
    step.wire.prefix = "/api/v3"
    ran = step.run(
        "pull_request",
        pull_event(github, number, "opened"),
        api_url=f"{step.wire.url}/api/v3",
        env={"GITHUB_GRAPHQL_URL": f"{step.wire.url}/api/graphql"},
    )
    assert ran.outputs["comment-operation"] == "created"


def test_dry_run_lists_every_write_and_makes_none(step: Step, github: GitHub) -> None:
    number = changed(github, profile(concurrency=16))
    ran = step.run("pull_request", pull_event(github, number, "opened"), dry_run="true")
    assert not ran.writes
    assert "would" in ran.summary.lower()
    assert github.comments(number) == []


def test_an_event_nobody_knows_is_refused_with_the_known_ones(step: Step, github: GitHub) -> None:
    ran = step.run("gollum", {"repository": github.repo("GET", "")}, expect=2)
    assert "pull_request" in ran.log
    assert not ran.writes
