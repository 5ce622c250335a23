"""Reads a plan back: from plan.json, or from a document that somebody filtered on the way."""

import contextlib
import re
from collections.abc import Mapping

from replanner.errors import InputError
from replanner.planning.decode import decode, json_object, section, shown, wrong
from replanner.planning.record import SCHEMA_VERSION, Inputs, PlanRecord
from replanner.planning.result import (
    CERTAIN_FIGURES,
    Certainty,
    EngineConfig,
    Feasibility,
    Finding,
    Fix,
    HardwareUsed,
    ModelIdentity,
    Performance,
    Plan,
)
from replanner.planning.versions import parse_version

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
_MAY_BE_MISSING = ("kv_cache", "headroom")  # where weights alone take more than the budget
_LARGEST_DISTANCE = 1e12  # tokens
_DIGEST = re.compile("[0-9a-f]{64}")


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
        config=_parse_config(section(found, "config")),
        feasibility=_parse_feasibility(feasibility)._replace(
            certainty=_readable(found.get("certainty"))
        ),
        performance=decode(Performance, section(found, "performance"), "performance"),
        findings=decode(
            tuple[Finding, ...], feasibility.get("warnings", []), "feasibility.warnings"
        ),
        fixes=decode(tuple[Fix, ...], found.get("fixes", []), "fixes"),
        explanations=decode(Mapping[str, str], found.get("explanations", {}), "explanations"),
    )


def _readable(found: object) -> dict[str, Certainty]:
    """What a plan says of its own figures decides nothing, so what cannot be read of it is left
    out: a later planner may know more grounds."""
    told = found if isinstance(found, Mapping) else {}
    kept = {}
    for name in CERTAIN_FIGURES:
        with contextlib.suppress(InputError):
            one: Certainty = decode(Certainty, told.get(name), f"certainty.{name}")
            if one.within is None or 0 <= one.within < _LARGEST_DISTANCE:
                kept[name] = one
    return kept


def _parse_config(found: Mapping[str, object]) -> EngineConfig:
    """Of the declared types, and of sizes that a server can be started with."""
    config: EngineConfig = decode(EngineConfig, found, "config", exact=True)
    for path, part in (
        ("config", config),
        ("config.speculative", config.speculative),
        ("config.lora", config.lora),
    ):
        for name in part._fields if part else ():
            count = getattr(part, name)
            if isinstance(count, int) and not isinstance(count, bool) and count < 1:
                raise wrong(f"{path}.{name}", count, "1 or more")
    if not 0 < config.gpu_memory_utilization <= 1:
        raise wrong("config.gpu_memory_utilization", config.gpu_memory_utilization, "up to 1")
    parse_version(config.vllm_version)
    return config


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
    for name in _SIZES:
        if name not in _MAY_BE_MISSING and in_bytes[f"{name}_bytes"] < 0:
            raise wrong(f"feasibility.bytes.{name}", in_bytes[f"{name}_bytes"], "0 or more")
    memory = {
        **in_bytes,
        "total_bytes": in_bytes["vram_total_bytes"],
        "measured": found.get("measured", []),
    }
    values = {**found, **in_bytes, "memory": memory, "certainty": {}}
    parsed: Feasibility = decode(Feasibility, values, "feasibility")
    return parsed


def _parse_artifacts(value: object) -> Mapping[str, str]:
    artifacts: Mapping[str, str] = decode(Mapping[str, str], value, "artifacts")
    for name, digest in artifacts.items():
        if not is_inside(name) or not _DIGEST.fullmatch(digest):
            raise wrong(f"artifacts.{name[:60]}", digest, "a file name here and its sha256")
    return artifacts


def is_inside(path: str) -> bool:
    """Does a relative path with `/` name something below its folder, whatever the system, that is
    neither git's own nor a workflow?"""
    # Windows drops dots and blanks at the end, and calls .git git~1 too (CVE-2019-1353).
    parts = [part.lower().rstrip(". ") for part in path.split("/")]
    kept = {"", ".git", "git~1"}.intersection(parts) or parts[:2] == [".github", "workflows"]
    return path.isprintable() and "\\" not in path and ":" not in path and not kept
