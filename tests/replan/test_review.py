"""Pull requests on real git and a local hub: who is blamed for what, and who is not."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pulling import CHAT, CONFIG, LARGE, LLAMA, OTHER, SMALL, World, of, profile

from replanner.errors import AccessDenied, ProfileError, UpstreamError
from replanner.planning.model_files import ModelFiles
from replanner.replan.judge import Judge
from replanner.replan.pairs import Side
from replanner.replan.repository import read_repository
from replanner.replan.review import ReviewFacts, review
from replanner.report.review import Position, Review, Reviewed
from replanner.resolve import Hub, Planner

TIGHT = profile(gpu_name="L4", length=131072)  # 15 GiB of weights leave no room for that
PLAN = "deploy/chat/plan.json"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Main holds one profile with its plan."""
    made = World.new(tmp_path)
    made.base({CHAT: profile()})
    return made


@dataclass
class Door:
    """A hub that fails for the models named (for all, if none is) and writes down what it did."""

    hub: Hub
    models: Collection[str] = ()
    error: Exception = field(default_factory=lambda: UpstreamError("the Hub did not answer."))

    def fetch(self, model_id: str, revision: str, *, commit: str | None = None) -> ModelFiles:
        if not self.models or model_id in self.models:
            raise self.error
        return self.hub.fetch(model_id, revision, commit=commit)

    def resolve(self, model_id: str, revision: str) -> str | None:
        return self.hub.resolve(model_id, revision)

    def committed_at(self, model_id: str, commit: str) -> int | None:
        return self.hub.committed_at(model_id, commit)


def summary(one: Reviewed) -> tuple[str, str]:
    return one.kind, one.level


def outcome(result: Review) -> tuple[str, bool, int]:
    return result.verdict, result.blocked, result.exit_code


def causes(one: Reviewed) -> list[str]:
    assert one.change is not None
    return [str(cause) for cause in one.change.causes]


def commit_of(one: Reviewed) -> str | None:
    assert one.record is not None
    return one.record.plan.model.commit


def test_a_change_is_told_with_its_cause(world: World) -> None:
    world.pull({CHAT: profile(gpus=2)}, planned=True)
    result = world.review()
    one = of(result)
    assert (summary(one), one.touched, one.inherited) == (("changed", "ok"), True, False)
    assert causes(one) == ["hardware.gpus: default -> 2"]
    assert (one.stale, one.hand_edited, one.edits) == ((), (), ())
    assert outcome(result) == ("ok", False, 0)
    assert one.place("hardware.gpus") == Position(6, 3)
    assert one.place("hardware.tp_size") == Position(4, 1)


def test_the_review_names_both_sides_and_the_lines_that_the_diff_shows(world: World) -> None:
    world.pull({CHAT: profile(gpus=2)})
    result = world.review(lines={CHAT: {5, 6}, "README.md": ()})
    assert (result.base, result.base_commit, result.head_commit) == (
        "main",
        world.repo.git("rev-parse", "main"),
        world.repo.git("rev-parse", "topic"),
    )
    assert result.changed_lines == {(CHAT, 5), (CHAT, 6)}


def test_a_pull_request_that_concerns_no_profile_asks_no_hub(world: World) -> None:
    world.model(LARGE)
    world.pull({"README.md": "new words\n"})
    result = world.review(hub=Door(world.hub(world.repo.git("rev-parse", "main"))))
    assert outcome(result) == ("none", False, 0)
    assert summary(of(result)) == ("unchanged", "ok")
    assert of(result).record is not None  # the plan that main holds


# --- what moved upstream is nobody's fault


def test_both_sides_stand_on_the_commit_that_the_base_pins(world: World) -> None:
    pinned = world.hub("main").resolve(LLAMA, "main")
    world.model(LARGE)
    world.pull({CHAT: profile(gpus=2)})
    one = of(world.review())
    assert commit_of(one) == pinned
    assert causes(one) == ["hardware.gpus: default -> 2"]


