"""Decides what plan.json holds, byte for byte, and what of it is the plan's identity.

A record is a plan with the inputs it rests on and the digests of what was written. The document
is canonical (sorted keys, no timestamps, rounded floats, bytes as integers), so equal inputs give
equal bytes. The identity leaves out artifacts, explanations and the planner's and catalogue's
versions: when only those move, nothing is written.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from replanner.errors import InputError
from replanner.planning.decode import decode, json_object, section, shown, wrong
from replanner.planning.request import FlagValue
from replanner.planning.result import (
    EngineConfig,
    Feasibility,
    Finding,
    Fix,
    HardwareUsed,
    MemoryBreakdown,
    ModelIdentity,
    Performance,
    Plan,
)

SCHEMA_VERSION = 1
GIB = 1024**3
_NOT_IDENTITY = ("artifacts", "explanations", "identity")
_SIZES = (
    "vram_total",
    "budget",
    "weights",
    "activation",
    "non_torch",
    "cuda_graph",
    "kv_cache",
    "headroom",
    "kv_needed",
    "workload_kv",
)
_DIGEST = re.compile("[0-9a-f]{64}")
_VERSIONS = ("planner_version", "catalogue_version")


class Inputs(NamedTuple):
    """What the plan was computed from.

    `profile_values` holds the profile's dotted keys that differ from their defaults;
    `model_files` the digest of each upstream file that matters; `gpu_facts` the catalogue's
    figures of the GPU, so that a corrected figure is a named cause.
    """

    profile_path: str
    profile_name: str
    profile_values: Mapping[str, FlagValue]
    model_files: Mapping[str, str]
    gpu_facts: Mapping[str, FlagValue]
    planner_version: str
    catalogue_version: str


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
    return {
        "fits": feasibility.fits,
        "starts": feasibility.starts,
        "oom_risk": feasibility.oom_risk,
        **{f"{name}_gib": _gib(size) for name, size in sizes.items()},
        "bytes": sizes,
        "kv_bytes_per_token": round(feasibility.kv_bytes_per_token, 1),
        "kv_cache_tokens": feasibility.kv_cache_tokens,
        "max_concurrency_at_context": round(feasibility.max_concurrency_at_context, 4),
        "max_context_at_concurrency": feasibility.max_context_at_concurrency,
        "warnings": [plain(finding) for finding in findings],
    }


def _performance(performance: Performance) -> dict[str, object]:
    def rounded(value: object) -> object:
        if isinstance(value, dict):
            return {key: float(f"{number:.4g}") for key, number in value.items()}
        return value

    return {key: rounded(value) for key, value in plain(performance).items()}


def parse_document(doc: object) -> PlanRecord:
    """The record that `document` would write so; InputError naming the path of what is wrong.

    Keys that no planner of this schema wrote are errors in `config`, which artifacts are rendered
    from, and ignored elsewhere: `plan.json` may hold more.
    """
    found = json_object(doc, "document")
    _check_version(found.get("schema_version"))
    return PlanRecord(
        plan=_parse_plan(found),
        inputs=decode(Inputs, section(found, "inputs"), "inputs"),
        artifacts=_parse_artifacts(found.get("artifacts", {})),
    )


def _check_version(version: object) -> None:
    if version == SCHEMA_VERSION and not isinstance(version, bool):
        return
    raise InputError(
        f"the plan's schema_version is {shown(version)}, expected {SCHEMA_VERSION}.",
        hint="It comes from another replanner, or is no plan.",
    )


def _parse_plan(found: Mapping[str, object]) -> Plan:
    feasibility = section(found, "feasibility")
    return Plan(
        model=decode(ModelIdentity, section(found, "model"), "model"),
        hardware=_parse_hardware(section(found, "hardware")),
        config=decode(EngineConfig, section(found, "config"), "config", exact=True),
        feasibility=_parse_feasibility(feasibility),
        performance=decode(Performance, section(found, "performance"), "performance"),
        findings=decode(
            tuple[Finding, ...], feasibility.get("warnings", []), "feasibility.warnings"
        ),
        fixes=decode(tuple[Fix, ...], found.get("fixes", []), "fixes"),
        explanations=decode(Mapping[str, str], found.get("explanations", {}), "explanations"),
    )


def _parse_hardware(found: Mapping[str, object]) -> HardwareUsed:
    memory_bytes = decode(int, found.get("vram_bytes"), "hardware.vram_bytes")
    parsed: HardwareUsed = decode(HardwareUsed, {**found, "memory_bytes": memory_bytes}, "hardware")
    return parsed


def _parse_feasibility(found: Mapping[str, object]) -> Feasibility:
    sizes = json_object(found.get("bytes"), "feasibility.bytes")
    in_bytes = {
        f"{name}_bytes": decode(int, sizes.get(name), f"feasibility.bytes.{name}")
        for name in _SIZES
    }
    memory = {**in_bytes, "total_bytes": in_bytes["vram_total_bytes"]}
    values = {**found, **in_bytes, "memory": memory}
    parsed: Feasibility = decode(Feasibility, values, "feasibility")
    return parsed


def _parse_artifacts(value: object) -> Mapping[str, str]:
    artifacts: Mapping[str, str] = decode(Mapping[str, str], value, "artifacts")
    for name, digest in artifacts.items():
        if not is_inside(name) or not _DIGEST.fullmatch(digest):
            raise wrong(f"artifacts.{name[:60]}", digest, "a file name here and its sha256")
    return artifacts


def is_inside(path: str) -> bool:
    """Does a relative path with `/` name something below its folder, whatever the system?"""
    parts = path.lower().split("/")
    return "\\" not in path and ":" not in path and not {"", ".", "..", ".git"}.intersection(parts)
