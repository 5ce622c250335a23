"""Which GPU is judged, and where the line between its verdicts runs."""

import pytest
from deployments import FACTS, codes, planned

from replanner.planning.feasibility import Situation, assess
from replanner.planning.request import Policy, Workload
from replanner.planning.result import Feasibility


def test_the_fullest_stage_of_a_pipeline_is_judged() -> None:
    """80 layers over 3 stages are 27, 27 and 26 (vllm/distributed/utils.py, get_pp_indices).

    Llama 2 70B has 855,654,400 parameters a layer; the first stage also holds the embedding.
    """
    got = planned("llama-70b", hardware__gpus=3, hardware__pp_size=3)
    assert got.feasibility.memory.weights_bytes == 2 * (27 * 855_654_400 + 32_000 * 8_192)


def on_bytes(memory_bytes: int) -> Feasibility:
    """Llama 3.1 8B with 8,192 tokens on a GPU of just this size, all of which vLLM may take."""
    config = planned("llama-8b", model__max_model_len=8192).config
    situation = Situation(FACTS["llama-8b"], memory_bytes, Policy(), Workload(), (9, 0))
    return assess(config._replace(gpu_memory_utilization=1.0), situation, refused=False)


@pytest.mark.parametrize(
    ("spare", "starts", "risk"), [(-1, False, "high"), (0, True, "medium"), (1, True, "medium")]
)
def test_one_byte_decides_whether_it_starts(spare: int, *, starts: bool, risk: str) -> None:
    """A request of 8,192 tokens and the null block: 513 blocks of 16 tokens of 128 KiB."""
    roomy = on_bytes(48 * 1024**3)
    room = roomy.memory.kv_cache_bytes - 513 * 16 * 128 * 1024
    tight = on_bytes(48 * 1024**3 - room + spare)
    assert (tight.starts, tight.oom_risk) == (starts, risk)


def test_a_pool_without_room_for_the_null_block_is_told_to_be_too_small() -> None:
    asked = {
        "model__max_model_len": 8192,
        "policy__gpu_memory_utilization": 1.0,
        "engine__max_num_seqs": 256,
        "engine__max_num_batched_tokens": 2048,
    }
    roomy = planned("llama-8b", **asked, hardware__vram_gib=48.0).feasibility
    room_gib = roomy.memory.kv_cache_bytes / 1024**3 - 512.5 * 16 * 128 / 1024**2
    tight = planned("llama-8b", **asked, hardware__vram_gib=48.0 - room_gib)
    assert tight.feasibility.max_concurrency_at_context == 1.0
    assert not tight.feasibility.starts
    assert codes(tight) == {"kv_cache_too_small"}