@dataclass
class Drifting:
    """A hub whose model moves every time that somebody asks where it stands."""

    world: World
    hub: Hub
    moves: int = 0

    def fetch(self, model_id: str, revision: str, *, commit: str | None = None) -> ModelFiles:
        if commit is None:
            self.moves += 1
            commit = self.world.model({**SMALL, "num_hidden_layers": 32 + self.moves}, model_id)
        return self.hub.fetch(model_id, revision, commit=commit)

    def resolve(self, model_id: str, revision: str) -> str | None:
        return self.hub.resolve(model_id, revision)

    def committed_at(self, model_id: str, commit: str) -> int | None:
        return self.hub.committed_at(model_id, commit)


def test_without_a_pin_both_sides_stand_on_one_commit(tmp_path: Path) -> None:
    world = World.new(tmp_path)
    world.base({CHAT: profile()}, planned=False)
    world.pull({CHAT: profile(gpus=2)})
    hub = Drifting(world, world.hub("main"))
    one = of(world.review(hub=hub))
    assert hub.moves == 1
    assert causes(one) == ["hardware.gpus: default -> 2"]


def proposed(world: World) -> dict[str, bytes | None]:
    """What an update proposes: every revision resolved anew."""
    tree, hub = world.tree("main"), world.hub("main")
    judged = Judge(read_repository(tree), Planner(hub)).all()
    return {path: blob and blob.data for one in judged for path, blob in one.files.write.items()}


def test_a_proposal_of_a_new_commit_is_judged_at_that_commit(world: World) -> None:
    commit = world.model(LARGE)
    world.pull(proposed(world))
    result = world.review()
    one = of(result)
    assert causes(one) == [f"model commit {commit[:7]}: config"]
    assert (commit_of(one), one.touched, one.stale) == (commit, False, ())
    assert outcome(result) == ("infeasible", True, 1)


def test_a_proposal_of_words_alone_is_safe(world: World) -> None:
    world.model(**{"README.md": b"new words"})
    tree, hub = world.tree("main"), world.hub("main")
    judged = Judge(read_repository(tree), Planner(hub), revision_classes=("docs",)).all()
    world.pull({path: blob and blob.data for path, blob in judged[0].files.write.items()})
    assert summary(of(world.review())) == ("changed", "safe")


def test_a_proposal_of_another_tokenizer_is_not_merely_safe(world: World) -> None:
    world.model(**{"tokenizer.json": b"{}"})
    world.pull(proposed(world))
    assert summary(of(world.review())) == ("changed", "ok")


def test_a_plan_of_the_pull_request_is_no_pin_for_another_model(world: World) -> None:
    pinned = world.hub("main").resolve(LLAMA, "main")
    world.base({"profiles/other.yaml": profile(OTHER)})
    moved = world.model(LARGE)
    other = world.repo.git("show", "main:deploy/other/plan.json")
    world.pull({PLAN: other})
    one = of(world.review())
    assert commit_of(one) == pinned != moved


def test_a_new_profile_stands_on_its_own_plan(world: World) -> None:
    path, pinned = "profiles/new.yaml", world.hub("main").resolve(OTHER, "main")
    world.pull({path: profile(OTHER)}, planned=True)
    world.model(LARGE, OTHER)
    one = of(world.review(), path)
    assert (summary(one), commit_of(one)) == (("new", "ok"), pinned)


def test_a_new_profile_without_a_plan_is_resolved_now(world: World) -> None:
    path = "profiles/new.yaml"
    world.model({**SMALL, "num_hidden_layers": 30}, OTHER)
    world.pull({path: profile(OTHER)})
    one = of(world.review(), path)
    assert commit_of(one) == world.hub("main").resolve(OTHER, "main")
    # its files are made once it is merged; nobody has to bring them along
    assert (summary(one), one.stale) == (("new", "ok"), ())


def test_a_pinned_commit_that_is_gone_is_gone_for_both_sides(world: World) -> None:
    pinned = world.hub("main").resolve(LLAMA, "main")
    now = world.model({**SMALL, "num_hidden_layers": 30})
    (world.hub_dir / LLAMA / str(pinned) / "config.json").unlink()
    (world.hub_dir / LLAMA / str(pinned)).rmdir()
    world.pull({CHAT: profile(gpus=2)})
    one = of(world.review())
    assert (commit_of(one), causes(one)) == (now, ["hardware.gpus: default -> 2"])


