"""Speed estimates: sane for every GPU and kind of model, monotone, and near published figures."""

import dataclasses
import math
import time
from typing import Any

import pytest
from configs import LLAMA_2_70B, LLAMA_3_1_8B, MIXTRAL_8X7B, QWEN2_5_0_5B, QWEN3_30B_A3B
from hypothesis import given, settings
from hypothesis import strategies as st

from replanner.planning.facts import ModelFacts
from replanner.planning.feasibility import Situation, assess
from replanner.planning.hardware import Gpu, find_gpu, gpus
from replanner.planning.model_facts import model_facts
from replanner.planning.performance import estimate, load_of, roofline_of
from replanner.planning.recommend import choose
from replanner.planning.request import (
    EngineWish,
    HardwareWish,
    ModelWish,
    PlanRequest,
    Policy,
    Speculative,
    Workload,
)
from replanner.planning.result import EngineConfig, Feasibility, Performance, Range
from replanner.planning.speed_table import speeds_for

DEEPSEEK_V2_LITE = {
    "architectures": ["DeepseekV2ForCausalLM"],
    "model_type": "deepseek_v2",
    "first_k_dense_replace": 1,
    "hidden_size": 2048,
    "intermediate_size": 10944,
    "kv_lora_rank": 512,
    "max_position_embeddings": 163840,
    "moe_intermediate_size": 1408,
    "moe_layer_freq": 1,
    "n_routed_experts": 64,
    "n_shared_experts": 2,
    "num_attention_heads": 16,
    "num_experts_per_tok": 6,
    "num_hidden_layers": 27,
    "num_key_value_heads": 16,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "vocab_size": 102400,
    "torch_dtype": "bfloat16",
}
JAMBA = {
    "architectures": ["JambaForCausalLM"],
    "model_type": "jamba",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 65536,
    "max_position_embeddings": 262144,
    "num_experts": 16,
    "num_experts_per_tok": 2,
    "expert_layer_period": 2,
    "expert_layer_offset": 1,
    "attn_layer_period": 8,
    "attn_layer_offset": 4,
    "mamba_d_state": 16,
    "mamba_d_conv": 4,
    "mamba_expand": 2,
    "mamba_dt_rank": 256,
    "dtype": "bfloat16",
}
BGE_LARGE = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "max_position_embeddings": 512,
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "type_vocab_size": 2,
    "vocab_size": 30522,
    "torch_dtype": "float32",
}
FP8 = {"quantization_config": {"quant_method": "fp8", "activation_scheme": "dynamic"}}
FACTS = {
    "dense": model_facts(LLAMA_3_1_8B),
    "large": model_facts(LLAMA_2_70B),
    "small": model_facts(QWEN2_5_0_5B),
    "moe": model_facts(QWEN3_30B_A3B),
    "mixtral": model_facts(MIXTRAL_8X7B),
    "mla": model_facts(DEEPSEEK_V2_LITE),
    "hybrid": model_facts(JAMBA),
    "pooling": model_facts(BGE_LARGE),
    "fp8": model_facts({**LLAMA_3_1_8B, **FP8}),
}
DECODERS = sorted(name for name, facts in FACTS.items() if not facts.pooling)
RANGES = (
    "decode_tokens_per_s",
    "request_tokens_per_s",
    "prefill_tokens_per_s",
    "ttft_ms",
    "itl_ms",
)
VERSIONS = ("0.6.0", "0.12.0", "0.33.0")


@dataclasses.dataclass(frozen=True)
class Case:
    """One configuration judged, to be estimated again with one thing changed."""

    facts: ModelFacts
    gpu: Gpu
    config: EngineConfig
    workload: Workload
    verdict: Feasibility

    def estimate(self, **changes: Any) -> Performance:
        case = dataclasses.replace(self, **changes)
        return estimate(
            case.facts,
            case.config,
            gpu=case.gpu,
            workload=case.workload,
            feasibility=case.verdict,
        )


