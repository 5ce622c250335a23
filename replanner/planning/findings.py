"""Decides what people are told beside the figures: what vLLM would refuse, and what is unwise.

A refusal (severity "error") means that vLLM would not start whatever the memory; the messages
name the profile key to change.
"""

import math
from collections.abc import Iterator

from replanner.planning.calibration import WORDS, deviations
from replanner.planning.engine_refusals import engine_refusals
from replanner.planning.facts import ModelFacts
from replanner.planning.feasibility import (
    Situation,
    after_cache_of,
    kv_settings_of,
    parallel_of,
    takes_whole_prompts,
)
from replanner.planning.hardware import FIRST_BFLOAT16, Gpu
from replanner.planning.images import release_of, tag_of
from replanner.planning.kv_refusals import kv_refusals
from replanner.planning.quantization import EXPERTS_ONLY, quantization_refusals
from replanner.planning.quantization_methods import METHODS
from replanner.planning.request import PlanRequest
from replanner.planning.result import EngineConfig, Feasibility, Finding
from replanner.planning.units import GIB
from replanner.planning.versions import NEWEST_KNOWN, at_least, parse_version
from replanner.planning.weights import parallel_refusals

_OLDEST_CAPABILITY = (7, 0)


def refusals(situation: Situation, config: EngineConfig, gpu: Gpu) -> tuple[Finding, ...]:
    """Everything vLLM itself would reject about this configuration."""
    facts = situation.facts
    found = [
        *_removed(facts, config),
        *_placement(config),
        *_parallel(facts, config),
        *_quantization(facts, config, gpu),
        *_kv_cache(situation, config),
        *_dtype(config, gpu),
        *_length(facts, config),
        *_batching(facts, config),
        *engine_refusals(facts, config),
    ]
    return tuple(found)


def _error(code: str, message: str, *, hint: str = "", setting: str = "") -> Finding:
    return Finding(code, "error", message, hint, setting)


def _removed(facts: ModelFacts, config: EngineConfig) -> Iterator[Finding]:
    last = facts.removed_after
    if last is not None and parse_version(config.vllm_version) > parse_version(last):
        yield _error(
            "architecture_removed",
            f"vLLM {config.vllm_version} no longer runs {facts.architecture}.",
            hint=f"{last} was the last release that did; set engine.vllm_version to it.",
            setting="engine.vllm_version",
        )


def _parallel(facts: ModelFacts, config: EngineConfig) -> Iterator[Finding]:
    for sentence in parallel_refusals(facts, parallel_of(config)):
        yield _error("not_divisible", f"{sentence}.", setting="hardware.tp_size")


def _quantization(facts: ModelFacts, config: EngineConfig, gpu: Gpu) -> Iterator[Finding]:
    sentences = quantization_refusals(
        facts,
        parallel_of(config),
        capability=gpu.compute_capability,
        version=config.vllm_version,
    )
    for sentence in sentences:
        yield _error("quantization_refused", f"{sentence}.", setting="model.quantization")


def _kv_cache(situation: Situation, config: EngineConfig) -> Iterator[Finding]:
    if situation.capability is None:
        return  # the rules are those of CUDA kernels
    for code, sentence in kv_refusals(situation.facts, kv_settings_of(config, situation)):
        yield _error(code, sentence, setting="model.kv_cache_dtype")


def _placement(config: EngineConfig) -> Iterator[Finding]:
    needed = parallel_of(config).gpus
    if needed > config.gpus:
        yield _error(
            "not_enough_gpus",
            f"tp_size x pp_size x dp_size asks for {needed} GPUs; hardware.gpus is {config.gpus}.",
            hint=f"Set hardware.gpus to {needed}, or lower one of the sizes.",
            setting="hardware.gpus",
        )


def _dtype(config: EngineConfig, gpu: Gpu) -> Iterator[Finding]:
    capability = gpu.compute_capability
    if capability is None:
        return
    if config.dtype == "bfloat16" and capability < FIRST_BFLOAT16:
        yield _error(
            "dtype_not_on_gpu",
            f"{gpu.name} has no bfloat16 (compute capability {capability[0]}.{capability[1]}).",
            hint="Set model.dtype to float16.",
            setting="model.dtype",
        )
    if capability < _OLDEST_CAPABILITY:
        yield _error(
            "gpu_too_old",
            f"vLLM needs compute capability 7.0; {gpu.name} has {capability[0]}.{capability[1]}.",
            setting="hardware.gpu_name",
        )


def _length(facts: ModelFacts, config: EngineConfig) -> Iterator[Finding]:
    # vLLM `config/model.py`, _get_and_verify_max_len: a longer length is a ValueError
    if config.max_model_len > facts.max_model_len:
        yield _error(
            "max_model_len_too_long",
            f"model.max_model_len is {config.max_model_len:,}; the model's own maximum is "
            f"{facts.max_model_len:,}.",
            hint=f"Set model.max_model_len to {facts.max_model_len} or leave it null.",
            setting="model.max_model_len",
        )


