"""What repacking strands, held against a log and against replays of the conversion.

The replays ran vLLM 0.19.0's own order of allocations (quantization/mxfp4.py, triton_kernels'
layouts) through the rules of PyTorch's caching allocator, for all layers, and emptied its cache.
"""

import pytest
from configs import LLAMA_3_1_8B, MIXTRAL_8X7B
from known_models import config

from replanner.planning.facts import ModelFacts, Parallel
from replanner.planning.model_facts import model_facts
from replanner.planning.profile_run import Steps
from replanner.planning.stranded import stranded_bytes
from replanner.planning.units import GIB

SMALL = model_facts(config("openai__gpt-oss-20b"))
assert SMALL.moe is not None
LARGE = SMALL._replace(moe=SMALL.moe._replace(experts=128, layers=36))
ONE = Parallel()


def steps(**changes: object) -> Steps:
    wanted = {
        "max_num_batched_tokens": 8192,
        "max_num_seqs": 1024,
        "dtype": "bfloat16",
        "vllm_version": "0.19.0",
    }
    return Steps(**{**wanted, **changes})  # type: ignore[arg-type]


def test_gpt_oss_strands_what_its_failed_start_printed() -> None:
    """0.19.0 on H100: "1.78 GiB is reserved by PyTorch but unallocated" when it ran out."""
    assert stranded_bytes(SMALL, ONE, steps()) / GIB == pytest.approx(1.78, rel=0.05)


@pytest.mark.parametrize(
    ("facts", "tensor", "replayed_gib"),
    [(SMALL, 1, 1.93), (SMALL, 2, 1.39), (LARGE, 1, 11.68), (LARGE, 2, 7.07)],
)
def test_replays_strand_as_much(facts: ModelFacts, tensor: int, replayed_gib: float) -> None:
    got = stranded_bytes(facts, Parallel(tensor=tensor), steps())
    assert got / GIB == pytest.approx(replayed_gib, rel=0.2)


@pytest.mark.parametrize("tensor", [4, 8])
def test_widths_that_need_no_padding_go_where_they_came_from(tensor: int) -> None:
    """768 and 384 are padded already; the replays strand 0.2 GiB, however many layers there are."""
    assert stranded_bytes(SMALL, Parallel(tensor=tensor), steps()) == 0


def test_ranks_with_half_of_the_experts_strand_half() -> None:
    shared = stranded_bytes(SMALL, Parallel(tensor=2, experts=True), steps())
    assert shared == pytest.approx(stranded_bytes(SMALL, ONE, steps()) / 2, rel=0.05)


def test_stages_of_a_pipeline_strand_for_their_own_layers() -> None:
    stage = stranded_bytes(LARGE, Parallel(tensor=2, pipeline=2), steps())
    assert stage == stranded_bytes(LARGE, Parallel(tensor=2), steps()) // 2


@pytest.mark.parametrize(
    ("version", "strands"),
    [("0.16.0", False), ("0.17.0", True), ("0.20.2", True), ("0.21.0", False)],
)
def test_releases_between_the_padding_and_unsplit_loading_do(
    version: str, *, strands: bool
) -> None:
    assert (stranded_bytes(SMALL, ONE, steps(vllm_version=version)) > 0) == strands


@pytest.mark.parametrize(
    "changes",
    [{"capability": (8, 0)}, {"capability": (10, 0)}, {"capability": None}, {"lora": True}],
)
def test_other_kernels_convert_otherwise(changes: dict[str, object]) -> None:
    assert stranded_bytes(SMALL, ONE, steps(**changes)) == 0


@pytest.mark.parametrize("plain", [LLAMA_3_1_8B, MIXTRAL_8X7B])
def test_other_weights_are_not_converted(plain: dict[str, object]) -> None:
    assert stranded_bytes(model_facts(plain), ONE, steps()) == 0
