"""Bytes on each GPU: exact tables of real models, shares that add up, what does not divide."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_models import KNOWN, NAMES, Known, facts
from test_model_facts import TINY, tiny

from replanner.planning.facts import Parallel, Storage, WeightMatrix
from replanner.planning.modules.mixers import GroupedQuery
from replanner.planning.weights import (
    VOCAB_UNIT,
    parallel_refusals,
    per_layer_bytes,
    shard_shape,
    shard_weights,
    stage_bounds,
    stored_bytes,
)

CASES = [
    pytest.param(known, ways, expected, id=f"{known.name}-tp{ways}")
    for known in KNOWN
    for ways, expected in known.weight_bytes.items()
]
# Scales of the KV cache and of activations, and routers' correction biases are not modelled
TOLERANCE = 1.1e-4


@pytest.mark.parametrize(("known", "ways", "expected"), CASES)
def test_a_rank_holds_what_vllms_own_classes_allocate(
    known: Known, ways: int, expected: int
) -> None:
    stage = shard_weights(facts(known.name), Parallel(tensor=ways))[0]
    assert stage.total_bytes == pytest.approx(expected, rel=TOLERANCE)


# vLLM 0.33.0: sum of the parameters of its own model classes on one rank
EXACT = {
    ("meta-llama__Meta-Llama-3.1-8B", 1): 16060522496,
    ("meta-llama__Llama-3.3-70B-Instruct", 8): 17640734720,
    ("Qwen__Qwen2.5-7B-Instruct", 4): 3808114688,
    ("Qwen__Qwen3-0.6B", 1): 1192099840,
    ("Qwen__Qwen3-30B-A3B", 1): 61064245248,
    ("mistralai__Mixtral-8x7B-v0.1", 1): 93405585408,
    ("openai__gpt-oss-20b", 1): 13761264768,
    ("tiiuae__falcon-40b", 8): 10329292800,
    ("bigcode__gpt_bigcode-santacoder", 8): 1720745984,
    ("EleutherAI__gpt-neox-20b", 8): 5141501952,
    ("allenai__OLMo-2-1124-7B", 8): 1825579008,
    ("ai21labs__Jamba-v0.1", 8): 12895813376,
    ("Qwen__Qwen3-Next-80B-A3B-Instruct", 8): 20026091360,
    ("Qwen__Qwen3.5-35B-A3B", 8): 8837751532,
    ("openai__whisper-tiny", 1): 75530496,
    ("deepseek-ai__DeepSeek-V2-Lite", 1): 31412968448,
}


@pytest.mark.parametrize(("case", "expected"), EXACT.items(), ids=str)
def test_unquantized_bytes_are_exact(case: tuple[str, int], expected: int) -> None:
    name, ways = case
    assert shard_weights(facts(name), Parallel(tensor=ways))[0].total_bytes == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stages", [2, 3])
def test_stages_hold_the_whole_model_together(name: str, stages: int) -> None:
    found = facts(name)
    whole = shard_weights(found, Parallel())[0]
    split = shard_weights(found, Parallel(pipeline=stages))
    assert sum(stage.layers for stage in split) == found.num_layers
    tied = not any(m.part == "head" and m.shard == "vocab" for m in found.weights)
    twice = whole.embedding_bytes if tied else 0
    assert sum(stage.total_bytes for stage in split) == whole.total_bytes + twice


@pytest.mark.parametrize("name", NAMES)
def test_experts_are_spread_whole_by_expert_parallelism(name: str) -> None:
    found = facts(name)
    inside = shard_weights(found, Parallel(tensor=8))[0]
    spread = shard_weights(found, Parallel(tensor=8, experts=True))[0]
    assert spread.total_bytes - spread.expert_bytes == inside.total_bytes - inside.expert_bytes
    assert bool(spread.expert_bytes) == bool(found.moe)


def test_data_parallel_replicas_share_the_experts_alone() -> None:
    found = facts("Qwen__Qwen3-30B-A3B")
    alone = shard_weights(found, Parallel(tensor=2))[0]
    two = shard_weights(found, Parallel(tensor=2, data=2))[0]
    assert two.expert_bytes == alone.expert_bytes // 2
    assert two.dense_bytes_read == alone.dense_bytes_read


def test_a_decode_step_reads_all_but_experts_towers_and_the_token_table() -> None:
    untied, tied = facts("Qwen__Qwen3-30B-A3B"), facts("Qwen__Qwen3-0.6B")
    stage = shard_weights(untied, Parallel())[0]
    assert stage.dense_bytes_read == (
        stage.total_bytes - stage.expert_bytes - stage.embedding_bytes
    )
    assert shard_weights(tied, Parallel())[0].dense_bytes_read == 1192099840
    seeing = shard_weights(facts("Qwen__Qwen3-VL-30B-A3B-Instruct"), Parallel())[0]
    assert seeing.tower_bytes > 0
    assert seeing.dense_bytes_read < seeing.total_bytes - seeing.expert_bytes - seeing.tower_bytes


@given(st.integers(1, 200), st.integers(1, 16))
def test_every_layer_has_one_stage(layers: int, stages: int) -> None:
    bounds = stage_bounds(layers, stages)
    covered = [layer for start, end in bounds for layer in range(start, end)]
    assert covered == list(range(layers))


def test_layers_left_over_go_before_the_last_stage() -> None:
    # vllm/distributed/utils.py, get_pp_indices
    assert [end - start for start, end in stage_bounds(30, 4)] == [7, 8, 8, 7]
    assert [end - start for start, end in stage_bounds(61, 2)] == [31, 30]


PLAIN = Storage("bfloat16", 16)
SHARDS = st.sampled_from(["column", "row", "vocab", "kv", "replicated"])


@given(SHARDS, st.integers(1, 64), st.integers(1, 64), st.sampled_from([1, 2, 4, 8]))
def test_shares_add_up_to_the_whole(shard: Any, tall: int, wide: int, ways: int) -> None:
    """Divided dimensions that the ranks divide; KV heads at least one per rank."""
    matrix = WeightMatrix(
        "m", "mlp", tall * 8 * VOCAB_UNIT, wide * 8, PLAIN, shard, heads=8 if shard == "kv" else 0
    )
    whole = per_layer_bytes(matrix, Parallel())
    share = per_layer_bytes(matrix, Parallel(tensor=ways))
    assert share * (1 if shard == "replicated" else ways) == whole


@given(st.integers(1, 16), st.sampled_from([1, 2, 4, 8, 16]))
def test_kv_heads_are_replicated_where_there_are_fewer_than_ranks(heads: int, ways: int) -> None:
    matrix = WeightMatrix("k", "attention", heads * 128, 64, PLAIN, "kv", heads=heads)
    rows, _ = shard_shape(matrix, ways)
    assert rows == 128 * max(1, heads // ways)


def test_two_ranks_that_cut_a_block_of_fp8_experts_keep_finer_scales() -> None:
    """DeepSeek-V2-Lite's experts are 1,408 wide: 704 a rank is 5.5 blocks of 128, 11 of 64."""
    storage = Storage("fp8", 8, (128, 128), scale_bytes=4)
    matrix = WeightMatrix("up", "experts", 1408, 2048, storage, "column", layers=(0,), experts=64)
    assert per_layer_bytes(matrix, Parallel()) == 64 * (1408 * 2048 + 11 * 16 * 4)
    assert per_layer_bytes(matrix, Parallel(tensor=2)) == 64 * (704 * 2048 + 11 * 32 * 4)


