"""What changed between two plans: figures both ways, a cause for everything, noise left out."""

import json
from typing import Any

import pytest
from hypothesis import given
from samples import GIB, feasibility, memory, performance, record, records

from replanner.planning.causes import changed_classes, file_class
from replanner.planning.diff import Change, diff, why
from replanner.planning.record import PlanRecord, canonical, document
from replanner.planning.request import Speculative
from replanner.planning.result import Finding
from replanner.planning.stored import parse_document


def changed(old: PlanRecord, new: PlanRecord) -> Change:
    change = diff(old, new)
    assert change is not None
    return change


@given(records())
def test_a_plan_does_not_differ_from_itself(plan: PlanRecord) -> None:
    assert diff(plan, plan) is None


@given(records())
def test_a_plan_does_not_differ_from_itself_read_back(plan: PlanRecord) -> None:
    assert diff(parse_document(json.loads(canonical(document(plan)))), plan) is None


@given(records(), records())
def test_before_and_after_swap_with_the_plans(old: PlanRecord, new: PlanRecord) -> None:
    there, back = diff(old, new), diff(new, old)
    if there is None or back is None:
        assert there is back
        return
    assert [(d.key, d.old, d.new) for d in there.figures + there.settings] == [
        (d.key, d.new, d.old) for d in back.figures + back.settings
    ]
    turned = {"better": "worse", "worse": "better", "neutral": "neutral"}
    assert [turned[d.direction] for d in there.figures] == [d.direction for d in back.figures]
    assert [d.news for d in there.figures] == [d.news for d in back.figures]
    assert there.appeared == back.disappeared


@given(records(), records())
def test_every_changed_setting_has_a_reason(old: PlanRecord, new: PlanRecord) -> None:
    change = diff(old, new)
    if change is None:
        return
    assert change.causes
    for delta in change.settings:
        assert why(delta, change)


@given(records(), records())
def test_differing_is_deterministic(old: PlanRecord, new: PlanRecord) -> None:
    assert diff(old, new) == diff(old, new)


def test_nothing_to_nothing_is_no_change() -> None:
    assert diff(None, None) is None


def test_a_first_plan_is_new_and_says_where_it_fits() -> None:
    change = diff(None, record(findings=[Finding("x", "info", "x")]))
    assert change is not None
    assert (change.kind, change.before, change.after) == ("new", None, "fits")
    assert change.verdict == "fits on 1x H100, 53.1 GiB of KV cache to spare"
    assert change.appeared
    assert change.news


def test_a_plan_without_successor_is_removed() -> None:
    change = diff(record(), None)
    assert change is not None
    assert (change.kind, change.after) == ("removed", None)
    assert change.record == record()


def test_a_change_of_nothing_cannot_be_asked() -> None:
    with pytest.raises(ValueError, match="one side"):
        _ = Change("new", None, None, "").record


def test_grown_weights_that_break_a_plan_are_named_with_the_commit_and_its_files() -> None:
    old = record()
    new = record(
        config={"revision": "abc1234" + "0" * 33},
        memory={"weights_bytes": int(60.4 * GIB)},
        inputs={"model_files": {"config.json": "git:2", "model.safetensors": "sha256:2"}},
    )
    change = changed(old, new)
    assert change.verdict == (
        "no longer starts because weights grew by 44.4 GiB (model commit abc1234: weights, config)"
    )
    assert change.breaks
    assert change.direction == "worse"
    assert [delta.label for delta in change.settings] == ["revision"]
    assert why(change.settings[0], change) == "model commit abc1234: weights, config"


def test_a_plan_that_works_again_is_better() -> None:
    broken = record(memory={"weights_bytes": 70 * GIB})
    change = changed(broken, record())
    assert change.verdict.startswith("now starts and fits: left for KV cache +54.0 GiB")
    assert (change.breaks, change.direction) == (False, "better")


def test_what_does_not_start_has_no_speed_to_tell() -> None:
    broken = record(memory={"weights_bytes": 90 * GIB})
    slower = record(
        memory={"weights_bytes": 90 * GIB}, performance=performance(0.5), inputs={"gpu_facts": {}}
    )
    assert changed(broken, slower).verdict.startswith("still does not start, same figures")


def test_a_shrunk_budget_is_the_reason() -> None:
    lower = memory(budget_bytes=30 * GIB)
    new = record(feasibility=feasibility(lower), inputs={"profile_values": {"a": 1}})
    assert "because memory vLLM may use shrank by 42.9 GiB" in changed(record(), new).verdict


