"""Which single changes are tried, smallest first."""

from typing import Any

import pytest
from deployments import FACTS, request

from replanner.planning.fixes import candidates


def tried(setting: str, **changes: Any) -> list[object]:
    found = candidates(request(**changes), FACTS["llama-8b"])
    return [fix.value for fix, _ in found if fix.setting == setting]


@pytest.mark.parametrize(
    ("current", "higher"), [(None, [0.92, 0.95, 0.97]), (0.92, [0.95, 0.97]), (0.97, [])]
)
def test_utilization_only_ever_rises_and_leaves_something_free(
    current: float | None, higher: list[float]
) -> None:
    assert tried("policy.gpu_memory_utilization", policy__gpu_memory_utilization=current) == higher


def test_fewer_sequences_still_serve_the_workload_at_once() -> None:
    assert tried("engine.max_num_seqs", workload__concurrency=64) == [256, 128, 64]
    assert tried("engine.max_num_seqs", engine__max_num_seqs=64) == [32, 16]


def test_more_gpus_are_tried_up_to_two_full_servers() -> None:
    assert tried("hardware.gpus", hardware__gpus=2) == [4, 8, 16]
    assert tried("hardware.gpus", hardware__gpus=16) == []
