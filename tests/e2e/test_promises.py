"""What replanner promises, kept through whatever people do to branches, requests and models: no
commit lost, nothing twice, nothing to and fro, and what is not known changes nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from action_run import Ran, Step, pull_event, schedule_event
from configs import LLAMA_2_70B, LLAMA_3_1_8B
from emulated import GitHub
from models_hub import LARGE, SMALL, Hub
from stories import profile

CHAT = "profiles/chat.yaml"
OTHER = "profiles/other.yaml"
PLAN = "deploy/chat/plan.json"


def update(step: Step, github: GitHub, *, expect: int | None = 0, **inputs: str) -> Ran:
    return step.run("schedule", schedule_event(github), expect=expect, **inputs)


def proposed(step: Step, github: GitHub, **more: str | bytes | None) -> Any:
    github.push({CHAT: profile(), **more})
    update(step, github)
    (pull,) = github.pulls()
    return pull


def squash(github: GitHub, pull: Any) -> None:
    github.repo("PUT", f"/pulls/{pull['number']}/merge", {"merge_method": "squash"})


def move(hub: Hub, layers: int, model: str = SMALL) -> None:
    hub.commit(model, {"config.json": json.dumps({**LLAMA_3_1_8B, "num_hidden_layers": layers})})


def rewritten(github: GitHub, sha: str, *parents: str, **files: str) -> str:
    """A person's rewrite of a commit: message and author are kept, as git does it."""
    old = github.repo("GET", f"/git/commits/{sha}")
    tree = old["tree"]["sha"]
    if files:
        entries = [
            {"path": path, "mode": "100644", "type": "blob", "content": text}
            for path, text in files.items()
        ]
        tree = github.repo("POST", "/git/trees", {"base_tree": tree, "tree": entries})["sha"]
    commit = github.repo(
        "POST",
        "/git/commits",
        {
            "message": old["message"],
            "tree": tree,
            "parents": parents,
            "author": old["author"],
            "committer": {**old["author"], "date": "2030-01-02T03:04:05Z"},
        },
    )
    return str(commit["sha"])


def force(github: GitHub, branch: str, sha: str) -> None:
    github.repo("PATCH", f"/git/refs/heads/{branch}", {"sha": sha, "force": True})


def person_amends(github: GitHub, head: str) -> str:
    return rewritten(github, head, github.head(), **{"deploy/chat/note.md": "mine\n"})


def person_rebases(github: GitHub, head: str) -> str:
    return rewritten(github, head, github.push({"README.md": "news\n"}))


def person_merges_main(github: GitHub, head: str) -> str:
    return rewritten(github, head, head, github.push({"README.md": "news\n"}))


@pytest.mark.parametrize("rewrite", [person_amends, person_rebases, person_merges_main])
def test_a_branch_that_a_person_rewrote_is_theirs(
    step: Step, github: GitHub, hub: Hub, rewrite: Callable[[GitHub, str], str]
) -> None:
    pull = proposed(step, github)
    theirs = rewrite(github, pull["head"]["sha"])
    force(github, pull["head"]["ref"], theirs)
    move(hub, 40)
    ran = update(step, github)
    assert github.head(pull["head"]["ref"]) == theirs
    assert ran.outputs["pull-request-operation"] == "skipped-modified"


def test_squashed_is_done_and_reverted_is_proposed_again(step: Step, github: GitHub) -> None:
    pull = proposed(step, github)
    squash(github, pull)
    ran = update(step, github)
    assert github.pulls() == []
    assert [one.name for one in ran.writes] == ["graphql mutation($input: UpdateRefsInput!)"]
    assert not update(step, github).writes

    written = [one["filename"] for one in github.repo("GET", f"/pulls/{pull['number']}/files")]
    github.push(dict.fromkeys(written))
    update(step, github)
    (again,) = github.pulls()
    assert again["number"] != pull["number"]