def case(
    model: str,
    gpu: Gpu,
    workload: Workload | None = None,
    *,
    engine: EngineWish | None = None,
    **hardware: Any,
) -> Case:
    facts, load = FACTS[model], workload or Workload()
    request = PlanRequest(
        ModelWish("org/model", max_model_len=min(8192, facts.max_model_len)),
        HardwareWish(gpu_name=gpu.name, **hardware),
        load,
        Policy(headroom_gb=0.0),
        engine or EngineWish(),
    )
    situation = Situation(facts, gpu.memory_bytes, request.policy, load, gpu.compute_capability)
    config = choose(request, situation, gpu=gpu, commit=None, quantize=None).config
    return Case(facts, gpu, config, load, assess(config, situation, refused=False))


def on(model: str, gpu_name: str, workload: Workload | None = None, **options: Any) -> Performance:
    return case(model, find_gpu(gpu_name), workload, **options).estimate()


def ordered(figure: Range) -> bool:
    return 0 < figure.low <= figure.expected <= figure.high < math.inf


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("model", sorted(FACTS))
def test_every_gpu_gets_ordered_finite_positive_ranges(model: str, version: str) -> None:
    engine, load = EngineWish(vllm_version=version), Workload(400, 100, 24)
    for gpu in gpus():
        result = case(model, gpu, load, engine=engine).estimate()
        assert all(ordered(getattr(result, name)) for name in RANGES), gpu.name


SIZES = st.integers(1, 10**6)
SHAPES = st.builds(
    lambda tensor, data: {"gpus": tensor * data, "tp_size": tensor, "dp_size": data},
    st.sampled_from((1, 2, 4, 8)),
    st.sampled_from((1, 2)),
)


@given(
    model=st.sampled_from(sorted(FACTS)),
    gpu=st.sampled_from(gpus()),
    load=st.builds(Workload, SIZES, SIZES, SIZES),
    shape=SHAPES,
)
@settings(max_examples=60, deadline=None)
def test_any_traffic_gets_ordered_finite_positive_ranges(
    model: str, gpu: Gpu, load: Workload, shape: dict[str, int]
) -> None:
    result = case(model, gpu, load, **shape).estimate()
    assert all(ordered(getattr(result, name)) for name in RANGES)


@given(
    model=st.sampled_from(DECODERS),
    gpu=st.sampled_from(gpus()),
    concurrency=st.integers(1, 512),
    factor=st.floats(1.0, 4.0),
)
@settings(max_examples=60, deadline=None)
def test_more_memory_bandwidth_is_never_slower(
    model: str, gpu: Gpu, concurrency: int, factor: float
) -> None:
    plain = case(model, gpu, Workload(1000, 300, concurrency))
    bandwidth = round(gpu.memory_bandwidth_bytes_per_s * factor)
    faster = plain.estimate(gpu=gpu._replace(memory_bandwidth_bytes_per_s=bandwidth))
    slower = plain.estimate()
    assert faster.itl_ms.expected <= slower.itl_ms.expected * 1.0001
    assert faster.ttft_ms.expected <= slower.ttft_ms.expected * 1.0001
    assert faster.decode_tokens_per_s.expected >= slower.decode_tokens_per_s.expected * 0.9999


@given(
    model=st.sampled_from(DECODERS),
    gpu=st.sampled_from([gpu for gpu in gpus() if gpu.memory_bytes > 70 << 30]),
    prompt=st.integers(1, 3000),
    more=st.integers(0, 1000),
    concurrency=st.integers(1, 8),
)
@settings(max_examples=60, deadline=None)
def test_a_longer_context_is_never_faster(
    model: str, gpu: Gpu, prompt: int, more: int, concurrency: int
) -> None:
    shape = {"gpus": 4, "tp_size": 4}
    short = case(model, gpu, Workload(prompt, 256, concurrency), **shape).estimate()
    long = case(model, gpu, Workload(prompt + more, 256, concurrency), **shape).estimate()
    assert long.itl_ms.expected >= short.itl_ms.expected * 0.9999
    assert long.ttft_ms.expected >= short.ttft_ms.expected * 0.9999


