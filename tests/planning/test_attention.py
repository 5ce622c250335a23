"""Which layers keep what: real configurations, families' spellings, and hostile ones."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_kv import CONFIGS

from replanner.errors import UnsupportedModel
from replanner.planning.attention import kv_layers
from replanner.planning.config_reader import ConfigReader
from replanner.planning.facts import KvLayers, StateTensor

PLAIN = {"num_hidden_layers": 4, "num_attention_heads": 8, "hidden_size": 512}


def kept(config: dict[str, Any], root: dict[str, Any] | None = None) -> tuple[KvLayers, ...]:
    return kv_layers(ConfigReader(config), ConfigReader(root or config))


def kinds(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {group.kind: group.layers for group in kept(config)}


def test_plain_decoder_keeps_every_head_of_every_layer() -> None:
    assert kept(PLAIN) == (KvLayers("full", (0, 1, 2, 3), 8, 64, 64),)


def test_head_dim_wins_over_the_quotient() -> None:
    (group,) = kept({**PLAIN, "head_dim": 128, "num_key_value_heads": 2})
    assert (group.kv_heads, group.head_size) == (2, 128)


@pytest.mark.parametrize(
    ("keys", "heads"),
    [
        ({"multi_query": True}, 1),
        ({"multi_query": False, "num_kv_heads": 4}, 4),
        ({"multi_query": True, "new_decoder_architecture": True, "n_head_kv": 4}, 4),
        ({"model_type": "gpt_bigcode"}, 1),
        ({"model_type": "falcon", "multi_query": False}, 8),
        ({"multi_query_attention": True, "multi_query_group_num": 2}, 2),
        ({"multi_query_attention": False, "multi_query_group_num": 2}, 8),
        ({"attn_config": {"kv_n_heads": 2}}, 2),
        ({"attn_config": {}}, 8),
        ({"num_attention_groups": 2}, 2),
    ],
)
def test_shared_heads_under_every_spelling(keys: dict[str, Any], heads: int) -> None:
    assert kept({**PLAIN, **keys})[0].kv_heads == heads


@pytest.mark.parametrize(
    ("keys", "window"),
    [
        ({"sliding_window": 1024}, 1024),
        ({"sliding_window": None, "model_type": "mistral"}, 0),
        ({"model_type": "mistral"}, 4096),
        ({"sliding_window": 1024, "use_sliding_window": False}, 0),
        ({"sliding_window": 1024, "model_type": "qwen2"}, 0),
        ({"sliding_window": 1024, "model_type": "qwen2", "use_sliding_window": True}, 1024),
        (
            {
                "sliding_window": 1024,
                "model_type": "qwen2",
                "use_sliding_window": True,
                "max_window_layers": 2,
            },
            0,
        ),
    ],
)
def test_one_window_for_the_whole_model(keys: dict[str, Any], window: int) -> None:
    (group,) = kept({**PLAIN, **keys})
    assert (group.kind, group.window) == ("sliding" if window else "full", window)


def test_window_patterns_of_families() -> None:
    gemma2 = {**PLAIN, "model_type": "gemma2"}
    assert kinds(gemma2) == {"sliding": (0, 2), "full": (1, 3)}
    spelled = {**PLAIN, "sliding_window": 64, "sliding_window_pattern": 4}
    assert kinds(spelled) == {"sliding": (0, 1, 2), "full": (3,)}
    lettered = {**PLAIN, "sliding_window": 64, "sliding_window_pattern": "LG"}
    assert kinds(lettered) == {"sliding": (0, 2), "full": (1, 3)}
    command = {**PLAIN, "model_type": "cohere2", "sliding_window": 64}
    assert kept(command)[0].window == 65


def test_layer_types_without_a_window_are_full() -> None:
    listed = {**PLAIN, "layer_types": ["sliding_attention", "full_attention"] * 2}
    assert kinds(listed) == {"full": (0, 1, 2, 3)}


def test_llama4_attends_in_chunks_but_for_every_fourth_layer() -> None:
    chunked = {**PLAIN, "attention_chunk_size": 8192, "no_rope_layers": []}
    groups = kept(chunked)
    assert [(g.kind, g.layers, g.window) for g in groups] == [
        ("chunked", (0, 1, 2), 8192),
        ("full", (3,), 0),
    ]
    assert kinds({**chunked, "no_rope_layers": [0, 1, 1, 0]})["full"] == (0, 3)


def test_gemma4_shares_the_last_layers_and_widens_the_full_ones() -> None:
    sliding, full = kept(CONFIGS["gemma-4-E2B-it"])
    assert (sliding.kind, len(sliding.layers), sliding.head_size) == ("sliding", 12, 256)
    assert (full.kind, full.layers, full.head_size) == ("full", (4, 9, 14), 512)


def test_mimo_v2_has_other_heads_in_windows_and_narrower_values() -> None:
    full, sliding = kept(CONFIGS["MiMo-V2-Flash"])
    assert (full.kv_heads, full.head_size, full.head_size_v) == (4, 192, 128)
    assert (sliding.kv_heads, sliding.head_size, sliding.head_size_v) == (8, 192, 128)


def test_latent_attention_keeps_one_vector() -> None:
    (group,) = kept(CONFIGS["DeepSeek-V3"])
    assert group == KvLayers("mla", tuple(range(61)), 1, 576, 0)


def test_sparse_attention_keeps_an_index_in_the_layers_that_choose() -> None:
    latent, index = kept(CONFIGS["GLM-5.2-FP8"])
    assert (latent.kind, len(latent.layers)) == ("mla", 78)
    assert (index.kind, index.head_size, index.element_bytes) == ("indexer", 132, 1)
    assert (len(index.layers), index.layers[:4]) == (21, (0, 1, 2, 6))
    patterned = {**CONFIGS["DeepSeek-V3.2"], "index_topk_pattern": "FS" * 30}
    assert [g.layers[:3] for g in kept(patterned) if g.kind == "indexer"] == [(0, 2, 4)]


def test_minicpm3_is_latent_but_kept_whole() -> None:
    (group,) = kept(CONFIGS["MiniCPM3-4B"])
    assert (group.kind, group.kv_heads, group.head_size) == ("full", 40, 96)


def test_minimax_m3_keeps_index_keys_beside_full_heads() -> None:
    full, index = kept(CONFIGS["MiniMax-M3-NVFP4"])
    assert (full.kind, len(full.layers), full.kv_heads) == ("full", 60, 4)
    assert (index.kind, len(index.layers), index.element_bytes) == ("indexer", 57, 2)
    off = {"use_sparse_attention": False, "sparse_attention_freq": [1] * 4}
    assert kinds({**PLAIN, "sparse_attention_config": off}) == {"full": (0, 1, 2, 3)}


def test_gated_delta_net_state_of_qwen3_5() -> None:
    state, full = kept(CONFIGS["Qwen3.5-27B"])
    assert (full.kind, full.layers[:2], len(full.layers)) == ("full", (3, 7), 16)
    assert state.state == (
        StateTensor(10240, 3, draft_elements=1),
        StateTensor(48, 128 * 128, 4),
    )


def test_mamba2_state_of_nemotron_is_fp32_and_its_groups_are_shared() -> None:
    state, full = kept(CONFIGS["NVIDIA-Nemotron-3-Nano-30B-A3B-NVFP4"])
    assert (len(state.layers), len(full.layers)) == (23, 6)
    assert state.state == (
        StateTensor(4096, 3, draft_elements=1),
        StateTensor(8, 2 * 128 * 3, draft_elements=256),
        StateTensor(64, 64 * 128, 4),
    )


MAMBA = {
    "mamba_d_state": 16,
    "mamba_d_conv": 4,
    "mamba_n_heads": 16,
    "mamba_d_head": 64,
    "mamba_n_groups": 1,
}


@pytest.mark.parametrize(
    ("keys", "expected", "state_kind"),
    [
        (
            {**MAMBA, "layers_block_type": ["mamba", "attention", "mlp", "hybrid"]},
            {"state": (0, 3), "full": (1, 3)},
            "mamba2",
        ),
        ({**MAMBA, "model_type": "falcon_h1"}, {"full": (0, 1, 2, 3), "state": (0, 1, 2, 3)}, ""),
        (
            {
                "attn_layer_period": 2,
                "attn_layer_offset": 1,
                "mamba_d_state": 16,
                "mamba_d_conv": 4,
            },
            {"state": (0, 2), "full": (1, 3)},
            "mamba1",
        ),
        (
            {"linear_attn_config": {"full_attn_layers": [4], "num_heads": 8, "head_dim": 64}},
            {"state": (0, 1, 2), "full": (3,)},
            "kda",
        ),
        (
            {
                "layer_types": ["linear_attention", "full_attention"] * 2,
                "linear_num_heads": 8,
                "linear_head_dim": 64,
            },
            {"state": (0, 2), "full": (1, 3)},
            "kda",
        ),
        ({"attn_type_list": [0, 0, 0, 1]}, {"state": (0, 1, 2), "full": (3,)}, "linear"),
        (
            {"layer_group_size": 3, "linear_attn": 1},
            {"state": (0, 1), "full": (2, 3)},
            "linear",
        ),
        (
            {"layer_types": ["conv", "full_attention"] * 2, "conv_L_cache": 3},
            {"state": (0, 2), "full": (1, 3)},
            "conv",
        ),
        (
            {
                "full_attention_interval": 2,
                "linear_num_key_heads": 2,
                "linear_num_value_heads": 4,
                "linear_key_head_dim": 64,
                "linear_value_head_dim": 64,
            },
            {"state": (0, 2), "full": (1, 3)},
            "gdn",
        ),
    ],
)
def test_every_way_to_place_recurrent_layers(
    keys: dict[str, Any], expected: dict[str, tuple[int, ...]], state_kind: str
) -> None:
    groups = kept({**PLAIN, **keys})
    assert {group.kind: group.layers for group in groups} == expected
    found = next(group.state_kind for group in groups if group.kind == "state")
    assert found == (state_kind or "mamba2")


def test_models_without_attention_keep_states_only() -> None:
    mamba = {"model_type": "mamba", "num_hidden_layers": 2, "hidden_size": 64, "state_size": 16}
    (group,) = kept(mamba)
    assert group.state == (StateTensor(128, 3), StateTensor(128, 16))
    heads = {"model_type": "mamba2", "n_groups": 1, "num_heads": 4, "head_dim": 32}
    (group,) = kept({**mamba, **heads})
    assert group.state_kind == "mamba2"


def test_layers_are_counted_by_their_list_where_no_number_says_so() -> None:
    config = {**PLAIN, "layer_types": ["full_attention"] * 3}
    del config["num_hidden_layers"]
    assert kinds(config) == {"full": (0, 1, 2)}


def test_nemotron_nas_blocks_have_their_own_heads_or_none() -> None:
    blocks = [
        {"attention": {"n_heads_in_group": 4}},
        {"attention": {"no_op": True}},
        {"attention": {"replace_with_linear": True}},
        {"attention": {"n_heads_in_group": 2}},
    ]
    groups = kept({**PLAIN, "block_configs": blocks})
    assert [(g.layers, g.kv_heads) for g in groups] == [((0,), 2), ((3,), 4)]


def test_whisper_keeps_the_encoder_once_a_request() -> None:
    own, cross = kept(CONFIGS["whisper-large-v3"])
    assert (own.kind, own.layers, own.kv_heads, own.head_size) == ("full", tuple(range(32)), 20, 64)
    assert (cross.kind, cross.layers, cross.encoder_tokens) == ("cross", own.layers, 1500)


ONE = {"num_hidden_layers": 1, "num_attention_heads": 1, "hidden_size": 1}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, KvLayers("full", (0,), 1, 1, 1)),
        (
            {"decoder_layers": 1, "decoder_attention_heads": 1, "d_model": 1,
             "max_source_positions": 1},
            KvLayers("cross", (0,), 1, 1, 1, encoder_tokens=1),
        ),
        (
            {"block_configs": [{"attention": {"n_heads_in_group": 1}}]},
            KvLayers("full", (0,), 1, 1, 1),
        ),
        (
            {"cross_attention_layers": [0],
             "vision_config": {"image_size": 1, "patch_size": 1, "max_num_tiles": 1}},
            KvLayers("cross", (0,), 1, 1, 1, encoder_tokens=2),
        ),
        ({"kv_lora_rank": 1}, KvLayers("mla", (0,), 1, 1, 0)),
        (
            {"sparse_attention_config": {"sparse_attention_freq": [1], "sparse_index_dim": 1}},
            KvLayers("indexer", (0,), 1, 1, element_bytes=2),
        ),
        (
            {"kv_lora_rank": 1, "index_topk": 1, "index_head_dim": 1, "index_topk_freq": 1},
            KvLayers("indexer", (0,), 1, 5, element_bytes=1),  # and 4 bytes of scale
        ),
    ],
)  # fmt: skip
def test_any_dimension_may_be_one(keys: dict[str, Any], expected: KvLayers) -> None:
    assert kept({**ONE, **keys})[-1] == expected


def test_llama_vision_crosses_to_the_tiles_of_an_image() -> None:
    text = {**PLAIN, "cross_attention_layers": [1, 3]}
    vision = {"vision_config": {"image_size": 560, "patch_size": 14, "max_num_tiles": 4}}
    own, cross = kept(text, vision)
    assert (own.layers, cross.layers) == ((0, 2), (1, 3))
    assert cross.encoder_tokens == 4 * (40 * 40 + 1)


def test_compressed_attention_keeps_several_caches_per_layer() -> None:
    groups = kept(CONFIGS["DeepSeek-V4-Flash"])
    assert [(g.kind, len(g.layers), g.head_size, g.own_block_size) for g in groups] == [
        ("sliding", 43, 584, 64),
        ("mla", 21, 584, 0),
        ("sliding", 21, 8192, 4),
        ("indexer", 21, 132, 0),
        ("sliding", 21, 2048, 4),
        ("mla", 20, 584, 0),
        ("sliding", 20, 4096, 8),
    ]


def test_compression_is_also_said_by_layer_type() -> None:
    listed = CONFIGS["DeepSeek-V4-Flash"]
    types = ["window", "window", *["dense", "sparse"] * 20, "dense"]
    rates = {"dense": 4, "sparse": 128}
    named = {**listed, "compress_rates": rates, "layer_types": types, "compress_ratios": None}
    assert kept(named) == kept(listed)


@pytest.mark.parametrize("ratios", [[0, 4], [0, 4, 16, 128]])
def test_unknown_compression_is_unsupported(ratios: list[int]) -> None:
    config = {**CONFIGS["DeepSeek-V4-Flash"], "num_hidden_layers": 4, "compress_ratios": ratios}
    with pytest.raises(UnsupportedModel, match="compress_ratios"):
        kept(config)


@pytest.mark.parametrize("name", ["bge-large-en", "gte-Qwen2-7B-instruct"])
def test_encoders_keep_nothing(name: str) -> None:
    assert kept(CONFIGS[name]) == ()


def test_falcon_ignores_the_kv_dtype() -> None:
    assert kept(CONFIGS["falcon-7b"])[0].element_bytes == 2


@pytest.mark.parametrize(
    "keys",
    [
        {"num_attention_heads": "eight"},
        {"num_attention_heads": 0},
        {"hidden_size": None},
        {"num_hidden_layers": 1 << 30},
        {"layer_types": ["full_attention"]},
        {"layer_types": ["quantum_attention"] * 4},
        {"layer_types": ["linear_attention"] * 4},
        {"hybrid_override_pattern": "M*Q-"},
        {"sliding_window": "wide"},
        {"sliding_window": 64, "sliding_window_pattern": "XY"},
        {"sliding_window": 64, "sliding_window_pattern": ""},
        {"layer_types": ["mamba"] * 4, **MAMBA, "mamba_d_state": -1},
        {
            "layer_types": ["mamba"] * 4,
            "mamba_num_heads": 4,
            "mamba_head_dim": 4,
            "n_groups": 1,
            "ssm_state_size": 4,
            "conv_kernel": 4,
            "mamba_ssm_cache_dtype": "int3",
        },
        {"compress_ratios": "many"},
        {"block_configs": [3]},
        {"kv_lora_rank": float("nan")},
    ],
)
def test_unusable_configurations_are_unsupported(keys: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedModel):
        kept({**PLAIN, **keys})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = sorted({key for config in CONFIGS.values() for key in config})


@given(st.sampled_from(sorted(CONFIGS)), st.dictionaries(st.sampled_from(KEYS), ANYTHING))
def test_hostile_values_are_read_or_refused(name: str, hostile: dict[str, object]) -> None:
    with contextlib.suppress(UnsupportedModel):
        assert all(isinstance(group, KvLayers) for group in kept({**CONFIGS[name], **hostile}))


def test_layers_named_after_their_sparse_attention_keep_every_token() -> None:
    listed = {**PLAIN, "layer_types": ["deepseek_sparse_attention"] * 4}
    assert kinds(listed) == {"full": (0, 1, 2, 3)}