def _batching(facts: ModelFacts, config: EngineConfig) -> Iterator[Finding]:
    # vLLM `config/scheduler.py`, verify_max_model_len
    budget = config.max_num_batched_tokens
    if budget < config.max_model_len and takes_whole_prompts(config, facts):
        yield _error(
            "token_budget_below_length",
            f"Prompts are not cut into chunks here, so max_num_batched_tokens ({budget}) cannot be "
            f"below max_model_len ({config.max_model_len}).",
            hint="Leave engine.max_num_batched_tokens null, or lower model.max_model_len.",
            setting="engine.max_num_batched_tokens",
        )
    if config.max_num_batched_tokens < config.max_num_seqs:
        yield _error(
            "token_budget_too_small",
            f"max_num_batched_tokens ({config.max_num_batched_tokens}) is below max_num_seqs "
            f"({config.max_num_seqs}).",
            hint="Raise engine.max_num_batched_tokens or lower engine.max_num_seqs.",
            setting="engine.max_num_batched_tokens",
        )


def advice(
    request: PlanRequest, situation: Situation, config: EngineConfig, verdict: Feasibility
) -> tuple[Finding, ...]:
    """Warnings and information about a configuration that vLLM does not reject as such."""
    found = [
        *_memory(config, verdict),
        *_after_cache(situation, config, verdict),
        *_workload(request, config, verdict),
        *_idle_gpus(request, config),
        *_quantization_advice(request, situation.facts),
        *_guess(situation.facts),
        *_calibration(situation, config, verdict),
        *_version(config),
        *_followed(request, config),
    ]
    return tuple(found)


def _memory(config: EngineConfig, verdict: Feasibility) -> Iterator[Finding]:
    memory = verdict.memory
    if memory.kv_cache_bytes <= 0:
        yield _error(
            "out_of_memory",
            f"{-memory.kv_cache_bytes / GIB:.2f} GiB per GPU are missing before any KV cache: "
            f"{memory.weights_bytes / GIB:.2f} GiB of weights in a budget of "
            f"{memory.budget_bytes / GIB:.2f} GiB.",
            setting="hardware.gpus",
        )
    elif verdict.kv_needed_bytes and verdict.max_concurrency_at_context <= 1:
        # exactly one would leave no block for vLLM's null block
        yield _error(
            "kv_cache_too_small",
            f"One request of {config.max_model_len:,} tokens needs "
            f"{verdict.kv_needed_bytes / GIB:.2f} GiB of KV cache and a block to spare; "
            f"{memory.kv_cache_bytes / GIB:.2f} GiB are left per GPU.",
            setting="model.max_model_len",
        )


def _after_cache(
    situation: Situation, config: EngineConfig, verdict: Feasibility
) -> Iterator[Finding]:
    after = after_cache_of(config, situation, verdict.memory)
    if not after.missing_bytes or verdict.memory.kv_cache_bytes <= 0:
        return
    graphs = ""
    if after.uncounted_graph_bytes:
        taken = after.uncounted_graph_bytes / GIB
        graphs = f", CUDA graphs that vLLM {config.vllm_version} does not count take {taken:.2f}"
    yield _error(
        "no_room_beside_kv_cache",
        f"{after.missing_bytes / GIB:.2f} GiB per GPU are missing once the KV cache is there: of "
        f"{after.room_bytes / GIB:.2f} GiB, converting MXFP4 weights leaves "
        f"{after.stranded_bytes / GIB:.2f} in holes{graphs}, and the sampler's warm-up takes "
        f"{after.warm_up_bytes / GIB:.2f}.",
        hint=_room_for(after.missing_bytes, verdict),
        setting="policy.gpu_memory_utilization",
    )


def _room_for(missing_bytes: int, verdict: Feasibility) -> str:
    """A lower utilization takes from the KV cache what it gives."""
    memory = verdict.memory
    less = math.floor(100 * (memory.budget_bytes - missing_bytes) / memory.total_bytes) / 100
    taken_bytes = memory.budget_bytes - less * memory.total_bytes
    newer = "Plan for vLLM 0.21.0, which leaves no such holes"
    if memory.kv_cache_bytes - taken_bytes <= verdict.kv_needed_bytes:
        return f"{newer}, or for more GPUs."
    return f"Lower policy.gpu_memory_utilization to {less:g}. {newer}."


