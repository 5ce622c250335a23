"""Plans to test with: one of a real size, and hypothesis strategies over all that a plan may be."""

from typing import Any

from hypothesis import strategies as st

from replanner.planning.record import Inputs, PlanRecord
from replanner.planning.result import (
    Certainty,
    EngineConfig,
    Feasibility,
    Finding,
    Fix,
    HardwareUsed,
    MemoryBreakdown,
    ModelIdentity,
    Performance,
    Plan,
    Range,
)

GIB = 1024**3


def config(**changes: Any) -> EngineConfig:
    values = {
        "model": "meta-llama/Llama-3.1-8B-Instruct",
        "revision": "a" * 40,
        "vllm_version": "0.33.0",
        "image": "vllm/vllm-openai:v0.33.0",
        "gpus": 1,
        "tensor_parallel_size": 1,
        "pipeline_parallel_size": 1,
        "data_parallel_size": 1,
        "enable_expert_parallel": False,
        "dtype": "bfloat16",
        "quantization": None,
        "kv_cache_dtype": "auto",
        "gpu_memory_utilization": 0.92,
        "max_model_len": 131072,
        "max_num_seqs": 256,
        "max_num_batched_tokens": 8192,
    }
    return EngineConfig(**{**values, **changes})


def memory(**changes: Any) -> MemoryBreakdown:
    """Weights of 16 GiB on an 80 GB GPU; the KV pool is what is left unless it is given."""
    values = {
        "total_bytes": int(79.2 * GIB),
        "budget_bytes": int(79.2 * GIB * 0.92),
        "weights_bytes": 16 * GIB,
        "activation_bytes": 2 * GIB,
        "non_torch_bytes": GIB // 4,
        "cuda_graph_bytes": GIB // 2,
        **changes,
    }
    fixed = ("weights_bytes", "activation_bytes", "non_torch_bytes", "cuda_graph_bytes")
    left = values["budget_bytes"] - sum(values[name] for name in fixed)
    return MemoryBreakdown(**{"kv_cache_bytes": left, **values})


def feasibility(breakdown: MemoryBreakdown | None = None, **changes: Any) -> Feasibility:
    breakdown = breakdown or memory()
    per_token = 131072
    kv_needed = per_token * 131072
    starts = breakdown.kv_cache_bytes >= kv_needed
    tokens = max(0, breakdown.kv_cache_bytes) // per_token
    values = {
        "fits": starts,
        "starts": starts,
        "oom_risk": "low" if starts else "high",
        "memory": breakdown,
        "headroom_bytes": breakdown.kv_cache_bytes - GIB,
        "workload_kv_bytes": GIB,
        "kv_bytes_per_token": float(per_token),
        "kv_cache_tokens": tokens,
        "max_concurrency_at_context": tokens / 131072,
        "max_context_at_concurrency": min(131072, tokens),
        "kv_needed_bytes": kv_needed,
    }
    return Feasibility(**{**values, **changes})


def performance(scale: float = 1.0) -> Performance:
    return Performance(
        decode_tokens_per_s=Range(900.0 * scale, 1000.0 * scale, 1200.0 * scale),
        request_tokens_per_s=Range(90.0 * scale, 100.0 * scale, 120.0 * scale),
        prefill_tokens_per_s=Range(9000.0 * scale, 10000.0 * scale, 12000.0 * scale),
        ttft_ms=Range(40.0 / scale, 50.0 / scale, 70.0 / scale),
        itl_ms=Range(8.0 / scale, 10.0 / scale, 13.0 / scale),
        assumptions=("mean lengths",),
    )


def record(**changes: Any) -> PlanRecord:
    """A plan; `config`, `memory` and `inputs` take dictionaries of changes."""
    cfg = config(**changes.get("config", {}))
    wanted = changes.get("feasibility") or feasibility(memory(**changes.get("memory", {})))
    inputs = {
        "profile_path": "profiles/chat.yaml",
        "profile_name": "chat",
        "profile_values": {"model.id": cfg.model, "hardware.gpu_name": "H100"},
        "model_files": {"config.json": "git:1", "model.safetensors": "sha256:1"},
        "gpu_facts": {"vram_gib": 79.2},
        "planner_version": "0.1.0",
        "catalogue_version": "2026.11",
        **changes.get("inputs", {}),
    }
    plan = Plan(
        model=ModelIdentity(
            id=cfg.model,
            revision="main",
            commit=cfg.revision,
            architecture="LlamaForCausalLM",
            parameters=8_030_261_248,
            active_parameters=8_030_261_248,
            quantization=None,
        ),
        hardware=HardwareUsed("H100", cfg.gpus, wanted.memory.total_bytes),
        config=cfg,
        feasibility=wanted,
        performance=changes.get("performance") or performance(),
        findings=tuple(changes.get("findings", ())),
        fixes=tuple(changes.get("fixes", ())),
        explanations=changes.get("explanations", {}),
    )
    return PlanRecord(plan, Inputs(**inputs), changes.get("artifacts", {}))


