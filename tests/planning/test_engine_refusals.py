"""What vLLM rejects before it loads weights, whatever the memory."""

from typing import Any

import pytest
from configs import LLAMA_3_1_8B, MIXTRAL_8X7B
from known_models import config

from replanner.planning.model_facts import model_facts
from replanner.planning.plan import Subject, plan
from replanner.planning.request import (
    EngineWish,
    HardwareWish,
    ModelWish,
    PlanRequest,
    Policy,
    Speculative,
)
from replanner.planning.result import Plan

BGE_RERANKER_V2_M3: dict[str, Any] = {
    "architectures": ["XLMRobertaForSequenceClassification"],
    "model_type": "xlm-roberta",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "max_position_embeddings": 8194,
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "torch_dtype": "float32",
    "type_vocab_size": 1,
    "vocab_size": 250002,
}
CONFIGS = {
    "llama-8b": LLAMA_3_1_8B,
    "mixtral": MIXTRAL_8X7B,
    "encoder": BGE_RERANKER_V2_M3,
}
SECTIONS: dict[str, Any] = {
    "model": ModelWish("org/model"),
    "hardware": HardwareWish(gpu_name="H100 SXM"),
    "policy": Policy(headroom_gb=0.0),
    "engine": EngineWish(),
}


def planned(model: str, **changes: Any) -> Plan:
    """A plan with dotted keys written with two underscores: hardware__gpus=2."""
    sections = {**SECTIONS, "vllm_args": changes.pop("vllm_args", {})}
    for key, value in changes.items():
        section, name = key.split("__")
        sections[section] = sections[section]._replace(**{name: value})
    config = CONFIGS.get(model) or {**LLAMA_3_1_8B, "model_type": model}
    facts = model_facts(config, quantization=sections["model"].quantization)
    return plan(PlanRequest(**sections), Subject(facts))


def codes(result: Plan) -> set[str]:
    return {finding.code for finding in result.findings}


@pytest.mark.parametrize("method", ["awq", "gptq_marlin", "compressed-tensors", "modelopt", "aqlm"])
def test_a_method_that_the_checkpoint_was_not_quantized_with_does_not_start(method: str) -> None:
    got = planned("llama-8b", model__quantization=method)
    assert not got.feasibility.starts
    assert "checkpoint_not_quantized" in codes(got)


@pytest.mark.parametrize("method", ["fp8", "fp8_per_tensor", "mxfp4", "mxfp8"])
def test_a_method_that_quantizes_while_loading_starts(method: str) -> None:
    got = planned("llama-8b", model__quantization=method)
    assert got.feasibility.starts
    assert not codes(got)


def test_quantizing_experts_of_a_model_without_any_is_said_to_do_nothing() -> None:
    got = planned("llama-8b", model__quantization="int8_per_channel_weight_only")
    assert got.feasibility.memory == planned("llama-8b").feasibility.memory
    assert "nothing_to_quantize" in codes(got)


def test_experts_can_be_spread_only_where_there_are_some() -> None:
    wish: dict[str, Any] = {"engine__enable_expert_parallel": True, "hardware__gpus": 2}
    assert "no_experts" in codes(planned("llama-8b", **wish))
    assert planned("mixtral", **wish).feasibility.starts


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Speculative("eagle3"), "speculative_needs_a_model"),
        (Speculative("draft_model", None, 3), "speculative_needs_a_model"),
        (Speculative("mtp"), "no_mtp_layers"),
        (Speculative("deepseek_mtp"), "no_mtp_layers"),
    ],
)
def test_a_draft_that_does_not_exist_does_not_start(wish: Speculative, code: str) -> None:
    got = planned("llama-8b", engine__speculative=wish)
    assert not got.feasibility.starts
    assert code in codes(got)


@pytest.mark.parametrize("wish", [Speculative("ngram", None, 4), Speculative("suffix", None, 4)])
def test_a_draft_without_a_model_starts(wish: Speculative) -> None:
    assert planned("llama-8b", engine__speculative=wish).feasibility.starts


@pytest.mark.parametrize("model", ["gemma2", "gemma3", "glm4"])
def test_models_that_overflow_in_float16_do_not_start_in_it(model: str) -> None:
    assert "dtype_not_for_model" in codes(planned(model, model__dtype="float16"))
    old = planned(model, hardware__gpu_name="T4", hardware__gpus=8)
    assert "dtype_not_for_model" in codes(old)
    assert planned(model).feasibility.starts
    before = planned(model, model__dtype="float16", engine__vllm_version="0.8.4")
    assert before.feasibility.starts


@pytest.mark.parametrize(
    "args", [{"enable-chunked-prefill": False}, {"no-enable-chunked-prefill": True}]
)
def test_without_chunked_prefill_a_step_takes_the_longest_prompt(args: dict[str, Any]) -> None:
    got = planned("llama-8b", vllm_args=args)
    assert got.config.max_num_batched_tokens == got.config.max_model_len > 8192
    assert got.feasibility.starts
    small = planned("llama-8b", vllm_args=args, engine__max_num_batched_tokens=8192)
    assert "token_budget_below_length" in codes(small)
    assert not small.feasibility.starts


def test_attention_in_both_directions_takes_whole_prompts() -> None:
    got = planned("encoder", hardware__gpu_name="L40S")
    assert got.config.max_num_batched_tokens == got.config.max_model_len == 8194


GEMMA_4: dict[str, Any] = config("google__gemma-4-26B-A4B")
GEMMA_4["text_config"]["use_bidirectional_attention"] = "vision"


@pytest.mark.parametrize(
    ("version", "tokens", "starts_at_all"),
    [
        ("0.20.1", None, False),
        ("0.20.1", 8192, True),
        ("0.22.0", None, True),
        ("0.22.0", 2048, False),
    ],
)
def test_images_whose_tokens_see_each_other_must_fit_into_one_step(
    version: str, tokens: int | None, *, starts_at_all: bool
) -> None:
    """0.20.1 on RTX 5090: 'max_tokens_per_mm_item (2496) is larger than max_num_batched_tokens'."""
    asked = PlanRequest(
        model=ModelWish("org/model"),
        hardware=HardwareWish(gpu_name="RTX 5090", gpus=8, tp_size=8),
        engine=EngineWish(vllm_version=version, max_num_batched_tokens=tokens),
    )
    found = plan(asked, Subject(model_facts(GEMMA_4))).findings
    assert ("item_larger_than_step" in {one.code for one in found}) != starts_at_all
