"""What a run may be told: how its proposals look and when they come."""

import os
from typing import Any

import pytest
from worlds import CHAT, LARGE, LLAMA, OTHER, SMALL, Broken, World, kinds, only, profile

from replanner.errors import UpstreamError
from replanner.hub.folder import LocalHub
from replanner.propose import Leave

NOW_S = 1_800_000_000
DAY_S = 86_400
MOVED = {**SMALL, "max_position_embeddings": 65536}


def aged(world: World, commit: str, *, days: float, model: str = LLAMA) -> str:
    """The commit as it would be if it had been made so long ago."""
    then = NOW_S - int(days * DAY_S)
    os.utime(LocalHub(world.hub_dir).commit_folder(model, commit), (then, then))
    return commit


def patient(world: World, **options: Any) -> Any:
    return world.run(min_revision_age_s=DAY_S, now_s=NOW_S, **options)


def message(world: World, branch: str) -> str:
    return world.repo.git("log", "-1", "--format=%B", branch)


def test_a_young_revision_waits(accepted: World) -> None:
    commit = aged(accepted, accepted.model(MOVED), days=0.25)
    result = patient(accepted)
    assert (only(result).status, result.steps, result.exit_code) == ("pending", (), 0)
    assert only(result).waits == (
        f"acme/llama {commit[:7]} is 6 hours old; it is taken up after 24 hours."
    )
    aged(accepted, commit, days=1)
    assert kinds(patient(accepted)) == ["Push", "Open"]


def test_a_first_plan_waits_for_nothing(world: World) -> None:
    assert kinds(patient(world)) == ["Push", "Open"]


def test_another_model_is_a_first_plan(accepted: World) -> None:
    accepted.repo.commit({CHAT: profile(OTHER)})
    assert only(patient(accepted)).status == "planned"


def test_what_is_open_stays_while_a_newer_revision_waits(accepted: World) -> None:
    aged(accepted, accepted.model(MOVED), days=2)
    (shown,) = patient(accepted).proposals
    aged(accepted, accepted.model(LARGE), days=0)
    result = patient(accepted)
    assert [step.reason for step in result.steps if isinstance(step, Leave)] == ["pending"]
    assert result.writes == ()
    assert [one.operation for one in result.published] == ["unchanged"]
    assert accepted.repo.git("rev-parse", shown.branch) == result.published[0].head


@pytest.mark.parametrize("group_by", ["model", "profile", "revision", "all"])
def test_nothing_is_closed_while_a_revision_waits(accepted: World, group_by: str) -> None:
    aged(accepted, accepted.model(MOVED), days=2)
    patient(accepted, group_by=group_by)
    aged(accepted, accepted.model(LARGE), days=0)
    assert patient(accepted, group_by=group_by).writes == ()


def test_an_edited_profile_does_not_wait_for_a_revision(accepted: World) -> None:
    pinned = accepted.hub.resolve(LLAMA, "main")
    aged(accepted, accepted.model(LARGE), days=0)
    accepted.repo.commit({CHAT: profile(gpus=2, tp_size=2)})
    result = patient(accepted)
    assert kinds(result) == ["Push", "Open"]
    change = only(result).change
    assert change is not None
    assert change.new is not None
    assert change.new.plan.model.commit == pinned
    assert only(result).waits


def test_a_model_card_alone_does_not_even_wait(accepted: World) -> None:
    aged(accepted, accepted.model(**{"README.md": b"new"}), days=0)
    assert only(patient(accepted)).status == "nothing"


def test_a_date_that_nobody_knows_is_waited_for_by_nobody(accepted: World) -> None:
    class Dateless(Broken):
        def committed_at(self, model_id: str, commit: str) -> int | None:
            del model_id, commit
            return None

    accepted.model(MOVED)
    assert kinds(patient(accepted, hub=Dateless(accepted.hub))) == ["Push", "Open"]


def test_a_date_that_cannot_be_asked_for_is_unknown(accepted: World) -> None:
    class Away(Broken):
        def committed_at(self, model_id: str, commit: str) -> int | None:
            raise UpstreamError(f"no answer about {model_id} {commit}")

    accepted.model(MOVED)
    result = patient(accepted, hub=Away(accepted.hub))
    assert (only(result).status, result.exit_code, result.writes) == ("unknown", 3, ())


def test_a_commit_that_is_gone_waits_for_nothing(accepted: World) -> None:
    pinned = accepted.hub.resolve(LLAMA, "main")
    aged(accepted, accepted.model(MOVED), days=0)
    folder = LocalHub(accepted.hub_dir).commit_folder(LLAMA, str(pinned))
    folder.rename(folder.with_name("gone"))
    assert kinds(patient(accepted)) == ["Push", "Open"]


def test_titles_follow_the_history(accepted: World) -> None:
    commit = accepted.model(MOVED)
    assert accepted.run(dry_run=True).proposals[0].title == (
        f"Re-plan llama for revision {commit[:7]}"
    )
    for number in range(20):
        accepted.repo.commit({"n.txt": str(number)}, message=f"feat(n): {number}")
    (one,) = accepted.run(dry_run=True, scope="eu").proposals
    assert one.title == f"chore(vllm): [eu] re-plan llama for revision {commit[:7]}"
    (one,) = accepted.run(dry_run=True, title_style="plain").proposals
    assert one.title.startswith("Re-plan")


