"""What people are told, each thing once and with the right figures."""

import pytest
from deployments import FACTS, codes, planned, request

from replanner.planning.feasibility import Situation
from replanner.planning.findings import refusals
from replanner.planning.hardware import find_gpu
from replanner.planning.plan import Subject, plan
from replanner.planning.request import Policy, Workload


def test_a_plan_that_fits_has_nothing_to_tell() -> None:
    assert planned("llama-8b").findings == ()


def test_what_does_not_start_is_not_also_told_that_its_workload_does_not_fit() -> None:
    """Mixtral's 86.99 GiB (46.7 billion parameters of 2 bytes) on one H100 of 79.2."""
    (told,) = planned("mixtral").findings
    assert told.code == "out_of_memory"
    assert "86.99 GiB of weights in a budget of 72.85 GiB" in told.message


def test_a_gpu_without_bfloat16_is_named_with_its_compute_capability() -> None:
    """A T4 is Turing: 7.5 (https://developer.nvidia.com/cuda-gpus)."""
    asked = planned("qwen-0.5b", hardware__gpu_name="T4", model__dtype="bfloat16")
    (told,) = asked.findings
    assert told.message == "T4 has no bfloat16 (compute capability 7.5)."


def test_a_gpu_below_volta_is_named_with_its_compute_capability() -> None:
    """A P40 is Pascal: 6.1. The catalogue has none, since vLLM's wheels begin with 7.0."""
    pascal = find_gpu("T4")._replace(name="P40", compute_capability=(6, 1))
    config = planned("qwen-0.5b", hardware__gpu_name="T4").config
    situation = Situation(FACTS["qwen-0.5b"], 16 * 1024**3, Policy(), Workload(), (6, 1))
    told = {finding.code: finding.message for finding in refusals(situation, config, pascal)}
    assert told["gpu_too_old"] == "vLLM needs compute capability 7.0; P40 has 6.1."


def test_volta_is_not_too_old() -> None:
    """V100: 7.0, the lowest that vLLM's wheels are built for."""
    assert codes(planned("qwen-0.5b", hardware__gpu_name="V100 SXM2 32GB")) == set()


@pytest.mark.parametrize(("version", "removed"), [("0.10.2", False), ("0.11.0", True)])
def test_the_last_release_with_an_architecture_still_runs_it(
    version: str, *, removed: bool
) -> None:
    subject = Subject(FACTS["qwen-0.5b"]._replace(removed_after="0.10.2"))
    told = codes(plan(request(engine__vllm_version=version), subject))
    assert ("architecture_removed" in told) == removed


def followed(image: str, version: str, track: str | None = "v*") -> set[str]:
    pinned = f"{image}@sha256:{'a' * 64}"
    return codes(
        planned(
            "llama-8b",
            engine__image=pinned,
            engine__image_track=track,
            engine__vllm_version=version,
        )
    )


@pytest.mark.parametrize(
    ("image", "version", "told"),
    [
        ("vllm/vllm-openai:v0.33.1", "0.33.0", False),
        ("vllm/vllm-openai:v0.33.1", "0.32.0", True),
        ("vllm/vllm-openai:v0.34.0rc1", "0.33.0", True),
        ("reg.example:5000/acme/VLLM-ours:0.9.2-cu128", "0.33.0", True),
        ("nvcr.io/nvidia/vllm:25.09-py3", "0.33.0", False),
        ("acme/serving:1.4.2", "0.33.0", False),
        ("vllm/vllm-openai:nightly", "0.33.0", False),
    ],
)
def test_a_followed_image_of_another_release_is_told(
    image: str, version: str, *, told: bool
) -> None:
    assert ("image_of_another_release" in followed(image, version)) == told


def test_an_image_that_is_written_down_is_its_writers_affair() -> None:
    assert "image_of_another_release" not in followed("vllm/vllm-openai:v0.33.1", "0.32.0", None)
