"""Decides whether a server came up as planned: figure by figure, setting by setting, and at all.

What decides is what people deploy on: the verdict, weights, the KV cache with its capacity, the
length, and whether the server ran what the plan says. Activations, memory outside torch and graphs
say where an error comes from; together they are felt in the KV cache.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from replanner.errors import InputError, UnknownGpu
from replanner.measure.seen import Seen, Setting, State
from replanner.measure.terms import terms
from replanner.planning.hardware import find_gpu
from replanner.planning.memory_era import memory_era
from replanner.planning.result import MemoryBreakdown, Plan
from replanner.planning.units import GIB
from replanner.planning.versions import parse_version

DEFAULT_TOLERANCE: Final = 5.0  # percent: the mean error that is aimed at for the KV cache
Unit = Literal["GiB", "tokens", "x"]

# Up to this much is rounding and what differs from run to run (0.06 to 0.1 GiB of the same command
# on the same H100).
_SAME_GIB: Final = 0.1
# Percents of less than a GiB mean nothing, so they are judged in GiB.
_SMALL_POOL_GIB: Final = 1.0
_NEAR_GIB: Final = 0.25
# What is asked of the terms of the overhead where the plan does not say how far off they may be.
_ROUGH_PERCENT: Final = 25.0
_SAME_SHARE: Final = 0.005


class _Figure(NamedTuple):
    key: str
    label: str
    unit: Unit
    decides: bool = True
    line: str = ""  # the line that would have held it


FIGURES: Final = (
    _Figure("vram_total_gib", "GPU memory", "GiB"),
    _Figure("weights_gib", "weights", "GiB", line="Model loading took ... GiB"),
    _Figure("activation_gib", "activations", "GiB", decides=False, line="peak activation"),
    _Figure("non_torch_gib", "outside torch", "GiB", decides=False, line="non-torch memory"),
    _Figure("cuda_graph_gib", "CUDA graphs", "GiB", decides=False, line="Graph capturing finished"),
    _Figure("kv_cache_gib", "KV cache", "GiB", line="Available KV cache memory"),
    _Figure("kv_cache_tokens", "KV tokens", "tokens", line="GPU KV cache size"),
    _Figure("max_concurrency_at_context", "max concurrency", "x", line="Maximum concurrency"),
    _Figure("max_model_len", "max model len", "tokens"),
    _Figure("kv_needed_gib", "KV of one request", "GiB"),
)
_POOL: Final = "kv_cache_gib"
_CAPACITY: Final = ("kv_cache_tokens", "max_concurrency_at_context")


class Row(NamedTuple):
    """One figure of both sides. `error_percent` is none where a percent means nothing."""

    key: str
    label: str
    unit: Unit
    predicted: float
    actual: float
    error_percent: float | None
    within: bool
    decides: bool
    measured: bool = False


class Difference(NamedTuple):
    """A setting that the server ran with and the plan has otherwise."""

    setting: str
    planned: Setting
    actual: Setting


class Comparison(NamedTuple):
    """What became of a plan. `missing` are lines that were not found, `notes` what to know."""

    starts: bool
    state: State
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def contradicted(self) -> bool:
        """Did the server do what the plan says it does not?"""
        return self.state != "unknown" and self.starts != (self.state == "started")

    @property
    def agrees(self) -> bool:
        outside = any(row.decides and not row.within for row in self.rows)
        return not (self.contradicted or outside or self.differences)


def compare(plan: Plan, seen: Seen, *, tolerance: float = DEFAULT_TOLERANCE) -> Comparison:
    """The plan beside what its server printed; InputError where there is nothing to compare."""
    actual = terms(seen, plan.config.vllm_version)
    rows = tuple(_rows(plan, seen, actual, tolerance))
    if not rows and seen.state == "unknown":
        raise InputError(
            "no figure of a vLLM start-up was found.",
            hint="Give the log from the server's first line until it answers, or its /metrics.",
        )
    return Comparison(
        starts=plan.feasibility.starts,
        state=seen.state,
        rows=rows,
        differences=tuple(_differences(plan, seen)),
        missing=tuple(_missing(plan, seen, actual)),
        notes=tuple(_notes(seen)),
    )


def planned(plan: Plan) -> dict[str, float]:
    """The plan's side, by the same names."""
    verdict, memory = plan.feasibility, _as_printed(plan)
    return {
        "vram_total_gib": memory.total_bytes / GIB,
        "budget_gib": memory.budget_bytes / GIB,
        "weights_gib": memory.weights_bytes / GIB,
        "activation_gib": memory.activation_bytes / GIB,
        "non_torch_gib": memory.non_torch_bytes / GIB,
        "cuda_graph_gib": memory.cuda_graph_bytes / GIB,
        "kv_cache_gib": memory.kv_cache_bytes / GIB,
        "kv_cache_tokens": verdict.kv_cache_tokens,
        "max_concurrency_at_context": verdict.max_concurrency_at_context,
        "max_model_len": plan.config.max_model_len,
        "kv_needed_gib": verdict.kv_needed_bytes / GIB,
    }