def test_what_people_merge_by_hand_leaves_the_rest(step: Step, github: GitHub) -> None:
    pull = proposed(step, github)
    compose = "deploy/chat/docker-compose.yaml"
    github.push({compose: github.read(compose, pull["head"]["ref"])})
    update(step, github)
    (now,) = github.pulls()
    left = {one["filename"] for one in github.repo("GET", f"/pulls/{now['number']}/files")}
    assert now["number"] == pull["number"]
    assert compose not in left
    assert PLAN in left
    assert not update(step, github).writes


def test_what_was_taken_out_of_main_does_not_come_back(step: Step, github: GitHub) -> None:
    clean = github.push({CHAT: profile()})
    github.push({"secret.txt": "x\n"})
    update(step, github)
    (pull,) = github.pulls()
    force(github, "main", clean)
    update(step, github)
    (now,) = github.pulls()
    assert now["number"] == pull["number"]
    assert not github.exists("secret.txt", pull["head"]["ref"])
    assert not update(step, github).writes


def test_a_request_pointed_at_another_base_is_somebodys(
    step: Step, github: GitHub, hub: Hub
) -> None:
    pull = proposed(step, github)
    github.repo("POST", "/git/refs", {"ref": "refs/heads/next", "sha": github.head()})
    github.repo("PATCH", f"/pulls/{pull['number']}", {"base": "next"})
    move(hub, 40)
    ran = update(step, github)
    assert not ran.writes
    assert "another base" in ran.log
    github.push({CHAT: None})
    assert not update(step, github).writes
    (now,) = github.pulls()
    assert now["head"]["sha"] == pull["head"]["sha"]


def test_a_branch_that_a_person_deleted_is_a_no(step: Step, github: GitHub) -> None:
    pull = proposed(step, github)
    github.repo("DELETE", f"/git/refs/heads/{pull['head']['ref']}")
    github.repo("PATCH", f"/pulls/{pull['number']}", {"state": "closed"})  # as GitHub does then
    ran = update(step, github)
    assert not ran.writes
    assert "somebody closed it" in ran.log


def test_two_bases_are_two_proposals(step: Step, github: GitHub) -> None:
    github.push({CHAT: profile()})
    github.repo("POST", "/git/refs", {"ref": "refs/heads/release/v1", "sha": github.head()})
    update(step, github, base="main\nrelease/v1")
    main, release = sorted(github.pulls(), key=lambda one: str(one["base"]["ref"]))
    assert [main["base"]["ref"], release["base"]["ref"]] == ["main", "release/v1"]
    squash(github, main)
    update(step, github, base="main\nrelease/v1")
    assert not update(step, github, base="main\nrelease/v1").writes
    assert [one["number"] for one in github.pulls()] == [release["number"]]


def test_a_renamed_profile_moves_with_its_files(step: Step, github: GitHub) -> None:
    squash(github, proposed(step, github))
    github.push({CHAT: None, "profiles/größe nr 1.yaml": profile()})
    update(step, github)
    (now,) = github.pulls()
    done = {
        one["filename"]: one["status"]
        for one in github.repo("GET", f"/pulls/{now['number']}/files")
    }
    assert done[PLAN] == "removed"
    assert done["deploy/größe nr 1/plan.json"] == "added"


def test_a_model_that_cannot_be_had_changes_nothing_until_it_is_back(
    step: Step, github: GitHub, hub: Hub
) -> None:
    squash(github, proposed(step, github))
    move(hub, 40)
    update(step, github)
    (pull,) = github.pulls()
    for kind in ("gated", "missing"):
        hub.faults({SMALL: {"kind": kind}})
        ran = update(step, github, expect=2)
        assert not ran.writes, kind
        assert SMALL in ran.log, kind
    hub.faults({})
    assert not update(step, github).writes
    assert github.pulls() == [pull]


def test_line_ends_of_windows_are_told_and_proposed_no_second_time(
    step: Step, github: GitHub
) -> None:
    squash(github, proposed(step, github))
    compose = "deploy/chat/docker-compose.yaml"
    crlf = github.read(compose, "main").replace("\n", "\r\n")
    github.push({compose: crlf, CHAT: profile().replace("\n", "\r\n")})
    update(step, github)
    (pull,) = github.pulls()
    assert compose in pull["body"].partition("Edited by hand")[2]
    squash(github, pull)
    update(step, github)
    assert not update(step, github).writes
    assert github.read(compose, "main") == crlf


