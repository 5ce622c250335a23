"""Graphs, adapters and drafts, held against figures that servers printed."""

import pytest
from configs import LLAMA_3_1_8B, MIXTRAL_8X7B
from known_models import config

from replanner.planning.facts import Parallel
from replanner.planning.memory import counted_graph_bytes, cuda_graph_bytes, draft_bytes, lora_bytes
from replanner.planning.model_facts import model_facts
from replanner.planning.profile_run import Steps
from replanner.planning.request import Lora
from replanner.planning.units import GIB

LLAMA = model_facts(LLAMA_3_1_8B)
MIXTRAL = model_facts(MIXTRAL_8X7B)
GPT_OSS = model_facts(config("openai__gpt-oss-20b"))
ONE = Parallel()


def steps(**changes: object) -> Steps:
    wanted = {
        "max_num_batched_tokens": 8192,
        "max_num_seqs": 1024,
        "dtype": "bfloat16",
        "vllm_version": "0.19.0",
    }
    return Steps(**{**wanted, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(("seqs", "sizes"), [(1, 2), (8, 5), (32, 11), (128, 35), (256, 51)])
def test_graphs_grow_with_the_captured_sizes(seqs: int, sizes: int) -> None:
    """Sizes are 1, 2, 4, every 8 to 256 and every 16 to 512, up to twice max_num_seqs."""
    all_of_them = cuda_graph_bytes(LLAMA, ONE, steps(max_num_seqs=1024))
    some = cuda_graph_bytes(LLAMA, ONE, steps(max_num_seqs=seqs))
    assert some == pytest.approx(all_of_them * sizes / 51, abs=1)


def test_graphs_of_an_80_layer_model_are_the_size_that_was_printed() -> None:
    """0.19.0 printed 0.87 to 0.96 GiB for Llama 3.1 8B on an H100."""
    assert cuda_graph_bytes(LLAMA, ONE, steps()) / GIB == pytest.approx(0.9, rel=0.1)


@pytest.mark.parametrize("seqs", [8, 1024])
def test_gpt_oss_captures_up_to_1024_tokens_however_many_sequences(seqs: int) -> None:
    """83 sizes; 0.19.0 printed 1.84 GiB on an H100."""
    got = cuda_graph_bytes(GPT_OSS, ONE, steps(max_num_seqs=seqs))
    assert got / GIB == pytest.approx(1.84, rel=0.1)


def test_no_captured_size_is_larger_than_a_step() -> None:
    small = steps(max_num_batched_tokens=512)
    assert cuda_graph_bytes(GPT_OSS, ONE, small) < cuda_graph_bytes(GPT_OSS, ONE, steps()) / 1.5


def test_a_stage_captures_its_own_layers_only() -> None:
    halves = cuda_graph_bytes(GPT_OSS, Parallel(pipeline=2), steps())
    assert 0.5 < halves / cuda_graph_bytes(GPT_OSS, ONE, steps()) < 0.9


def test_datacentre_blackwell_captures_twice_as_far_since_0_33() -> None:
    sizes = {
        (version, major): cuda_graph_bytes(
            LLAMA, ONE, steps(vllm_version=version, capability=(major, 0))
        )
        for version in ("0.21.0", "0.33.0")
        for major in (9, 10, 12)
    }
    assert len(set(sizes.values())) == 2
    assert sizes["0.33.0", 10] == pytest.approx(sizes["0.33.0", 9] * 1.7, rel=0.1)


def test_an_estimate_foresees_little_of_what_experts_take() -> None:
    """0.19.0 on two H100: 0.82 GiB foreseen, 0.93 taken; for a dense model no such difference."""
    later = steps(vllm_version="0.21.0")
    foreseen, taken = cuda_graph_bytes(MIXTRAL, ONE, later), cuda_graph_bytes(MIXTRAL, ONE, steps())
    assert foreseen / GIB == pytest.approx(0.82, rel=0.1)
    assert foreseen < taken
    assert counted_graph_bytes(MIXTRAL, ONE, later) == foreseen
    assert cuda_graph_bytes(LLAMA, ONE, later) == cuda_graph_bytes(LLAMA, ONE, steps())


def test_eager_mode_captures_nothing() -> None:
    assert cuda_graph_bytes(LLAMA, ONE, steps(enforce_eager=True)) == 0


@pytest.mark.parametrize(
    ("version", "capability", "llama", "mixtral"),
    [
        ("0.19.0", (9, 0), False, False),
        ("0.20.0", (9, 0), True, True),
        ("0.20.0", None, False, False),
        ("0.21.0", None, True, True),
        ("0.28.0", (9, 0), False, True),
        ("0.29.0", (9, 0), True, True),
    ],
)
def test_the_pool_lacks_the_graphs_where_an_estimate_is_made(
    version: str, capability: tuple[int, int] | None, *, llama: bool, mixtral: bool
) -> None:
    """From 0.20, on ROCm from 0.21; 0 where the second runner sizes them, up to 0.28."""
    at = steps(vllm_version=version, capability=capability)
    counted = [counted_graph_bytes(facts, ONE, at) > 0 for facts in (LLAMA, MIXTRAL)]
    assert counted == [llama, mixtral]


def test_adapter_slots_take_rank_times_in_and_out_of_each_linear_layer() -> None:
    """32 layers: q 8192, k and v 5120, o 8192, gate and up 18432 each, down 18432; both ends."""
    per_rank = 32 * (8192 + 2 * 5120 + 8192 + 3 * 18432) + 2 * (128_256 + 4096)
    got = lora_bytes(LLAMA, ONE, Lora(max_loras=2, max_rank=16))
    assert got == per_rank * 16 * 2 * 2


def test_an_eagle_head_is_one_more_layer_and_a_projection_of_two_states_to_one() -> None:
    """The EAGLE head of Llama 3.1 8B has about 0.25 billion parameters beside its embedding."""
    layer = 2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14_336 + 2 * 4096
    assert draft_bytes(LLAMA, ONE, "eagle", None) == 2 * (layer + 2 * 4096 * 4096)


def test_guessing_by_ngrams_needs_no_weights() -> None:
    assert draft_bytes(LLAMA, ONE, "ngram", None) == 0


def test_experts_of_a_draft_are_plain_where_the_checkpoint_says_so() -> None:
    """A draft layer of Qwen3.5 35B: 256 experts of 3 x 2,048 x 512, NVFP4 or in 16 bits."""
    moe = model_facts(config("Qwen__Qwen3.5-35B-A3B"))
    quantized = moe._replace(
        weights=tuple(
            matrix._replace(storage=matrix.storage._replace(bits=4)) if matrix.experts else matrix
            for matrix in moe.weights
        )
    )
    same, plain = (
        draft_bytes(quantized._replace(plain_draft=how), ONE, "mtp", None) for how in (False, True)
    )
    assert plain - same == 256 * 3 * 2048 * 512 * 3 // 2
