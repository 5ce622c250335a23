"""KV cache planning against vLLM's own figures, start-up logs, and properties."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_kv import CASES, CONFIGS

from replanner.errors import UnsupportedModel
from replanner.planning.attention import kv_layers
from replanner.planning.config_reader import ConfigReader
from replanner.planning.facts import (
    Attention,
    KvLayers,
    ModelFacts,
    Parallel,
    Quantization,
)
from replanner.planning.kv_cache import KvPlan, KvSettings, plan_kv, workload_bytes
from replanner.planning.kv_draft import draft_layers
from replanner.planning.kv_refusals import kv_refusals

GIB = 1 << 30
POOL = 640 * GIB
SETTINGS = KvSettings(
    kv_cache_dtype="bfloat16", dtype="bfloat16", max_model_len=8192, max_num_batched_tokens=8192
)


def facts_of(config: dict[str, Any], **changes: Any) -> ModelFacts:
    reader = ConfigReader(config)
    layers = kv_layers(reader, reader)
    facts = ModelFacts(
        architecture="",
        model_type="",
        dtype="bfloat16",
        vocab_size=1,
        hidden_size=1,
        intermediate_size=1,
        num_layers=1 + max((layer for group in layers for layer in group.layers), default=0),
        max_model_len=8192,
        weights=(),
        kv_layers=layers,
        attention=Attention(1, 1, 1),
        parameters=1,
        active_parameters=1,
    )
    return facts._replace(**changes)


def planned(name: str, tensor: int = 1, pipeline: int = 1, **settings: Any) -> KvPlan:
    parallel = Parallel(tensor=tensor, pipeline=pipeline)
    return plan_kv(facts_of(CONFIGS[name]), parallel, SETTINGS._replace(**settings))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-tp{case[1]}-{case[2]}")
def test_tokens_are_exactly_what_vllm_prints(case: tuple[str, int, str, int, int, int]) -> None:
    name, tensor, kv_dtype, length, block_size, tokens = case
    plan = planned(name, tensor, kv_cache_dtype=kv_dtype, max_model_len=length)
    assert (plan.block_size, plan.tokens(POOL)) == (block_size, tokens)


def test_a_plain_model_in_round_figures() -> None:
    plan = planned("Qwen3-8B")  # 36 layers x 8 heads x 128 x 2 x 2 bytes
    assert plan.bytes_per_block == 16 * 147456
    assert plan.bytes_per_token == 147456
    assert plan.request_bytes == 8192 * 147456
    assert plan.max_concurrency(POOL) == pytest.approx(568.889, abs=1e-3)


def test_windows_cost_nothing_more_once_they_are_full() -> None:
    assert planned("gpt-oss-20b", max_model_len=131072).bytes_per_token == 12 * 2048
    assert planned("gpt-oss-20b", max_model_len=4096).bytes_per_token == 24 * 2048
    assert planned("Mistral-7B-v0.1", max_model_len=32768).bytes_per_token == 0
    assert planned("Qwen3.5-27B").bytes_per_token == 16 * 4096


# Start-up logs of released versions: Available KV cache memory (GiB), then what they printed.
LOGS: list[tuple[str, str, int, dict[str, Any], float, int, float]] = [
    ("Qwen3-8B", "0.9.2", 1, {"max_model_len": 40960}, 18.69, 136080, 3.32),
    (
        "Qwen3-Next-80B-A3B-Instruct",
        "0.10.2",
        2,
        {"max_model_len": 262144},
        44.59,
        973760,
        14.77,
    ),
    ("phi-4", "0.19.0", 1, {}, 46.08, 241568, 29.49),
    ("gemma-2-9b", "0.19.0", 1, {}, 54.12, 168880, 20.60),
    ("gpt-oss-20b", "0.19.0", 1, {}, 58.47, 1277184, 155.75),
    ("DeepSeek-V2-Lite", "0.19.0", 1, {}, 43.61, 1505552, 183.78),
    (
        "Qwen3.5-27B",
        "0.23.1",
        1,
        {
            "max_model_len": 262144,
            "kv_cache_dtype": "fp8",
            "capability": (12, 1),
            "prefix_caching": True,
        },
        47.84,
        1505068,
        5.74,
    ),
    (
        "gemma-4-E2B-it",
        "0.28.0",
        1,
        {"max_model_len": 32768, "max_num_batched_tokens": 16384, "capability": (9, 4)},
        155.04,
        9026017,
        275.45,
    ),
]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log[0]}-{log[1]}")
def test_each_release_counts_in_its_own_way(
    log: tuple[str, str, int, dict[str, Any], float, int, float],
) -> None:
    name, version, tensor, settings, pool_gib, tokens, concurrency = log
    plan = planned(name, tensor, vllm_version=version, **settings)
    pool = int(pool_gib * GIB)
    assert plan.tokens(pool) == pytest.approx(tokens, rel=1e-3)
    assert plan.max_concurrency(pool) == pytest.approx(concurrency, rel=2e-3)


def test_v0_kept_windows_whole_and_aligned_latents() -> None:
    old, new = planned("gpt-oss-20b", vllm_version="0.8.5"), planned("gpt-oss-20b")
    assert len(old.groups) == 1
    assert len(new.groups) == 2
    assert planned("Mistral-7B-v0.1", vllm_version="0.8.5").groups[0].spec.kind == "sliding"
    # 0.7.3 on 8 H200: 21.43 GiB made 18418 blocks of DeepSeek-R1
    aligned = planned("DeepSeek-V3", tensor=8, vllm_version="0.7.3")
    assert aligned.blocks(int(21.43 * GIB)) == pytest.approx(18418, rel=1e-3)


def test_drafted_tokens_take_state_blocks_and_a_layer() -> None:
    facts = facts_of(CONFIGS["Qwen3.5-27B"])
    settings = SETTINGS._replace(
        kv_cache_dtype="fp8",
        max_model_len=262144,
        vllm_version="0.23.1",
        capability=(12, 1),
        prefix_caching=True,
        speculative_tokens=2,
        draft=draft_layers(facts, "mtp"),
    )
    plan = plan_kv(facts, Parallel(), settings)
    assert plan.block_size == 1600
    assert plan.tokens(int(48.6 * GIB)) == pytest.approx(1394129, rel=1e-3)


def test_draft_layers_come_after_the_model() -> None:
    sparse = facts_of(CONFIGS["GLM-5.2-FP8"])
    assert [(g.kind, g.layers) for g in draft_layers(sparse, "mtp")] == [
        ("mla", (78,)),
        ("indexer", (78,)),
    ]
    assert draft_layers(sparse, "ngram") == ()
    small = facts_of(CONFIGS["gpt-oss-20b"])
    moved = draft_layers(sparse, "draft_model", small)
    assert [g.layers[0] for g in moved] == [78, 79]


def test_the_block_size_of_the_kernels() -> None:
    v3 = "DeepSeek-V3"
    assert planned(v3, kv_cache_dtype="fp8").block_size == 64
    assert planned(v3, capability=(10, 0)).block_size == 32
    assert planned(v3, capability=(8, 0)).block_size == 16
    assert planned("Qwen3-8B", block_size=128).bytes_per_block == 128 * 147456


def test_a_state_decides_the_block_of_a_hybrid() -> None:
    assert planned("Qwen3.5-27B").block_size == 832
    assert planned("Qwen3.5-27B", capability=(8, 0)).block_size == 784
    assert planned("Qwen3.5-27B", block_size=64, prefix_caching=False).block_size == 832


def test_caching_prefixes_keeps_more_states() -> None:
    blocks = {
        caching: planned("Qwen3.5-27B", prefix_caching=caching).blocks_per_request
        for caching in (True, False)
    }
    assert blocks == {True: 10 + 3 * 3, False: 11 + 3 * 1}


def test_sparse_rows_depend_on_the_gpu() -> None:
    row = {
        major: planned("DeepSeek-V3.2", kv_cache_dtype="fp8", capability=(major, 0)).bytes_per_token
        for major in (9, 10, 12)
    }
    assert row == {9: 61 * (656 + 132), 10: 61 * (576 + 132), 12: 61 * (656 + 132)}


@pytest.mark.parametrize(
    ("dtype", "bytes_per_token"),
    [
        ("float32", 2 * 147456),
        ("fp8_e5m2", 147456 // 2),
        ("nvfp4", 147456 * 9 // 32),
        ("int8_per_token_head", 36 * 8 * (256 + 8)),
        ("int4_per_token_head", 36 * 8 * (128 + 8)),
    ],
)
def test_cache_formats(dtype: str, bytes_per_token: int) -> None:
    assert planned("Qwen3-8B", kv_cache_dtype=dtype).bytes_per_token == bytes_per_token


def test_an_unknown_format_has_no_size() -> None:
    with pytest.raises(UnsupportedModel, match="octave_k3v4"):
        planned("Qwen3-8B", kv_cache_dtype="octave_k3v4")


def test_pipeline_stages_share_layers_and_the_fullest_counts() -> None:
    whole, halves = planned("Qwen3-8B"), planned("Qwen3-8B", pipeline=2)
    assert halves.bytes_per_block * 2 == whole.bytes_per_block
    assert halves.in_flight_tokens == 3 * 8192
    thirds = planned("gpt-oss-20b", pipeline=5)  # 24 layers: 5, 5, 5, 5 and 4
    assert thirds.bytes_per_block == 3 * 16 * 2048


def test_models_without_a_cache_have_no_capacity() -> None:
    plan = planned("bge-large-en")
    assert (plan.request_bytes, plan.tokens(POOL), plan.max_concurrency(POOL)) == (0, 0, 0.0)
    assert plan.max_context(POOL, 1000) == 8192
    assert plan.fits(0)
    assert not plan.fits(-1)


def test_the_null_block_is_not_for_requests() -> None:
    plan = planned("Qwen3-8B")
    enough = plan.request_bytes + plan.bytes_per_block
    assert plan.fits(enough)
    assert not plan.fits(enough - 1)
    assert plan.max_context(plan.request_bytes, 1) == 8192 - 16


def test_tokens_in_flight_are_shared_by_the_requests_of_a_window() -> None:
    plan = planned("gpt-oss-20b", max_model_len=131072)
    one, many = (workload_bytes(plan, 40000, n) for n in (1, 100))
    assert one <= plan.request_bytes
    assert many < 100 * one
    # 100 requests of 12 full layers, and a window each with one budget of tokens for all
    assert many == ((2500 + 9) * 100 + 1024) * plan.bytes_per_block


def test_whisper_reserves_the_budget_and_holds_the_encoder() -> None:
    plan = planned("whisper-large-v3", max_model_len=448)
    assert plan.blocks_per_request == 28 + 512
    assert workload_bytes(plan, 448, 1) == (28 + 94) * plan.bytes_per_block


def test_latent_pages_that_cannot_be_unified_are_unsupported() -> None:
    odd = KvLayers("sliding", (61,), 3, 100, 100, window=64)
    facts = facts_of(CONFIGS["DeepSeek-V3"])
    settings = SETTINGS._replace(draft=(odd, odd._replace(window=65)))
    with pytest.raises(UnsupportedModel, match="latent"):
        plan_kv(facts, Parallel(), settings)


def test_packed_pages_without_a_pattern_stay_whole() -> None:
    ratios = {"compress_ratios": [128] * 43}
    facts = facts_of({**CONFIGS["DeepSeek-V4-Flash"], **ratios})
    plan = plan_kv(facts, Parallel(), SETTINGS)
    assert [len(group.layers) for group in plan.groups] == [43, 43, 43]
    assert plan.bytes_per_block == 43 * 37440


def test_odd_pages_are_padded() -> None:
    wide = KvLayers("full", (0,), 1, 192, 128)
    narrow = KvLayers("sliding", (1,), 1, 72, 72, window=64)
    plan = plan_kv(facts_of(CONFIGS["Qwen3-8B"], kv_layers=(wide, narrow)), Parallel(), SETTINGS)
    assert plan.bytes_per_block == 16 * 640
    same_window = narrow._replace(kv_heads=2, layers=(2,))
    packed = facts_of(CONFIGS["Qwen3-8B"], kv_layers=(narrow, same_window))
    assert len(plan_kv(packed, Parallel(), SETTINGS).groups) == 1


NAMES = st.sampled_from(sorted(name for name in CONFIGS if name != "bge-large-en"))
LENGTHS = st.integers(min_value=1, max_value=300_000)


@given(NAMES, LENGTHS, st.integers(0, 1 << 42), st.integers(0, 1 << 40))
def test_more_memory_never_holds_less(name: str, length: int, pool: int, more: int) -> None:
    plan = planned(name, max_model_len=length)
    assert plan.tokens(pool) <= plan.tokens(pool + more)
    assert plan.blocks(pool) * plan.bytes_per_block <= pool
    assert plan.max_context(pool, 4) <= plan.max_context(pool + more, 4)


@given(NAMES, LENGTHS, st.integers(0, 10_000))
def test_longer_requests_never_cost_less(name: str, length: int, more: int) -> None:
    short, long = (planned(name, max_model_len=one) for one in (length, length + more))
    assert short.request_bytes <= long.request_bytes
    assert workload_bytes(long, length, 7) <= workload_bytes(long, length + more, 7)
    assert workload_bytes(long, length, 7) <= workload_bytes(long, length, 8)


@given(NAMES, st.integers(1, 200_000), st.integers(0, 1 << 41), st.integers(1, 300))
def test_the_longest_context_fits_as_often_as_said(
    name: str, length: int, pool: int, concurrency: int
) -> None:
    plan = planned(name, max_model_len=length)
    context = plan.max_context(pool, concurrency)
    assert 0 <= context <= length
    if context:
        assert workload_bytes(plan, context, concurrency) <= pool


def refused(name: str, facts: dict[str, Any] | None = None, **settings: Any) -> tuple[str, ...]:
    wanted = SETTINGS._replace(**settings)
    found = kv_refusals(facts_of(CONFIGS[name], **(facts or {})), wanted)
    return tuple(code for code, _ in found)


FP8 = Quantization(method="fp8", label="FP8", weight_bits=8)
SCALED = FP8._replace(method="modelopt", kv_cache_dtype="fp8_e4m3")


@pytest.mark.parametrize(
    ("name", "facts", "settings", "codes"),
    [
        ("Qwen3-8B", {}, {"kv_cache_dtype": "fp8"}, ()),
        ("Qwen3-8B", {}, {"kv_cache_dtype": "fp9"}, ("kv_dtype_unknown",)),
        ("bloom-560m", {"uses_alibi": True}, {"kv_cache_dtype": "fp8"}, ("kv_dtype_alibi",)),
        ("bloom-560m", {"uses_alibi": True}, {}, ()),
        ("DeepSeek-V3.2", {}, {"capability": (8, 0)}, ("sparse_attention_gpu",)),
        ("DeepSeek-V3.2", {}, {"kv_cache_dtype": "fp8_e4m3"}, ("kv_dtype_mla",)),
        ("DeepSeek-V3.2", {}, {"kv_cache_dtype": "fp8"}, ()),
        (
            "DeepSeek-V3.2",
            {"quantization": SCALED},
            {"kv_cache_dtype": "fp8"},
            ("kv_dtype_mla",),
        ),
        ("DeepSeek-V3", {}, {"kv_cache_dtype": "fp8_e4m3"}, ()),
        ("DeepSeek-V4-Flash", {}, {"kv_cache_dtype": "fp8_e4m3"}, ()),
        ("DeepSeek-V3", {}, {"kv_cache_dtype": "fp8_e5m2"}, ("kv_dtype_mla",)),
        ("Qwen3-8B", {}, {"kv_cache_dtype": "nvfp4"}, ("kv_dtype_gpu",)),
        ("Qwen3-8B", {}, {"kv_cache_dtype": "nvfp4", "capability": (10, 0)}, ()),
        (
            "Qwen3-8B",
            {"quantization": FP8},
            {"kv_cache_dtype": "fp8_e5m2"},
            ("kv_dtype_e5m2",),
        ),
        ("Qwen3-8B", {}, {"block_size": 24}, ("block_size",)),
        ("Qwen3-8B", {}, {"block_size": 32}, ()),
        ("DeepSeek-V3", {}, {"block_size": 32, "kv_cache_dtype": "fp8"}, ("block_size",)),
    ],
)
def test_settings_that_vllm_refuses(
    name: str, facts: dict[str, Any], settings: dict[str, Any], codes: tuple[str, ...]
) -> None:
    assert refused(name, facts, **settings) == codes


def test_a_misspelt_format_is_named_with_its_neighbour() -> None:
    wanted = SETTINGS._replace(kv_cache_dtype="fp8_e4m4")
    ((_, sentence),) = kv_refusals(facts_of(CONFIGS["Qwen3-8B"]), wanted)
    assert "fp8_e4m3" in sentence
