"""What takes GPU memory before the KV pool, held against figures that servers printed."""

import pytest
from configs import LLAMA_3_1_8B, MIXTRAL_8X7B, QWEN2_5_0_5B
from hypothesis import given
from hypothesis import strategies as st

from replanner.planning.facts import Parallel
from replanner.planning.memory import (
    Steps,
    activation_bytes,
    cuda_graph_bytes,
    draft_bytes,
    lora_bytes,
    non_torch_bytes,
)
from replanner.planning.model_facts import model_facts
from replanner.planning.request import Lora
from replanner.planning.units import GIB

LLAMA = model_facts(LLAMA_3_1_8B)
MIXTRAL = model_facts(MIXTRAL_8X7B)
SMALL = model_facts(QWEN2_5_0_5B)
ONE = Parallel()


def steps(**changes: object) -> Steps:
    wanted = {
        "max_num_batched_tokens": 8192,
        "max_num_seqs": 1024,
        "dtype": "bfloat16",
        "vllm_version": "0.19.0",
    }
    return Steps(**{**wanted, **changes})  # type: ignore[arg-type]


def test_the_sampler_decides_the_peak_of_a_dense_model_with_a_large_vocabulary() -> None:
    """vLLM 0.19.0 on an H100 printed 1.89 GiB for Llama 3.1 8B."""
    assert activation_bytes(LLAMA, ONE, steps()) / GIB == pytest.approx(1.89, rel=0.02)


def test_the_older_sampler_sorts_and_needs_two_and_a_half_times_as_much() -> None:
    """vLLM 0.8.2 printed 0.9 GiB for 192 sequences of a 128,256-token vocabulary."""
    old = steps(vllm_version="0.8.2", max_num_seqs=192, max_num_batched_tokens=2048)
    assert (activation_bytes(LLAMA, ONE, old) / GIB) == pytest.approx(0.9, rel=0.2)


def test_the_experts_decide_where_the_vocabulary_is_small() -> None:
    """vLLM 0.19.0 on two H100 printed 1.21 GiB for Mixtral 8x7B."""
    got = activation_bytes(MIXTRAL, Parallel(tensor=2), steps()) / GIB
    assert got == pytest.approx(1.21, rel=0.15)


def test_whole_experts_on_a_rank_make_wider_activations() -> None:
    spread = activation_bytes(MIXTRAL, Parallel(tensor=8), steps())
    whole = activation_bytes(MIXTRAL, Parallel(tensor=8, experts=True), steps())
    assert whole > spread


def test_no_more_rows_are_sampled_than_tokens_are_in_a_step() -> None:
    few = steps(max_num_batched_tokens=64, max_num_seqs=64)
    same = steps(max_num_batched_tokens=64, max_num_seqs=1024)
    assert activation_bytes(LLAMA, ONE, few) == activation_bytes(LLAMA, ONE, same)


def test_float32_doubles_what_a_forward_pass_keeps() -> None:
    wide = {"max_num_seqs": 1, "max_num_batched_tokens": 16384}
    half = activation_bytes(SMALL, ONE, steps(**wide))
    full = activation_bytes(SMALL, ONE, steps(**wide, dtype="float32"))
    assert full - int(0.15 * GIB) == 2 * (half - int(0.15 * GIB))


@pytest.mark.parametrize(("seqs", "sizes"), [(1, 2), (8, 5), (32, 11), (128, 35), (256, 51)])
def test_graphs_grow_with_the_captured_sizes(seqs: int, sizes: int) -> None:
    """Sizes are 1, 2, 4, every 8 to 256 and every 16 to 512, up to twice max_num_seqs."""
    all_of_them = cuda_graph_bytes(LLAMA, steps(max_num_seqs=1024))
    some = cuda_graph_bytes(LLAMA, steps(max_num_seqs=seqs))
    assert some == pytest.approx(all_of_them * sizes / 51, abs=1)


def test_graphs_of_an_80_layer_model_are_the_size_that_was_printed() -> None:
    """0.19.0 printed 0.87 to 0.96 GiB for Llama 3.1 8B on an H100."""
    assert cuda_graph_bytes(LLAMA, steps()) / GIB == pytest.approx(0.9, rel=0.1)


def test_eager_mode_captures_nothing() -> None:
    assert cuda_graph_bytes(LLAMA, steps(enforce_eager=True)) == 0


@pytest.mark.parametrize(
    ("version", "tensor", "printed_gib"),
    [("0.19.0", 1, 0.25), ("0.19.0", 2, 2.08), ("0.19.0", 4, 2.21), ("0.11.0", 1, 0.13)],
)
def test_non_torch_memory_is_near_what_was_printed(
    version: str, tensor: int, printed_gib: float
) -> None:
    got = non_torch_bytes(Parallel(tensor=tensor), version) / GIB
    assert got == pytest.approx(printed_gib, abs=0.1)


def test_adapter_slots_take_rank_times_in_and_out_of_each_linear_layer() -> None:
    """32 layers: q 8192, k and v 5120, o 8192, gate and up 18432 each, down 18432."""
    per_rank = 32 * (8192 + 2 * 5120 + 8192 + 3 * 18432)
    got = lora_bytes(LLAMA, ONE, Lora(max_loras=2, max_rank=16))
    assert got == per_rank * 16 * 2 * 2


@given(
    tokens=st.integers(1, 65536),
    seqs=st.integers(1, 2048),
    tensor=st.sampled_from([1, 2, 4, 8]),
    version=st.sampled_from(["0.6.0", "0.11.0", "0.19.0", "0.33.0"]),
)
def test_more_tokens_or_sequences_never_need_less(
    tokens: int, seqs: int, tensor: int, version: str
) -> None:
    split = Parallel(tensor=tensor)
    now = steps(max_num_batched_tokens=tokens, max_num_seqs=seqs, vllm_version=version)
    more = steps(max_num_batched_tokens=tokens + 1, max_num_seqs=seqs + 1, vllm_version=version)
    assert activation_bytes(MIXTRAL, split, more) >= activation_bytes(MIXTRAL, split, now)
    assert cuda_graph_bytes(MIXTRAL, more) >= cuda_graph_bytes(MIXTRAL, now) >= 0


@pytest.mark.parametrize("tensor", [1, 2])
def test_a_dense_step_keeps_three_split_and_four_whole_vectors_a_token(tensor: int) -> None:
    """gate_up and its activation (14,336 wide each); residual, input, output, norm (4,096)."""
    got = activation_bytes(LLAMA, Parallel(tensor=tensor), steps(max_num_seqs=1))
    forward = 8192 * 2 * (3 * 14_336 // tensor + 4 * 4_096)
    assert got == forward + int(0.15 * GIB)


def test_an_eagle_head_is_one_more_layer_and_a_projection_of_two_states_to_one() -> None:
    """The EAGLE head of Llama 3.1 8B has about 0.25 billion parameters beside its embedding."""
    layer = 2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14_336 + 2 * 4096
    assert draft_bytes(LLAMA, ONE, "eagle", None) == 2 * (layer + 2 * 4096 * 4096)


def test_guessing_by_ngrams_needs_no_weights() -> None:
    assert draft_bytes(LLAMA, ONE, "ngram", None) == 0