def _as_printed(plan: Plan) -> MemoryBreakdown:
    """With what repacking adds where a log has it: "Model loading took" is read after it."""
    memory, moved = plan.feasibility.memory, plan.feasibility.memory.repacked_bytes
    if memory_era(plan.config.vllm_version).consumed_by_driver:
        memory = memory._replace(non_torch_bytes=memory.non_torch_bytes - moved)
    else:
        memory = memory._replace(activation_bytes=memory.activation_bytes - moved)
    return memory._replace(weights_bytes=memory.weights_bytes + moved)


def _rows(plan: Plan, seen: Seen, actual: Mapping[str, float], tolerance: float) -> Iterator[Row]:
    predicted, memory = planned(plan), plan.feasibility.memory
    small = actual.get("kv_cache_gib", _SMALL_POOL_GIB) < _SMALL_POOL_GIB
    for figure in FIGURES:
        if figure.key not in actual or (figure.key in _CAPACITY and not _comparable(plan, seen)):
            continue
        mine, real = predicted[figure.key], actual[figure.key]
        in_gib = small and figure.key == _POOL
        hand = seen.sized_by_hand and figure.key in (_POOL, *_CAPACITY)
        yield Row(
            key=figure.key,
            label=figure.label,
            unit=figure.unit,
            predicted=mine,
            actual=real,
            error_percent=None if in_gib or not real else 100 * (mine - real) / abs(real),
            within=_within(figure, mine, real, _allowed(plan, figure, real, tolerance)),
            decides=figure.decides and not hand and not (small and figure.key in _CAPACITY),
            measured=figure.key.removesuffix("_gib") in memory.measured,
        )


def _allowed(plan: Plan, figure: _Figure, real: float, tolerance: float) -> float:
    """How far off a figure may be, in its unit; the terms of the overhead as far as the plan says
    of itself, where it does."""
    if figure.key == "max_model_len":
        return 0.0
    if not figure.decides:
        found = plan.feasibility.certainty.get(figure.key)
        if found is not None and found.within is not None:
            return max(found.within, _SAME_GIB)
        return max(abs(real) * _ROUGH_PERCENT / 100, _NEAR_GIB)
    allowed = abs(real) * tolerance / 100
    least = _NEAR_GIB if figure.key == _POOL and real < _SMALL_POOL_GIB else _SAME_GIB
    return max(allowed, least) if figure.unit == "GiB" else allowed


def _within(figure: _Figure, mine: float, real: float, allowed: float) -> bool:
    if figure.key == _POOL and real < _SMALL_POOL_GIB:
        mine, real = max(mine, 0.0), max(real, 0.0)  # how much is missing does not matter
    return abs(mine - real) <= allowed


def _comparable(plan: Plan, seen: Seen) -> bool:
    """Blocks of a metrics page count as tokens only where all layers share one kind of block."""
    if "kv_cache_tokens" in seen.figures or "max_concurrency" in seen.figures:
        return True
    verdict = plan.feasibility
    pool = max(verdict.memory.kv_cache_bytes, 1)
    return abs(verdict.kv_cache_tokens * verdict.kv_bytes_per_token / pool - 1) < 0.03  # noqa: PLR2004 - a block of rounding


