"""Decides every setting that a profile leaves open, once, and says why.

The result is the one `EngineConfig` that is judged and rendered. vLLM's own defaults are kept
where they work, written out so that an upgrade of vLLM changes nothing silently.
"""

from typing import NamedTuple

from replanner.planning.facts import ModelFacts
from replanner.planning.feasibility import (
    Situation,
    kv_plan_of,
    longest,
    memory_of,
    takes_whole_prompts,
)
from replanner.planning.hardware import FIRST_BFLOAT16, Gpu
from replanner.planning.images import USUAL_IMAGES
from replanner.planning.memory_era import media_of
from replanner.planning.profile_run import largest_item
from replanner.planning.request import PlanRequest
from replanner.planning.result import EngineConfig
from replanner.planning.versions import (
    Batching,
    Device,
    at_least,
    default_batching,
    default_utilization,
)

_LENGTH_STEP = 256


class Choice(NamedTuple):
    """The configuration and, per setting, why it has its value."""

    config: EngineConfig
    why: dict[str, str]


def choose(
    request: PlanRequest,
    situation: Situation,
    *,
    gpu: Gpu,
    commit: str | None,
    quantize: str | None,
) -> Choice:
    """Fill in what the profile leaves open. `quantize` is a method vLLM must be told."""
    why: dict[str, str] = {}
    config = EngineConfig(
        model=request.model.id,
        revision=commit,
        vllm_version=request.engine.vllm_version,
        image=_image(request, gpu, why),
        gpus=request.hardware.gpus,
        tensor_parallel_size=_tensor(request, situation.facts, why),
        pipeline_parallel_size=request.hardware.pp_size,
        data_parallel_size=request.hardware.dp_size,
        enable_expert_parallel=request.engine.enable_expert_parallel,
        dtype=_dtype(request, situation.facts, gpu, why),
        quantization=quantize,
        kv_cache_dtype=request.model.kv_cache_dtype,
        gpu_memory_utilization=_utilization(request, why),
        max_model_len=request.model.max_model_len or situation.facts.max_model_len,
        max_num_seqs=1,
        max_num_batched_tokens=1,
        block_size=request.engine.block_size,
        enforce_eager=request.engine.enforce_eager,
        speculative=request.engine.speculative,
        lora=request.engine.lora,
        pooling=situation.facts.pooling,
        vendor=gpu.vendor,
        extra_args=dict(request.vllm_args),
    )
    device = Device(gpu.name, situation.memory_bytes, gpu.compute_capability)
    config = _with_length(request, situation, config, device=device, why=why)
    return Choice(config, why)


def _image(request: PlanRequest, gpu: Gpu, why: dict[str, str]) -> str:
    track = request.engine.image_track
    if track:
        why["engine.image"] = f"what {track} stood for when this was planned"
    if request.engine.image:
        return request.engine.image
    version = request.engine.vllm_version
    why["engine.image"] = f"the vLLM project's image of {version} for {gpu.vendor} GPUs"
    return f"{USUAL_IMAGES[gpu.vendor]}:v{version}"


