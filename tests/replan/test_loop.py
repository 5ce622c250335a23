"""The loop on real git, real files and a local hub: what is proposed, what is left alone."""

import json
import shutil
from pathlib import Path
from typing import NoReturn, cast

import pytest
from samples import record
from worlds import CHAT, LARGE, LLAMA, OTHER, SMALL, Broken, World, kinds, only, profile

from replanner.errors import AccessDenied, InputError, ModelNotFound
from replanner.forge.git import Git
from replanner.forge.local import LocalForge
from replanner.forge.trees import WorkingTree, tree_at
from replanner.hub.folder import FolderHub, LocalHub
from replanner.hub.router import RoutedHub
from replanner.planning.result import Plan
from replanner.propose import Leave
from replanner.render import RENDERERS, Artifact, RenderContext, Renderer
from replanner.replan import (
    check,
    render_files,
    revision_records,
)


def test_a_first_plan_is_proposed(world: World) -> None:
    result = world.run()
    assert kinds(result) == ["Push", "Open"]
    assert only(result).change is not None
    (shown,) = world.proposals()
    assert shown.title == "Plan chat"
    files = world.repo.git("diff", "--name-only", f"main..{shown.branch}").split()
    assert files == [
        "deploy/chat/docker-compose.yaml",
        "deploy/chat/k8s-values.yaml",
        "deploy/chat/plan.json",
        "deploy/chat/profile.yaml",
        "deploy/chat/serve_command.sh",
    ]


def test_the_same_inputs_twice_make_no_write(world: World) -> None:
    world.run()
    refs, files = world.repo.git("for-each-ref"), world.proposals()
    again = world.run()
    assert again.steps == ()
    assert (world.repo.git("for-each-ref"), world.proposals()) == (refs, files)


def test_nothing_of_the_users_is_touched(world: World) -> None:
    world.repo.write({"README.md": "half done"})
    before = world.repo.snapshot()
    world.run()
    assert world.repo.snapshot() == before


def test_after_the_merge_there_is_nothing_to_do(accepted: World) -> None:
    result = accepted.run()
    assert (only(result).status, result.steps) == ("nothing", ())
    assert accepted.check().exit_code == 0
    assert accepted.repo.git("branch", "--list", "replanner/*") == ""


def test_a_dry_run_writes_nothing(world: World) -> None:
    result = world.run(dry_run=True)
    assert kinds(result) == ["Push", "Open"]
    assert world.proposals() == []
    assert world.repo.git("branch", "--list", "replanner/*") == ""


def test_a_model_that_moved_is_proposed_with_its_cause(accepted: World) -> None:
    commit = accepted.model(LARGE)
    result = accepted.run()
    assert kinds(result) == ["Push", "Open"]
    change = only(result).change
    assert change is not None
    assert change.verdict.startswith("no longer starts because weights grew by")
    assert f"(model commit {commit[:7]}: config)" in change.verdict
    assert result.proposals[0].draft
    assert "replanner:infeasible" in result.proposals[0].labels


def test_another_move_updates_the_same_proposal(accepted: World) -> None:
    accepted.model({**SMALL, "max_position_embeddings": 65536})
    accepted.run()
    accepted.model({**SMALL, "max_position_embeddings": 32768})
    result = accepted.run()
    assert kinds(result) == ["Push", "Edit"]
    assert len(accepted.proposals()) == 1
    accepted.model({**SMALL, "num_hidden_layers": 16})
    accepted.accept(accepted.run())
    assert only(accepted.run()).status == "nothing"


def test_a_model_that_moved_back_closes_its_proposal(accepted: World) -> None:
    pinned = accepted.hub.resolve(LLAMA, "main")
    assert pinned is not None
    accepted.model(LARGE)
    accepted.run()
    LocalHub(accepted.hub_dir).point(LLAMA, "main", commit=pinned)
    assert kinds(accepted.run()) == ["Close", "DeleteBranch"]
    assert accepted.proposals()[0].state == "closed"
    assert accepted.run().steps == ()
    accepted.model(LARGE)
    assert kinds(accepted.run()) == ["Push", "Open"]