def test_an_error_that_appeared_is_the_reason_where_memory_is_not() -> None:
    refused = feasibility(starts=False, fits=False)
    error = Finding("tp_heads", "error", "32 heads cannot be split over 3 GPUs. See there.")
    new = record(feasibility=refused, findings=[error], inputs={"profile_values": {}})
    change = changed(record(), new)
    assert "no longer starts because 32 heads cannot be split over 3 GPUs (" in change.verdict
    assert change.appeared == (error,)


def test_a_refusal_without_any_reason_still_names_its_cause() -> None:
    new = record(feasibility=feasibility(starts=False, fits=False), inputs={"profile_values": {}})
    assert changed(record(), new).verdict.startswith("no longer starts (")


@pytest.mark.parametrize(
    ("inputs", "cause"),
    [
        ({"profile_values": {"model.id": "m", "hardware.tp_size": 2}}, "hardware.tp_size"),
        ({"gpu_facts": {"vram_gib": 79.1}}, "catalogue: vram_gib 79.2 -> 79.1"),
        ({"gpu_facts": {}}, "catalogue: vram_gib 79.2 -> default"),
        ({"model_files": {"config.json": "git:9"}}, "model commit aaaaaaa: weights, config"),
        ({"profile_path": "profiles/b.yaml"}, "profile path: profiles/chat.yaml"),
    ],
)
def test_each_input_that_moved_is_a_cause(inputs: dict[str, Any], cause: str) -> None:
    assert cause in "; ".join(map(str, changed(record(), record(inputs=inputs)).causes))


def test_the_engine_version_and_the_image_are_told_once() -> None:
    newer = {"vllm_version": "0.34.0", "image": "vllm/vllm-openai:v0.34.0"}
    values = {**record().inputs.profile_values, "engine.vllm_version": "0.34.0"}
    change = changed(record(), record(config=newer, inputs={"profile_values": values}))
    assert [str(cause) for cause in change.causes] == ["vLLM 0.33.0 -> 0.34.0"]
    assert {why(delta, change) for delta in change.settings} == {"vLLM 0.33.0 -> 0.34.0"}


def test_a_revision_and_a_release_that_moved_together_have_each_its_own_reason() -> None:
    newer = {"revision": "b" * 40, "vllm_version": "0.34.0", "dtype": "float16"}
    change = changed(record(), record(config=newer))
    reasons = {delta.label: why(delta, change) for delta in change.settings}
    assert reasons["revision"] == "model commit bbbbbbb"
    assert reasons["vllm_version"] == "vLLM 0.33.0 -> 0.34.0"
    assert reasons["dtype"] == "model commit bbbbbbb; vLLM 0.33.0 -> 0.34.0"


def test_a_model_that_moved_is_news_even_where_the_planner_moved_too() -> None:
    files = {"model_files": {"config.json": "git:9", "model.safetensors": "sha256:1"}}
    assert changed(record(), record(inputs={**files, "planner_version": "9"})).news


def test_a_pinned_image_is_a_cause() -> None:
    change = changed(record(), record(config={"image": "vllm/vllm-openai@sha256:1"}))
    assert [cause.kind for cause in change.causes] == ["image"]


def test_gpu_facts_that_the_profile_moved_are_not_blamed_on_the_catalogue() -> None:
    values = {**record().inputs.profile_values, "hardware.gpu_name": "A100"}
    inputs = {"profile_values": values, "gpu_facts": {"vram_gib": 39.5}}
    assert [c.kind for c in changed(record(), record(inputs=inputs)).causes] == ["profile"]


def test_another_model_is_the_profiles_doing() -> None:
    values = {**record().inputs.profile_values, "model.id": "b/b"}
    change = changed(record(), record(config={"model": "b/b"}, inputs={"profile_values": values}))
    assert [cause.subject for cause in change.causes] == ["model.id"]


def test_a_folder_without_commits_is_named_as_such() -> None:
    old = record(config={"revision": None})
    new = record(config={"revision": None}, inputs={"model_files": {}})
    assert str(changed(old, new).causes[0]) == "model commit of the folder: weights, config"


def drafted(revision: str | None, digest: str, model: str = "acme/draft") -> PlanRecord:
    draft = Speculative("eagle3", model, 3, revision)
    return record(config={"speculative": draft}, inputs={"draft_files": {"config.json": digest}})


