"""Reviews to test with: real plans of published models, judged as a pull request would be."""

from typing import Any

from configs import LLAMA_2_70B, LLAMA_3_1_8B, MIXTRAL_8X7B, QWEN2_5_0_5B, QWEN3_30B_A3B

from replanner.planning.diff import Change, diff
from replanner.planning.model_facts import model_facts
from replanner.planning.plan import Subject, plan
from replanner.planning.record import Inputs, PlanRecord
from replanner.planning.request import (
    EngineWish,
    HardwareWish,
    ModelWish,
    PlanRequest,
    Policy,
    Workload,
)
from replanner.report.look import Look
from replanner.report.review import Breach, Edit, Kind, Position, Review, Reviewed, Trouble

BERT = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "torch_dtype": "float16",
}
MODELS: dict[str, dict[str, Any]] = {
    "meta-llama/Llama-3.1-8B-Instruct": LLAMA_3_1_8B,
    "meta-llama/Llama-2-70b-chat-hf": LLAMA_2_70B,
    "mistralai/Mixtral-8x7B-Instruct-v0.1": MIXTRAL_8X7B,
    "Qwen/Qwen3-30B-A3B": QWEN3_30B_A3B,
    "Qwen/Qwen2.5-0.5B-Instruct": QWEN2_5_0_5B,
    "BAAI/bge-large-en-v1.5": BERT,
}
LLAMA_8B, LLAMA_70B, MIXTRAL, QWEN_30B, QWEN_TINY, BGE = MODELS
BASE, HEAD = "9d8e7f60" + "0" * 32, "3f2c1ab8" + "0" * 32
LOOK = Look(
    repository_url="https://github.com/acme/infra",
    run_url="https://github.com/acme/infra/actions/runs/17",
    planner_version="1.4.0",
)
_SECTIONS = {
    "model": ModelWish,
    "hardware": HardwareWish,
    "workload": Workload,
    "policy": Policy,
    "engine": EngineWish,
}


def planned(name: str, model: str = LLAMA_8B, **dotted: Any) -> PlanRecord:
    """The plan of a profile whose keys are given as `hardware__gpus=2`."""
    commit = dotted.pop("commit", "a" * 40)
    files = {"config.json": "git:1", "model.safetensors": "sha256:1", **dotted.pop("files", {})}
    values = {key.replace("__", "."): value for key, value in dotted.items()}
    parts = {
        section: {
            key.partition(".")[2]: value
            for key, value in {"model.id": model, "hardware.gpu_name": "H100", **values}.items()
            if key.startswith(f"{section}.")
        }
        for section in _SECTIONS
    }
    request = PlanRequest(**{key: _SECTIONS[key](**part) for key, part in parts.items()})
    answer = plan(request, Subject(model_facts(MODELS[model]), commit))
    inputs = Inputs(
        profile_path=f"profiles/{name}.yaml",
        profile_name=name,
        profile_values={"profile_version": 1, "model.id": model, **values},
        model_files=files,
        gpu_facts={},
        planner_version="1.4.0",
        catalogue_version="2026.11",
    )
    return PlanRecord(answer, inputs)


def changed(name: str, old: PlanRecord | None, new: PlanRecord | None, **rest: Any) -> Reviewed:
    """A profile's news, at the level that its plans come to."""
    change = diff(old, new)
    assert change is not None
    values: dict[str, Any] = {"level": level(change), "touched": True, **rest}
    kind: Kind = change.kind
    return Reviewed(
        name, f"profiles/{name}.yaml", kind, record=change.record, change=change, **values
    )


def level(change: Change) -> str:
    if change.after in ("refused", "starts"):
        return "infeasible"
    return "warning" if change.direction == "worse" else "ok"


def unchanged(name: str, **rest: Any) -> Reviewed:
    values: dict[str, Any] = {"level": "ok", "record": planned(name), **rest}
    return Reviewed(name, f"profiles/{name}.yaml", "unchanged", **values)


def review(*profiles: Reviewed, **rest: Any) -> Review:
    bad = any(one.level in ("infeasible", "policy") and not one.inherited for one in profiles)
    values: dict[str, Any] = {
        "verdict": "infeasible" if bad else "ok",
        "blocked": bad,
        "exit_code": int(bad),
        "base": "main",
        "base_commit": BASE,
        "head_commit": HEAD,
        **rest,
    }
    return Review(profiles, **values)


def held(record: PlanRecord) -> str:
    return f"{record.plan.feasibility.max_concurrency_at_context:.4g}"


def lost(old: PlanRecord, new: PlanRecord) -> str:
    before, after = (one.plan.performance.decode_tokens_per_s.expected for one in (old, new))
    return f"{100 * (1 - after / before):.3g}%"