# --- plans that somebody wrote by hand


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"schema_version": 99}', "null"])
def test_a_plan_that_cannot_be_read_is_told_and_the_base_pins(world: World, text: str) -> None:
    pinned = world.hub("main").resolve(LLAMA, "main")
    world.model(LARGE)
    world.pull({PLAN: text})
    result = world.review()
    one = of(result)
    assert (commit_of(one), one.hand_edited, one.stale) == (pinned, (PLAN,), ())
    assert (summary(one), result.verdict) == (("unchanged", "warning"), "warning")
    (note,) = result.notes
    assert note.startswith(f"{PLAN}: ")
    assert note.endswith("The commit that the base pins counts.")


def test_a_plan_that_cannot_be_read_on_main_blames_nobody(world: World) -> None:
    world.repo.commit({PLAN: "{"})
    world.pull({"README.md": "x\n"})
    result = world.review()
    assert (outcome(result), result.notes) == (("none", False, 0), ())
    world.pull({CHAT: profile(gpus=2)})
    result = world.review()
    assert (of(result).hand_edited, result.notes) == ((PLAN,), ())


@pytest.mark.parametrize("commit", ["f" * 40, "../../x", "main"])
def test_a_plan_that_pins_no_commit_of_the_model_fails(world: World, commit: str) -> None:
    plan = json.loads(world.repo.git("show", f"main:{PLAN}"))
    plan["model"]["commit"] = plan["config"]["revision"] = commit
    world.pull({PLAN: json.dumps(plan)})
    result = world.review()
    assert (summary(of(result)), of(result).inherited) == (("failed", "infeasible"), False)
    assert (result.blocked, result.exit_code) == (True, 2)


# --- the levels


def test_what_does_not_fit_blocks(world: World) -> None:
    world.pull({CHAT: TIGHT})
    result = world.review()
    assert (summary(of(result)), of(result).inherited) == (("changed", "infeasible"), False)
    assert outcome(result) == ("infeasible", True, 1)


def test_what_gets_worse_is_a_warning(world: World) -> None:
    world.pull({CHAT: profile(gpu_name="A100-80GB")}, planned=True)
    assert summary(of(world.review())) == ("changed", "warning")


def test_a_new_warning_is_one(world: World) -> None:
    world.pull({CHAT: profile(gpus=2, tp_size=1)}, planned=True)
    one = of(world.review())
    assert one.change is not None
    assert [finding.code for finding in one.change.appeared] == ["idle_gpus"]
    assert one.change.direction == "neutral"
    assert summary(one) == ("changed", "warning")


@pytest.mark.parametrize("text", ["# ours\n" + profile(), profile(gpus=1), profile() + "\n\n"])
def test_words_and_what_was_meant_anyway_are_safe(world: World, text: str) -> None:
    world.pull({CHAT: text}, planned=True)
    result = world.review()
    assert (summary(of(result)), of(result).touched) == (("unchanged", "safe"), True)
    assert result.verdict == "safe"


def test_a_removed_profile_is_told_with_what_it_was(world: World) -> None:
    world.pull({CHAT: None}, planned=True)
    result = world.review(hub=Door(world.hub("main")))
    one = of(result)
    assert (summary(one), result.verdict) == (("removed", "ok"), "ok")
    assert one.change is not None
    assert one.change.kind == "removed"


def test_a_removed_profile_without_a_plan_is_planned_once_more(tmp_path: Path) -> None:
    world = World.new(tmp_path)
    world.base({CHAT: profile()}, planned=False)
    world.pull({CHAT: None})
    assert of(world.review()).record is not None
    assert summary(of(world.review(hub=Door(world.hub("main"))))) == ("removed", "ok")


def test_the_worst_comes_first_and_what_nobody_touched_last(world: World) -> None:
    names = ["d", "a", "b", "c", "e"]
    paths = {name: f"profiles/{name}.yaml" for name in names}
    files = {path: profile() for path in paths.values()}
    world.base({**files, paths["e"]: TIGHT})
    world.pull(
        {
            paths["a"]: profile(gpus=2),
            paths["b"]: TIGHT,
            paths["c"]: profile(gpu_name="A100-80GB"),
            CHAT: "profile_version: 2\n",
        },
        planned=True,
    )
    result = world.review()
    assert [one.name for one in result.profiles] == ["b", "chat", "c", "a", "d", "e"]
    assert result.verdict == "infeasible"


# --- what was so before