def test_the_model_card_alone_is_no_reason(accepted: World) -> None:
    accepted.model(**{"README.md": b"new words"})
    result = accepted.run()
    assert (only(result).status, result.steps) == ("nothing", ())
    assert kinds(accepted.run(revision_classes=("docs",))) == ["Push", "Open"]


def test_revisions_to_ignore_are_ignored(accepted: World) -> None:
    commit = accepted.model(LARGE)
    accepted.repo.commit({".github/replanner.yaml": f"ignore_revisions: [{commit}]\n"})
    result = accepted.run()
    assert (only(result).status, result.steps) == ("nothing", ())


def test_an_edited_profile_is_proposed(accepted: World) -> None:
    accepted.repo.commit({CHAT: profile(gpus=2, tp_size=2)})
    change = only(accepted.run()).change
    assert change is not None
    assert {cause.subject for cause in change.causes} == {"hardware.gpus", "hardware.tp_size"}


def test_a_comment_in_a_profile_reaches_its_copy_only(accepted: World) -> None:
    accepted.repo.commit({CHAT: "# ours\n" + profile()})
    result = accepted.run()
    assert sorted(result.proposals[0].files) == [
        "deploy/chat/plan.json",
        "deploy/chat/profile.yaml",
    ]
    assert accepted.check().exit_code == 1


def test_one_proposal_per_model(world: World) -> None:
    world.repo.commit(
        {"profiles/eu/chat.yaml": profile(gpus=2), "profiles/other.yaml": profile(OTHER)}
    )
    result = world.run()
    assert [sorted({path.rsplit("/", 1)[0] for path in one.files}) for one in result.proposals] == [
        ["deploy/chat", "deploy/eu/chat"],
        ["deploy/other"],
    ]
    assert kinds(world.run(group_by="all")) == ["Push", "Open"] + ["Close", "DeleteBranch"] * 2


def test_a_missing_artifact_is_written_again(accepted: World) -> None:
    accepted.repo.commit({"deploy/chat/serve_command.sh": None})
    assert accepted.check().profiles[0].missing == ("deploy/chat/serve_command.sh",)
    result = accepted.run()
    assert list(result.proposals[0].files) == ["deploy/chat/serve_command.sh"]
    assert only(result).change.verdict.startswith("keeps its plan")  # type: ignore[union-attr]


def test_hand_edits_are_kept_and_told(accepted: World) -> None:
    accepted.repo.commit({"deploy/chat/serve_command.sh": "mine\n"})
    quiet = accepted.run()
    assert quiet.steps == ()
    assert only(quiet).files.hand_edited == ("deploy/chat/serve_command.sh",)
    report = accepted.check()
    assert report.profiles[0].hand_edited == ("deploy/chat/serve_command.sh",)
    assert report.exit_code == 1
    accepted.model(LARGE)
    (one,) = accepted.run().proposals
    assert "deploy/chat/serve_command.sh" not in one.files
    assert "**Edited by hand, left as they are:**" in one.text


def test_a_file_that_was_never_ours_is_not_overwritten(world: World) -> None:
    world.repo.commit({"deploy/chat/serve_command.sh": "mine\n"})
    (one,) = world.run().proposals
    assert "deploy/chat/serve_command.sh" not in one.files
    assert "Edited by hand" in one.text


def test_a_renderer_taken_out_takes_its_file_along(accepted: World) -> None:
    accepted.repo.commit(
        {
            CHAT: profile() + "outputs:\n  emit: [command]\n",
            "deploy/chat/k8s-values.yaml": "mine\n",
        }
    )
    (one,) = accepted.run().proposals
    assert one.files["deploy/chat/docker-compose.yaml"] is None
    assert "deploy/chat/k8s-values.yaml" not in one.files
    assert "k8s-values.yaml</code>" in one.text


def test_a_removed_profile_takes_its_untouched_files_along(accepted: World) -> None:
    accepted.repo.commit({CHAT: None, "deploy/chat/k8s-values.yaml": "mine\n"})
    left = accepted.check().profiles[0]
    assert "deploy/chat/plan.json" in left.leftover
    (one,) = accepted.run().proposals
    assert one.title == "Remove chat"
    assert set(one.files.values()) == {None}
    assert "deploy/chat/k8s-values.yaml" not in one.files
    accepted.accept(accepted.run())
    assert (accepted.repo.root / "deploy/chat/k8s-values.yaml").exists()
    assert not (accepted.repo.root / "deploy/chat/plan.json").exists()
    assert accepted.run().judged == ()


