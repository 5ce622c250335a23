"""How matrices are stored: every method's layout, what is skipped, what vLLM refuses."""

from typing import Any

import pytest
from known_models import facts
from test_model_facts import TINY, tiny

from replanner.errors import UnsupportedModel
from replanner.planning.facts import ModelFacts, Parallel, Storage, WeightMatrix
from replanner.planning.model_facts import model_facts
from replanner.planning.quantization import EXPERTS_ONLY, ONLINE, quantization_refusals
from replanner.planning.quantization_methods import METHODS
from replanner.planning.weights import shard_weights

MOE = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
GROUP = {
    "targets": ["Linear"],
    "weights": {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32},
}


def quantized(config: dict[str, Any], **changes: Any) -> ModelFacts:
    return model_facts({**TINY, **changes, "quantization_config": config})


def storage(found: ModelFacts, name: str) -> Storage:
    stored = {m.storage for m in found.weights if m.name.endswith(name)}
    assert len(stored) == 1, stored
    return stored.pop()


def ending(found: ModelFacts, name: str) -> list[WeightMatrix]:
    return [m for m in found.weights if m.name.endswith(name)]


def compressed(weights: dict[str, Any], **more: Any) -> dict[str, Any]:
    group = {"targets": ["Linear"], "weights": weights, **more}
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": group}}


