"""A calibration: used for the deployment it was measured on, passed over aloud for any other."""

from typing import Any

import pytest
from deployments import planned, request

from replanner.planning.calibration import counted_graph_bytes, deviations
from replanner.planning.diff import diff
from replanner.planning.record import Inputs, PlanRecord, document
from replanner.planning.request import Lora, Measured, Policy
from replanner.planning.result import Plan
from replanner.planning.stored import parse_document

GIB = 1024**3
BARE = planned("llama-8b", engine__vllm_version="0.19.0")


def measured(**changes: Any) -> Measured:
    config, memory = BARE.config, BARE.feasibility.memory
    made = Measured(
        model=config.model,
        gpu_name="H100 SXM",
        vllm_version="0.19.1",
        max_num_batched_tokens=config.max_num_batched_tokens,
        max_num_seqs=config.max_num_seqs,
        planned_weights_gib=round(memory.weights_bytes / GIB, 4),
        weights_gib=15.5,
        activation_gib=3.25,
        non_torch_gib=0.5,
        cuda_graph_gib=1.25,
        counted_graph_gib=0.0,
    )
    return made._replace(**changes)


def with_(one: Measured, **changes: Any) -> Plan:
    values = {"engine__vllm_version": "0.19.0", "policy__measured": one, **changes}
    return planned("llama-8b", **values)


def test_its_figures_take_the_place_of_the_computed_ones() -> None:
    memory = with_(measured()).feasibility.memory
    assert memory.measured == ("weights", "activation", "non_torch", "cuda_graph")
    assert memory.weights_bytes == int(15.5 * GIB)
    assert memory.cuda_graph_bytes == int(1.25 * GIB)
    assert memory.kv_cache_bytes == memory.budget_bytes - int(19.25 * GIB), (
        "graphs: not before 0.20"
    )


def test_what_vllm_took_off_the_pool_for_graphs_is_taken_off() -> None:
    memory = with_(measured(counted_graph_gib=0.75)).feasibility.memory
    assert memory.cuda_graph_bytes == int(1.25 * GIB)
    assert memory.kv_cache_bytes == memory.budget_bytes - int(20.0 * GIB)


@pytest.mark.parametrize("version", ["0.19.0", "0.20.0"])
def test_where_that_was_not_told_it_is_computed(version: str) -> None:
    bare = planned("llama-8b", engine__vllm_version=version).feasibility.memory
    of = measured(vllm_version=version, counted_graph_gib=None)
    memory = with_(of, engine__vllm_version=version).feasibility.memory
    taken = int(19.25 * GIB) + counted_graph_bytes(bare)
    assert memory.kv_cache_bytes == memory.budget_bytes - taken
    assert (counted_graph_bytes(bare) > 0) is (version == "0.20.0")


def test_graphs_that_were_not_printed_stay_computed() -> None:
    memory = with_(measured(cuda_graph_gib=None)).feasibility.memory
    assert memory.measured == ("weights", "activation", "non_torch")
    assert memory.cuda_graph_bytes == BARE.feasibility.memory.cuda_graph_bytes


def test_the_share_of_memory_may_change() -> None:
    plan = with_(measured(), policy__gpu_memory_utilization=0.8)
    assert plan.feasibility.memory.measured


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hardware__gpu_name": "H200 SXM"}, "GPU was H100 SXM, here it is H200 SXM"),
        ({"engine__vllm_version": "0.20.0"}, "vLLM was 0.19, here it is 0.20"),
        ({"engine__max_num_seqs": 64}, "max_num_seqs was 1024, here it is 64"),
        ({"engine__enforce_eager": True}, "enforce_eager was false, here it is true"),
        ({"hardware__gpus": 2, "hardware__tp_size": 2}, "tp_size was 1, here it is 2"),
        ({"policy__overhead_gb": 2.0}, "policy.overhead_gb is set and wins"),
        ({"engine__lora": Lora(4, 64)}, "GiB of weights, then it was"),
        ({"model__quantization": "fp8"}, "computes 8."),
    ],
)
def test_a_plan_that_deviates_ignores_it_and_says_why(changes: dict[str, Any], reason: str) -> None:
    plan = with_(measured(), **changes)
    bare = with_(measured(), **changes, policy__measured=None)
    assert plan.feasibility == bare.feasibility
    [warning] = [one for one in plan.findings if one.setting == "policy.measured"]
    assert warning.severity == "warning"
    assert reason in warning.message


def test_a_calibration_that_is_used_is_told() -> None:
    [told] = [one for one in with_(measured()).findings if one.setting == "policy.measured"]
    assert (told.code, told.severity) == ("measured", "info")
    assert "weights, activations, memory outside torch, CUDA graphs" in told.message


def test_without_one_there_is_nothing_to_deviate_from() -> None:
    assert deviations(BARE.config, Policy(), "H100 SXM", 0) == ()
    assert not [one for one in BARE.findings if one.setting == "policy.measured"]
    assert request().policy.measured is None


def record(plan: Plan, **values: Any) -> PlanRecord:
    return PlanRecord(plan, Inputs("p.yaml", "p", values, {}, {}, "1", "1"))


def test_a_plan_is_read_back_with_what_was_measured() -> None:
    one = record(with_(measured()))
    assert parse_document(document(one)).plan.feasibility.memory == one.plan.feasibility.memory
    assert "measured" not in str(document(record(BARE))["feasibility"])


def test_a_calibration_is_one_cause_of_a_change() -> None:
    values = {f"policy.measured.{key}": value for key, value in measured()._asdict().items()}
    change = diff(record(BARE), record(with_(measured()), **values))
    assert change is not None
    assert list(map(str, change.causes)) == [
        "policy.measured: default -> vLLM 0.19.1 on H100 SXM, activations 3.25 GiB"
    ]