def test_files_that_are_gone_already_need_no_deleting(accepted: World) -> None:
    accepted.repo.commit({CHAT: None, "deploy/chat/k8s-values.yaml": None})
    assert "deploy/chat/k8s-values.yaml" not in accepted.run().proposals[0].files


def test_a_profile_that_writes_elsewhere_leaves_nothing_behind(accepted: World) -> None:
    accepted.repo.commit({CHAT: profile() + "outputs:\n  dir: live/chat\n"})
    (one,) = accepted.run().proposals
    assert one.files["deploy/chat/plan.json"] is None
    assert one.files["live/chat/plan.json"] is not None
    assert "writes elsewhere now" in one.text
    accepted.accept(accepted.run())
    assert accepted.check().exit_code == 0


@pytest.mark.parametrize(
    "plan",
    [
        {"profile_path": "elsewhere/chat.yaml"},
        {"profile_name": "other"},
        {"profile_path": ""},
    ],
)
def test_plans_of_strangers_are_never_deleted(accepted: World, plan: dict[str, str]) -> None:
    file = accepted.repo.root / "deploy/chat/plan.json"
    document = json.loads(file.read_text())
    document["inputs"] |= plan
    accepted.repo.commit({CHAT: None, "deploy/chat/plan.json": json.dumps(document)})
    assert accepted.run().judged == ()


def test_other_tools_plan_files_are_theirs(accepted: World) -> None:
    accepted.repo.commit({"terraform/plan.json": "{}", "plan.json": "not even JSON"})
    assert accepted.run().steps == ()


@pytest.mark.parametrize("text", ["{}", "<<<<<<< ours", "[" * 100_000, '{"schema_version": NaN}'])
def test_a_plan_that_cannot_be_read_is_told_and_left(accepted: World, text: str) -> None:
    accepted.repo.commit({"deploy/chat/plan.json": text})
    result = accepted.run()
    assert (only(result).status, result.exit_code, result.steps) == ("failed", 2, ())
    error = only(result).error
    assert error is not None
    assert error.message.startswith("deploy/chat/plan.json: ")
    assert "delete it" in error.hint


def test_a_bad_profile_holds_back_no_other(accepted: World) -> None:
    accepted.repo.commit(
        {CHAT: "profile_version: 1\nmodle: {}\n", "profiles/other.yaml": profile(OTHER)}
    )
    result = accepted.run()
    assert [(one.name, one.status) for one in result.judged] == [
        ("chat", "failed"),
        ("other", "planned"),
    ]
    assert result.exit_code == 2
    assert kinds(result) == ["Push", "Open"]
    assert accepted.check().exit_code == 2


def test_a_failed_profile_does_not_close_its_proposal(accepted: World) -> None:
    accepted.model(LARGE)
    accepted.run()
    accepted.repo.commit({CHAT: "broken"})
    result = accepted.run()
    assert [step.reason for step in result.steps if isinstance(step, Leave)] == ["unknown"]
    assert result.writes == ()


def test_a_profile_that_cannot_be_read_may_be_of_any_model(accepted: World) -> None:
    accepted.repo.commit({CHAT: profile(OTHER)})
    accepted.run()
    accepted.repo.commit({CHAT: "broken"})
    assert accepted.run().writes == ()


@pytest.mark.parametrize("before", ["model", "profile", "revision", "all"])
@pytest.mark.parametrize("now", ["model", "profile", "revision", "all"])
def test_an_unknown_model_keeps_what_another_grouping_proposed(
    accepted: World, before: str, now: str
) -> None:
    accepted.model(LARGE)
    accepted.run(group_by=before)
    result = accepted.run(Broken(accepted.hub, LLAMA), group_by=now)
    assert result.writes == ()
    accepted.run(group_by=now)
    assert ("closed" in [one.state for one in accepted.proposals()]) == (before != now)