def _differences(plan: Plan, seen: Seen) -> Iterator[Difference]:
    config, stated = plan.config, seen.settings
    if seen.version and _release(seen.version) != _release(config.vllm_version):
        yield Difference("vllm_version", config.vllm_version, seen.version)
    if seen.model and _is_other_model(config.model, seen.model):
        yield Difference("model", config.model, seen.model)
    if seen.gpu and _is_other_gpu(plan.hardware.gpu_name, seen.gpu):
        yield Difference("gpu_name", plan.hardware.gpu_name, seen.gpu)
    for name in _SETTINGS:
        if name in stated and not _same(getattr(config, name), stated[name]):
            yield Difference(name, getattr(config, name), stated[name])
    used = stated.get("gpu_memory_utilization", seen.figures.get("utilization"))
    if isinstance(used, int | float) and abs(used - config.gpu_memory_utilization) > _SAME_SHARE:
        yield Difference("gpu_memory_utilization", config.gpu_memory_utilization, used)


_SETTINGS: Final = (
    "tensor_parallel_size",
    "pipeline_parallel_size",
    "data_parallel_size",
    "enable_expert_parallel",
    "dtype",
    "kv_cache_dtype",
    "max_num_seqs",
    "max_num_batched_tokens",
    "enforce_eager",
)
_SPELLINGS: Final = {"half": "float16", "float": "float32", "fp8": "fp8_e4m3"}


def _same(mine: Setting, theirs: Setting) -> bool:
    """ "auto" is whatever it became."""
    one, other = _SPELLINGS.get(str(mine), mine), _SPELLINGS.get(str(theirs), theirs)
    return one == other or "auto" in (one, other)


def _release(version: str) -> object:
    try:
        return parse_version(version)
    except InputError:
        return version


def _is_other_model(mine: str, theirs: str) -> bool:
    """A folder may hold any model, so only names can differ."""
    if theirs.startswith(("/", ".")) or mine.startswith(("/", ".")):
        return False
    return mine.lower() != theirs.lower()


def _is_other_gpu(mine: str, printed: str) -> bool:
    try:
        return find_gpu(printed).name != mine
    except UnknownGpu:  # a name of several sizes, or a card that no row describes
        return False


# 0.8 to 0.10.1 and 0.11 to 0.25, as their logs show.
_NOT_AT_INFO: Final = (
    "many releases print activations and memory outside torch with VLLM_LOGGING_LEVEL=DEBUG only"
)


def _missing(plan: Plan, seen: Seen, actual: Mapping[str, float]) -> Iterator[str]:
    """The lines that were not there, of a server that would have printed them."""
    if seen.by_metrics:
        found = [figure.label for figure in FIGURES if figure.line and figure.key not in actual]
        yield f"{', '.join(found)}: only the start-up log has them (--log)"
        return
    for figure in FIGURES:
        expected = figure.line and (seen.state != "refused" or figure.key == "weights_gib")
        eager = figure.key == "cuda_graph_gib" and plan.config.enforce_eager
        if expected and figure.key not in actual and not eager:
            yield f'{figure.label}: no "{figure.line}"'
    if seen.state == "unknown":
        yield 'the end of the start-up: neither "Application startup complete" nor a refusal'
    if "activation_gib" not in actual and "kv_cache_gib" in seen.figures:
        yield _NOT_AT_INFO


def _notes(seen: Seen) -> Iterator[str]:
    yield from seen.notes
    free, budget = seen.figures.get("free_gib"), seen.figures.get("budget_gib")
    if free is not None and budget is not None and free < budget:
        yield (
            f"Only {free:.2f} GiB of the GPU were free at start-up: others were using it. Plans"
            " assume a GPU of one's own."
        )
    if seen.sized_by_hand:
        yield "The KV cache was sized by hand, so its figures say nothing of the plan."
