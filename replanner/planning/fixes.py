"""Decides which single changes of a profile are worth trying when the plan does not fit.

Ordered from the smallest change for the people who deploy it to the largest; `plan` keeps those
that planning confirms.
"""

from collections.abc import Iterator, Mapping

from replanner.planning.facts import ModelFacts
from replanner.planning.hardware import Gpu, gpu_named, gpus
from replanner.planning.repacking import is_mxfp4
from replanner.planning.request import FlagValue, PlanRequest
from replanner.planning.result import EngineConfig, Feasibility, Fix
from replanner.planning.versions import at_least

_FEWER_SEQS = (256, 128, 64, 32, 16)
_HIGHER_UTILIZATION = (0.92, 0.95, 0.97)
_LOWER_UTILIZATION = (0.94, 0.92, 0.9, 0.88, 0.85, 0.8)
_FIRST_FP8 = (8, 9)
_MOST_GPUS = 16


def candidates(request: PlanRequest, facts: ModelFacts) -> Iterator[tuple[Fix, PlanRequest]]:
    """Fix and changed request, smallest change first; nothing here is verified yet."""
    for setting, value in _values(request, facts):
        with_it = _goes_with(request, setting, value)
        changed = _changed(request, {setting: value, **dict.fromkeys(with_it)})
        yield Fix(setting, value, "".join(f"with {key}: null, " for key in with_it)), changed


def effect(feasibility: Feasibility, config: EngineConfig) -> str:
    """What a change that helps comes to."""
    concurrency = feasibility.max_concurrency_at_context
    return f"fits, with {concurrency:.1f} requests of {config.max_model_len:,} tokens at once"


def _values(request: PlanRequest, facts: ModelFacts) -> Iterator[tuple[str, FlagValue]]:
    yield from _engine_values(request, facts)
    yield from _length_values(request)
    if not request.engine.enforce_eager:
        yield "engine.enforce_eager", True
    yield from _precision_values(request, facts)
    yield from _hardware_values(request)


def _engine_values(request: PlanRequest, facts: ModelFacts) -> Iterator[tuple[str, FlagValue]]:
    needed = request.workload.concurrency
    now = request.engine.max_num_seqs
    for seqs in _FEWER_SEQS:
        if seqs >= needed and (now is None or seqs < now):
            yield "engine.max_num_seqs", seqs
    current = request.policy.gpu_memory_utilization
    for value in _HIGHER_UTILIZATION:
        if current is None or value > current:
            yield "policy.gpu_memory_utilization", value
    if is_mxfp4(facts):  # what converting them leaves is outside the budget
        for value in _LOWER_UTILIZATION:
            if current is not None and value < current:
                yield "policy.gpu_memory_utilization", value


def _length_values(request: PlanRequest) -> Iterator[tuple[str, FlagValue]]:
    wanted = request.workload.prompt_tokens + request.workload.gen_tokens
    if request.model.max_model_len is not None and request.model.max_model_len != wanted:
        yield "model.max_model_len", None
        yield "model.max_model_len", wanted


def _precision_values(request: PlanRequest, facts: ModelFacts) -> Iterator[tuple[str, FlagValue]]:
    gpu = gpu_named(request.hardware)
    if not _has_fp8(gpu):
        return
    if request.model.kv_cache_dtype == "auto" and not facts.uses_alibi:
        yield "model.kv_cache_dtype", "fp8"
    if facts.quantization is None and request.model.quantization is None:
        # fp8 is deprecated there (model_executor/model_loader/weight_utils.py:346)
        renamed = at_least(request.engine.vllm_version, "0.33.0")
        yield "model.quantization", "fp8_per_tensor" if renamed else "fp8"


def _has_fp8(gpu: Gpu) -> bool:
    return "fp8" in gpu.flops and (
        gpu.compute_capability is None or gpu.compute_capability >= _FIRST_FP8
    )


def _hardware_values(request: PlanRequest) -> Iterator[tuple[str, FlagValue]]:
    count = request.hardware.gpus * 2
    while count <= _MOST_GPUS:
        yield "hardware.gpus", count
        count *= 2
    yield from _larger_gpus(request)


def _larger_gpus(request: PlanRequest) -> Iterator[tuple[str, FlagValue]]:
    """The next larger GPUs of the same vendor in current production classes, smallest first."""
    now = gpu_named(request.hardware)
    larger = [
        gpu
        for gpu in gpus()
        if gpu.vendor == now.vendor
        and gpu.memory_bytes > now.memory_bytes
        and not gpu.unified_memory
        and (gpu.compute_capability or (0, 0)) >= (now.compute_capability or (0, 0))
    ]
    for gpu in sorted(larger, key=lambda one: one.memory_bytes):
        yield "hardware.gpu_name", gpu.name


def _goes_with(request: PlanRequest, setting: str, value: FlagValue) -> tuple[str, ...]:
    """Keys that must be left open for the change to mean anything; the fix names them."""
    hardware = request.hardware
    if setting == "hardware.gpu_name":
        return tuple(f"hardware.{key}" for key in ("vram_gb", "vram_gib") if getattr(hardware, key))
    if setting != "hardware.gpus" or hardware.tp_size is None:
        return ()
    used = hardware.tp_size * hardware.pp_size * hardware.dp_size
    return () if used == value else ("hardware.tp_size",)


def _changed(request: PlanRequest, changes: Mapping[str, FlagValue]) -> PlanRequest:
    """The request with dotted keys replaced."""
    for dotted, value in changes.items():
        section, key = dotted.split(".")
        part = getattr(request, section)._replace(**{key: value})
        request = request._replace(**{section: part})
    return request