def test_a_failed_neighbour_is_named_in_the_proposal(accepted: World) -> None:
    bad_text = f"profile_version: 1\nmodel:\n  id: {LLAMA}\n"
    accepted.repo.commit({"profiles/bad.yaml": bad_text, CHAT: profile(gpus=2)})
    result = accepted.run()
    bad = next(one for one in result.judged if one.name == "bad")
    assert bad.error is not None
    assert "gpu_name is auto" in bad.error.message
    assert "<code>profiles/bad.yaml</code>" in result.proposals[0].text


def test_an_upstream_that_is_away_changes_nothing(accepted: World) -> None:
    accepted.model(LARGE)
    accepted.run()
    refs, files = accepted.repo.git("for-each-ref"), accepted.proposals()
    accepted.repo.commit({CHAT: profile(gpus=2)})
    result = accepted.run(Broken(accepted.hub, LLAMA))
    assert (only(result).status, result.exit_code) == ("unknown", 3)
    assert result.writes == ()
    after = accepted.repo.git("for-each-ref", "refs/heads/replanner")
    assert after in refs
    assert accepted.proposals() == files


@pytest.mark.parametrize("group_by", ["model", "profile", "revision", "all"])
def test_an_unknown_model_freezes_its_groups_in_every_grouping(
    accepted: World, group_by: str
) -> None:
    accepted.repo.commit({"profiles/eu.yaml": profile(OTHER)})
    accepted.model(LARGE)
    accepted.run(group_by=group_by)
    refs = accepted.repo.git("for-each-ref", "refs/heads/replanner")
    result = accepted.run(Broken(accepted.hub, LLAMA, OTHER), group_by=group_by)
    assert result.writes == ()
    assert accepted.repo.git("for-each-ref", "refs/heads/replanner") == refs


def test_an_unknown_model_freezes_only_its_own_group(accepted: World) -> None:
    accepted.repo.commit({CHAT: profile(gpus=2), "profiles/other.yaml": profile(OTHER)})
    result = accepted.run(Broken(accepted.hub, LLAMA))
    assert [one.title for one in result.proposals] == ["Plan other"]
    assert kinds(result) == ["Push", "Open"]


def test_a_missing_model_is_a_failure_and_not_unknown(accepted: World) -> None:
    gone = Broken(accepted.hub, LLAMA, error=ModelNotFound("no such model."))
    result = accepted.run(gone)
    assert (only(result).status, result.exit_code) == ("failed", 2)


def test_a_refused_credential_is_unknown_and_the_users_to_mend(accepted: World) -> None:
    gated = Broken(accepted.hub, LLAMA, error=AccessDenied("the model is gated."))
    result = accepted.run(gated)
    assert (only(result).status, result.exit_code, result.writes) == ("unknown", 2, ())


def test_check_uses_the_pinned_commit(accepted: World) -> None:
    accepted.model(LARGE)
    assert accepted.check().exit_code == 0
    accepted.repo.write({CHAT: profile(gpus=2)})
    report = accepted.check()
    assert report.exit_code == 1
    assert "deploy/chat/plan.json" in report.profiles[0].stale


def test_check_resolves_anew_where_the_revision_is_another(accepted: World) -> None:
    accepted.repo.write({CHAT: profile().replace("  id:", "  revision: v2\n  id:")})
    report = accepted.check()
    assert report.exit_code == 2
    error = report.profiles[0].judged.error
    assert error is not None
    assert "v2" in error.message


def test_check_without_plans_names_what_is_missing(world: World) -> None:
    report = world.check()
    assert report.exit_code == 1
    assert "deploy/chat/plan.json" in report.profiles[0].missing


def test_check_tells_an_upstream_that_is_away(accepted: World) -> None:
    assert accepted.check(Broken(accepted.hub, LLAMA)).exit_code == 3


def test_check_of_nothing_is_fine(tmp_path: Path) -> None:
    assert check(WorkingTree(tmp_path), LocalHub(tmp_path)).exit_code == 0


def test_check_says_that_a_plan_does_not_start(world: World) -> None:
    world.model(LARGE)
    world.accept(world.run())
    report = world.check()
    assert (report.profiles[0].stale, report.exit_code) == ((), 1)


