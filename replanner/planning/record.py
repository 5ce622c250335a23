"""Decides what plan.json holds, byte for byte, and what of it is the plan's identity.

A record is a plan with the inputs it rests on and the digests of what was written. The document
is canonical (sorted keys, no timestamps, rounded floats, bytes as integers), so equal inputs give
equal bytes. The identity leaves out artifacts, explanations and the planner's and catalogue's
versions, and how far figures are trusted: when only those move, nothing is written.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from replanner.planning.request import FlagValue
from replanner.planning.result import (
    Certainty,
    Feasibility,
    Finding,
    MemoryBreakdown,
    Performance,
    Plan,
)
from replanner.planning.units import GIB

SCHEMA_VERSION = 1
_NOT_IDENTITY = ("artifacts", "certainty", "explanations", "identity")
_VERSIONS = ("planner_version", "catalogue_version")


class Inputs(NamedTuple):
    """What the plan was computed from.

    `profile_values` holds the profile's dotted keys that differ from their defaults;
    `model_files` the digest of each upstream file that matters, `draft_files` those of the draft
    model; `gpu_facts` the catalogue's figures of the GPU, so that a corrected figure is a named
    cause.
    """

    profile_path: str
    profile_name: str
    profile_values: Mapping[str, FlagValue]
    model_files: Mapping[str, str]
    gpu_facts: Mapping[str, FlagValue]
    planner_version: str
    catalogue_version: str
    draft_files: Mapping[str, str] = {}


class PlanRecord(NamedTuple):
    """A plan, its inputs, and the sha256 of every file written from it (path -> hex)."""

    plan: Plan
    inputs: Inputs
    artifacts: Mapping[str, str] = {}


def document(record: PlanRecord) -> dict[str, object]:
    """The JSON object of plan.json and of `plan --json`."""
    plan = record.plan
    body: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "inputs": plain(record.inputs),
        "model": plain(plan.model),
        "hardware": {
            "gpu_name": plan.hardware.gpu_name,
            "gpus": plan.hardware.gpus,
            "vram_gib": _gib(plan.hardware.memory_bytes),
            "vram_bytes": plan.hardware.memory_bytes,
        },
        "config": plain(plan.config),
        "feasibility": _feasibility(plan.feasibility, plan.findings),
        "certainty": _certainty(plan.feasibility.certainty),
        "performance": _performance(plan.performance),
        "fixes": [plain(fix) for fix in plan.fixes],
        "explanations": dict(plan.explanations),
        "artifacts": dict(record.artifacts),
    }
    return {**body, "identity": identity(body)}


def canonical(document_: Mapping[str, object]) -> str:
    """The document as text: the same for equal documents, one key a line, newline at the end."""
    return (
        json.dumps(document_, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )


def identity(document_: Mapping[str, object]) -> str:
    """sha256 (hex) of the parts that decide: equal identity means nothing to do."""
    kept = {key: value for key, value in document_.items() if key not in _NOT_IDENTITY}
    judged = kept.get("feasibility")
    if isinstance(judged, Mapping):
        # It follows from the other figures and from how far off such figures were till now.
        kept["feasibility"] = {key: value for key, value in judged.items() if key != "oom_risk"}
    inputs = kept.get("inputs")
    if isinstance(inputs, Mapping):
        kept["inputs"] = {key: value for key, value in inputs.items() if key not in _VERSIONS}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: object) -> Any:
    """A value as JSON has it: named tuples as objects, other tuples as lists."""
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", None)
        if fields is None:
            return [plain(item) for item in value]
        return {name: plain(item) for name, item in zip(fields, value, strict=True)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


def _gib(size_bytes: float) -> float:
    return round(size_bytes / GIB, 4)


def _memory(memory: MemoryBreakdown) -> dict[str, int]:
    return {
        "vram_total": memory.total_bytes,
        "budget": memory.budget_bytes,
        "weights": memory.weights_bytes,
        "activation": memory.activation_bytes,
        "non_torch": memory.non_torch_bytes,
        "cuda_graph": memory.cuda_graph_bytes,
        "kv_cache": memory.kv_cache_bytes,
    }


def _feasibility(feasibility: Feasibility, findings: tuple[Finding, ...]) -> dict[str, object]:
    sizes = {
        **_memory(feasibility.memory),
        "headroom": feasibility.headroom_bytes,
        "kv_needed": feasibility.kv_needed_bytes,
        "workload_kv": feasibility.workload_kv_bytes,
    }
    measured = feasibility.memory.measured
    return {
        "fits": feasibility.fits,
        "starts": feasibility.starts,
        "oom_risk": feasibility.oom_risk,
        **{f"{name}_gib": _gib(size) for name, size in sizes.items()},
        "bytes": sizes,
        # Only where there is one, so that no other plan becomes another plan.
        **({"measured": list(measured)} if measured else {}),
        "kv_bytes_per_token": round(float(feasibility.kv_bytes_per_token), 1),
        "kv_cache_tokens": feasibility.kv_cache_tokens,
        "max_concurrency_at_context": round(float(feasibility.max_concurrency_at_context), 4),
        "max_context_at_concurrency": feasibility.max_context_at_concurrency,
        "warnings": [plain(finding) for finding in findings],
    }


def _certainty(found: Mapping[str, Certainty]) -> dict[str, object]:
    return {
        name: {key: value for key, value in plain(one).items() if key != "why" or value}
        for name, one in found.items()
    }


def _performance(performance: Performance) -> dict[str, object]:
    def rounded(value: object) -> object:
        if isinstance(value, dict):
            return {key: float(f"{number:.4g}") for key, number in value.items()}
        return value

    return {key: rounded(value) for key, value in plain(performance).items()}