def test_what_did_not_fit_before_is_inherited(tmp_path: Path) -> None:
    world = World.new(tmp_path)
    world.base({CHAT: TIGHT})
    world.pull({"README.md": "x\n"})
    result = world.review()
    assert (summary(of(result)), of(result).inherited) == (("unchanged", "infeasible"), True)
    assert outcome(result) == ("none", False, 0)


SAME, WORSE, BETTER = (
    "# still too small\n" + TIGHT,
    TIGHT + "workload: {concurrency: 64}\n",
    TIGHT + "workload: {prompt_tokens: 100}\n",
)


@pytest.mark.parametrize(("text", "inherited"), [(SAME, True), (WORSE, False), (BETTER, True)])
def test_who_makes_it_worse_is_to_blame_after_all(
    tmp_path: Path, text: str, *, inherited: bool
) -> None:
    world = World.new(tmp_path)
    world.base({CHAT: TIGHT})
    world.pull({CHAT: text})
    result = world.review()
    assert (of(result).level, of(result).inherited) == ("infeasible", inherited)
    assert outcome(result) == (("none", False, 0) if inherited else ("infeasible", True, 1))


def test_another_refusal_is_worse(tmp_path: Path) -> None:
    world = World.new(tmp_path)
    world.base({CHAT: TIGHT})
    world.pull({CHAT: profile(gpu_name="L4", length=131072, gpus=3, tp_size=3)})
    assert not of(world.review()).inherited


def test_from_not_fitting_to_not_starting_is_worse(tmp_path: Path) -> None:
    world = World.new(tmp_path)
    crowded = profile(length=131072, more="workload: {prompt_tokens: 100000, concurrency: 30}\n")
    world.base({CHAT: crowded})
    world.pull({CHAT: crowded.replace("H100", "L4")})
    assert not of(world.review()).inherited
    world.pull({CHAT: crowded.replace("30", "29")})
    one = of(world.review())
    assert (one.level, one.inherited) == ("infeasible", True)


def test_from_not_starting_to_not_fitting_is_progress(tmp_path: Path) -> None:
    world = World.new(tmp_path)
    crowded = profile(length=131072, more="workload: {prompt_tokens: 100000, concurrency: 30}\n")
    world.base({CHAT: crowded.replace("H100", "L4")})
    world.pull({CHAT: crowded})
    assert of(world.review()).inherited


# --- profiles that cannot be read or planned


def test_a_profile_that_cannot_be_read_is_told_with_its_place(world: World) -> None:
    world.pull({CHAT: profile(gpus='"two"')})
    result = world.review()
    trouble = of(result).trouble
    assert trouble is not None
    assert trouble.position == Position(6, 3)
    assert trouble.message.startswith(f"{CHAT}:6:3: ")
    assert outcome(result) == ("infeasible", True, 2)
    assert world.review(fail_on="never").exit_code == 2


@pytest.mark.parametrize(("text", "blamed"), [("x\n", False), (None, True)])
def test_a_file_that_was_broken_is_for_those_to_mend_who_edit_it(
    world: World, text: str | None, *, blamed: bool
) -> None:
    world.repo.commit({CHAT: "profile_version: 7\n"})
    world.pull({"README.md": text} if text else {CHAT: "profile_version: 7\n# x\n"})
    result = world.review()
    assert (of(result).inherited, result.exit_code) == (not blamed, 2 if blamed else 0)
    assert result.verdict == ("infeasible" if blamed else "none")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (profile(gpu_name="H1000"), 5),
        (profile("acme/none"), 3),
        (profile(gpu_name="auto"), None),
        (profile("./models/none"), 3),
        (profile("/etc"), None),
        (profile("../repo"), None),
    ],
)
def test_what_cannot_be_planned_is_told_with_the_key_it_is_about(
    world: World, text: str, line: int | None
) -> None:
    world.pull({CHAT: text})
    result = world.review()
    trouble = of(result).trouble
    assert trouble is not None
    assert (trouble.position and trouble.position.line) == line
    assert (summary(of(result)), result.exit_code) == (("failed", "infeasible"), 2)