@given(
    model=st.sampled_from(DECODERS),
    gpu=st.sampled_from([gpu for gpu in gpus() if gpu.memory_bytes > 70 << 30]),
    output=st.integers(1, 1000),
    concurrency=st.integers(1, 120),
    more=st.integers(0, 120),
)
@settings(max_examples=80, deadline=None)
def test_more_concurrency_never_costs_throughput_nor_shortens_itl(
    model: str, gpu: Gpu, output: int, concurrency: int, more: int
) -> None:
    shape = {"gpus": 4, "tp_size": 4}
    few = case(model, gpu, Workload(500, output, concurrency), **shape).estimate()
    many = case(model, gpu, Workload(500, output, concurrency + more), **shape).estimate()
    assert many.itl_ms.expected >= few.itl_ms.expected * 0.9999
    # host time per sequence takes a few percent where a request is one token and nothing else
    assert many.decode_tokens_per_s.expected >= few.decode_tokens_per_s.expected * 0.95


@dataclasses.dataclass(frozen=True)
class Published:
    """A measured run; `figure` is what it gives of a Performance."""

    source: str
    model: str
    gpu: str
    version: str
    load: Workload
    figure: str
    measured: float
    gpus: int = 1


ARGONNE = "argonne-lcf/LLM-Inference-Bench@4211f5d4e9bc Plots/All_results.csv line"
PUBLISHED = (
    Published(
        f"{ARGONNE} 788: Llama-3-8B",
        "dense",
        "A100 40GB SXM",
        "0.6.0",
        Workload(1024, 1024, 1),
        "decode_tokens_per_s",
        68.56,
    ),
    Published(
        f"{ARGONNE} 803: Llama-3-8B",
        "dense",
        "A100 40GB SXM",
        "0.6.0",
        Workload(1024, 1024, 64),
        "decode_tokens_per_s",
        1812.3,
    ),
    Published(
        f"{ARGONNE} 1548: Llama-2-70b",
        "large",
        "H100 SXM",
        "0.6.0",
        Workload(1024, 1024, 16),
        "decode_tokens_per_s",
        686.9,
        gpus=4,
    ),
    Published(
        "https://ai.wmx.dev/benchmarks: Qwen2.5-0.5B-Instruct",
        "small",
        "L4",
        "0.23.0",
        Workload(256, 128, 8),
        "itl_ms",
        5.5,
    ),
    Published(
        "IOG-Foundation/llm-inference-benchmarks@4990a807c6f1: DeepSeek-R1-Distill-Llama-8B",
        "dense",
        "RTX 4090",
        "0.8.5",
        Workload(205, 213, 4),
        "itl_ms",
        19.29,
    ),
    Published(
        "Massed-Compute/gpu-benchmark@d676aae: Llama-3.1-8B-Instruct",
        "dense",
        "L40S",
        "0.8.5",
        Workload(128, 128, 32),
        "decode_tokens_per_s",
        1096.2,
    ),
)


@pytest.mark.parametrize("run", PUBLISHED, ids=lambda run: run.source)
def test_published_runs_lie_within_the_stated_range(run: Published) -> None:
    engine = EngineWish(vllm_version=run.version)
    result = on(run.model, run.gpu, run.load, engine=engine, gpus=run.gpus, tp_size=run.gpus)
    stated: Range = getattr(result, run.figure)
    assert stated.low <= run.measured <= stated.high


def test_one_stream_is_slower_than_reading_the_weights_once_a_token() -> None:
    gpu = find_gpu("H100 SXM")
    limit = gpu.memory_bandwidth_bytes_per_s / (2 * FACTS["dense"].parameters)
    result = on("dense", gpu.name, Workload(200, 200, 1))
    assert 0.5 * limit < result.request_tokens_per_s.expected < limit


def test_batching_multiplies_the_throughput_of_a_memory_bound_step() -> None:
    one = on("dense", "H100 SXM", Workload(200, 200, 1))
    many = on("dense", "H100 SXM", Workload(200, 200, 64))
    gain = many.decode_tokens_per_s.expected / one.decode_tokens_per_s.expected
    assert 20 < gain < 64


