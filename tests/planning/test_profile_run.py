"""What torch holds beside the weights, held against figures that servers printed."""

from typing import Any

import pytest
from configs import LLAMA_3_1_8B, MIXTRAL_8X7B, QWEN2_5_0_5B
from hypothesis import given
from hypothesis import strategies as st
from known_models import config

from replanner.planning.config_reader import ConfigReader
from replanner.planning.facts import Parallel
from replanner.planning.lengths import rotary_elements
from replanner.planning.model_facts import model_facts
from replanner.planning.profile_run import (
    Steps,
    activation_bytes,
    kept_bytes,
    media_tokens,
)
from replanner.planning.units import GIB, MIB

LLAMA = model_facts(LLAMA_3_1_8B)
MIXTRAL = model_facts(MIXTRAL_8X7B)
SMALL = model_facts(QWEN2_5_0_5B)
QWEN_VL = model_facts(config("Qwen__Qwen3-VL-30B-A3B-Instruct"))
ONE = Parallel()
SMALL_GPU = {"capability": (8, 9), "memory_bytes": 24 * GIB, "nvlink": False}


def steps(**changes: object) -> Steps:
    wanted = {
        "max_num_batched_tokens": 8192,
        "max_num_seqs": 1024,
        "dtype": "bfloat16",
        "vllm_version": "0.19.0",
    }
    return Steps(**{**wanted, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "tensor", "printed_gib"),
    [
        ("meta-llama__Meta-Llama-3.1-8B", 1, 1.89),
        ("meta-llama__Llama-3.3-70B-Instruct", 4, 1.97),
        ("Qwen__Qwen3-30B-A3B", 1, 2.68),
        ("google__gemma-2-9b", 1, 3.65),
        ("microsoft__phi-4", 1, 1.52),
        ("mistralai__Mistral-Small-3.1-24B-Instruct-2503", 1, 2.03),
        ("mistralai__Mixtral-8x7B-v0.1", 2, 1.21),
    ],
)
def test_the_peak_is_what_vllm_0_19_printed_on_h100(
    name: str, tensor: int, printed_gib: float
) -> None:
    """llm-d-planner@d3121e05, accuracy/results/v0.19.0/logs: 8,192 tokens, 1,024 sequences."""
    facts = model_facts(config(name))
    got = activation_bytes(facts, Parallel(tensor=tensor), steps()) / GIB
    assert got == pytest.approx(printed_gib, rel=0.02)


@pytest.mark.parametrize(
    ("version", "seqs", "tokens", "vocab", "printed_gib"),
    [
        ("0.8.2", 192, 2048, 128_256, 0.90),
        ("0.8.5", 160, 2048, 128_256, 0.75),
        ("0.11.0", 1024, 8192, 151_936, 5.56),
        ("0.11.0", 1024, 8192, 201_088, 7.38),
    ],
)
def test_a_sampler_that_sorts_needs_nine_float32_copies_of_the_logits(
    version: str, seqs: int, tokens: int, vocab: int, printed_gib: float
) -> None:
    """T4 (unslothai/notebooks) and H100 (llm-d-planner, empirical results); hidden sizes vary."""
    old = steps(vllm_version=version, max_num_seqs=seqs, max_num_batched_tokens=tokens)
    facts = SMALL._replace(vocab_size=vocab, hidden_size=2048)
    assert activation_bytes(facts, ONE, old) / GIB == pytest.approx(printed_gib, rel=0.025)


def test_the_sampler_stopped_sorting_with_0_17() -> None:
    before, after = (
        activation_bytes(LLAMA, ONE, steps(vllm_version=version))
        for version in ("0.16.0", "0.17.0")
    )
    assert before > 2.4 * after


def test_the_second_runner_makes_its_noise_without_buffers() -> None:
    """16 GB GeForce, 0.26: 1.06 GiB for 32,768 tokens, of which a compiled cache took nothing."""
    sized = steps(vllm_version="0.26.0", max_num_seqs=256, max_num_batched_tokens=32768)
    assert activation_bytes(SMALL, ONE, sized) / GIB == pytest.approx(1.06, rel=0.05)


def test_0_33_samples_with_every_parameter_in_the_profile_run() -> None:
    before, after = (
        activation_bytes(LLAMA, ONE, steps(vllm_version=version))
        for version in ("0.32.0", "0.33.0")
    )
    assert after > before + GIB // 2


def test_no_more_rows_are_sampled_than_tokens_are_in_a_step() -> None:
    few = steps(max_num_batched_tokens=64, max_num_seqs=64)
    same = steps(max_num_batched_tokens=64, max_num_seqs=1024)
    assert activation_bytes(LLAMA, ONE, few) == activation_bytes(LLAMA, ONE, same)


def test_whole_experts_on_a_rank_make_wider_workspaces() -> None:
    spread = kept_bytes(MIXTRAL, Parallel(tensor=8), steps())
    whole = kept_bytes(MIXTRAL, Parallel(tensor=8, experts=True), steps())
    assert whole > spread


def test_experts_share_one_workspace_that_stays_since_0_13() -> None:
    """Top-2 of 8,192 tokens: 14,336 and 28,672 wide (fused_moe.py, workspace_shapes)."""
    newer, older = (
        kept_bytes(MIXTRAL, ONE, steps(vllm_version=version)) for version in ("0.13.0", "0.12.0")
    )
    assert newer - older == 8192 * 2 * (14_336 + 28_672) * 2