def test_a_model_that_is_gone_for_everybody_is_nobodys_fault(tmp_path: Path) -> None:
    world = World.new(tmp_path)
    world.base({CHAT: profile("acme/gone")}, planned=False)
    world.pull({CHAT: profile("acme/gone", gpus=2)})
    result = world.review()
    assert (summary(of(result)), of(result).inherited) == (("failed", "infeasible"), True)
    assert outcome(result) == ("none", False, 0)


def test_a_profile_that_is_mended_is_new(world: World) -> None:
    world.repo.commit({CHAT: "profile_version: 7\n"})
    world.pull({CHAT: profile()}, planned=True)
    assert summary(of(world.review())) == ("new", "ok")


@pytest.mark.parametrize("where", ["", "outputs: {dir: elsewhere}\n"])
def test_two_profiles_of_one_name_are_both_bad_and_hold_back_no_other(
    world: World, where: str
) -> None:
    world.base({"profiles/b.yaml": profile()})
    world.pull({"profiles/chat.yml": profile(more=where), "profiles/b.yaml": profile(gpus=2)})
    result = world.review()
    levels = {one.path: (one.level, one.inherited) for one in result.profiles}
    assert levels[CHAT] == levels["profiles/chat.yml"] == ("infeasible", False)
    assert of(result, "profiles/b.yaml").kind == "changed"
    assert result.exit_code == 2


def test_a_bug_met_by_one_profile_is_its_own_failure(world: World) -> None:
    world.base({"profiles/other.yaml": profile(OTHER)})
    world.pull({CHAT: profile(gpus=2), "profiles/other.yaml": profile(OTHER, gpus=2)})
    hub = Door(world.hub("main"), (OTHER,), KeyError("layers"))
    result = world.review(hub=hub)
    assert summary(of(result, "profiles/other.yaml")) == ("failed", "unknown")
    assert of(result).kind == "changed"
    assert (result.verdict, result.exit_code) == ("unknown", 4)


# --- upstreams that do not answer


@pytest.mark.parametrize(("on_error", "code"), [("warn", 0), ("fail", 3)])
def test_an_upstream_that_is_away_makes_it_unknown_never_unchanged(
    world: World, on_error: Any, code: int
) -> None:
    world.pull({CHAT: profile(gpus=2)})
    result = world.review(hub=Door(world.hub("main")), on_error=on_error)
    one = of(result)
    assert (summary(one), one.record, one.change) == (("unknown", "unknown"), None, None)
    assert one.trouble is not None
    assert one.trouble.exit_code == 3
    assert outcome(result) == ("unknown", bool(code), code)


def test_a_credential_that_lapsed_is_unknown_and_still_an_error(world: World) -> None:
    world.pull({CHAT: profile(gpus=2)})
    result = world.review(hub=Door(world.hub("main"), error=AccessDenied("no.")))
    assert (summary(of(result)), result.exit_code) == (("unknown", "unknown"), 2)
    trouble = of(result).trouble
    assert trouble is not None
    assert trouble.position == Position(3, 3)


def test_where_the_base_cannot_be_planned_nothing_is_compared(world: World) -> None:
    world.pull({CHAT: profile(OTHER)})
    one = of(world.review(hub=Door(world.hub("main"), (LLAMA,))))
    assert (summary(one), one.change) == (("unknown", "unknown"), None)
    assert one.record is not None


@pytest.mark.parametrize("fail_on", ["infeasible", "policy"])
def test_what_does_not_fit_blocks_though_the_base_cannot_be_planned(
    world: World, fail_on: Any
) -> None:
    world.pull({CHAT: profile(OTHER, gpu_name="L4", length=131072)})
    result = world.review(hub=Door(world.hub("main"), (LLAMA,)), fail_on=fail_on)
    assert (of(result).level, of(result).inherited) == ("infeasible", False)
    assert outcome(result) == ("infeasible", True, 1)
    assert result.notes == ("chat cannot be compared with what it was: the Hub did not answer.",)


@pytest.mark.parametrize("planned", [False, True])
def test_a_limit_is_a_limit_though_the_base_cannot_be_planned(
    tmp_path: Path, *, planned: bool
) -> None:
    world = World.new(tmp_path)
    world.base({CHAT: profile()}, planned=planned)
    world.base({CONFIG: policy(min_concurrency=1e6)}, planned=False)
    world.pull({CHAT: profile(OTHER)})
    result = world.review(hub=Door(world.hub("main"), (LLAMA,)), fail_on="policy")
    # The plan that the base holds breaches it too: then it cannot be told who is to blame.
    told = ("unknown", False, 0) if planned else ("policy", True, 1)
    assert outcome(result) == told


