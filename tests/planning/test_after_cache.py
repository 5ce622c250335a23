"""A start that fails after its KV cache was sized, and what lets it start."""

from typing import Any

import pytest
from deployments import codes, planned, request
from known_models import config

from replanner.planning.model_facts import model_facts
from replanner.planning.plan import Subject, plan
from replanner.planning.request import Measured
from replanner.planning.result import Plan

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
        {"policy__overhead_gb": 5.0},
    ],
)
def test_less_beside_the_cache_starts(changes: dict[str, object]) -> None:
    assert deployed(**changes).feasibility.starts


def test_a_server_that_printed_its_figures_had_room() -> None:
    measured = Measured(
        model="org/model",
        gpu_name="H100 SXM",
        vllm_version="0.19.0",
        max_num_batched_tokens=8192,
        max_num_seqs=1024,
        planned_weights_gib=deployed().feasibility.memory.weights_bytes / 1024**3,
        weights_gib=13.64,
        activation_gib=2.87,
        non_torch_gib=0.25,
    )
    got = deployed(policy__measured=measured)
    assert got.feasibility.memory.measured
    assert got.feasibility.starts


def test_graphs_alone_are_planned_too_roughly_to_refuse_a_start() -> None:
    full = planned("llama-8b", engine__vllm_version="0.19.0", policy__gpu_memory_utilization=0.99)
    assert full.feasibility.starts
    assert full.feasibility.oom_risk == "high"