def test_rotary_tables_have_a_row_for_each_position() -> None:
    """131,072 positions of 128 numbers in 16 bits, beside cuBLAS' workspace."""
    assert kept_bytes(LLAMA, ONE, steps()) == 131_072 * 128 * 2 + 32 * MIB


def test_latent_attention_keeps_its_projections_a_second_time() -> None:
    """27 layers: 16 heads of 128 + 128 from a latent of 512."""
    facts = model_facts(config("deepseek-ai__DeepSeek-V2-Lite"))._replace(moe=None)
    facts = facts._replace(rotary_elements=0)
    assert kept_bytes(facts, ONE, steps()) == 27 * 16 * 256 * 512 * 2 + 32 * MIB


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ({"max_position_embeddings": 4096, "rope_theta": 1e4}, 4096 * 128),
        (
            {"max_position_embeddings": 4096, "rope_theta": 1e4, "partial_rotary_factor": 0.25},
            4096 * 32,
        ),
        ({"max_position_embeddings": 4096, "rope_theta": 1e4, "qk_rope_head_dim": 64}, 4096 * 64),
        (
            {"max_position_embeddings": 4096, "rope_theta": 1e4, "model_type": "gemma3_text"},
            2 * 4096 * 128,
        ),
        (
            {
                "max_position_embeddings": 4096,
                "rope_scaling": {
                    "type": "yarn",
                    "factor": 4,
                    "original_max_position_embeddings": 4096,
                },
            },
            4 * 4096 * 128,
        ),
        ({"max_position_embeddings": 4096}, 0),
    ],
)
def test_rotary_tables_are_as_wide_as_what_they_turn(text: dict[str, Any], elements: int) -> None:
    assert rotary_elements(ConfigReader(text), 128) == elements


def test_pipeline_stages_share_what_each_layer_keeps() -> None:
    facts = model_facts(config("deepseek-ai__DeepSeek-V2-Lite"))
    assert kept_bytes(facts, Parallel(pipeline=2), steps()) < kept_bytes(facts, ONE, steps())


def test_penalties_are_counted_for_every_token_and_seen_since_0_27() -> None:
    counts = 1024 * LLAMA.vocab_size * 4
    before, after = (
        kept_bytes(LLAMA, ONE, steps(vllm_version=version)) for version in ("0.26.0", "0.27.0")
    )
    assert after - before == counts


def test_what_stays_is_no_activation_since_0_27() -> None:
    before, after = (
        activation_bytes(LLAMA, ONE, steps(vllm_version=version))
        for version in ("0.26.0", "0.27.0")
    )
    assert before - after == kept_bytes(LLAMA, ONE, steps(vllm_version="0.26.0"))


def test_the_first_compilation_counts_on_small_gpus_only() -> None:
    eager = steps(**SMALL_GPU, enforce_eager=True)
    extra = activation_bytes(LLAMA, ONE, steps(**SMALL_GPU)) - activation_bytes(LLAMA, ONE, eager)
    pooled = LLAMA._replace(pooling=True)
    assert activation_bytes(pooled, ONE, steps(**SMALL_GPU)) == activation_bytes(pooled, ONE, eager)
    large = activation_bytes(LLAMA, ONE, steps(enforce_eager=True))
    assert extra > 0.3 * GIB
    assert large == activation_bytes(LLAMA, ONE, steps())


def test_nothing_bounded_the_video_that_0_11_profiled_with() -> None:
    """'budget of 153600 tokens, and profiled with 1 video items' on four RTX 3090."""
    assert media_tokens(QWEN_VL, "0.11.0", 2048) == 153_600
    assert media_tokens(QWEN_VL, "0.12.0", 2048) == 16_384
    assert media_tokens(QWEN_VL, "0.12.0", 65_536) == 65_536


def test_the_encoder_hands_over_a_state_for_each_level() -> None:
    """Three levels beside the last layer's: 153,600 x 2,048 x 4 in 16 bits is 2.34 GiB."""
    at = steps(vllm_version="0.11.0", max_num_seqs=1, max_num_batched_tokens=2048, **SMALL_GPU)
    text = QWEN_VL._replace(multimodal=False)
    taken = activation_bytes(QWEN_VL, ONE, at) - activation_bytes(text, ONE, at)
    assert taken == 153_600 * 2048 * 4 * 2


def test_the_v0_engine_kept_no_output_of_an_encoder() -> None:
    at = steps(vllm_version="0.7.3")
    text = QWEN_VL._replace(multimodal=False)
    assert activation_bytes(QWEN_VL, ONE, at) == activation_bytes(text, ONE, at)


def test_adapters_ran_on_the_v0_engine_up_to_0_8_3() -> None:
    assert not steps(vllm_version="0.8.1", lora=True).v1
    assert steps(vllm_version="0.8.4", lora=True).v1


def test_an_unknown_model_makes_as_many_tokens_as_a_step_takes() -> None:
    unknown = QWEN_VL._replace(architecture="SomeVisionModel")
    assert media_tokens(unknown, "0.19.0", 2048) == 2048


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
    assert kept_bytes(MIXTRAL, split, more) >= kept_bytes(MIXTRAL, split, now) >= 0