@given(st.integers(1, 4096), st.integers(1, 4096), st.sampled_from([(0, 0), (1, 0), (128, 128)]))
def test_scales_only_ever_add(rows: int, cols: int, block: tuple[int, int]) -> None:
    bare = stored_bytes(Storage("fp8", 8), rows, cols)
    scaled = stored_bytes(Storage("fp8", 8, block, scale_bytes=4), rows, cols)
    assert bare == rows * cols
    assert bare < scaled <= bare + 4 * max(rows, -(-rows // 128) * -(-cols // 128), 1)


def test_stages_cut_through_unequal_layers() -> None:
    found = facts("deepseek-ai__DeepSeek-V3")
    first, second = shard_weights(found, Parallel(pipeline=2))
    routed = found.moe.layers if found.moe else 0
    each = (first.expert_bytes + second.expert_bytes) // routed
    assert (first.expert_bytes // each, second.expert_bytes // each) == (28, 30)


REFUSED: list[tuple[str, int, str]] = [
    ("Qwen__Qwen2.5-7B-Instruct", 8, "attention heads (28)"),
    ("tiiuae__falcon-7b", 2, "attention heads (71)"),
    ("microsoft__phi-4", 4, "KV heads (10)"),
    ("microsoft__phi-4", 8, "KV heads (10)"),
    ("zai-org__GLM-4.1V-9B-Thinking", 8, "vision heads (12)"),
    ("Qwen__Qwen2.5-VL-3B-Instruct", 8, "3420"),
]


@pytest.mark.parametrize(("name", "ways", "says"), REFUSED)
def test_what_does_not_divide_is_refused(name: str, ways: int, says: str) -> None:
    assert says in " ".join(parallel_refusals(facts(name), Parallel(tensor=ways)))


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_nothing_that_vllm_builds_is_refused(known: Known) -> None:
    for ways in known.weight_bytes:
        assert parallel_refusals(facts(known.name), Parallel(tensor=ways)) == ()


def test_more_stages_than_layers_are_refused() -> None:
    assert "pipeline_parallel_size (5)" in parallel_refusals(tiny(), Parallel(pipeline=5))[0]


def test_padded_vision_heads_divide_by_anything() -> None:
    found = facts("OpenGVLab__InternVL2-2B")
    queries = next(m for m in found.weights if m.name.endswith("layers.attn.q"))
    assert shard_shape(queries, 3)[0] % queries.units == 0
    assert not any("vision" in what for what, _ in found.must_divide)


def test_towers_with_an_uneven_number_of_heads_stay_whole() -> None:
    found = facts("Qwen__Qwen3-ASR")
    queries = next(m for m in found.weights if m.name.endswith("layers.attn.q"))
    assert shard_shape(queries, 2)[0] == queries.rows // 2
    assert shard_shape(queries, 8)[0] == queries.rows


def test_layers_that_share_keys_project_queries_only() -> None:
    queries_only = GroupedQuery(8, 0, 16, 16, qk_norm="head").pieces(64)
    assert [p.name.rpartition(".")[2] for p in queries_only] == ["q_proj", "o_proj", "q_norm"]


def test_the_widest_stage_decides_for_a_tied_model() -> None:
    tied = tiny(tie_word_embeddings=True, num_hidden_layers=4)
    first, last = shard_weights(tied, Parallel(pipeline=2))
    assert first.embedding_bytes == last.embedding_bytes > 0
    assert last.head_bytes == 0
    assert TINY["vocab_size"] * 64 * 2 < first.embedding_bytes  # padded to 64
