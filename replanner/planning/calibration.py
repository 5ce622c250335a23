"""Decides whether what a server printed stands for a deployment, and puts it in the place of what
is computed: all of it or none, so that no plan mixes two machines."""

from collections.abc import Iterator
from typing import Final

from replanner.errors import InputError
from replanner.planning.request import Measured, Policy
from replanner.planning.result import EngineConfig, MemoryBreakdown
from replanner.planning.units import GIB
from replanner.planning.versions import parse_version

# The terms by their names in plan.json, and what people call them.
WORDS: Final = {
    "weights": "weights",
    "activation": "activations",
    "non_torch": "memory outside torch",
    "cuda_graph": "CUDA graphs",
}
# Above the rounding of a figure written with four decimals, below one more layer of any model.
_SAME_WEIGHTS = 0.002
_ROUNDING_GIB = 0.001


def calibrated(
    modelled: MemoryBreakdown, config: EngineConfig, policy: Policy, gpu_name: str
) -> MemoryBreakdown:
    """The breakdown with what was measured for this deployment; unchanged where nothing was."""
    measured = policy.measured
    if measured is None or any(_differences(measured, config, policy, gpu_name)):
        return modelled
    if not _same_weights(measured, modelled.weights_bytes):
        return modelled
    found = modelled._replace(
        weights_bytes=_bytes(measured.weights_gib),
        activation_bytes=_bytes(measured.activation_gib),
        non_torch_bytes=_bytes(measured.non_torch_gib),
        measured=("weights", "activation", "non_torch"),
        repacked_bytes=0,  # within the measured weights
    )
    if measured.cuda_graph_gib is not None:
        graphs = _bytes(measured.cuda_graph_gib)
        found = found._replace(cuda_graph_bytes=graphs, measured=(*found.measured, "cuda_graph"))
    counted = counted_graph_bytes(modelled)
    if measured.counted_graph_gib is not None:
        counted = _bytes(measured.counted_graph_gib)
    return found._replace(kv_cache_bytes=found.budget_bytes - _resident(found) - counted)


def counted_graph_bytes(memory: MemoryBreakdown) -> int:
    """What a breakdown takes off the KV cache for CUDA graphs: by release all, a part or none."""
    return memory.budget_bytes - _resident(memory) - memory.kv_cache_bytes


def _resident(memory: MemoryBreakdown) -> int:
    return memory.weights_bytes + memory.activation_bytes + memory.non_torch_bytes


def deviations(
    config: EngineConfig, policy: Policy, gpu_name: str, planned_weights_bytes: int
) -> tuple[str, ...]:
    """Why a calibration does not stand for this deployment; none where it does."""
    measured = policy.measured
    if measured is None:
        return ()
    found = list(_differences(measured, config, policy, gpu_name))
    if not _same_weights(measured, planned_weights_bytes):
        found.append(
            f"the planner computes {planned_weights_bytes / GIB:.2f} GiB of weights, then it was "
            f"{measured.planned_weights_gib:.2f} GiB"
        )
    return tuple(found)


def _differences(
    measured: Measured, config: EngineConfig, policy: Policy, gpu_name: str
) -> Iterator[str]:
    if policy.overhead_gb is not None:
        yield "policy.overhead_gb is set and wins"
    for name, then, now in (
        ("model", measured.model, config.model),
        ("GPU", measured.gpu_name, gpu_name),
        ("vLLM", _release(measured.vllm_version), _release(config.vllm_version)),
        ("tp_size", measured.tp_size, config.tensor_parallel_size),
        ("pp_size", measured.pp_size, config.pipeline_parallel_size),
        (
            "max_num_batched_tokens",
            measured.max_num_batched_tokens,
            config.max_num_batched_tokens,
        ),
        ("max_num_seqs", measured.max_num_seqs, config.max_num_seqs),
        ("enforce_eager", measured.enforce_eager, config.enforce_eager),
    ):
        if then != now:
            yield f"{name} was {_shown(then)}, here it is {_shown(now)}"


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _release(version: str) -> str:
    """Patch releases change no profile run; minor ones do (0.15 the sampler, 0.20 the graphs)."""
    try:
        major, minor, _ = parse_version(version)
    except InputError:  # a stored plan is judged elsewhere
        return version
    return f"{major}.{minor}"


def _same_weights(measured: Measured, planned_bytes: int) -> bool:
    then = measured.planned_weights_gib
    return abs(planned_bytes / GIB - then) <= max(_ROUNDING_GIB, _SAME_WEIGHTS * then)


def _bytes(gib: float) -> int:
    return round(gib * GIB)
