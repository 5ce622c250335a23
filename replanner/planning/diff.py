"""Decides what changed between two plans, why, and whether anybody needs to know."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from replanner.planning.causes import Cause, causes
from replanner.planning.deltas import Delta, Direction, figures, settings
from replanner.planning.record import PlanRecord, document, identity
from replanner.planning.result import Finding
from replanner.planning.verdict import State, changed_verdict, first_verdict, is_worse, state

ChangeKind = Literal["new", "removed", "changed"]
# Causes that people did not ask for and that alone are no reason to touch anything.
_OWN_NEWS = {"planner", "catalogue", "gpu"}
# Settings that follow from one input: what to name as the reason when it moved.
_SOURCES = {
    "model": "model.id",
    "gpus": "hardware.gpus",
    "tensor_parallel_size": "hardware.tp_size",
    "pipeline_parallel_size": "hardware.pp_size",
    "data_parallel_size": "hardware.dp_size",
    "enable_expert_parallel": "engine.enable_expert_parallel",
    "dtype": "model.dtype",
    "quantization": "model.quantization",
    "kv_cache_dtype": "model.kv_cache_dtype",
    "gpu_memory_utilization": "policy.gpu_memory_utilization",
    "max_model_len": "model.max_model_len",
    "max_num_seqs": "engine.max_num_seqs",
    "max_num_batched_tokens": "engine.max_num_batched_tokens",
    "block_size": "engine.block_size",
    "enforce_eager": "engine.enforce_eager",
}
# The same for inputs that are no keys of the profile.
_KINDS = {"revision": "model", "vllm_version": "vllm", "speculative": "draft"}


@dataclass(frozen=True, slots=True)
class Change:
    """One profile's plan before and after. `verdict` is a predicate: its subject is the profile."""

    kind: ChangeKind
    old: PlanRecord | None
    new: PlanRecord | None
    verdict: str
    causes: tuple[Cause, ...] = ()
    settings: tuple[Delta, ...] = ()
    figures: tuple[Delta, ...] = ()
    appeared: tuple[Finding, ...] = ()
    disappeared: tuple[Finding, ...] = ()

    @property
    def record(self) -> PlanRecord:
        """The side that exists, the newer one where both do."""
        found = self.new or self.old
        if found is None:
            raise ValueError("a change has at least one side")
        return found

    @property
    def before(self) -> State | None:
        return state(self.old) if self.old else None

    @property
    def after(self) -> State | None:
        return state(self.new) if self.new else None

    @property
    def breaks(self) -> bool:
        """Did a plan that worked stop working?"""
        return bool(self.before and self.after and is_worse(self.before, self.after))

    @property
    def direction(self) -> Direction:
        """Worse as soon as a figure worth telling got worse."""
        told = {delta.direction for delta in self.figures if delta.news}
        return "worse" if "worse" in told else "better" if "better" in told else "neutral"

    @property
    def news(self) -> bool:
        """False where only the planner or its catalogue moved and no decision or figure did."""
        if self.kind != "changed" or any(cause.kind not in _OWN_NEWS for cause in self.causes):
            return True
        told = any(delta.news for delta in self.figures)
        return bool(told or self.settings or self.appeared or self.disappeared)


def diff(old: PlanRecord | None, new: PlanRecord | None) -> Change | None:
    """What became of a profile's plan; None where both are the same plan."""
    if old is None or new is None:
        return _one_sided(old, new)
    before, after = document(old), document(new)
    if identity(before) == identity(after):
        return None
    deltas = figures(before, after)
    found = causes(old, new)
    appeared = _missing(new.plan.findings, old.plan.findings)
    return Change(
        "changed",
        old,
        new,
        changed_verdict((state(old), state(new)), deltas, causes=found, appeared=appeared),
        causes=found,
        settings=settings(before, after),
        figures=deltas,
        appeared=appeared,
        disappeared=_missing(old.plan.findings, new.plan.findings),
    )


def same_plan(old: PlanRecord | None, new: PlanRecord | None) -> Change:
    """The change of a profile whose plan is what it was, and whose files are not."""
    return Change("changed", old, new, "keeps its plan; its files are written afresh")


def why(delta: Delta, change: Change) -> str:
    """The reason for one changed setting: its own input where that moved, else every cause."""
    source = _SOURCES.get(delta.label)
    kind = _KINDS.get(delta.label)
    direct = [cause for cause in change.causes if cause.subject == source or cause.kind == kind]
    return "; ".join(map(str, direct or change.causes))


def _one_sided(old: PlanRecord | None, new: PlanRecord | None) -> Change | None:
    if new is not None:
        return Change("new", None, new, first_verdict(new), appeared=new.plan.findings)
    if old is not None:
        return Change("removed", old, None, "is removed", disappeared=old.plan.findings)
    return None


def _missing(here: Iterable[Finding], there: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings without a twin; the message is no part of it, since it holds figures."""
    known = {(finding.code, finding.severity, finding.setting) for finding in there}
    return tuple(
        finding
        for finding in here
        if (finding.code, finding.severity, finding.setting) not in known
    )