def test_only_the_named_profiles_are_looked_at(accepted: World) -> None:
    accepted.repo.commit(
        {"profiles/other.yaml": profile(OTHER), "profiles/third.yaml": profile(OTHER, gpus=2)}
    )
    accepted.run()
    result = accepted.run(only=("profiles/third.yaml",))
    assert [one.name for one in result.judged] == ["third"]
    assert accepted.check(only=["chat"]).exit_code == 0
    accepted.repo.commit({CHAT: None})
    assert [one.name for one in accepted.run(only=("other",)).judged] == ["other"]
    with pytest.raises(InputError, match="Did you mean 'third'"):
        accepted.run(only=("thrid",))


@pytest.mark.parametrize("pair", [("Both", "both"), ("d\u00e9j\u00e0", "de\u0301ja\u0300")])
def test_two_profiles_for_one_folder_are_an_error_for_both(
    accepted: World, pair: tuple[str, str]
) -> None:
    """Where case does not count, or accents are put together, they are one on the disk."""
    one, other = (f"{profile()}outputs:\n  dir: deploy/{name}\n" for name in pair)
    accepted.repo.commit({CHAT: one, "profiles/b.yaml": other})
    result = accepted.run()
    assert [one.status for one in result.judged] == ["failed", "failed"]
    assert result.writes == ()


def test_writing_where_profiles_are_looked_for_is_an_error(accepted: World) -> None:
    accepted.repo.commit({CHAT: profile() + "outputs:\n  dir: profiles/out\n"})
    error = only(accepted.run()).error
    assert error is not None
    assert "where profiles are looked for" in error.message


def test_a_broken_configuration_is_everybodys_error(accepted: World) -> None:
    accepted.repo.commit({".github/replanner.yaml": "profils: []\n"})
    with pytest.raises(InputError, match="profils"):
        accepted.run()


def test_a_persons_commit_on_the_branch_survives(accepted: World) -> None:
    accepted.model(LARGE)
    (one,) = accepted.run().proposals
    accepted.repo.git("checkout", "-q", one.branch)
    theirs = accepted.repo.commit({"note.txt": "mine"})
    accepted.repo.git("checkout", "-q", "main")
    accepted.model({**LARGE, "num_hidden_layers": 90})
    result = accepted.run()
    assert kinds(result) == ["Leave", "Edit"]
    assert accepted.repo.git("rev-parse", one.branch) == theirs
    (shown,) = accepted.proposals()
    assert "Somebody else committed" in shown.body
    assert accepted.run().writes == ()


def test_a_refused_proposal_comes_back_only_with_other_content(accepted: World) -> None:
    accepted.model(LARGE)
    (one,) = accepted.run().proposals
    accepted.repo.git("branch", "-q", "-D", one.branch)
    assert kinds(accepted.run()) == ["Leave"]
    accepted.model({**LARGE, "num_hidden_layers": 90})
    assert kinds(accepted.run()) == ["Push", "Open"]


def test_a_base_that_moved_without_conflict_is_no_reason_to_push(accepted: World) -> None:
    accepted.model(LARGE)
    accepted.run()
    accepted.repo.commit({"unrelated.txt": "x"})
    assert accepted.run().steps == ()


def test_one_branch_that_cannot_be_written_stops_no_other(world: World) -> None:
    world.repo.commit({"profiles/other.yaml": profile(OTHER), "deploy/chat": "in the way"})
    result = world.run()
    assert [failure.branch for failure in result.failures] == [result.proposals[0].branch]
    assert result.exit_code == 2
    assert [one.title for one in world.proposals()] == ["Plan other"]


def test_another_planner_with_the_same_figures_writes_nothing(accepted: World) -> None:
    file = accepted.repo.root / "deploy/chat/plan.json"
    document = json.loads(file.read_text())
    document["inputs"] |= {"planner_version": "0.0.1", "catalogue_version": "old"}
    accepted.repo.commit({"deploy/chat/plan.json": json.dumps(document)})
    assert accepted.run().steps == ()
    assert accepted.check().exit_code == 0


def test_a_plan_edited_by_hand_is_put_right(accepted: World) -> None:
    file = accepted.repo.root / "deploy/chat/plan.json"
    document = json.loads(file.read_text())
    document["config"]["max_num_seqs"] = 7
    accepted.repo.commit({"deploy/chat/plan.json": json.dumps(document)})
    change = only(accepted.run()).change
    assert change is not None
    assert [cause.kind for cause in change.causes] == ["plan"]