def test_a_commit_says_what_moved_and_what_came_of_it(accepted: World) -> None:
    before = str(accepted.hub.resolve(LLAMA, "main"))[:7]
    commit = accepted.model(LARGE)[:7]
    (one,) = accepted.run(title_style="conventional").proposals
    lines = message(accepted, one.branch).splitlines()
    assert lines[0].startswith(f"chore(vllm): re-plan llama for revision {commit}")
    assert lines[2] == f"acme/llama {before} -> {commit} (config)"
    assert lines[4].startswith("chat no longer starts because weights grew by")
    assert [line.split(":")[0] for line in lines[-3:]] == [
        "Replanner-Group",
        "Replanner-Plan",
        "Replanner-Version",
    ]


def test_trailers_can_be_left_out_but_for_the_one_that_tells_our_commits(world: World) -> None:
    result = world.run(commit_trailers=False, signoff=True)
    lines = message(world, result.proposals[0].branch).splitlines()
    assert [line.split(":")[0] for line in lines[-2:]] == ["Replanner-Plan", "Signed-off-by"]
    assert lines[-1] == "Signed-off-by: replanner <replanner@localhost>"
    assert result.warnings == ()
    assert world.run(commit_trailers=False, signoff=True).steps == ()


@pytest.mark.parametrize(
    ("draft", "config", "expected"),
    [
        ("auto", LARGE, True),
        ("auto", MOVED, False),
        ("true", MOVED, True),
        ("false", LARGE, False),
    ],
)
def test_drafts(accepted: World, draft: str, config: dict[str, object], *, expected: bool) -> None:
    accepted.model(config)
    (one,) = accepted.run(draft=draft).proposals
    assert one.draft is expected
    assert one.infeasible is (config is LARGE)


def test_people_are_asked(world: World) -> None:
    (one,) = world.run(reviewers=("ada",), assignees=("bob",), team_reviewers=("gpu",)).proposals
    assert (one.reviewers, one.assignees, one.team_reviewers) == (("ada",), ("bob",), ("gpu",))


def test_branches_may_begin_otherwise(world: World) -> None:
    result = world.run(prefix="bots/plans/")
    assert result.proposals[0].branch.startswith("bots/plans/main/acme-llama-")
    assert world.run().writes
    assert len(world.proposals()) == 2
    assert world.run(prefix="bots/plans/").steps == ()


def test_limits_leave_the_rest_for_later_and_say_so(world: World) -> None:
    world.repo.commit({"profiles/other.yaml": profile(OTHER)})
    result = world.run(new_prs_per_run=1)
    assert [one.operation for one in result.published] == ["created", "skipped-limit"]
    assert "as are allowed" in result.published[1].reasons[0]
    assert [one.operation for one in world.run(open_prs_limit=1).published] == [
        "unchanged",
        "skipped-limit",
    ]
    assert [one.operation for one in world.run().published] == ["unchanged", "created"]


def test_only_the_groups_that_are_meant(world: World) -> None:
    world.repo.commit({"profiles/other.yaml": profile(OTHER)})
    groups = [one.group for one in world.run(dry_run=True).proposals]
    result = world.run(groups=(groups[1],))
    assert [one.title for one in world.proposals()] == ["Plan other"]
    assert [one.operation for one in result.published] == ["none", "created"]


def test_a_forced_group_is_written_over_others_commits(accepted: World) -> None:
    accepted.model(LARGE)
    (one,) = accepted.run().proposals
    accepted.repo.git("checkout", "-q", one.branch)
    theirs = accepted.repo.commit({"note.txt": "mine"})
    accepted.repo.git("checkout", "-q", "main")
    left = accepted.run()
    assert [one.operation for one in left.published] == ["skipped-modified"]
    result = accepted.run(forced=(one.group,))
    assert kinds(result) == ["Push", "Edit"]
    assert result.published[0].operation == "updated"
    assert accepted.repo.git("rev-parse", one.branch) == result.published[0].head != theirs
    assert "replanner:modified" not in accepted.proposals()[0].labels
    assert accepted.run().steps == ()


def test_a_refused_one_comes_back_where_the_owner_wants_that(accepted: World) -> None:
    accepted.model(LARGE)
    (one,) = accepted.run().proposals
    accepted.repo.git("branch", "-q", "-D", one.branch)
    left = accepted.run()
    assert [one.operation for one in left.published] == ["none"]
    assert kinds(accepted.run(recreate_closed=True)) == ["Push", "Open"]


def test_a_tick_in_the_file_is_seen(accepted: World) -> None:
    accepted.model(LARGE)
    accepted.run()
    (shown,) = accepted.proposals()
    file = accepted.repo.root / ".git/replanner/proposals" / f"{shown.branch[10:]}.md"
    file.write_text(file.read_text().replace("[ ] <!-- replanner:hold", "[x] <!-- replanner:hold"))
    accepted.model({**LARGE, "num_hidden_layers": 90})
    assert [step.reason for step in accepted.run().steps if isinstance(step, Leave)] == ["held"]
    text = file.read_text().replace("[ ] <!-- replanner:replan", "[x] <!-- replanner:replan")
    file.write_text(text)
    assert kinds(accepted.run()) == ["Push", "Edit"]
    assert "[x]" not in file.read_text()


def test_globs_narrow_a_run_and_close_nothing(accepted: World) -> None:
    accepted.repo.commit({"profiles/eu/other.yaml": profile(OTHER)})
    accepted.model(LARGE)
    result = accepted.run(globs=("profiles/eu/*.yaml",))
    assert [one.name for one in result.judged] == ["eu/other"]
    accepted.run()
    assert accepted.run(globs=("profiles/eu/*.yaml",)).writes == ()
