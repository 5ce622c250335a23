"""A start that fails after its KV cache was sized, and what lets it start."""

from typing import Any

import pytest
from deployments import codes, planned, request
from known_models import config

from replanner.planning.facts import Parallel
from replanner.planning.model_facts import model_facts
from replanner.planning.plan import Subject, plan
from replanner.planning.profile_run import Steps
from replanner.planning.request import Measured
from replanner.planning.result import Plan
from replanner.planning.stranded import stranded_bytes

GPT_OSS = model_facts(config("openai__gpt-oss-20b"))
FAILED = {
    "engine__vllm_version": "0.19.0",
    "hardware__vram_gib": 79.19,
    "model__max_model_len": 8192,
    "policy__gpu_memory_utilization": 0.95,
}


def deployed(**changes: Any) -> Plan:
    return plan(request(**(FAILED | changes)), Subject(GPT_OSS))


def test_graphs_holes_and_the_sampler_have_to_fit_beside_the_cache() -> None:
    """vLLM 0.19.0 on H100: 786 MiB were asked for in the sampler's warm-up, 552 MiB were free."""
    got = deployed()
    assert (got.feasibility.starts, got.feasibility.oom_risk) == (False, "high")
    assert codes(got) == {"no_room_beside_kv_cache"}
    assert got.findings[0].message.startswith("0.2")
    assert got.feasibility.memory.kv_cache_bytes / 1024**3 == pytest.approx(58.47, rel=0.005)


def test_the_hint_names_a_utilization_that_starts() -> None:
    finding = deployed().findings[0]
    assert "gpu_memory_utilization to 0.94" in finding.hint
    assert deployed(policy__gpu_memory_utilization=0.94).feasibility.starts


@pytest.mark.parametrize(
    "changes",
    [
        {"engine__enforce_eager": True},
        {"engine__vllm_version": "0.16.0"},
        {"engine__vllm_version": "0.21.0"},
    ],
)
def test_less_beside_the_cache_starts(changes: dict[str, object]) -> None:
    assert deployed(**changes).feasibility.starts


FAILED_SERVER = Measured(
    model="org/model",
    gpu_name="H100 SXM",
    vllm_version="0.19.0",
    max_num_batched_tokens=8192,
    max_num_seqs=1024,
    planned_weights_gib=deployed().feasibility.memory.weights_bytes / 1024**3,
    weights_gib=13.64,
    activation_gib=2.87,
    non_torch_gib=0.25,
    cuda_graph_gib=1.84,
    counted_graph_gib=0.0,
)


def test_what_the_failed_server_printed_lets_it_start_no_more() -> None:
    """Its log has weights, activations and the cache, and the holes all the same."""
    got = deployed(policy__measured=FAILED_SERVER)
    assert got.feasibility.memory.measured
    assert not got.feasibility.starts
    less = deployed(policy__measured=FAILED_SERVER, policy__gpu_memory_utilization=0.93)
    assert less.feasibility.starts


@pytest.mark.parametrize("overhead_gb", [0.0, 3.5])
def test_a_margin_in_the_profile_moves_no_holes(overhead_gb: float) -> None:
    tight = {"policy__gpu_memory_utilization": 0.98, "policy__overhead_gb": overhead_gb}
    assert codes(deployed(**tight)) >= {"no_room_beside_kv_cache"}


@pytest.mark.parametrize("flag", ["max-cudagraph-capture-size", "kv-cache-memory-bytes"])
def test_with_flags_that_change_what_is_captured_or_kept_nothing_is_refused(flag: str) -> None:
    asked = request(**FAILED)._replace(vllm_args={flag: 8})
    assert plan(asked, Subject(GPT_OSS)).feasibility.starts


def test_a_lower_utilization_is_among_the_fixes() -> None:
    found = {fix.setting: fix.value for fix in deployed().fixes}
    assert found["policy.gpu_memory_utilization"] == 0.94


def test_the_hints_utilization_starts_whatever_was_asked_for() -> None:
    for used in (0.95, 0.96, 0.97):
        got = deployed(policy__gpu_memory_utilization=used)
        (finding,) = (one for one in got.findings if one.code == "no_room_beside_kv_cache")
        less = float(finding.hint.split("to ")[1].split(". ")[0])
        assert deployed(policy__gpu_memory_utilization=less).feasibility.starts


def test_where_a_lower_utilization_leaves_no_cache_the_hint_names_none() -> None:
    """gpt-oss-120b on one GPU: nearly all of it are weights."""
    kinds = ["sliding_attention", "full_attention"] * 18
    more = {"num_hidden_layers": 36, "num_local_experts": 128, "layer_types": kinds}
    large = model_facts({**config("openai__gpt-oss-20b"), **more})
    for used in (0.9, 0.95, 0.97):
        got = plan(request(**(FAILED | {"policy__gpu_memory_utilization": used})), Subject(large))
        hints = [one.hint for one in got.findings if one.code == "no_room_beside_kv_cache"]
        assert not any("Lower" in hint for hint in hints)
        assert not got.feasibility.starts


@pytest.mark.parametrize("experts", [False, True])
def test_ranks_that_share_the_experts_strand_the_same_however_they_are_called(
    *, experts: bool
) -> None:
    steps = Steps(8192, 1024, "bfloat16", "0.19.0", nvlink=True)
    for ranks in (2, 4, 8):
        tensor = Parallel(tensor=ranks, experts=experts)
        data = Parallel(data=ranks, experts=experts)
        assert stranded_bytes(GPT_OSS, tensor, steps) == stranded_bytes(GPT_OSS, data, steps)


def test_graphs_alone_are_planned_too_roughly_to_refuse_a_start() -> None:
    full = planned("llama-8b", engine__vllm_version="0.19.0", policy__gpu_memory_utilization=0.99)
    assert full.feasibility.starts
    assert full.feasibility.oom_risk == "high"