def test_a_draft_model_that_moved_is_a_cause_of_its_own_and_the_settings_reason() -> None:
    change = changed(drafted("a" * 40, "git:1"), drafted("b" * 40, "git:2"))
    assert [str(cause) for cause in change.causes] == ["draft model commit bbbbbbb: config"]
    assert [why(delta, change) for delta in change.settings] == [str(change.causes[0])]
    folders = changed(drafted(None, "git:1"), drafted(None, "git:2"))
    assert str(folders.causes[0]) == "draft model commit of the folder: config"


def test_another_draft_model_is_not_one_that_moved() -> None:
    change = changed(drafted("a" * 40, "git:1"), drafted("b" * 40, "git:2", model="acme/other"))
    assert "draft" not in {cause.kind for cause in change.causes}
    assert "draft" not in {c.kind for c in changed(record(), drafted("a" * 40, "git:1")).causes}


def test_a_plan_that_does_not_follow_from_its_inputs_says_so() -> None:
    change = changed(record(), record(config={"max_num_seqs": 7}))
    assert [cause.kind for cause in change.causes] == ["plan"]


def test_only_the_planner_moving_is_no_change() -> None:
    assert diff(record(), record(inputs={"planner_version": "9", "catalogue_version": "9"})) is None


def test_a_planner_that_moves_a_figure_a_little_is_no_news() -> None:
    new = record(inputs={"planner_version": "0.2.0"}, performance=performance(1.001))
    change = changed(record(), new)
    assert not change.news
    assert {cause.kind for cause in change.causes} == {"planner"}
    assert change.verdict.startswith("still fits, same figures")


@pytest.mark.parametrize(
    "new",
    [
        {"performance": performance(1.05)},
        {"memory": {"activation_bytes": 3 * GIB}},
        {"config": {"max_num_seqs": 128}},
        {"findings": [Finding("x", "warning", "x")]},
    ],
)
def test_a_planner_that_moves_a_figure_or_decision_is_news(new: dict[str, Any]) -> None:
    moved = record(inputs={"planner_version": "0.2.0", "catalogue_version": "2"}, **new)
    change = changed(record(), moved)
    assert change.news
    assert [cause.kind for cause in change.causes] == ["planner", "catalogue"]


def test_a_finding_whose_figures_moved_is_the_same_finding() -> None:
    old = record(findings=[Finding("kv", "warning", "1.0 GiB short")])
    new = record(findings=[Finding("kv", "warning", "1.1 GiB short")], inputs={"gpu_facts": {}})
    change = changed(old, new)
    assert (change.appeared, change.disappeared) == ((), ())


def test_a_few_mib_are_no_news_and_gpu_risk_has_a_direction() -> None:
    less = memory(cuda_graph_bytes=GIB // 2 + 20 * 1024**2)
    new = record(feasibility=feasibility(less, oom_risk="medium"), inputs={"gpu_facts": {}})
    by_label = {delta.label: delta for delta in changed(record(), new).figures}
    assert not by_label["CUDA graphs"].news
    assert by_label["Risk of running out of memory"].direction == "worse"


def test_more_causes_than_three_are_counted() -> None:
    values = {f"workload.k{n}": n for n in range(5)}
    change = changed(record(), record(inputs={"profile_values": values}))
    assert change.verdict.endswith("; 4 more)")


def test_nested_settings_are_compared_as_one_value() -> None:
    new = record(config={"extra_args": {"x": [1]}}, inputs={"gpu_facts": {}})
    (delta,) = changed(record(), new).settings
    assert (delta.old, delta.new) == ("{}", '{"x": [1]}')


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("model-00001-of-00004.safetensors", "weights"),
        ("model.safetensors.index.json", "weights"),
        ("config.json", "config"),
        ("params.json", "config"),
        ("hf_quant_config.json", "quantization"),
        ("quantize_config.json", "quantization"),
        ("generation_config.json", "generation-config"),
        ("chat_template.jinja", "template"),
        ("additional_chat_templates/tool.jinja", "template"),
        ("tokenizer.json", "tokenizer"),
        ("tokenizer.model", "tokenizer"),
        ("merges.txt", "tokenizer"),
        ("modeling_acme.py", "remote-code"),
        ("README.md", "docs"),
        ("LICENSE", "docs"),
        ("preprocessor_config.json", "config"),
    ],
)
def test_upstream_files_have_a_class(path: str, expected: str) -> None:
    assert file_class(path) == expected


def test_added_and_removed_upstream_files_count_as_changed() -> None:
    before = record().inputs.model_files
    after = {"README.md": "git:1", "config.json": "git:1"}
    assert changed_classes(before, after) == ("weights", "docs")