def with_config(before: PlanRecord, **changes: Any) -> PlanRecord:
    after = before.plan.config._replace(**changes)
    return before._replace(plan=before.plan._replace(config=after))


text = st.text(
    st.characters(exclude_categories=("Cs", "Cc")), max_size=40
)  # what decode lets through, less tab and newline
nasty = st.one_of(
    text,
    st.sampled_from(
        [
            "@acme/team",
            "#12 GH-7",
            "a|b|c",
            "</details><img src=x>",
            "[link](https://evil.example)",
            "`code` ``` fence",
            "<!-- replanner:state x -->",
            "-->",
            "https://evil.example/x",
            "www.evil.example",
            "a\nb\r\nc",
            "**bold** _it_ ~x~",
            "\\|",
            "![i](x)",
            "$x$ :smile: ^1 ==y==",
        ]
    ),
)
sizes = st.integers(-(1 << 40), 1 << 40)  # what may be missing
taken = st.integers(0, 1 << 40)
rates = st.floats(0, 1e9, allow_nan=False)
ranges = st.builds(Range, rates, rates, rates)


_TERMS = tuple(f"{term}_gib" for term in ("weights", "activation", "non_torch", "kv_cache"))


def _certainties(words: st.SearchStrategy[str]) -> st.SearchStrategy[Certainty]:
    bases = st.sampled_from(["exact", "measured", "given", "modelled", "guessed"])
    return st.builds(Certainty, bases, st.none() | rates, words)


@st.composite
def records(draw: st.DrawFn, words: st.SearchStrategy[str] = text) -> PlanRecord:
    values = st.dictionaries(words, st.one_of(words, st.integers(-9, 9), st.none()), max_size=4)
    count = st.integers(1, 1 << 20)
    return record(
        config={
            "model": draw(words),
            "revision": draw(st.none() | words),
            "image": draw(words),
            "gpus": draw(st.integers(1, 8)),
            "max_model_len": draw(count),
            "max_num_seqs": draw(count),
            "kv_cache_dtype": draw(st.sampled_from(["auto", "fp8"])),
            "extra_args": draw(values),
        },
        feasibility=Feasibility(
            fits=draw(st.booleans()),
            starts=draw(st.booleans()),
            oom_risk=draw(st.sampled_from(["low", "medium", "high"])),
            memory=MemoryBreakdown(*(draw(taken) for _ in range(6)), draw(sizes)),
            headroom_bytes=draw(sizes),
            workload_kv_bytes=draw(taken),
            kv_bytes_per_token=draw(rates),
            kv_cache_tokens=draw(taken),
            max_concurrency_at_context=draw(rates),
            max_context_at_concurrency=draw(taken),
            kv_needed_bytes=draw(taken),
            certainty=draw(st.dictionaries(st.sampled_from(_TERMS), _certainties(words))),
        ),
        performance=Performance(*(draw(ranges) for _ in range(5))),
        findings=draw(
            st.lists(
                st.builds(
                    Finding,
                    words,
                    st.sampled_from(["error", "warning", "info"]),
                    words,
                    words,
                    words,
                ),
                max_size=3,
            )
        ),
        fixes=draw(st.lists(st.builds(Fix, words, words, words), max_size=2)),
        explanations=draw(st.dictionaries(words, words, max_size=3)),
        inputs={
            "profile_path": draw(words),
            "profile_name": draw(words),
            "profile_values": draw(values),
            "model_files": draw(st.dictionaries(words, words, max_size=4)),
            "gpu_facts": draw(values),
            "planner_version": draw(st.sampled_from(["1.0.0", "1.1.0"])),
            "catalogue_version": draw(st.sampled_from(["1", "2"])),
        },
        artifacts=draw(
            st.dictionaries(
                st.sampled_from(["serve_command.sh", "docker-compose.yaml", "k8s-values.yaml"]),
                st.sampled_from(["0" * 64, "f" * 64]),
            )
        ),
    )
