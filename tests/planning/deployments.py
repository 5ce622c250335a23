"""Plans of published models on catalogue GPUs, to look at."""

from typing import Any

from configs import LLAMA_2_70B, LLAMA_3_1_8B, MIXTRAL_8X7B, QWEN2_5_0_5B, QWEN3_30B_A3B

from replanner.planning.facts import ModelFacts
from replanner.planning.model_facts import model_facts
from replanner.planning.plan import Subject, plan
from replanner.planning.request import (
    EngineWish,
    HardwareWish,
    ModelWish,
    PlanRequest,
    Policy,
    Workload,
)
from replanner.planning.result import Plan

GIB = 1024**3
CONFIGS = {
    "llama-8b": LLAMA_3_1_8B,
    "llama-70b": LLAMA_2_70B,
    "mixtral": MIXTRAL_8X7B,
    "qwen3-moe": QWEN3_30B_A3B,
    "qwen-0.5b": QWEN2_5_0_5B,
}
FACTS = {name: model_facts(config) for name, config in CONFIGS.items()}
SECTIONS = {
    "model": ModelWish("org/model"),
    "hardware": HardwareWish(gpu_name="H100 SXM"),
    "workload": Workload(),
    "policy": Policy(headroom_gb=0.0),
    "engine": EngineWish(),
}


def request(**changes: Any) -> PlanRequest:
    """A request with dotted keys written with two underscores: hardware__gpus=2."""
    sections = dict(SECTIONS)
    for key, value in changes.items():
        section, name = key.split("__")
        sections[section] = sections[section]._replace(**{name: value})  # type: ignore[attr-defined]
    return PlanRequest(**sections)  # type: ignore[arg-type]


def planned(model: str, **changes: Any) -> Plan:
    def facts_for(wish: ModelWish) -> ModelFacts:
        return model_facts(CONFIGS[model], quantization=wish.quantization)

    wanted = request(**changes)
    facts = FACTS[model] if wanted.model.quantization is None else facts_for(wanted.model)
    return plan(wanted, Subject(facts, "c" * 40, facts_for=facts_for))


def codes(result: Plan) -> set[str]:
    return {finding.code for finding in result.findings}