def test_two_revisions_can_be_compared(accepted: World) -> None:
    git = Git.at(accepted.repo.root)
    first = accepted.repo.git("rev-parse", "main")
    accepted.model(LARGE)
    accepted.accept(accepted.run())
    before, after = (revision_records(tree_at(git, one)) for one in (first, "main"))
    assert list(before) == list(after) == [CHAT]
    assert before[CHAT] != after[CHAT]


def test_profile_yaml_plans_to_the_same_configuration(accepted: World) -> None:
    text = (accepted.repo.root / "deploy/chat/profile.yaml").read_text()
    accepted.repo.commit({CHAT: text})
    assert "max_model_len: " in text
    change = only(accepted.run()).change
    assert change is not None
    assert change.settings == ()


def test_a_profile_that_cannot_be_edited_in_place_goes_out_as_it_is(world: World) -> None:
    odd = profile().replace("  id:", "  revision: >-\n    main\n  id:")
    world.repo.commit({CHAT: odd})
    (one,) = world.run().proposals
    written = one.files["deploy/chat/profile.yaml"]
    assert written is not None
    assert written.data.decode() == odd


def test_a_model_in_a_folder_has_no_commit_to_pin(world: World) -> None:
    def hub() -> RoutedHub:  # a hub looks once, so every run has its own
        return RoutedHub(FolderHub(world.repo.root), lambda: LocalHub(world.hub_dir))

    config = json.dumps(SMALL)
    world.repo.commit({CHAT: profile("./models/mine"), "models/mine/config.json": config})
    world.accept(world.run(hub()))
    assert world.check(hub()).exit_code == 0
    world.repo.commit({"models/mine/config.json": json.dumps(LARGE)})
    change = only(world.run(hub())).change
    assert change is not None
    assert "(model commit of the folder: config)" in change.verdict


def test_a_renderer_cannot_take_the_plans_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def steal(_plan: Plan, _context: RenderContext) -> dict[str, Artifact]:
        return {"plan.json": Artifact("{}")}

    monkeypatch.setitem(cast("dict[str, Renderer]", RENDERERS), "thief", steal)
    with pytest.raises(InputError, match="the plan's own file"):
        render_files(record(), names=["thief"])


def test_a_run_that_died_between_pushing_and_opening_is_healed(world: World) -> None:
    world.run()
    head = world.repo.git("for-each-ref", "refs/heads/replanner")
    shutil.rmtree(world.repo.root / ".git" / "replanner")
    assert kinds(world.run()) == ["Open"]
    assert world.repo.git("for-each-ref", "refs/heads/replanner") == head
    assert world.run().steps == ()


def test_a_proposal_on_hold_is_left_alone(accepted: World) -> None:
    accepted.model(LARGE)
    (one,) = accepted.run().proposals
    file = LocalForge.at(accepted.repo.root).files.path(one.branch)
    file.write_text(file.read_text().replace('["replanner"', '["replanner:hold", "replanner"'))
    accepted.model({**LARGE, "num_hidden_layers": 90})
    assert kinds(accepted.run()) == ["Leave"]


def test_a_bug_met_by_one_profile_is_its_own_failure(accepted: World) -> None:
    accepted.repo.commit({CHAT: profile(gpus=2), "profiles/other.yaml": profile(OTHER)})
    result = accepted.run(Broken(accepted.hub, LLAMA, error=KeyError("layers")))
    assert [(one.name, one.status) for one in result.judged] == [
        ("chat", "failed"),
        ("other", "planned"),
    ]
    assert (kinds(result), result.exit_code) == (["Push", "Open"], 4)
    error = result.judged[0].error
    assert error is not None
    assert error.message.startswith("a bug in replanner: KeyError at worlds.py:")
    assert accepted.check(Broken(accepted.hub, LLAMA, error=KeyError("x"))).exit_code == 4


def test_a_bug_in_reading_one_profile_is_its_own_failure(
    accepted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_data: bytes, *, name: str, **_more: object) -> NoReturn:
        raise RecursionError(name)

    monkeypatch.setattr("replanner.replan.repository.parse_profile", fail)
    result = accepted.run()
    assert (only(result).status, result.exit_code, result.writes) == ("failed", 4, ())