def _workload(
    request: PlanRequest, config: EngineConfig, verdict: Feasibility
) -> Iterator[Finding]:
    tokens = request.workload.prompt_tokens + request.workload.gen_tokens
    if tokens > config.max_model_len:
        yield _error(
            "workload_too_long",
            f"A request of the workload has {tokens:,} tokens; max_model_len is "
            f"{config.max_model_len:,}.",
            hint="Shorten workload.prompt_tokens or gen_tokens, or raise model.max_model_len.",
            setting="workload.prompt_tokens",
        )
    if verdict.starts and verdict.headroom_bytes < request.policy.headroom_gb * GIB:
        yield Finding(
            "workload_does_not_fit",
            "error",
            f"{request.workload.concurrency:,} requests of {tokens:,} tokens need "
            f"{verdict.workload_kv_bytes / GIB:.2f} GiB of KV cache per GPU and "
            f"{request.policy.headroom_gb:g} GiB of headroom; "
            f"{verdict.memory.kv_cache_bytes / GIB:.2f} GiB are there.",
            "Requests above what fits wait in the queue.",
            "workload.concurrency",
        )
    if request.workload.concurrency > config.max_num_seqs * config.data_parallel_size:
        yield Finding(
            "concurrency_above_max_num_seqs",
            "warning",
            f"workload.concurrency is {request.workload.concurrency:,}; max_num_seqs lets "
            f"{config.max_num_seqs:,} run at once per replica.",
            "Raise engine.max_num_seqs or leave it null.",
            "engine.max_num_seqs",
        )


def _idle_gpus(request: PlanRequest, config: EngineConfig) -> Iterator[Finding]:
    used = parallel_of(config).gpus
    if used < request.hardware.gpus:
        yield Finding(
            "idle_gpus",
            "warning",
            f"{request.hardware.gpus - used} of {request.hardware.gpus} GPUs stay idle "
            f"(tp_size {config.tensor_parallel_size}, pp_size {config.pipeline_parallel_size}, "
            f"dp_size {config.data_parallel_size}).",
            "Lower hardware.gpus, or use the rest through pp_size or dp_size.",
            "hardware.gpus",
        )


def _quantization_advice(request: PlanRequest, facts: ModelFacts) -> Iterator[Finding]:
    asked, scheme = request.model.quantization, facts.quantization
    if asked is None or scheme is None:
        return
    row = METHODS.get(asked)
    if scheme.method not in (asked, row and row.name):
        yield Finding(
            "quantization_ignored",
            "warning",
            f"model.quantization is {asked}; the checkpoint is quantized with {scheme.label}, "
            "which always counts.",
            "Set model.quantization to none.",
            "model.quantization",
        )
    if scheme.method in EXPERTS_ONLY and facts.moe is None:
        yield Finding(
            "nothing_to_quantize",
            "warning",
            f"{scheme.method} quantizes experts only, and {facts.architecture} has none.",
            "fp8_per_tensor quantizes the linear layers.",
            "model.quantization",
        )


def _guess(facts: ModelFacts) -> Iterator[Finding]:
    if facts.guess:
        yield Finding("guessed_model", "warning", facts.guess, setting="model.params_b")
    for note in facts.notes:
        yield Finding("model_note", "info", note, setting="model.id")


def _calibration(
    situation: Situation, config: EngineConfig, verdict: Feasibility
) -> Iterator[Finding]:
    """A calibration is never used silently, and never passed over silently."""
    measured, memory = situation.policy.measured, verdict.memory
    if measured is None:
        return
    where = f"a server of vLLM {measured.vllm_version} on {measured.gpu_name}"
    if memory.measured:
        terms = ", ".join(WORDS[term] for term in memory.measured)
        yield Finding(
            "measured",
            "info",
            f"Measured, not computed: {terms}, as {where} printed them.",
            setting="policy.measured",
        )
        return
    reasons = deviations(config, situation.policy, situation.gpu_name, memory.weights_bytes)
    yield Finding(
        "calibration_not_used",
        "warning",
        f"The figures of {where} are not used: {'; '.join(reasons)}.",
        "Calibrate again with a log of this deployment, or remove policy.measured.",
        "policy.measured",
    )


def _version(config: EngineConfig) -> Iterator[Finding]:
    newest = parse_version(NEWEST_KNOWN)
    if parse_version(config.vllm_version) > newest:
        yield Finding(
            "vllm_version_unknown",
            "warning",
            f"vLLM {config.vllm_version} is newer than this planner knows; it is planned as "
            f"{NEWEST_KNOWN}.",
            setting="engine.vllm_version",
        )
    elif not at_least(config.vllm_version, "0.6.0"):
        yield Finding(
            "vllm_version_old",
            "warning",
            f"vLLM {config.vllm_version} is older than the releases this planner was checked "
            "against (0.6.0 and later).",
            setting="engine.vllm_version",
        )


def _followed(request: PlanRequest, config: EngineConfig) -> Iterator[Finding]:
    track, release = request.engine.image_track, release_of(config.image)
    if track and release and release != parse_version(config.vllm_version)[:2]:
        yield Finding(
            "image_of_another_release",
            "warning",
            f"engine.image_track {track} stands for {tag_of(config.image)} now; this is planned "
            f"for vLLM {config.vllm_version}.",
            "Set engine.vllm_version to the image's release, or follow narrower tags.",
            "engine.vllm_version",
        )
