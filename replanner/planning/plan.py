"""The only place that decides: what a request and a model's facts make of a deployment.

Chooses the configuration, judges it, looks for what vLLM would refuse, estimates the speed, and
where it does not fit looks for single changes that make it fit.
"""

from collections.abc import Callable
from typing import NamedTuple

from replanner.planning.facts import ModelFacts
from replanner.planning.feasibility import Situation, assess
from replanner.planning.findings import advice, refusals
from replanner.planning.hardware import Gpu, gpu_named, usable_memory_bytes
from replanner.planning.performance import estimate
from replanner.planning.recommend import Choice, choose
from replanner.planning.request import ModelWish, PlanRequest
from replanner.planning.result import (
    Feasibility,
    Finding,
    Fix,
    HardwareUsed,
    ModelIdentity,
    Plan,
)

_MOST_FIXES = 4


class Subject(NamedTuple):
    """The model at one commit.

    `draft` is a speculative draft model's facts; `quantized` says that the checkpoint is, so that
    vLLM finds the method itself and must not be told. `facts_for` are the facts of the same model
    loaded in another way (a fix may quantize it). `noted` is what its files gave cause to say; an
    error among it is a refusal of vLLM's.
    """

    facts: ModelFacts
    commit: str | None = None
    draft: ModelFacts | None = None
    quantized: bool = False
    facts_for: Callable[[ModelWish], ModelFacts] | None = None
    noted: tuple[Finding, ...] = ()


class _Verdict(NamedTuple):
    choice: Choice
    situation: Situation
    feasibility: Feasibility
    refused: tuple[Finding, ...]


def plan(request: PlanRequest, subject: Subject) -> Plan:
    """The plan; errors only where something cannot be sized (a refusal is a plan too)."""
    gpu = gpu_of(request)
    verdict = _judge(request, subject, gpu)
    config, facts = verdict.choice.config, subject.facts
    findings = verdict.refused + advice(request, verdict.situation, config, verdict.feasibility)
    return Plan(
        model=ModelIdentity(
            id=request.model.id,
            revision=request.model.revision,
            commit=subject.commit,
            architecture=facts.architecture,
            parameters=facts.parameters,
            active_parameters=facts.active_parameters,
            quantization=facts.quantization.label if facts.quantization else None,
        ),
        hardware=HardwareUsed(gpu.name, request.hardware.gpus, verdict.situation.memory_bytes),
        config=config,
        feasibility=verdict.feasibility,
        performance=estimate(
            facts,
            config,
            gpu=gpu,
            workload=request.workload,
            feasibility=verdict.feasibility,
        ),
        findings=findings,
        fixes=() if verdict.feasibility.fits else _fixes(request, subject),
        explanations=verdict.choice.why,
    )


def gpu_of(request: PlanRequest) -> Gpu:
    """The catalogue's GPU, linked as the profile says.

    The memory that was given settles names that cover several sizes.
    """
    hardware = request.hardware
    gpu = gpu_named(hardware)
    if hardware.interconnect == "unknown":
        return gpu
    return gpu._replace(nvlink=hardware.interconnect == "nvlink")


def _judge(request: PlanRequest, subject: Subject, gpu: Gpu) -> _Verdict:
    hardware = request.hardware
    memory = usable_memory_bytes(gpu, vram_gb=hardware.vram_gb, vram_gib=hardware.vram_gib)
    situation = Situation(
        facts=subject.facts,
        memory_bytes=memory,
        policy=request.policy,
        workload=request.workload,
        capability=gpu.compute_capability,
        draft=subject.draft,
        nvlink=gpu.nvlink,
        unified_memory=gpu.unified_memory,
        gpu_name=gpu.name,
    )
    told = None if subject.quantized else request.model.quantization
    choice = choose(request, situation, gpu=gpu, commit=subject.commit, quantize=told)
    refused = (*subject.noted, *refusals(situation, choice.config, gpu))
    blocked = any(finding.severity == "error" for finding in refused)
    verdict = assess(choice.config, situation, refused=blocked)
    return _Verdict(choice, situation, verdict, refused)


def _fixes(request: PlanRequest, subject: Subject) -> tuple[Fix, ...]:
    """The candidates that planning confirms, smallest change first."""
    from replanner.planning.fixes import candidates, effect  # noqa: PLC0415 - what fits needs none

    found: dict[str, Fix] = {}
    for fix, changed in candidates(request, subject.facts):
        if fix.setting in found:
            continue  # candidates of one setting come smallest change first
        verdict = _judge(changed, _loaded_as(changed, request, subject), gpu_of(changed))
        if verdict.feasibility.fits:
            told = effect(verdict.feasibility, verdict.choice.config)
            found[fix.setting] = fix._replace(effect=fix.effect + told)
        if len(found) == _MOST_FIXES:
            break
    return tuple(found.values())


def _loaded_as(changed: PlanRequest, request: PlanRequest, subject: Subject) -> Subject:
    if changed.model.quantization == request.model.quantization or subject.facts_for is None:
        return subject
    return subject._replace(facts=subject.facts_for(changed.model))
