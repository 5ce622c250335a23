"""Decides which combinations of settings and checkpoint vLLM rejects before it loads any weights.

Read in vLLM 0.33.0; each rule names its place.
"""

from collections.abc import Callable

from replanner.planning.facts import ModelFacts
from replanner.planning.memory_era import media_of
from replanner.planning.profile_run import largest_item
from replanner.planning.result import EngineConfig, Finding
from replanner.planning.versions import at_least

# config/model.py:2398; absent in 0.8.4, there in 0.9.0
_NO_FLOAT16 = frozenset({"gemma2", "gemma3", "gemma3_text", "glm4"})
_NO_FLOAT16_SINCE = "0.9.0"
# config/speculative.py:1252-1295: what needs the name of a model, and what brings its own
_NEED_A_MODEL = frozenset({"draft_model", "eagle", "eagle3", "dflash", "custom_class"})
# Common families without MTP layers (config/speculative.py:711, hf_config_override, has no row)
_WITHOUT_MTP = frozenset(
    {
        *("llama", "mistral", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "phi3"),
        *("gemma", "gemma2", "gemma3", "gemma3_text", "gpt_oss", "granite", "cohere", "falcon"),
        *("opt", "olmo2", "starcoder2", "gpt_neox", "bloom", "llama4", "dbrx"),
    }
)


def engine_refusals(facts: ModelFacts, config: EngineConfig) -> tuple[Finding, ...]:
    """One finding for each reason."""
    found = (check(facts, config) for check in _CHECKS)
    return tuple(finding for finding in found if finding is not None)


def _not_quantized(facts: ModelFacts, config: EngineConfig) -> Finding | None:
    """model_executor/model_loader/weight_utils.py:377: no configuration of that method is found."""
    if facts.quantization is not None or config.quantization is None:
        return None
    while_loading = "fp8_per_tensor" if at_least(config.vllm_version, "0.33.0") else "fp8"
    return Finding(
        "checkpoint_not_quantized",
        "error",
        f"model.quantization is {config.quantization}, but this checkpoint is not quantized.",
        f"Set model.id to a checkpoint that was quantized with {config.quantization}, or quantize "
        f"this one while loading with {while_loading}.",
        "model.quantization",
    )


def _no_experts(facts: ModelFacts, config: EngineConfig) -> Finding | None:
    """config/model.py:1498, _verify_with_expert_parallelism."""
    if not config.enable_expert_parallel or facts.moe is not None or facts.guess:
        return None
    return Finding(
        "no_experts",
        "error",
        f"engine.enable_expert_parallel needs experts; {facts.architecture} has none.",
        "Set engine.enable_expert_parallel to false.",
        "engine.enable_expert_parallel",
    )


def _no_float16(facts: ModelFacts, config: EngineConfig) -> Finding | None:
    affected = facts.model_type in _NO_FLOAT16 and config.dtype == "float16"
    if not affected or not at_least(config.vllm_version, _NO_FLOAT16_SINCE):
        return None
    return Finding(
        "dtype_not_for_model",
        "error",
        f"{facts.model_type} is numerically unstable in float16, and vLLM refuses it.",
        "Set model.dtype to bfloat16, or to float32 on GPUs without bfloat16.",
        "model.dtype",
    )


def _draft(facts: ModelFacts, config: EngineConfig) -> Finding | None:
    wish = config.speculative
    if wish is None or wish.model is not None:
        return None
    if wish.method in _NEED_A_MODEL:
        return Finding(
            "speculative_needs_a_model",
            "error",
            f"engine.speculative: {wish.method} needs a model of its own.",
            "Name it in engine.speculative.model.",
            "engine.speculative.model",
        )
    is_mtp = wish.method == "mtp" or wish.method.endswith("_mtp")
    if not is_mtp or facts.model_type not in _WITHOUT_MTP:
        return None
    return Finding(
        "no_mtp_layers",
        "error",
        f"engine.speculative: {wish.method} needs layers that predict several tokens; "
        f"{facts.model_type} models have none.",
        "Use ngram, or name a draft model or an EAGLE head in engine.speculative.model.",
        "engine.speculative.method",
    )


def _whole_media(facts: ModelFacts, config: EngineConfig) -> Finding | None:
    """v1/core/encoder_cache_manager.py, compute_mm_encoder_budget; platforms/cuda.py forbids to
    cut the items of models whose image tokens see each other."""
    largest = largest_item(media_of(facts.architecture), config.vllm_version)
    if not facts.whole_media or largest <= config.max_num_batched_tokens:
        return None
    return Finding(
        "item_larger_than_step",
        "error",
        f"One image or video can be {largest} tokens, more than the "
        f"{config.max_num_batched_tokens} of a step, and {facts.model_type} takes them whole.",
        f"Set engine.max_num_batched_tokens to {largest} or more.",
        "engine.max_num_batched_tokens",
    )


_CHECKS: tuple[Callable[[ModelFacts, EngineConfig], Finding | None], ...] = (
    _not_quantized,
    _no_experts,
    _no_float16,
    _draft,
    _whole_media,
)