# --- models in the repository

FOLDER = profile("./models/mine")


@pytest.fixture
def foldered(tmp_path: Path) -> World:
    made = World.new(tmp_path)
    config = json.dumps(SMALL)
    made.base({CHAT: FOLDER, "models/mine/config.json": config, "models/b/config.json": config})
    return made


@pytest.mark.parametrize("known", [True, False])
def test_a_model_that_changes_in_the_repository_changes_its_profiles(
    foldered: World, *, known: bool
) -> None:
    foldered.pull({"models/mine/config.json": json.dumps(LARGE)})
    one = of(foldered.review(changed=foldered.changed() if known else None))
    assert (summary(one), one.touched) == (("changed", "infeasible"), False)
    assert causes(one) == ["model commit of the folder: config"]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("edited", [False, True])
def test_another_model_in_the_repository_is_none_of_its_business(
    foldered: World, *, known: bool, edited: bool
) -> None:
    if edited:  # on main already: not this pull request's doing
        foldered.repo.commit({"deploy/chat/serve_command.sh": "mine\n"})
    foldered.pull({"models/b/config.json": json.dumps(LARGE)})
    result = foldered.review(changed=foldered.changed() if known else None)
    assert (summary(of(result)), result.verdict) == (("unchanged", "ok"), "none")


def test_a_model_that_is_renamed_away_is_gone(foldered: World) -> None:
    foldered.pull({"models/mine/config.json": None, "models/new/config.json": json.dumps(SMALL)})
    assert "models/mine/config.json" not in foldered.changed()  # a rename, told by its new name
    one = of(foldered.review(changed=foldered.changed()))
    assert (summary(one), one.inherited) == (("failed", "infeasible"), False)


def test_a_draft_model_in_the_repository_counts_too(foldered: World) -> None:
    more = "engine:\n  speculative: {method: draft_model, model: ./models/b}\n"
    foldered.base({CHAT: profile(more=more)})
    foldered.pull({"models/b/config.json": json.dumps({**SMALL, "num_hidden_layers": 8})})
    one = of(foldered.review(changed=foldered.changed()))
    assert causes(one) == ["draft model commit of the folder: config"]


# --- files of the head


def test_generated_files_that_are_out_of_date_are_told(world: World) -> None:
    world.pull({CHAT: profile(gpus=2)})
    one = of(world.review())
    assert summary(one) == ("changed", "warning")
    assert PLAN in one.stale
    assert one.hand_edited == ()


@pytest.mark.parametrize("known", [True, False])
def test_a_file_edited_by_hand_is_told_though_the_profile_is_not_touched(
    world: World, *, known: bool
) -> None:
    world.pull({"deploy/chat/serve_command.sh": "mine\n"})
    result = world.review(changed=world.changed() if known else None)
    one = of(result)
    assert (summary(one), one.hand_edited) == (
        ("unchanged", "warning"),
        ("deploy/chat/serve_command.sh",),
    )
    assert (one.touched, result.verdict) == (False, "warning")


def test_a_generated_file_that_is_deleted_is_told(world: World) -> None:
    world.pull({"deploy/chat/serve_command.sh": None})
    assert of(world.review()).stale == ("deploy/chat/serve_command.sh",)
    world.pull({PLAN: None})
    assert of(world.review()).stale == (PLAN,)


def test_who_keeps_no_plans_has_no_files_that_could_be_out_of_date(tmp_path: Path) -> None:
    world = World.new(tmp_path)
    world.base({CHAT: profile()}, planned=False)
    world.pull({CHAT: profile(gpus=2)})
    one = of(world.review())
    assert (summary(one), one.stale) == (("changed", "ok"), ())


def test_files_that_were_out_of_date_before_are_nothing_to_an_untouched_profile(
    world: World,
) -> None:
    world.repo.commit({CHAT: profile(gpus=2)})
    world.pull({"README.md": "x\n"})
    assert summary(of(world.review())) == ("unchanged", "ok")


