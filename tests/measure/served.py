"""Plans of the deployments that the logs are of."""

import json
from pathlib import Path

from server_logs import CASES, MODELS, Case

from replanner.planning.model_facts import model_facts
from replanner.planning.plan import Subject, plan
from replanner.planning.request import Measured
from replanner.planning.result import Plan
from replanner.profile import parse_profile

_MODELS = Path(__file__).parent.parent / "data" / "models"
STARTED = [name for name, case in CASES.items() if case.state == "started"]


def profile_text(case: Case) -> str:
    """The case's profile, its model a folder below the root."""
    said = case.profile if "model: {" in case.profile else f"model: {{}}\n{case.profile}"
    rest = "" if "model: {}" in said else ", "
    named = said.replace("model: {", f"model: {{id: ./models/{case.model}{rest}", 1)
    return f"profile_version: 1\n{named}"


def planned(case: Case, *, measured: Measured | None = None) -> Plan:
    request = parse_profile(profile_text(case), name="case").profile.request()
    policy = request.policy._replace(measured=measured, headroom_gb=0.0)
    return plan(request._replace(policy=policy), Subject(model_facts(MODELS[case.model])))


def planned_gpt_oss(version: str, measured: Measured | None = None) -> Plan:
    """A model whose kernels pad its weights, as llm-d ran it."""
    profile = (
        "profile_version: 1\nmodel: {id: openai/gpt-oss-20b}\n"
        "hardware: {gpu_name: H100 SXM, gpus: 1, vram_gib: 79.18}\n"
        "workload: {prompt_tokens: 64, gen_tokens: 64, concurrency: 1}\n"
        f"policy: {{gpu_memory_utilization: 0.9}}\nengine: {{vllm_version: {version}}}\n"
    )
    request = parse_profile(profile, name="gpt-oss").profile.request()
    policy = request.policy._replace(measured=measured, headroom_gb=0.0)
    config = json.loads((_MODELS / "openai__gpt-oss-20b/config.json").read_text())
    return plan(request._replace(policy=policy), Subject(model_facts(config)))