def test_a_locked_conversation_fails_no_run(step: Step, github: GitHub, hub: Hub) -> None:
    pull = proposed(step, github)
    hub.commit(SMALL, {"config.json": json.dumps(LLAMA_2_70B)})
    locked = {"message": "Unable to create comment because issue is locked."}
    github.faults(
        {"method": "POST", "path": "/comments$", "status": 403, "times": 9, "body": locked}
    )
    ran = update(step, github)
    assert "locked" in ran.log
    assert github.pull(pull["number"])["draft"] is True
    assert not update(step, github).writes


def test_who_closes_it_while_a_run_is_at_work_has_the_last_word(
    step: Step, github: GitHub, hub: Hub
) -> None:
    pull = proposed(step, github)
    move(hub, 40)

    def close(_number: int, _moment: str) -> bool:
        github.repo("PATCH", f"/pulls/{pull['number']}", {"state": "closed"})
        return False

    step.wire.cut = close
    update(step, github)
    assert not update(step, github).writes
    assert github.pulls() == []


def test_a_list_that_fails_is_no_empty_list(step: Step, github: GitHub) -> None:
    pull = proposed(step, github)
    github.push({CHAT: profile(concurrency=4)})
    github.faults({"method": "GET", "path": "/git/matching-refs", "status": 502, "times": 50})
    ran = update(step, github)
    assert not ran.writes
    assert "answered 502" in ran.log
    (now,) = github.pulls()
    assert now["head"]["sha"] == pull["head"]["sha"]


# --- the comment


def reviewed(step: Step, github: GitHub) -> int:
    github.push({CHAT: profile()})
    github.push({CHAT: profile(concurrency=16)}, branch="change", start="main")
    number = github.open_pull("change")
    step.run("pull_request", pull_event(github, number, "opened"))
    return number


def ours(github: GitHub, number: int) -> list[Any]:
    pages = [
        github.repo("GET", f"/issues/{number}/comments?per_page=100&page={page}") for page in (1, 2)
    ]
    mark = "<!-- replanner:comment"
    return [one for page in pages for one in page if one["body"].startswith(mark)]


def test_a_comment_is_one_among_many_deleted_or_folded(step: Step, github: GitHub) -> None:
    number = reviewed(step, github)
    (one,) = ours(github, number)
    github.repo("DELETE", f"/issues/comments/{one['id']}")
    for n in range(101):
        github.repo("POST", f"/issues/{number}/comments", {"body": f"c{n}"})
    step.run("pull_request", pull_event(github, number))
    assert not step.run("pull_request", pull_event(github, number)).writes
    (one,) = ours(github, number)
    fold = "mutation($i: ID!) { minimizeComment(input: {subjectId: $i, classifier: OUTDATED})"
    query = {"query": fold + " { clientMutationId } }", "variables": {"i": one["node_id"]}}
    github.api("POST", "/graphql", query)
    github.push({CHAT: profile(concurrency=12)}, branch="change")
    ran = step.run("pull_request", pull_event(github, number))
    assert ran.outputs["comment-operation"] == "updated"
    assert [two["id"] for two in ours(github, number)] == [one["id"]]


def test_an_old_run_again_and_a_base_that_moved_change_nothing(step: Step, github: GitHub) -> None:
    number = reviewed(step, github)
    old = pull_event(github, number)
    github.push({CHAT: profile(concurrency=12)}, branch="change")
    step.run("pull_request", pull_event(github, number))
    said = ours(github, number)
    again = {"GITHUB_RUN_NUMBER": "1", "GITHUB_RUN_ATTEMPT": "2"}
    ran = step.run("pull_request", old, env=again)
    assert (ran.outputs["comment-operation"], ran.writes) == ("skipped-stale", [])
    # What main gets meanwhile is nobody's doing here.
    github.push({OTHER: profile(LARGE, gpu="L4")})
    ran = step.run("pull_request", pull_event(github, number))
    assert ran.outputs["verdict"] == "warning"
    assert not ran.writes
    assert ours(github, number) == said