LAYOUTS: list[tuple[dict[str, Any], Storage]] = [
    (
        {"quant_method": "fp8", "weight_block_size": [128, 128]},
        Storage("fp8", 8, (128, 128), scale_bytes=4),
    ),
    (
        {"quant_method": "fp8", "activation_scheme": "static"},
        Storage("fp8", 8, (0, 0), scale_bytes=4, extra_bytes=4),
    ),
    ({"quant_method": "fp8"}, Storage("fp8", 8, (0, 0), scale_bytes=4)),
    ({"quant_method": "fbgemm_fp8"}, Storage("fp8", 8, (1, 0), scale_bytes=4)),
    (
        {"quant_method": "awq", "bits": 4, "group_size": 128},
        Storage("awq", 4, (1, 128), scale_bytes=2, zero_bits=4),
    ),
    (
        {"quant_method": "awq", "bits": 4, "group_size": -1, "zero_point": False},
        Storage("awq", 4, (1, 0), scale_bytes=2),
    ),
    (
        {"quant_method": "gptq", "bits": 8, "group_size": 64},
        Storage("gptq", 8, (1, 64), scale_bytes=2, zero_bits=8),
    ),
    (
        {"quant_method": "auto-round", "bits": 4, "group_size": 128},
        Storage("gptq", 4, (1, 128), scale_bytes=2, zero_bits=4),
    ),
    ({"quant_method": "modelopt", "quant_algo": "NVFP4"},
     Storage("nvfp4", 4, (1, 16), scale_bytes=1, extra_bytes=8)),
    ({"quant_method": "modelopt", "quant_algo": "fp8"},
     Storage("fp8", 8, (0, 0), scale_bytes=4, extra_bytes=4)),
    ({"quant_method": "modelopt", "quant_algo": "FP8_PB_WO"},
     Storage("fp8", 8, (128, 128), scale_bytes=4)),
    ({"quant_method": "modelopt_fp4", "quant_algo": "MXFP8"},
     Storage("mxfp8", 8, (1, 32), scale_bytes=1)),
    ({"quant_method": "bitsandbytes", "load_in_4bit": True},
     Storage("nf4", 4, (1, 64), scale_bytes=1)),
    ({"quant_method": "bitsandbytes", "load_in_8bit": True},
     Storage("int8", 8, (1, 0), scale_bytes=4)),
    (
        compressed({"num_bits": 8, "type": "int", "strategy": "channel"}),
        Storage("int8", 8, (1, 0), scale_bytes=4),
    ),
    (
        compressed({"num_bits": 8, "type": "float", "strategy": "tensor"}),
        Storage("fp8", 8, (0, 0), scale_bytes=4),
    ),
    (
        compressed({"num_bits": 8, "type": "float", "strategy": "block",
                    "block_structure": [128, 128]}),
        Storage("fp8", 8, (128, 128), scale_bytes=4),
    ),
    (
        compressed({"num_bits": 8, "type": "float", "strategy": "group", "group_size": 32}),
        Storage("mxfp8", 8, (1, 32), scale_bytes=1),
    ),
    (
        compressed({"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16}),
        Storage("nvfp4", 4, (1, 16), scale_bytes=1, extra_bytes=8),
    ),
    (
        compressed({"num_bits": 4, "type": "float", "strategy": "group", "group_size": 32}),
        Storage("mxfp4", 4, (1, 32), scale_bytes=1),
    ),
    (
        compressed({"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32,
                    "symmetric": False}),
        Storage("int4", 4, (1, 32), scale_bytes=2, zero_bits=4, extra_bytes=16),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("config", "expected"), LAYOUTS)
def test_each_method_stores_linear_layers_its_way(
    config: dict[str, Any], expected: Storage
) -> None:
    found = quantized(config)
    assert storage(found, "q_proj") == storage(found, "down_proj") == expected
    assert storage(found, "embed_tokens") == Storage("bfloat16", 16)


@pytest.mark.parametrize(
    ("config", "head"),
    [
        ({"quant_method": "fp8"}, "bfloat16"),
        ({"quant_method": "modelopt", "quant_algo": "FP8"}, "fp8"),
        ({"quant_method": "modelopt", "quant_algo": "FP8", "ignore": ["lm_head"]}, "bfloat16"),
        ({"quant_method": "gptq", "bits": 4, "lm_head": True}, "gptq"),
        ({"quant_method": "gptq", "bits": 4}, "bfloat16"),
    ],
)
def test_the_head_is_quantized_by_some_methods(config: dict[str, Any], head: str) -> None:
    assert storage(quantized(config), "lm_head").name == head


def test_mxfp4_touches_routed_experts_only() -> None:
    found = quantized({"quant_method": "mxfp4"}, **MOE)
    assert storage(found, "experts.0.gate_proj").name == "mxfp4"
    assert storage(found, "q_proj").name == "bfloat16"


SKIPS: list[tuple[dict[str, Any], str, bool]] = [
    ({"quant_method": "fp8", "ignored_layers": ["model.layers.0.self_attn.q_proj"]},
     "q_proj", True),
    ({"quant_method": "fp8", "modules_to_not_convert": ["model.layers.0.self_attn.qkv_proj"]},
     "q_proj", True),
    ({"quant_method": "fp8", "modules_to_not_convert": ["q_proj"]}, "q_proj", False),
    ({"quant_method": "awq", "bits": 4, "modules_to_not_convert": ["self_attn"]}, "q_proj", True),
    ({"quant_method": "modelopt", "quant_algo": "FP8",
      "ignore": ["model.language_model.layers.0.self_attn*"]}, "q_proj", True),
    ({"quant_method": "modelopt", "quant_algo": "FP8", "ignore": ["*.self_attn.*"]},
     "q_proj", True),
    ({"quant_method": "modelopt", "quant_algo": "FP8", "exclude_modules": ["mlp"]},
     "q_proj", False),
    ({**compressed({"num_bits": 8, "type": "int"}), "ignore": ["re:.*self_attn.*"]},
     "q_proj", True),
    ({**compressed({"num_bits": 8, "type": "int"}), "ignore": ["re:.*layers.0.self.*"]},
     "q_proj", True),
    ({**compressed({"num_bits": 8, "type": "int"}), "ignore": ["re:mlp.*"]}, "q_proj", False),
    ({"quant_method": "gptq", "bits": 4, "dynamic": {"-:.*attn.*": {}, "+:.*mlp.*": {}}},
     "q_proj", True),
]  # fmt: skip


@pytest.mark.parametrize(("config", "name", "skipped"), SKIPS)
def test_skipped_modules_stay_in_the_models_dtype(
    config: dict[str, Any],
    name: str,
    skipped: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    first = next(m for m in ending(quantized(config), name) if 0 in m.layers)
    assert (first.storage.name == "bfloat16") is skipped


def test_patterns_of_single_layers_split_a_row() -> None:
    config = {"quant_method": "fp8", "ignored_layers": ["model.layers.2.mlp.down_proj"]}
    found = ending(quantized(config), "down_proj")
    assert {m.layers: m.storage.name for m in found} == {(0, 1, 3): "fp8", (2,): "bfloat16"}


def test_experts_are_skipped_as_a_whole() -> None:
    config = {"quant_method": "fp8", "ignored_layers": ["model.layers.1.mlp.experts.3.up_proj"]}
    found = ending(quantized(config, **MOE), "experts.0.gate_proj")
    assert {m.layers: m.storage.name for m in found} == {(0, 2, 3): "fp8", (1,): "bfloat16"}


def test_groups_that_name_modules_come_before_the_class() -> None:
    config = {
        "quant_method": "compressed-tensors",
        "config_groups": {
            "rest": GROUP,
            "attention": {
                "targets": ["re:.*self_attn.*"],
                "weights": {"num_bits": 8, "type": "float", "strategy": "channel"},
                "input_activations": {"num_bits": 8, "type": "float"},
            },
            "queries": {"targets": ["LlamaAttention"], "weights": None},
        },
    }
    found = quantized(config)
    assert storage(found, "q_proj").name == "fp8"
    assert storage(found, "up_proj").name == "int4"
    assert found.quantization is not None
    assert found.quantization.activation == "fp8"


def test_mixed_precision_names_each_layers_algorithm() -> None:
    config = {
        "quant_method": "modelopt",
        "quant_algo": "MIXED_PRECISION",
        "quantized_layers": {
            "model.layers.0.self_attn.q_proj": {"quant_algo": "FP8"},
            "model.layers.1.mlp.experts.0.up_proj": {"quant_algo": "NVFP4"},
            "model.layers.1.mlp.experts.1.up_proj": {"quant_algo": "NVFP4"},
        },
    }
    found = quantized(config, **MOE)
    assert {m.layers: m.storage.name for m in ending(found, "q_proj")} == {
        (0,): "fp8",
        (1, 2, 3): "bfloat16",
    }
    experts = {m.layers: m.storage.name for m in ending(found, "experts.0.up_proj")}
    assert experts == {(1,): "nvfp4", (0, 2, 3): "bfloat16"}
    assert found.quantization is not None
    assert (found.quantization.method, found.quantization.activation) == ("modelopt_mixed", "fp4")


def test_an_old_modelopt_file_beside_the_configuration_is_read() -> None:
    beside = {
        "producer": {"name": "modelopt"},
        "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"},
    }
    found = model_facts(TINY, quant_config=beside)
    assert found.quantization is not None
    assert found.quantization.kv_cache_dtype == "fp8_e4m3"
    assert model_facts(TINY, quant_config={"quantization": {}}).quantization is None


def test_a_scheme_inside_the_decoders_section_counts() -> None:
    text = {**TINY, "quantization_config": {"quant_method": "fp8"}}
    found = model_facts({"architectures": ["LlavaForConditionalGeneration"], "text_config": text,
                         "vision_config": {"hidden_size": 64, "intermediate_size": 64,
                                           "image_size": 28}})  # fmt: skip
    assert storage(found, "q_proj").name == "fp8"
    assert all(m.storage.name == "bfloat16" for m in found.weights if m.part == "tower")


@pytest.mark.parametrize(
    ("scheme", "dtype"),
    [
        ({"num_bits": 8, "type": "float"}, "fp8_e4m3"),
        ({"num_bits": 4, "type": "float"}, None),
        ("FP8", None),
    ],
)
def test_a_stated_kv_scheme_decides_the_caches_dtype(scheme: object, dtype: str | None) -> None:
    found = quantized({"quant_method": "fp8", "kv_cache_scheme": scheme})
    assert found.quantization is not None
    assert found.quantization.kv_cache_dtype == dtype


@pytest.mark.parametrize("asked", ONLINE)
def test_a_request_quantizes_while_loading(asked: str) -> None:
    found = model_facts({**TINY, **MOE}, quantization=asked)
    assert found.quantization is not None
    assert found.quantization.method == asked
    halved = shard_weights(found, Parallel())[0].total_bytes
    assert halved < shard_weights(tiny(**MOE), Parallel())[0].total_bytes


def test_a_request_does_not_change_a_quantized_checkpoint() -> None:
    config = {**TINY, "quantization_config": {"quant_method": "fp8"}}
    assert model_facts(config, quantization="fp8") == model_facts(config)


def test_unknown_layouts_are_sized_by_their_files() -> None:
    found = model_facts(
        {**TINY, "quantization_config": {"quant_method": "hqq"}}, total_bytes=200_000
    )
    assert shard_weights(found, Parallel())[0].total_bytes == pytest.approx(200_000, rel=0.03)


def test_gguf_is_sized_by_its_file() -> None:
    found = model_facts(TINY, quantization="gguf", total_bytes=200_000)
    assert storage(found, "embed_tokens") == storage(found, "q_proj")


def test_unknown_layouts_without_files_are_unsupported() -> None:
    with pytest.raises(UnsupportedModel, match="not modelled"):
        quantized({"quant_method": "nobodys"})


BAD: list[tuple[dict[str, Any], str]] = [
    ({"quant_method": "fp8", "weight_block_size": [128]}, "weight_block_size"),
    ({"quant_method": "awq"}, "bits"),
    ({"quant_method": "modelopt", "quant_algo": "INT3"}, "quant_algo"),
    ({"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"}, "quantized_layers"),
    ({"quant_method": "compressed-tensors", "config_groups": {}}, "config_groups"),
]


@pytest.mark.parametrize(("config", "says"), BAD)
def test_a_broken_scheme_is_named(config: dict[str, Any], says: str) -> None:
    with pytest.raises(UnsupportedModel, match=says):
        quantized(config)


def told(found: ModelFacts, ways: int = 1, **more: Any) -> str:
    return " ".join(quantization_refusals(found, Parallel(tensor=ways), **more))


def test_unquantized_models_are_never_refused() -> None:
    assert quantization_refusals(tiny(), Parallel(tensor=8), capability=(6, 0)) == ()


@pytest.mark.parametrize("method", ["bitsandbytes", "fbgemm_fp8"])
def test_methods_that_vllm_dropped_are_refused_from_then_on(method: str) -> None:
    found = quantized({"quant_method": method, "load_in_4bit": True})
    assert method in told(found)
    assert not told(found, version="0.20.0")


@pytest.mark.parametrize("asked", ["fp8", "fp8_per_tensor"])
def test_fp8_quantizes_while_loading_by_its_deprecated_name_too(asked: str) -> None:
    assert not told(model_facts(TINY, quantization=asked))


@pytest.mark.parametrize("asked", sorted(EXPERTS_ONLY))
def test_what_quantizes_experts_leaves_linear_layers_as_they_are(asked: str) -> None:
    found = model_facts({**TINY, **MOE}, quantization=asked)
    assert storage(found, "q_proj").name == "bfloat16"
    dense = model_facts(TINY, quantization=asked)
    assert shard_weights(dense, Parallel()) == shard_weights(tiny(), Parallel())


def test_online_layouts_that_nobody_modelled_are_unsupported() -> None:
    with pytest.raises(UnsupportedModel, match="humming"):
        model_facts(TINY, quantization="humming")


def test_an_old_gpu_is_refused() -> None:
    found = quantized({"quant_method": "awq", "bits": 4, "group_size": 32})
    assert "7.5, the GPU has 7.0" in told(found, capability=(7, 0))
    assert not told(found, capability=(9, 0))


def test_groups_that_a_rank_would_cut_are_refused() -> None:
    awq = facts("Qwen__Qwen2-VL-2B-Instruct-AWQ")
    assert "8960 divided by tensor_parallel_size (4)" in told(awq, 4)
    assert not told(awq, 2)


ROWS = {"hidden_size": 1024, "intermediate_size": 2304, "num_attention_heads": 16, "head_dim": 64}


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "down_proj"),
        (
            compressed({"num_bits": 8, "type": "float", "strategy": "block",
                        "block_structure": [128, 128]}),
            "k_proj",
        ),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, ""),
    ],
)  # fmt: skip
def test_what_may_be_cut_depends_on_the_method(config: dict[str, Any], name: str) -> None:
    """fp8 allows cuts in merged outputs, compressed-tensors none, GPTQ's kernels pad."""
    sentence = told(quantized(config, **ROWS), 4)
    assert name in sentence
    assert bool(name) == bool(sentence)


def test_every_method_reads_its_own_minimal_configuration() -> None:
    for method in METHODS:
        config = {
            "quant_method": method,
            "bits": 4,
            "quant_algo": "FP8",
            "config_groups": {"all": GROUP},
        }
        found = model_facts({**TINY, **MOE, "quantization_config": config}, total_bytes=10_000_000)
        assert found.quantization is not None, method