def test_what_a_removed_or_moved_profile_leaves_behind_is_told(world: World) -> None:
    world.pull({CHAT: None})
    one = of(world.review())
    assert (summary(one), PLAN in one.stale) == (("removed", "warning"), True)
    world.pull({CHAT: profile(more="outputs: {dir: live}\n")})
    stale = of(world.review()).stale
    assert {"live/plan.json", PLAN} <= set(stale)
    world.pull({CHAT: profile(more="outputs: {dir: live}\n")}, planned=True)
    assert of(world.review()).stale == ()


# --- the policy is the base's


def policy(more: str = "", **limits: float) -> str:
    return f"policy: {json.dumps(limits)}\n{more}"


LIMITS = policy(min_concurrency=3, min_headroom_gib=40, max_throughput_drop=0.1)


def test_limits_are_told_whether_kept_or_breached(world: World) -> None:
    world.base({CONFIG: LIMITS})
    world.pull({CHAT: profile(gpu_name="A100-80GB")})
    result = world.review(fail_on="policy")
    one = of(result)
    assert one.level == "policy"
    assert [breach.limit for breach in one.breaches] == ["max_throughput_drop"]
    assert one.breaches[0].wanted == "10%"
    assert [(kept.limit, kept.wanted, kept.setting) for kept in one.kept] == [
        ("min_concurrency", "3", "model.max_model_len"),
        ("min_headroom_gib", "40.0 GiB", "workload.concurrency"),
    ]
    assert outcome(result) == ("policy", True, 1)
    assert outcome(world.review()) == ("policy", False, 0)


def test_a_pull_request_cannot_weaken_the_policy_it_is_judged_by(world: World) -> None:
    world.base({CONFIG: policy(min_concurrency=3)})
    world.pull({CHAT: profile(gpu_name="A100-40GB"), CONFIG: policy(min_concurrency=1)})
    result = world.review(fail_on="policy")
    assert outcome(result) == ("policy", True, 1)
    (note,) = result.notes
    assert note.startswith(f"This pull request changes {CONFIG} and is judged by the one on main.")
    assert note.endswith("By its own the verdict would be warning, not policy.")


def test_a_configuration_that_changes_no_verdict_is_told_too(world: World) -> None:
    world.pull({CONFIG: policy(min_concurrency=1)})
    result = world.review()
    assert outcome(result) == ("none", False, 0)
    assert result.notes[0].endswith("By its own the verdict would be the same.")


def test_a_configuration_that_says_the_same_is_no_news(world: World) -> None:
    world.base({CONFIG: "profiles: [profiles/**/*.yaml]\n"})
    world.pull({CONFIG: "# ours\nprofiles:\n- profiles/**/*.yaml\nignore_revisions: [x]\n"})
    assert world.review().notes == ()


def test_profiles_that_only_the_new_configuration_finds_are_seen_in_the_note(world: World) -> None:
    world.pull({CONFIG: "profiles: [serving/*.yaml]\n", "serving/a.yaml": TIGHT})
    result = world.review()
    assert (outcome(result), len(result.profiles)) == (("none", False, 0), 1)
    assert result.notes[0].endswith("By its own the verdict would be infeasible, not none.")


def test_a_configuration_that_the_pull_request_breaks_is_an_error_with_its_place(
    world: World,
) -> None:
    world.pull({CONFIG: "profiles: []\npolicies: {}\n"})
    result = world.review(fail_on="never")
    assert result.config_trouble is not None
    assert result.config_trouble.position == Position(1, 1)
    assert outcome(result) == ("none", True, 2)
    assert result.notes[0].startswith(f"{CONFIG}:1:1: ")
    assert result.notes[0].endswith(" This pull request is judged by the one on main.")


def test_a_configuration_that_is_broken_on_main_stops_everything(world: World) -> None:
    world.repo.commit({CONFIG: "policies: {}\n"})
    world.pull({CONFIG: None})
    with pytest.raises(ProfileError, match=r"replanner\.yaml:1:1"):
        world.review()


def test_breaches_that_were_there_are_inherited_unless_they_get_worse(world: World) -> None:
    world.base({CONFIG: policy(min_concurrency=100)})
    world.pull({"README.md": "x\n"})
    still = of(world.review())
    assert (summary(still), still.inherited) == (("unchanged", "policy"), True)
    world.pull({CHAT: profile(gpus=2)})
    assert of(world.review()).inherited
    world.pull({CHAT: profile(gpu_name="A100-40GB")})
    assert not of(world.review()).inherited
    assert world.review(fail_on="policy").exit_code == 1