def test_a_mixture_reads_more_experts_with_more_sequences() -> None:
    growth = {}
    for model in ("dense", "moe"):
        one, some = (on(model, "H100 SXM", Workload(100, 400, n)) for n in (1, 16))
        growth[model] = some.itl_ms.expected / one.itl_ms.expected
    assert growth["moe"] > 1.2 * growth["dense"]


def test_tensor_parallelism_gains_less_over_pcie_than_over_nvlink() -> None:
    def gain(gpu_name: str) -> float:
        one = on("dense", gpu_name, Workload(1000, 200, 8))
        four = on("dense", gpu_name, Workload(1000, 200, 8), gpus=4, tp_size=4)
        return one.itl_ms.expected / four.itl_ms.expected

    assert gain("A100 80GB SXM") > gain("A100 80GB PCIe")


def test_pipeline_stages_do_not_shorten_a_single_stream() -> None:
    one = on("dense", "H100 SXM", Workload(100, 100, 1))
    two = on("dense", "H100 SXM", Workload(100, 100, 1), gpus=2, tp_size=1, pp_size=2)
    assert two.itl_ms.expected == pytest.approx(one.itl_ms.expected, rel=0.05)


def test_data_parallel_replicas_share_the_traffic() -> None:
    one = on("dense", "H100 SXM", Workload(500, 200, 32))
    two = on("dense", "H100 SXM", Workload(500, 200, 64), gpus=2, tp_size=1, dp_size=2)
    rate = two.decode_tokens_per_s.expected / one.decode_tokens_per_s.expected
    assert rate == pytest.approx(2, rel=0.01)


def test_eager_mode_and_the_old_engine_pay_host_time() -> None:
    graphs = on("small", "A100 80GB SXM")
    eager = on("small", "A100 80GB SXM", engine=EngineWish(enforce_eager=True))
    old = on("small", "A100 80GB SXM", engine=EngineWish(vllm_version="0.6.0"))
    assert eager.itl_ms.expected > 1.5 * graphs.itl_ms.expected
    assert old.itl_ms.expected > graphs.itl_ms.expected


def test_fp8_is_faster_where_the_gpu_has_it_and_only_smaller_where_not() -> None:
    def prefill(model: str, gpu_name: str) -> float:
        return on(model, gpu_name, Workload(4000, 10, 1)).prefill_tokens_per_s.expected

    assert prefill("fp8", "H100 SXM") > 1.3 * prefill("dense", "H100 SXM")
    assert prefill("fp8", "A100 80GB SXM") == pytest.approx(
        prefill("dense", "A100 80GB SXM"), rel=0.1
    )
    ampere = [on(name, "A100 80GB SXM").itl_ms.expected for name in ("fp8", "dense")]
    assert ampere[0] < 0.8 * ampere[1]


def test_requests_beyond_max_num_seqs_wait_and_the_best_ends_omit_it() -> None:
    engine = EngineWish(max_num_seqs=8)
    queued = on("dense", "H100 SXM", Workload(500, 200, 64), engine=engine)
    free = on("dense", "H100 SXM", Workload(500, 200, 8), engine=engine)
    assert queued.itl_ms == free.itl_ms
    assert queued.decode_tokens_per_s == free.decode_tokens_per_s
    assert queued.ttft_ms.expected > 10 * free.ttft_ms.expected
    assert queued.ttft_ms.low == pytest.approx(free.ttft_ms.low)
    assert queued.request_tokens_per_s.high == pytest.approx(free.request_tokens_per_s.high)
    assert any("holds 8 of 64 requests" in note for note in queued.assumptions)


@pytest.mark.parametrize("name", RANGES)
def test_without_a_queue_a_range_is_as_wide_up_as_down(name: str) -> None:
    figure: Range = getattr(on("dense", "H100 SXM", Workload(500, 200, 8)), name)
    assert figure.high / figure.expected == pytest.approx(figure.expected / figure.low)


