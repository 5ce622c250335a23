"""Why a setting that the profile leaves open has its value, and the split over GPUs."""

from typing import Any

import pytest
from deployments import planned, request

from replanner.planning.plan import gpu_of


@pytest.mark.parametrize(
    ("model", "gpus", "reason"),
    [
        ("llama-8b", 1, "one GPU"),
        ("llama-8b", 4, "all 4 GPUs of a replica share each layer"),
        ("llama-70b", 3, "the largest size up to 3 that divides 64 attention heads"),
    ],
)
def test_the_reason_of_a_split_names_what_it_divides(model: str, gpus: int, reason: str) -> None:
    assert planned(model, hardware__gpus=gpus).explanations["hardware.tp_size"] == reason


def test_stages_and_replicas_leave_their_share_of_the_gpus_to_tensor_parallelism() -> None:
    got = planned("llama-8b", hardware__gpus=8, hardware__pp_size=2, hardware__dp_size=2)
    assert got.config.tensor_parallel_size == 2
    assert got.findings == ()


@pytest.mark.parametrize(("mode", "doubled"), [("throughput", True), ("balanced", False)])
def test_the_reason_says_when_a_default_was_doubled(mode: str, *, doubled: bool) -> None:
    why = planned("llama-8b", workload__mode=mode).explanations["engine.max_num_seqs"]
    assert ("doubled" in why) == doubled


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "the model's own maximum, which the GPUs hold"),
        (
            {"hardware__gpu_name": "L4"},
            "the longest single request the KV cache holds (the model's maximum is 131,072)",
        ),
        (
            {"hardware__gpu_name": "RTX 3060"},
            "the workload's length: not even a short request fits",
        ),
    ],
)
def test_the_reason_of_a_length_says_what_bounds_it(changes: dict[str, Any], reason: str) -> None:
    assert planned("llama-8b", **changes).explanations["model.max_model_len"] == reason


@pytest.mark.parametrize(
    ("gpu", "interconnect", "nvlink"),
    [
        ("A100 80GB SXM", "unknown", True),
        ("A100 80GB SXM", "pcie", False),
        ("A100 80GB PCIe", "unknown", False),
        ("A100 80GB PCIe", "nvlink", True),
    ],
)
def test_gpus_are_linked_as_the_profile_says_else_as_the_catalogue(
    gpu: str, interconnect: str, *, nvlink: bool
) -> None:
    asked = request(hardware__gpu_name=gpu, hardware__interconnect=interconnect)
    assert gpu_of(asked).nvlink == nvlink