def test_a_pinned_commit_that_is_gone_is_replaced_even_by_a_model_card(accepted: World) -> None:
    pinned = accepted.hub.resolve(LLAMA, "main")
    accepted.model(**{"README.md": b"history was rewritten"})
    shutil.rmtree(accepted.hub_dir / LLAMA / str(pinned))
    result = accepted.run()
    assert kinds(result) == ["Push", "Open"]
    accepted.accept(result)
    assert accepted.check().exit_code == 0


def test_steps_that_failed_are_not_told_as_done(world: World) -> None:
    world.repo.commit({"profiles/other.yaml": profile(OTHER), "deploy/chat": "in the way"})
    assert len(world.run(dry_run=True).steps) == 4
    assert {step.proposal.title for step in world.run().steps} == {"Plan other"}  # type: ignore[union-attr]


def drafted() -> str:
    return profile() + f"engine:\n  speculative: {{method: draft_model, model: {OTHER}}}\n"


def test_a_draft_model_that_moved_is_proposed_with_its_cause(accepted: World) -> None:
    accepted.repo.commit({CHAT: drafted()})
    accepted.accept(accepted.run())
    pinned = accepted.hub.resolve(OTHER, "main")
    script = (accepted.repo.root / "deploy/chat/serve_command.sh").read_text()
    assert f'"revision": "{pinned}"' in script
    commit = accepted.model({**SMALL, "num_hidden_layers": 16}, model_id=OTHER)
    assert accepted.check().exit_code == 0
    result = accepted.run()
    change = only(result).change
    assert change is not None
    assert [str(cause) for cause in change.causes] == [f"draft model commit {commit[:7]}: config"]
    accepted.repo.commit({".github/replanner.yaml": f"ignore_revisions: [{commit}]\n"})
    assert only(accepted.run()).status == "nothing"


def test_a_draft_models_card_alone_is_no_reason_while_its_commit_is_there(accepted: World) -> None:
    accepted.repo.commit({CHAT: drafted()})
    accepted.accept(accepted.run())
    pinned = accepted.hub.resolve(OTHER, "main")
    accepted.model(model_id=OTHER, **{"README.md": b"new words"})
    assert (only(accepted.run()).status, accepted.run().steps) == ("nothing", ())
    shutil.rmtree(accepted.hub_dir / OTHER / str(pinned))
    assert kinds(accepted.run()) == ["Push", "Open"]


def test_a_draft_that_cannot_be_reached_changes_nothing(accepted: World) -> None:
    accepted.repo.commit({CHAT: drafted()})
    result = accepted.run(Broken(accepted.hub, OTHER))
    assert (only(result).status, result.exit_code, result.writes) == ("unknown", 3, ())


def test_scopes_do_not_retire_each_others_proposals(accepted: World) -> None:
    accepted.model(LARGE)
    eu = accepted.run(scope="eu")
    assert kinds(eu) == ["Push", "Open"]
    assert kinds(accepted.run()) == ["Push", "Open"]
    assert accepted.run(scope="eu").steps == ()
    assert accepted.run().steps == ()


@pytest.mark.parametrize("name", ["a:b", "back\\slash"])
def test_a_name_that_is_no_folder_everywhere_holds_back_no_other(world: World, name: str) -> None:
    world.repo.commit({f"profiles/{name}.yaml": profile()})
    result = world.run()
    assert [(one.name, one.status) for one in result.judged] == [
        (name, "failed"),
        ("chat", "planned"),
    ]
    assert kinds(result) == ["Push", "Open"]


def test_a_profile_that_moves_and_fails_keeps_its_old_files(accepted: World) -> None:
    moved = profile().replace("  id:", "  revision: v9\n  id:") + "outputs:\n  dir: live/chat\n"
    accepted.repo.commit({CHAT: moved})
    result = accepted.run()
    assert [(one.status, one.name) for one in result.judged] == [("failed", "chat")]
    assert result.writes == ()
    elsewhere = profile(OTHER) + "outputs:\n  dir: live/chat\n"
    accepted.repo.commit({CHAT: elsewhere})
    assert accepted.run(Broken(accepted.hub, OTHER)).writes == ()