def test_a_new_breach_beside_an_old_one_is_to_blame(world: World) -> None:
    world.base({CONFIG: policy(min_concurrency=100, max_throughput_drop=0.01)})
    world.pull({CHAT: profile(more="engine: {enforce_eager: true}\n")})
    one = of(world.review())
    assert [each.limit for each in one.breaches] == ["min_concurrency", "max_throughput_drop"]
    assert not one.inherited


def test_limits_may_differ_by_path(world: World) -> None:
    more = "overrides: [{profiles: [profiles/prod/**], policy: {min_concurrency: 100}}]\n"
    prod = "profiles/prod/chat.yaml"
    world.base({CONFIG: policy(more, min_concurrency=1), prod: profile()})
    world.pull({CHAT: profile(gpus=2), prod: "# x\n" + profile()}, planned=True)
    result = world.review()
    assert of(result).level == "ok"
    assert (of(result, prod).level, of(result, prod).inherited) == ("policy", True)


def test_what_does_not_start_breaches_no_limit_beside(world: World) -> None:
    world.base({CONFIG: LIMITS})
    world.pull({CHAT: TIGHT})
    assert (of(world.review()).breaches, of(world.review()).kept) == ((), ())


def test_globs_leave_other_profiles_out_of_sight(world: World) -> None:
    world.pull({CHAT: TIGHT, "profiles/b.yaml": profile()})
    result = world.review(globs=("profiles/b*",))
    assert [one.path for one in result.profiles] == ["profiles/b.yaml"]
    assert result.verdict == "ok"


# --- the digest


def test_the_digest_tells_findings_apart_and_nothing_else(world: World) -> None:
    world.pull({CHAT: profile(gpus=2)})
    first = world.review().digest
    world.base({"README.md": "main moved\n", "profiles/other.yaml": profile(OTHER)})
    world.pull({CHAT: profile(gpus=2), "README.md": "y\n"})
    assert world.review().digest == first
    digests = {first}
    for files in (
        {CHAT: profile(gpus=4)},
        {CHAT: profile(gpus=2), "profiles/b.yaml": profile()},
        {CHAT: TIGHT},
        {CHAT: "profile_version: 7\n"},
        {CHAT: "profile_version: 8\n"},
        {CHAT: profile(gpus=2), CONFIG: policy(min_concurrency=1)},
        {CHAT: None},
        {"deploy/chat/serve_command.sh": "x\n"},
        {"deploy/chat/serve_command.sh": "x\n", "deploy/chat/docker-compose.yaml": "x\n"},
        {},
    ):
        world.pull(files)
        digests.add(world.review().digest)
    assert len(digests) == 11


# --- far away trees


@dataclass
class Far:
    """A tree that is far away: what was not announced is not there."""

    tree: Any
    expected: set[str] = field(default_factory=set)
    batches: list[set[str]] = field(default_factory=list)

    def paths(self) -> Collection[str]:
        paths: Collection[str] = self.tree.paths()
        return paths

    def expect(self, paths: Iterable[str]) -> None:
        fresh = set(paths).intersection(self.tree.paths()) - self.expected
        self.batches += [fresh] if fresh else []
        self.expected |= fresh

    def read(self, path: str) -> bytes:
        assert path in self.expected, path
        data: bytes = self.tree.read(path)
        return data


def test_a_far_tree_is_asked_twice_however_many_profiles_there_are(world: World) -> None:
    more = {f"profiles/{n}.yaml": profile() for n in range(5)}
    world.base({**more, CONFIG: LIMITS})
    world.pull({path: profile(gpus=2) for path in [*more, CHAT]} | {"profiles/0.yaml": None})
    trees = {name: Far(world.tree(name)) for name in ("topic", "main")}
    head, base = (Side(trees[name], world.hub(name)) for name in ("topic", "main"))
    result = review(head, base, facts=ReviewFacts("main", "b", "h", changed=world.changed()))
    assert len(result.news) == 6
    assert (len(trees["main"].batches), len(trees["topic"].batches)) == (1, 2)