def one_profile() -> Review:
    """A longer context: still fits, at the price of throughput."""
    traffic = {
        "workload__prompt_tokens": 3000,
        "workload__gen_tokens": 500,
        "workload__concurrency": 64,
    }
    old = planned("chat-prod", LLAMA_70B, hardware__gpus=4, model__max_model_len=4096, **traffic)
    new = planned(
        "chat-prod",
        LLAMA_70B,
        hardware__gpus=4,
        model__max_model_len=4096,
        engine__max_num_batched_tokens=16384,
        engine__enforce_eager=True,
        **traffic,
    )
    one = changed(
        "chat-prod",
        old,
        new,
        kept=(Breach("min_concurrency", "4", held(new), "model.max_model_len"),),
        breaches=(Breach("max_throughput_drop", "5%", lost(old, new)),),
        level="policy",
        edits=(
            Edit(
                "profiles/chat-prod.yaml",
                14,
                "  enforce_eager: false",
                "engine.enforce_eager",
                "false",
                "keeps the throughput, with 111 requests of 4,096 tokens at once",
            ),
        ),
        stale=("deploy/chat-prod/docker-compose.yaml", "deploy/chat-prod/k8s-values.yaml"),
        places=(
            ("engine", Position(12, 1)),
            ("engine.max_num_batched_tokens", Position(13, 3)),
            ("engine.enforce_eager", Position(14, 3)),
        ),
    )
    return review(one, blocked=True, verdict="policy", exit_code=1)


def twelve_profiles() -> Review:
    """Six of twelve change: one no longer starts, one breaks the policy, one is slower."""
    busy = {"workload__concurrency": 32, "workload__prompt_tokens": 2000}
    short = {
        "hardware__gpu_name": "L4",
        "workload__prompt_tokens": 256,
        "workload__gen_tokens": 1,
    }
    big = planned("code-70b", LLAMA_70B, hardware__gpus=4, **busy)
    small = planned("code-70b", LLAMA_70B, hardware__gpus=1, **busy)
    chat = planned("chat-prod", MIXTRAL, hardware__gpus=2, model__max_model_len=8192, **busy)
    longer = planned("chat-prod", MIXTRAL, hardware__gpus=2, model__max_model_len=32768, **busy)
    rag = planned("rag-large", QWEN_30B, hardware__gpus=2, **busy)
    eager = planned("rag-large", QWEN_30B, hardware__gpus=2, engine__enforce_eager=True, **busy)
    embed = planned("embed-bge", BGE, engine__vllm_version="0.32.0", **short)
    newer = planned("embed-bge", BGE, **short)
    draft = planned("rerank-v2", QWEN_TINY, hardware__gpu_name="L4", workload__concurrency=8)
    old = planned("legacy-8b", LLAMA_8B, hardware__gpu_name="A10G", hardware__gpus=2)
    code_70b = changed(
        "code-70b",
        big,
        small,
        edits=(
            Edit(
                "profiles/code-70b.yaml",
                9,
                "  gpus: 2",
                "hardware.gpus",
                "2",
                "fits, with 5.7 requests of 4,096 tokens at once",
            ),
        ),
        places=(("hardware", Position(7, 1)), ("hardware.gpus", Position(9, 3))),
    )
    chat_prod = changed(
        "chat-prod",
        chat,
        longer,
        level="policy",
        breaches=(Breach("min_concurrency", "20", held(longer), "model.max_model_len"),),
        edits=(
            Edit(
                "profiles/chat-prod.yaml",
                6,
                "  max_model_len: 16384",
                "model.max_model_len",
                "16384",
                "keeps the policy, with 25.2 requests of 16,384 tokens at once",
            ),
        ),
        places=(("model.max_model_len", Position(6, 3)),),
    )
    rest = [
        unchanged(name)
        for name in ("asr-whisper", "chat-eu", "chat-us", "guard", "rag-small", "summarise")
    ]
    return review(
        code_70b,
        chat_prod,
        changed("rag-large", rag, eager),
        changed("embed-bge", embed, newer),
        changed("rerank-v2", None, draft),
        changed("legacy-8b", old, None),
        *rest,
    )


def all_states() -> Review:
    """What could not be read, what could not be looked up, what was bad before, and notes."""
    failed = Reviewed(
        "chat-eu",
        "profiles/chat-eu.yaml",
        "failed",
        "infeasible",
        trouble=Trouble(
            'profiles/chat-eu.yaml:14:18: model.max_model_len is "32k", expected an integer',
            "Write 32768.",
            2,
            Position(14, 18),
        ),
        touched=True,
    )
    away = Trouble("Hugging Face answered 503 for org/model.", "", 3)
    unknown = [
        Reviewed(name, f"profiles/{name}.yaml", "unknown", "unknown", trouble=away)
        for name in ("guard", "rag-small")
    ]
    before = planned("code-70b", LLAMA_70B, hardware__gpus=1)
    sick = Reviewed(
        "code-70b", "profiles/code-70b.yaml", "unchanged", "infeasible", before, inherited=True
    )
    bumped = planned("chat-us", commit="b" * 40, files={"model.safetensors": "sha256:2"})
    good = changed("chat-us", planned("chat-us"), bumped, level="safe")
    note = "This pull request changes .github/replanner.yaml; the limits are those of main."
    return review(
        failed, *unknown, good, sick, unchanged("summarise"), notes=(note,), verdict="infeasible"
    )
