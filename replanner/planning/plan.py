"""The only place that decides: what a request and a model's facts make of a deployment.

Chooses the configuration, judges it, looks for what vLLM would refuse, estimates the speed, and
where it does not fit looks for single changes that make it fit.
"""

import dataclasses
from dataclasses import dataclass

from replanner.planning.facts import ModelFacts
from replanner.planning.feasibility import Situation, assess
from replanner.planning.findings import advice, refusals
from replanner.planning.fixes import candidates
from replanner.planning.hardware import Gpu, find_gpu, usable_memory_bytes
from replanner.planning.performance import estimate
from replanner.planning.recommend import Choice, choose
from replanner.planning.request import PlanRequest
from replanner.planning.result import (
    Feasibility,
    Finding,
    Fix,
    HardwareUsed,
    ModelIdentity,
    Plan,
)
from replanner.planning.weights import shard_weights

_MOST_FIXES = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """The model at one commit; `draft` is a speculative draft model's facts."""

    facts: ModelFacts
    commit: str | None = None
    draft: ModelFacts | None = None


@dataclass(frozen=True, slots=True)
class _Verdict:
    choice: Choice
    situation: Situation
    feasibility: Feasibility
    refused: tuple[Finding, ...]


def plan(request: PlanRequest, subject: Subject) -> Plan:
    """The plan; errors only where something cannot be sized (a refusal is a plan too)."""
    gpu = find_gpu(request.hardware.gpu_name)
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


def _judge(request: PlanRequest, subject: Subject, gpu: Gpu) -> _Verdict:
    hardware = request.hardware
    memory = usable_memory_bytes(gpu, vram_gb=hardware.vram_gb, vram_gib=hardware.vram_gib)
    situation = Situation(
        facts=subject.facts,
        memory_bytes=memory,
        policy=request.policy,
        workload=request.workload,
        capability=gpu.compute_capability,
        draft_bytes=_draft_bytes(subject, request),
    )
    told = request.model.quantization if subject.facts.quantized_by_request else None
    choice = choose(request, situation, gpu=gpu, commit=subject.commit, quantize=told)
    refused = refusals(request, situation, choice.config, gpu)
    verdict = assess(choice.config, situation, refused=bool(refused))
    return _Verdict(choice, situation, verdict, refused)


def _draft_bytes(subject: Subject, request: PlanRequest) -> int:
    # vLLM shards a draft like the target unless told otherwise (config/speculative.py)
    if subject.draft is None:
        return 0
    from replanner.planning.facts import Parallel

    parallel = Parallel(tensor=request.hardware.tp_size or 1)
    return shard_weights(subject.draft, parallel)[0].total_bytes


def _fixes(request: PlanRequest, subject: Subject) -> tuple[Fix, ...]:
    """The candidates that planning confirms, smallest change first."""
    found: list[Fix] = []
    for fix, changed in candidates(request, subject.facts):
        gpu = find_gpu(changed.hardware.gpu_name)
        verdict = _judge(changed, subject, gpu)
        if verdict.feasibility.fits:
            found.append(dataclasses.replace(fix, effect=_effect(verdict)))
        if len(found) == _MOST_FIXES:
            break
    return tuple(found)


def _effect(verdict: _Verdict) -> str:
    concurrency = verdict.feasibility.max_concurrency_at_context
    length = verdict.choice.config.max_model_len
    return f"fits, with {concurrency:.1f} requests of {length:,} tokens at once"
