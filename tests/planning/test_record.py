"""plan.json is written and read back without loss, and nothing hostile in it gets further."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import feasibility, performance, record, records

from replanner.errors import InputError
from replanner.planning.record import canonical, document, identity
from replanner.planning.result import Range
from replanner.planning.stored import is_inside, parse_document

DOCUMENT: dict[str, Any] = json.loads(
    canonical(
        document(
            record(
                explanations={"dtype": "the checkpoint's own"},
                artifacts={"serve_command.sh": "0" * 64},
            )
        )
    )
)


@given(records())
def test_a_record_survives_being_written_and_read(wanted: Any) -> None:
    written = canonical(document(wanted))
    assert canonical(document(parse_document(json.loads(written)))) == written


def test_all_of_the_memory_may_be_given_to_the_engine() -> None:
    whole = record(config={"gpu_memory_utilization": 1.0})
    read = parse_document(json.loads(canonical(document(whole))))
    assert read.plan.config.gpu_memory_utilization == 1.0


def test_a_tokens_bytes_are_told_to_a_tenth() -> None:
    one = feasibility(kv_bytes_per_token=1234.5678)
    told: Any = document(record(feasibility=one))["feasibility"]
    assert told["kv_bytes_per_token"] == 1234.6


def test_identity_ignores_versions_artifacts_and_explanations() -> None:
    moved = record(inputs={"planner_version": "9", "catalogue_version": "9"})
    moved = type(moved)(moved.plan, moved.inputs, {"x": "0" * 64})
    assert identity(document(moved)) == identity(document(record()))
    assert identity(document(moved)) == document(moved)["identity"]


def test_identity_follows_every_figure() -> None:
    assert identity(document(record())) != identity(document(record(config={"max_num_seqs": 9})))


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("schema_version",), 2, "schema_version"),
        (("schema_version",), True, "schema_version"),
        (("model",), [], "model"),
        (("model", "id"), 7, "model.id"),
        (("model", "id"), "a\x1b[31mb", "model.id"),
        (("model", "id"), "\ud800", "model.id"),
        (("model", "id"), "x" * 70_000, "model.id"),
        (("model", "parameters"), "many", "model.parameters"),
        (("model", "parameters"), True, "model.parameters"),
        (("config", "max_model_len"), 4096.5, "config.max_model_len"),
        (("config", "max_model_len"), None, "config.max_model_len"),
        (("config", "max_model_len"), 10**400, "config.max_model_len"),
        (("config", "gpu_memory_utilization"), float("nan"), "config.gpu_memory_utilization"),
        (("config", "gpu_memory_utilization"), -0.5, "config.gpu_memory_utilization"),
        (("config", "tensor_parallel_size"), -5, "config.tensor_parallel_size"),
        (("config", "max_model_len"), 0, "config.max_model_len"),
        (
            ("config", "speculative"),
            {"method": "ngram", "num_tokens": -4},
            "config.speculative.num_tokens",
        ),
        (("config", "lora"), {"max_loras": 0}, "config.lora.max_loras"),
        (("config", "vllm_version"), "../../x", "vllm_version"),
        (("config", "vendor"), "acme", "config.vendor"),
        (("config", "vendor"), {}, "config.vendor"),
        (("config", "speculative"), "ngram", "config.speculative"),
        (("config", "speculative"), {"methd": "ngram"}, "methd"),
        (("config", "extra_args"), {"x": {}}, "config.extra_args.x"),
        (("config", "extra_args"), {"x\x00": 1}, "config.extra_args"),
        (("config", "extra_args"), {str(n): 1 for n in range(20_001)}, "config.extra_args"),
        (("config", "max_modle_len"), 5, "max_model_len"),
        (("hardware", "vram_bytes"), "80", "hardware.vram_bytes"),
        (("feasibility", "bytes"), None, "feasibility.bytes"),
        (("feasibility", "bytes", "weights"), 1.5, "feasibility.bytes.weights"),
        (("feasibility", "bytes", "weights"), -1, "feasibility.bytes.weights"),
        (("feasibility", "oom_risk"), "none", "feasibility.oom_risk"),
        (("feasibility", "warnings"), {}, "feasibility.warnings"),
        (("feasibility", "warnings"), [{}], "feasibility.warnings[0].code"),
        (("performance", "ttft_ms"), 3, "performance.ttft_ms"),
        (("performance", "ttft_ms", "low"), "3", "performance.ttft_ms.low"),
        (("inputs", "gpu_facts"), {"x": [[]]}, "inputs.gpu_facts.x"),
        (("artifacts",), {"../../etc/passwd": "0" * 64}, "artifacts"),
        (("artifacts",), {"serve_command.sh": "0"}, "artifacts.serve_command.sh"),
        (("explanations",), {"dtype": None}, "explanations.dtype"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(
    path: tuple[str, ...], value: object, named: str
) -> None:
    hostile = copy.deepcopy(DOCUMENT)
    inner: Any = hostile
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(InputError) as caught:
        parse_document(hostile)
    assert named in caught.value.message
    assert len(caught.value.message) < 400


def test_the_longest_queue_that_a_profile_may_describe_is_read_back() -> None:
    wish = Range(7.2e18, 2.6e19, 8.1e19)
    slow = record(performance=performance()._replace(ttft_ms=wish))
    assert parse_document(document(slow)).plan.performance.ttft_ms == wish


def test_a_figure_is_written_the_same_whether_it_was_whole_or_not() -> None:
    plain = record()
    whole, other = (
        record(feasibility=plain.plan.feasibility._replace(kv_bytes_per_token=zero))
        for zero in (0, 0.0)
    )
    assert canonical(document(whole)) == canonical(document(other))


@pytest.mark.parametrize(
    "path",
    [
        ("schema_version",),
        ("model",),
        ("model", "id"),
        ("hardware",),
        ("config",),
        ("config", "max_num_seqs"),
        ("feasibility", "fits"),
        ("feasibility", "bytes", "kv_cache"),
        ("performance", "itl_ms"),
        ("inputs", "planner_version"),
    ],
)
def test_what_is_missing_is_named(path: tuple[str, ...]) -> None:
    short = copy.deepcopy(DOCUMENT)
    inner: Any = short
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    with pytest.raises(InputError, match=path[-1]):
        parse_document(short)


@pytest.mark.parametrize("doc", [None, [], "plan", 7, {}, {1: 2}])
def test_other_json_is_no_plan(doc: object) -> None:
    with pytest.raises(InputError):
        parse_document(doc)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_any_value_anywhere_is_read_or_refused_with_a_sentence(data: st.DataObject) -> None:
    hostile = copy.deepcopy(DOCUMENT)
    inner: Any = hostile
    while True:
        key = data.draw(st.sampled_from(sorted(inner)))
        if not isinstance(inner[key], dict) or not inner[key] or data.draw(st.booleans()):
            break
        inner = inner[key]
    inner[key] = data.draw(json_values)
    try:
        canonical(document(parse_document(hostile)))
    except InputError as error:
        sentence = error.message
    else:
        return
    assert sentence.endswith((".", "?"))


def test_later_planners_may_add_keys_outside_the_configuration() -> None:
    later = {**DOCUMENT, "news": 1, "model": {**DOCUMENT["model"], "licence": "mit"}}
    assert parse_document(later) == parse_document(DOCUMENT)


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc", "a/../b", "a//b", "C:x", "a\\b", ".git/hooks/x", "x/.GIT/y", ".", "a/.../b"),
        *(".git./x", ".git /x", "GIT~1/hooks", ".g\u200cit/x", "a\nb", "\u202ea"),
        *(".github/workflows/ci.yml", ".GitHub/Workflows./ci.yml"),
    ],
)
def test_paths_that_leave_their_folder_are_seen(path: str) -> None:
    assert not is_inside(path)


def test_paths_below_are_inside() -> None:
    assert is_inside("deploy/chat/serve_command.sh")