@pytest.mark.parametrize("stages", [1, 2])
def test_one_stream_steps_with_a_batch_of_one(stages: int) -> None:
    one = case("dense", find_gpu("H100 SXM"), Workload(500, 200, 1), gpus=stages, pp_size=stages)
    roofline = roofline_of(one.facts, one.config, one.gpu)
    assert one.estimate().itl_ms.expected == pytest.approx(roofline.step(1.0, 600.0) * 1e3)


def test_the_kv_cache_limits_how_many_run() -> None:
    one = case("large", find_gpu("H100 SXM"), Workload(3000, 1000, 200), gpus=2, tp_size=2)
    result = one.estimate()
    assert one.verdict.starts
    assert any("the others wait" in note for note in result.assumptions)
    roomy = on("large", "H200 SXM", Workload(3000, 1000, 200), gpus=4, tp_size=4)
    assert roomy.ttft_ms.expected < result.ttft_ms.expected / 10


def test_a_request_holds_its_prompt_and_half_of_its_output_on_average() -> None:
    """3,000 + 500 of 4,000 tokens; 3 % of the budget is the memory model's own error."""
    one = case("large", find_gpu("H100 SXM"), Workload(3000, 1000, 200), gpus=2, tp_size=2)
    memory, each = one.verdict.memory, one.verdict.workload_kv_bytes / 200 * 3500 / 4000
    roofline = roofline_of(one.facts, one.config, one.gpu)
    running = load_of(roofline, one.config, one.workload, one.verdict).running
    assert running == pytest.approx((memory.kv_cache_bytes + 0.03 * memory.budget_bytes) / each)


def test_what_does_not_start_is_estimated_and_says_so() -> None:
    result = on("large", "L4", Workload(100, 100, 4))
    assert any("does not start" in note for note in result.assumptions)
    assert ordered(result.itl_ms)


def test_a_pooling_model_has_the_time_of_its_vector() -> None:
    result = on("pooling", "A100 80GB SXM", Workload(400, 256, 1))
    assert result.itl_ms.expected < result.ttft_ms.expected
    latency = 1e3 / result.request_tokens_per_s.expected
    assert latency == pytest.approx(result.ttft_ms.expected)
    assert any("pooling model" in note for note in result.assumptions)


def test_a_pooling_model_answers_at_the_rate_of_its_batches() -> None:
    one, many = (on("pooling", "A100 80GB SXM", Workload(400, 1, n)) for n in (1, 200))
    assert many.decode_tokens_per_s.expected > one.decode_tokens_per_s.expected
    assert many.ttft_ms.expected > one.ttft_ms.expected


def test_speculative_decoding_is_told_and_not_counted() -> None:
    engine = EngineWish(speculative=Speculative("ngram", num_tokens=3))
    with_drafts = on("dense", "H100 SXM", engine=engine)
    assert with_drafts.itl_ms == on("dense", "H100 SXM").itl_ms
    assert any("no speed-up is counted" in note for note in with_drafts.assumptions)


def test_the_first_assumption_is_the_basis_of_the_figures() -> None:
    measured, borrowed = on("dense", "H100 SXM"), on("small", "T4")
    assert "H100 and H200" in measured.assumptions[0]
    assert "Nothing was measured on this GPU class" in borrowed.assumptions[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_borrowed_constants_come_with_wider_ranges(version: str) -> None:
    for gpu in gpus():
        speeds = speeds_for(gpu, version)
        assert speeds.rows > 0
        assert speeds.error >= (0.4 if speeds.borrowed else 0.15)
        assert max(speeds.bandwidth, speeds.compute) <= 1


def test_an_estimate_takes_well_under_a_millisecond() -> None:
    one = case("moe", find_gpu("H100 SXM"), Workload(1000, 200, 32))
    began = time.perf_counter()
    for _ in range(200):
        one.estimate()
    assert (time.perf_counter() - began) / 200 < 0.002  # 0.1 ms on an idle core
