"""What is read from a configuration: exact counts of real models, mechanisms, hostile values."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_models import KNOWN, NAMES, Known, config, facts

from replanner.errors import UnsupportedModel
from replanner.planning.architectures import ARCHITECTURES
from replanner.planning.facts import ModelFacts, Parallel
from replanner.planning.known_architectures import REMOVED, WITHOUT_A_ROW
from replanner.planning.model_facts import model_facts
from replanner.planning.towers import MULTIMODAL
from replanner.planning.variants import VARIANTS
from replanner.planning.weights import parallel_refusals

TINY: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "vocab_size": 1000,
    "max_position_embeddings": 512,
    "torch_dtype": "bfloat16",
}
# What transformers counts and vLLM does not build, or the other way round
UNLIKE_TRANSFORMERS = {
    "Qwen__Qwen2.5-Omni-7B-AWQ",  # with its talker
    "Qwen__Qwen3-ASR",  # defaults of a configuration class instead of the nested values
}


def tiny(**changes: Any) -> ModelFacts:
    return model_facts({**TINY, **changes})


def names(found: ModelFacts) -> set[str]:
    return {matrix.name.rpartition(".")[2] for matrix in found.weights}


COUNTED = [k for k in KNOWN if k.parameters and k.name not in UNLIKE_TRANSFORMERS]


@pytest.mark.parametrize("known", COUNTED, ids=lambda k: k.name)
def test_parameters_are_those_of_the_published_model(known: Known) -> None:
    assert facts(known.name).parameters == pytest.approx(known.parameters, rel=6e-3)


EXACT = {
    "meta-llama__Meta-Llama-3.1-8B": 8030261248,
    "Qwen__Qwen2.5-7B-Instruct": 7615616512,
    "Qwen__Qwen3-0.6B": 596049920,
    "Qwen__Qwen3-30B-A3B": 30532122624,
    "mistralai__Mixtral-8x7B-v0.1": 46702792704,
    "google__gemma-2-9b": 9241705984,
    "deepseek-ai__DeepSeek-V3": 671026404352,
    "openai-community__gpt2": 124439808,
    "openai__gpt-oss-20b": 20914757184,
    "Qwen__Qwen3-Next-80B-A3B-Instruct": 79674391296,
}


@pytest.mark.parametrize(("name", "parameters"), EXACT.items())
def test_parameters_are_exact(name: str, parameters: int) -> None:
    assert facts(name).parameters == parameters


ACTIVE = {
    "Qwen__Qwen3-30B-A3B": 3353032704,
    "mistralai__Mixtral-8x7B-v0.1": 12879925248,
    "deepseek-ai__DeepSeek-V3": 37552282624,
    "openai__gpt-oss-20b": 4187440704,
    "zai-org__GLM-4.5-Air": 13424123904,
    "Qwen__Qwen3-Next-80B-A3B-Instruct": 3874929408,
    "nvidia__NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": 3580073408,
}


@pytest.mark.parametrize(("name", "active"), ACTIVE.items())
def test_active_parameters_follow_the_names_of_models(name: str, active: int) -> None:
    assert facts(name).active_parameters == pytest.approx(active, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_layers_are_counted_once_each(name: str) -> None:
    found = facts(name)
    norms = [m for m in found.weights if m.name.endswith("{}.norms")]
    listed = [layer for matrix in norms for layer in matrix.layers]
    assert len(listed) == len(set(listed)) <= found.num_layers
    assert len(found.weights) <= 120


def test_a_uniform_model_takes_a_handful_of_rows() -> None:
    found = facts("meta-llama__Llama-3.3-70B-Instruct")
    assert len(found.weights) == 11
    assert all(len(m.layers) == 80 for m in found.weights if m.place == "layers")


def test_a_mixture_says_how_it_routes() -> None:
    moe = facts("deepseek-ai__DeepSeek-V3").moe
    assert moe is not None
    routed = (moe.experts, moe.experts_per_token, moe.layers, moe.intermediate_size)
    assert routed == (256, 8, 58, 2048)


def test_dense_models_have_no_mixture() -> None:
    assert tiny().moe is None


@pytest.mark.parametrize(
    ("changes", "added", "dropped"),
    [
        ({"tie_word_embeddings": True}, set(), {"lm_head"}),
        ({"attention_bias": True}, {"bias"}, set()),
        ({"architectures": ["Qwen3ForCausalLM"]}, {"q_norm", "k_norm"}, set()),
        ({"architectures": ["GPT2LMHeadModel"]}, {"embed_positions"}, {"lm_head", "gate_proj"}),
        ({"architectures": ["MambaForCausalLM"], "state_size": 16, "model_type": "mamba"},
         {"x_proj", "A", "D"}, {"q_proj", "gate_proj"}),
        ({"architectures": ["BertModel"], "model_type": "bert"},
         {"token_type_embeddings", "embedding_norm"}, {"lm_head", "norm"}),
        ({"architectures": ["LlamaForSequenceClassification"]}, {"score"}, {"lm_head"}),
        ({"architectures": ["Qwen2ForRewardModel"]}, {"score"}, {"lm_head"}),
        ({"architectures": ["MistralModel"]}, set(), {"score"}),
        ({"architectures": ["OlmoForCausalLM"]}, set(), {"norm", "norms"}),
        ({"architectures": ["PhiMoEForCausalLM"], "num_local_experts": 4, "lm_head_bias": True},
         {"gate", "bias"}, set()),
        ({"num_local_experts": 4, "num_experts_per_tok": 2, "moe_latent_size": 16,
          "latent_moe_use_norm": True}, {"fc1_latent_proj", "latent_norm"}, set()),
    ],
)  # fmt: skip
def test_mechanisms_add_and_drop_matrices(
    changes: dict[str, Any], added: set[str], dropped: set[str]
) -> None:
    found = names(tiny(**changes))
    assert added <= found
    assert not dropped & found


PLACEMENTS: list[tuple[dict[str, Any], set[int]]] = [
    ({}, {0, 1, 2, 3}),
    ({"moe_layers": [1, 3]}, {1, 3}),
    ({"interleave_moe_layer_step": 2}, {1, 3}),
    ({"first_k_dense_replace": 1}, {1, 2, 3}),
    ({"first_k_dense_replace": 0, "moe_layer_freq": 2}, {0, 2}),
    ({"moe_layer_freq": [0, 1, 1, 0]}, {1, 2}),
    ({"mlp_layer_types": ["dense", "sparse", "dense", "sparse"]}, {1, 3}),
    ({"decoder_sparse_step": 2}, {1, 3}),
    ({"decoder_sparse_step": 1, "mlp_only_layers": [0]}, {1, 2, 3}),
    ({"moe_layer_start_index": 1, "moe_layer_end_index": -1, "moe_layer_interval": 1}, {1, 2, 3}),
    ({"expert_layer_period": 2, "expert_layer_offset": 1}, {1, 3}),
]


@pytest.mark.parametrize(("changes", "layers"), PLACEMENTS)
def test_each_way_of_placing_experts_is_read(changes: dict[str, Any], layers: set[int]) -> None:
    found = tiny(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, **changes)
    routers = [m for m in found.weights if m.part == "router"]
    assert {layer for matrix in routers for layer in matrix.layers} == layers


@pytest.mark.parametrize(
    ("stated", "asked", "architecture", "runs"),
    [
        ("bfloat16", "auto", "LlamaForCausalLM", "bfloat16"),
        ("torch.float16", "auto", "LlamaForCausalLM", "float16"),
        ("float32", "auto", "LlamaForCausalLM", "bfloat16"),
        ("float32", "auto", "BertModel", "float16"),
        (None, "auto", "LlamaForCausalLM", "bfloat16"),
        ("bfloat16", "half", "LlamaForCausalLM", "float16"),
        ("bfloat16", "float32", "LlamaForCausalLM", "float32"),
    ],
)
def test_dtype_follows_the_request_then_the_configuration(
    stated: str | None, asked: str, architecture: str, runs: str
) -> None:
    changed = {**TINY, "torch_dtype": stated, "architectures": [architecture]}
    assert model_facts(changed, dtype=asked).dtype == runs


def test_a_dtype_that_vllm_does_not_run_is_refused() -> None:
    with pytest.raises(UnsupportedModel, match="int3"):
        model_facts(TINY, dtype="int3")


LENGTHS: list[tuple[dict[str, Any], int]] = [
    ({}, 512),
    ({"max_position_embeddings": None}, 2048),
    ({"model_max_length": 100_000}, 100_000),
    ({"n_positions": 256}, 256),
    ({"rope_scaling": {"rope_type": "linear", "factor": 4.0}}, 2048),
    ({"rope_scaling": {"type": "yarn", "factor": 4.0}}, 512),
    ({"rope_scaling": {"type": "su"}, "original_max_position_embeddings": 128}, 128),
    ({"rope_scaling": {"rope_type": "linear", "factor": 8}, "model_type": "gemma3_text"}, 512),
]


@pytest.mark.parametrize(("changes", "length"), LENGTHS)
def test_the_longest_sequence_is_derived_as_vllm_does(changes: dict[str, Any], length: int) -> None:
    assert tiny(**changes).max_model_len == length


def test_a_removed_architecture_is_sized_and_says_since_when() -> None:
    found = tiny(architectures=["XverseForCausalLM"])
    assert found.removed_after == "0.23.0"
    assert found.parameters > 0
    assert found.unsupported == ""


def test_an_architecture_without_a_row_is_a_labelled_guess() -> None:
    found = tiny(architectures=["AfmoeForCausalLM"])
    assert "AfmoeForCausalLM" in found.guess
    assert not found.unsupported
    assert found.parameters == tiny().parameters


def test_an_unknown_architecture_is_guessed_and_refused() -> None:
    found = tiny(architectures=["NobodyKnowsForCausalLM"])
    assert found.guess
    assert "NobodyKnowsForCausalLM" in parallel_refusals(found, Parallel())[0]


def test_remote_code_may_run_through_the_transformers_backend() -> None:
    found = tiny(architectures=["MineForCausalLM"], auto_map={"AutoModel": "mine.Model"})
    assert found.guess
    assert not found.unsupported


def test_an_unknown_multimodal_model_gets_a_tower_of_its_dimensions() -> None:
    vision = {"hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 64}
    found = model_facts(
        {"architectures": ["SeesForConditionalGeneration"], "text_config": TINY,
         "vision_config": vision}
    )  # fmt: skip
    towers = sum(m.elements for m in found.weights if m.part == "tower")
    assert found.multimodal
    assert towers > 2 * (4 * 32 * 32 + 2 * 32 * 64)


def test_a_tower_without_dimensions_is_left_out() -> None:
    found = model_facts(
        {"architectures": ["SeesForConditionalGeneration"], "text_config": TINY,
         "vision_config": {"kind": "?"}}
    )  # fmt: skip
    assert found.parameters == tiny().parameters


def test_missing_architectures_follow_the_model_type() -> None:
    assert tiny(architectures=None).architecture == "LlamaForCausalLM"
    assert tiny(architectures=None, model_type="opt").architecture == "OPTForCausalLM"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"n_head_kv": None, "num_key_value_heads": None}, "n_head_kv"),
        ({"rope_scaling": {"rope_type": "gptj"}}, "gptj"),
        ({"model_type": "ministral3", "text_config": TINY}, "nests another"),
    ],
)
def test_what_vllm_would_not_load_is_said(changes: dict[str, Any], says: str) -> None:
    assert says in tiny(**changes).unsupported


def test_kimi_linear_needs_its_flag() -> None:
    kimi = {
        **TINY,
        "architectures": ["KimiLinearForCausalLM"],
        "model_type": "kimi_linear",
        "kv_lora_rank": 32,
        "qk_nope_head_dim": 16,
        "qk_rope_head_dim": 8,
        "v_head_dim": 16,
        "linear_attn_config": {"full_attn_layers": [4], "num_heads": 4, "head_dim": 16},
    }
    assert "mla_use_nope" in model_facts(kimi).unsupported
    assert not model_facts({**kimi, "mla_use_nope": True}).unsupported
    assert {"g_a_proj", "g_b_proj"} <= names(model_facts(kimi))


@pytest.mark.parametrize(
    "missing", ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"]
)
def test_a_missing_dimension_is_named(missing: str) -> None:
    with pytest.raises(UnsupportedModel, match=missing if "heads" not in missing else "no known"):
        model_facts({**TINY, missing: None, "model_type": "mamba"} if "heads" in missing
                    else {**TINY, missing: None})  # fmt: skip


VARIATIONS: list[tuple[dict[str, Any], str, int]] = [
    ({"architectures": ["FalconForCausalLM"], "new_decoder_architecture": True}, "norms", 4 * 64),
    ({"architectures": ["FalconForCausalLM"]}, "norms", 2 * 64),
    ({"architectures": ["StableLmForCausalLM"]}, "norms", 4 * 64),
    ({"architectures": ["StableLmForCausalLM"], "use_parallel_residual": True}, "norms", 2 * 64),
    ({"architectures": ["ChatGLMModel"], "rmsnorm": False}, "norms", 4 * 64),
    ({"architectures": ["ChatGLMModel"]}, "norms", 2 * 64),
]


@pytest.mark.parametrize(("changes", "name", "rows"), VARIATIONS)
def test_variants_read_what_a_toggle_cannot_say(
    changes: dict[str, Any], name: str, rows: int
) -> None:
    found = [m for m in tiny(**changes).weights if m.name.endswith(f".{name}")]
    assert [m.rows for m in found] == [rows]


NAS_BLOCKS = [
    {"attention": {"n_heads_in_group": 2}, "ffn": {"ffn_mult": 3.0}},
    {"attention": {"no_op": True}, "ffn": {"intermediate_size": 96}},
    {"attention": {"replace_with_linear": True}, "ffn": {"no_op": True}},
    {"attention": {"n_heads_in_group": 4}, "ffn": {"ffn_mult": 3.0}},
]


def test_every_layer_of_a_searched_architecture_has_its_own_shape() -> None:
    found = tiny(
        architectures=["DeciLMForCausalLM"], block_configs=NAS_BLOCKS, num_key_value_heads=None
    )
    keys = {m.layers: m.rows for m in found.weights if m.name.endswith("k_proj")}
    widths = {m.layers: m.rows for m in found.weights if m.name.endswith("up_proj")}
    assert keys == {(0,): 4 * 8, (3,): 2 * 8}
    assert widths == {(0,): 256, (1,): 96, (3,): 256}


LETTERS: dict[str, Any] = {
    **TINY,
    "architectures": ["NemotronHForCausalLM"],
    "model_type": "nemotron_h",
    "mamba_num_heads": 4,
    "mamba_head_dim": 16,
    "n_groups": 2,
    "ssm_state_size": 8,
    "conv_kernel": 4,
}


def test_a_pattern_of_parts_gives_each_layer_one() -> None:
    by_letters = model_facts({**LETTERS, "hybrid_override_pattern": "M*-M"})
    listed = ["mamba", "attention", "mlp", "mamba"]
    by_list = model_facts({**LETTERS, "layers_block_type": listed})
    assert by_letters.parameters == by_list.parameters
    assert {m.layers for m in by_letters.weights if m.name.endswith("out_proj")} == {(0, 3)}


def test_a_part_that_is_not_described_is_refused() -> None:
    with pytest.raises(UnsupportedModel, match="hybrid_override_pattern"):
        model_facts({**LETTERS, "hybrid_override_pattern": "M*EM"})


RECURRENT: list[tuple[dict[str, Any], set[str]]] = [
    (
        {
            "architectures": ["Lfm2ForCausalLM"],
            "layer_types": ["conv", "full_attention"] * 2,
            "conv_L_cache": 3,
            "conv_bias": True,
        },
        {"conv", "in_proj"},
    ),
    (
        {
            "architectures": ["GraniteMoeHybridForCausalLM"],
            "layer_types": ["mamba", "attention"] * 2,
            "mamba_n_heads": 8,
            "mamba_d_head": 16,
            "mamba_d_state": 16,
            "mamba_d_conv": 4,
        },
        {"conv1d", "A"},
    ),
    (
        {
            "architectures": ["FalconH1ForCausalLM"],
            "model_type": "falcon_h1",
            "mamba_n_heads": 8,
            "mamba_d_head": 16,
            "mamba_d_state": 16,
            "mamba_d_conv": 4,
            "mamba_rms_norm": False,
        },
        {"conv1d", "q_proj"},
    ),
    (
        {
            "architectures": ["Mamba2ForCausalLM"],
            "model_type": "mamba2",
            "state_size": 16,
            "n_groups": 1,
            "num_heads": 8,
            "head_dim": 16,
        },
        {"in_proj", "norm"},
    ),
    (
        {
            "architectures": ["MiniMaxText01ForCausalLM"],
            "attn_type_list": [0, 1, 0, 1],
        },
        {"output_gate", "qkv_proj"},
    ),
    (
        {
            "architectures": ["FalconMambaForCausalLM"],
            "model_type": "falcon_mamba",
            "state_size": 16,
            "time_step_rank": "auto",
        },
        {"x_proj", "lm_head"},
    ),
]


@pytest.mark.parametrize(("changes", "has"), RECURRENT)
def test_each_recurrence_is_read(changes: dict[str, Any], has: set[str]) -> None:
    assert has <= names(tiny(**changes))


def test_a_vision_projector_reads_its_own_copy_of_defaults() -> None:
    vision = {
        "model_type": "siglip_vision_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": 28,
        "patch_size": 14,
    }
    base = {"text_config": TINY, "vision_config": vision}  # fmt: skip
    llava = model_facts({"architectures": ["LlavaForConditionalGeneration"], **base})
    palligemma = model_facts({"architectures": ["PaliGemmaForConditionalGeneration"], **base})
    assert llava.parameters > palligemma.parameters > tiny().parameters
    newline = model_facts(
        {"architectures": ["LlavaNextForConditionalGeneration"], "image_grid_pinpoints": [[1, 2]],
         **base}
    )  # fmt: skip
    assert newline.parameters == llava.parameters + 64


def test_llava_over_pixtral_is_pixtrals_tower() -> None:
    vision = {"model_type": "pixtral", "hidden_size": 32, "intermediate_size": 64,
              "num_hidden_layers": 2, "num_attention_heads": 4, "patch_size": 14}  # fmt: skip
    found = model_facts(
        {"architectures": ["LlavaForConditionalGeneration"], "text_config": TINY,
         "vision_config": vision}
    )  # fmt: skip
    assert "patch_conv" in names(found)


def test_llama_vision_is_sized_though_it_was_removed() -> None:
    text = {**TINY, "cross_attention_layers": [1]}
    vision = {"hidden_size": 32, "attention_heads": 4, "num_hidden_layers": 2,
              "num_global_layers": 1, "intermediate_size": 64, "image_size": 56,
              "patch_size": 14, "vision_output_dim": 96}  # fmt: skip
    found = model_facts(
        {"architectures": ["MllamaForConditionalGeneration"], "text_config": text,
         "vision_config": vision}
    )  # fmt: skip
    assert found.removed_after == "0.10.2"
    assert ("vision heads", 4) in found.must_divide


def test_deepseek_vl2_without_latent_attention() -> None:
    text = {**TINY, "model_type": "deepseek_v2", "qk_nope_head_dim": 0, "kv_lora_rank": None}
    found = model_facts({"model_type": "deepseek_vl_v2", "language_config": text})
    assert found.architecture == "DeepseekVLV2ForCausalLM"
    assert "q_proj" in names(found)


def test_deepseek_vl2_with_latent_attention_keeps_it() -> None:
    """The largest, deepseek-ai/deepseek-vl2: kv_lora_rank 512, qk_nope_head_dim 128."""
    latent = {"kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
              "v_head_dim": 128}  # fmt: skip
    text = {**TINY, "architectures": ["DeepseekV2ForCausalLM"], "model_type": "deepseek_v2",
            **latent}  # fmt: skip
    found = model_facts({"model_type": "deepseek_vl_v2", "language_config": text})
    assert "kv_b_proj" in names(found)
    assert [(group.kind, group.head_size) for group in found.kv_layers] == [("mla", 576)]


@pytest.mark.parametrize(("named", "biased"), [("Qwen2ForCausalLM", True), ("Unheard", False)])
def test_a_nested_decoder_is_known_by_its_architecture_else_its_type(
    named: str, *, biased: bool
) -> None:
    """Qwen2 adds biases to q, k and v; Llama has none."""
    text = {**TINY, "architectures": [named]}
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
              "num_attention_heads": 4, "image_size": 28, "patch_size": 14}  # fmt: skip
    whole = {"architectures": ["LlavaForConditionalGeneration"], "text_config": text}
    found = model_facts({**whole, "vision_config": vision})
    decoder = [matrix.name for matrix in found.weights if matrix.layers]
    assert any(name.endswith("bias") for name in decoder) == biased


def test_minicpm_v_names_its_decoder_by_version() -> None:
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
              "num_attention_heads": 4, "image_size": 28, "patch_size": 14}  # fmt: skip
    base = {**TINY, "architectures": ["MiniCPMV"], "model_type": "minicpmv",
            "vision_config": vision}  # fmt: skip
    biased = names(model_facts({**base, "version": 2.6}))
    assert "q_norm" in names(model_facts({**base, "version": 4.5}))
    assert "bias" in biased


def test_every_row_sizes_a_standard_decoder() -> None:
    keys = {
        **TINY,
        "kv_lora_rank": 32, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 16,
    }  # fmt: skip
    for architecture, family in ARCHITECTURES.items():
        if family.cross_attention or family.streams:
            continue
        chosen = keys if family.mixer == "latent" else TINY
        states = {"state_size": 16, "model_type": "mamba"} if not family.feed else {}
        found = model_facts({**chosen, **states, "architectures": [architecture]})
        assert found.parameters > 0, architecture


def test_tables_do_not_contradict_each_other() -> None:
    assert not WITHOUT_A_ROW & set(ARCHITECTURES)
    assert not WITHOUT_A_ROW & set(MULTIMODAL)
    assert not WITHOUT_A_ROW & set(REMOVED)
    assert set(VARIANTS) <= set(ARCHITECTURES)
    assert all(part.decoder in ARCHITECTURES for part in MULTIMODAL.values() if part.decoder)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(-5, 5), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def _paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += [(*before, key), *_paths(inner, (*before, key))]
    return found


@given(st.sampled_from(NAMES), st.data())
@settings(max_examples=300, deadline=None)
def test_hostile_values_are_never_more_than_unsupported(name: str, data: st.DataObject) -> None:
    changed = copy.deepcopy(config(name))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_paths(changed)))
        holder = changed
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = data.draw(JUNK)
        if not _paths(changed):
            break
    try:
        found = model_facts(changed)
    except UnsupportedModel as error:
        assert len(error.message) < 1000  # noqa: PT017 (either outcome is right)
    else:
        assert found.parameters >= 0
        parallel_refusals(found, Parallel(tensor=8))


def test_minimax_m3_counts_its_indexes_and_its_tower() -> None:
    """parameters: transformers' class for MiniMax-M3 (427,040,132,864)."""
    sparse = [0, 0, 0] + [1] * 57
    text = {
        "hidden_size": 6144,
        "intermediate_size": 3072,
        "dense_intermediate_size": 12288,
        "shared_intermediate_size": 3072,
        "num_hidden_layers": 60,
        "num_attention_heads": 64,
        "num_key_value_heads": 4,
        "head_dim": 128,
        "vocab_size": 200064,
        "max_position_embeddings": 1048576,
        "num_local_experts": 128,
        "num_experts_per_tok": 4,
        "n_shared_experts": 1,
        "moe_layer_freq": sparse,
        "sparse_attention_config": {
            "sparse_index_dim": 128,
            "sparse_num_index_heads": 4,
            "sparse_attention_freq": sparse,
        },
    }
    vision = {
        "hidden_size": 1280,
        "num_attention_heads": 16,
        "num_hidden_layers": 32,
        "intermediate_size": 5120,
        "patch_size": 14,
        "image_size": 2016,
    }
    found = model_facts(
        {
            "architectures": ["MiniMaxM3SparseForConditionalGeneration"],
            "model_type": "minimax_m3_vl",
            "text_config": text,
            "vision_config": vision,
            "projector_hidden_size": 6144,
        }
    )
    assert found.parameters == pytest.approx(427040132864, rel=1e-5)
    assert {"index_q_proj", "index_k_proj"} <= names(found)


def test_sparse_attention_without_a_mixture_is_refused() -> None:
    with pytest.raises(UnsupportedModel, match="n_routed_experts"):
        tiny(
            architectures=["DeepseekV4ForCausalLM"],
            compress_ratios=[0] * 4,
            head_dim=64,
            sliding_window=8,
            qk_rope_head_dim=8,
        )


def test_lists_with_one_figure_per_layer_are_read() -> None:
    """Hunyuan-A13B states experts per token and widths for each layer."""
    stated = {"num_experts": 4, "moe_topk": [2] * 4, "moe_intermediate_size": [32] * 4}
    moe = tiny(architectures=["HunYuanMoEV1ForCausalLM"], **stated).moe
    assert moe is not None
    assert (moe.experts_per_token, moe.intermediate_size) == (2, 32)


def test_what_is_no_standard_decoder_is_not_guessed() -> None:
    with pytest.raises(UnsupportedModel, match="Zamba2ForCausalLM is not modelled"):
        tiny(architectures=["Zamba2ForCausalLM"])


def test_layers_with_a_state_that_nothing_describes_are_refused() -> None:
    with pytest.raises(UnsupportedModel, match="no known"):
        tiny(layer_types=["mamba", "full_attention"] * 2)
