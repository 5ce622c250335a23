"""Decides how memory is told term by term: one line each, with what moved in colour."""

from collections.abc import Callable
from typing import NamedTuple

from replanner.planning.record import PlanRecord
from replanner.planning.result import Plan
from replanner.planning.units import GIB
from replanner.planning.wording import gib
from replanner.report.figures import guesses, trust
from replanner.report.markdown import escape, fenced, joined


class _Line(NamedTuple):
    """`trust` is how far to trust it, which is no change of the plan when it moves."""

    name: str
    size: str
    note: str
    trust: str

    def __str__(self) -> str:
        told = ", ".join(filter(None, (self.note, self.trust)))
        return f"{self.name:<22} {self.size:>10}   {told}".rstrip()

    def is_like(self, other: "_Line | None") -> bool:
        return other is not None and self[:-1] == other[:-1]


class _Term(NamedTuple):
    """One part of a GPU's memory; only told of plans that `told` says yes to. `key` is its name in
    plan.json, where it can be off."""

    name: str
    of: Callable[[Plan], int]
    note: Callable[[Plan], str] = lambda _: ""
    told: Callable[[Plan], bool] = lambda _: True
    key: str = ""


def _split(plan: Plan) -> str:
    config = plan.config
    pipeline = f", PP {config.pipeline_parallel_size}" if config.pipeline_parallel_size > 1 else ""
    return f"TP {config.tensor_parallel_size}{pipeline}"


def _room(plan: Plan) -> str:
    if plan.feasibility.memory.kv_cache_bytes < 0:
        return "missing before any KV cache"
    return f"{plan.feasibility.kv_cache_tokens:,} tokens"


_TERMS = (
    _Term("weights", lambda plan: plan.feasibility.memory.weights_bytes, _split, key="weights"),
    _Term(
        "activations",
        lambda plan: plan.feasibility.memory.activation_bytes,
        lambda plan: f"at {plan.config.max_num_batched_tokens:,} tokens a step",
        key="activation",
    ),
    _Term("CUDA graphs", lambda plan: plan.feasibility.memory.cuda_graph_bytes, key="cuda_graph"),
    _Term("outside torch", lambda plan: plan.feasibility.memory.non_torch_bytes, key="non_torch"),
    _Term(
        "left for KV cache",
        lambda plan: plan.feasibility.memory.kv_cache_bytes,
        _room,
        lambda plan: plan.feasibility.keeps_cache,
        key="kv_cache",
    ),
    _Term(
        "left over",
        lambda plan: plan.feasibility.memory.kv_cache_bytes,
        told=lambda plan: not plan.feasibility.keeps_cache,
        key="kv_cache",
    ),
    _Term(
        "may be used in all",
        lambda plan: plan.feasibility.memory.budget_bytes,
        lambda plan: (
            f"{plan.config.gpu_memory_utilization:g} of"
            f" {plan.feasibility.memory.total_bytes / GIB:.1f} GiB"
        ),
    ),
    _Term(
        "one full request",
        lambda plan: plan.feasibility.kv_needed_bytes,
        lambda plan: f"KV of {plan.config.max_model_len:,} tokens, needed to start",
        lambda plan: plan.feasibility.keeps_cache,
    ),
)


def terms(before: PlanRecord | None, after: PlanRecord | None) -> str:
    """The memory of both sides as a coloured difference, or of the only one."""
    drawn = fenced("\n".join(_lines(before, after)), "diff" if before and after else "text")
    side = after or before
    return joined([drawn, _trusted(side.plan) if side else ""])


def _trusted(plan: Plan) -> str:
    if not plan.feasibility.certainty:
        return ""
    told = "".join(f" Guessed: {escape(why.rstrip('.'))}." for why in guesses(plan))
    return f"±: nine of ten such figures came that close to what servers printed.{told}"


def moved_terms(before: PlanRecord | None, after: PlanRecord | None) -> str:
    """`5 of 8 terms changed`."""
    pairs = _pairs(before, after)
    count = sum(not _same(old, new) for old, new in pairs)
    return f"{count or 'none'} of {len(pairs)} terms changed"


def _lines(before: PlanRecord | None, after: PlanRecord | None) -> list[str]:
    pairs = _pairs(before, after)
    if before is None or after is None:
        return [str(old or new) for old, new in pairs]
    found = []
    for old, new in pairs:
        if _same(old, new):
            found.append(f"  {new}")
            continue
        found += [f"- {old}"] if old else []
        found += [f"+ {new}"] if new else []
    return found


def _same(old: _Line | None, new: _Line | None) -> bool:
    return old is not None and old.is_like(new)


def _pairs(
    before: PlanRecord | None, after: PlanRecord | None
) -> list[tuple[_Line | None, _Line | None]]:
    both = [(_line(term, before), _line(term, after)) for term in _TERMS]
    return [(old, new) for old, new in both if old or new]


def _line(term: _Term, record: PlanRecord | None) -> _Line | None:
    if record is None or not term.told(record.plan):
        return None
    plan = record.plan
    return _Line(term.name, gib(term.of(plan)), term.note(plan), trust(plan, term.key))