def _tensor(request: PlanRequest, facts: ModelFacts, why: dict[str, str]) -> int:
    wish = request.hardware
    if wish.tp_size is not None:
        return wish.tp_size
    most = max(1, wish.gpus // (wish.pp_size * wish.dp_size))
    chosen = next(size for size in range(most, 0, -1) if _divides(size, facts))
    why["hardware.tp_size"] = _tensor_reason(chosen, most, facts)
    return chosen


def _divides(size: int, facts: ModelFacts) -> bool:
    heads = facts.kv_heads
    whole = all(count % size == 0 for _, count in facts.must_divide)
    return whole and (not heads or heads % size == 0 or size % heads == 0)


def _tensor_reason(chosen: int, most: int, facts: ModelFacts) -> str:
    if chosen == most:
        return f"all {most} GPUs of a replica share each layer" if most > 1 else "one GPU"
    counts = ", ".join(f"{count} {what}" for what, count in facts.must_divide)
    return f"the largest size up to {most} that divides {counts}"


def _dtype(request: PlanRequest, facts: ModelFacts, gpu: Gpu, why: dict[str, str]) -> str:
    wanted = request.model.dtype
    if wanted != "auto":
        return wanted
    capability = gpu.compute_capability
    if facts.dtype == "bfloat16" and capability is not None and capability < FIRST_BFLOAT16:
        why["model.dtype"] = f"{gpu.name} has no bfloat16, so vLLM falls back to float16"
        return "float16"
    why["model.dtype"] = "the checkpoint's own"
    return facts.dtype


def _utilization(request: PlanRequest, why: dict[str, str]) -> float:
    wanted = request.policy.gpu_memory_utilization
    if wanted is not None:
        return wanted
    version = request.engine.vllm_version
    why["policy.gpu_memory_utilization"] = f"vLLM {version}'s default"
    return default_utilization(version)


def _with_batching(
    request: PlanRequest, config: EngineConfig, device: Device, *, least_tokens: int
) -> tuple[EngineConfig, Batching]:
    """Token budget and sequences for this length, by vLLM's order of clamping.

    vLLM `engine/arg_utils.py`: defaults by device, doubled in throughput mode, then tokens >= what
    must not be cut (`least_tokens`), tokens <= seqs x length and seqs <= tokens.
    """
    default = default_batching(config.vllm_version, device, config.max_model_len)
    factor = 2 if request.workload.mode == "throughput" else 1
    seqs = request.engine.max_num_seqs or default.max_num_seqs * factor
    tokens = request.engine.max_num_batched_tokens
    if tokens is None:
        tokens = max(default.max_num_batched_tokens * factor, least_tokens)
        tokens = min(tokens, seqs * config.max_model_len)
    if request.engine.max_num_seqs is None:
        seqs = min(seqs, tokens)
    changed = config._replace(max_num_seqs=seqs, max_num_batched_tokens=tokens)
    doubled = " doubled for mode: throughput, as --performance-mode does" if factor == 2 else ""  # noqa: PLR2004 - the factor
    return changed, default._replace(why=default.why + doubled)


def _with_length(
    request: PlanRequest,
    situation: Situation,
    config: EngineConfig,
    *,
    device: Device,
    why: dict[str, str],
) -> EngineConfig:
    def batched(length: int) -> tuple[EngineConfig, Batching]:
        sized = config._replace(max_model_len=length)
        return _with_batching(request, sized, device, least_tokens=length if whole else item)

    def starts(steps: int) -> bool:
        candidate, _ = batched(min(limit, steps * _LENGTH_STEP))
        return kv_plan_of(candidate, situation).fits(memory_of(candidate, situation).kv_cache_bytes)

    whole = takes_whole_prompts(config, situation.facts)
    item = _whole_item(config, situation.facts)
    limit = config.max_model_len
    chosen = limit
    if request.model.max_model_len is None:
        steps = longest(starts, -(-limit // _LENGTH_STEP))
        wanted = request.workload.prompt_tokens + request.workload.gen_tokens
        chosen = min(limit, steps * _LENGTH_STEP or wanted)
        why["model.max_model_len"] = _length_reason(chosen, limit, starts_at_all=steps > 0)
    final, batching = batched(chosen)
    for setting in ("max_num_seqs", "max_num_batched_tokens"):
        if getattr(request.engine, setting) is None:
            why[f"engine.{setting}"] = batching.why
    return final


def _whole_item(config: EngineConfig, facts: ModelFacts) -> int:
    """Since 0.22.0 the default budget takes one whole item (`engine/arg_utils.py`)."""
    if not facts.whole_media or not at_least(config.vllm_version, "0.22.0"):
        return 0
    return largest_item(media_of(facts.architecture), config.vllm_version)


def _length_reason(chosen: int, limit: int, *, starts_at_all: bool) -> str:
    if chosen == limit:
        return "the model's own maximum, which the GPUs hold"
    if starts_at_all:
        return f"the longest single request the KV cache holds (the model's maximum is {limit:,})"
    return "the workload's length: not even a short request fits"
