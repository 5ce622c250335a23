"""What is chosen, judged and advised, for published models on catalogue GPUs."""

from typing import Any

import pytest
from deployments import FACTS, GIB, codes, planned, request
from hypothesis import given, settings
from hypothesis import strategies as st

from replanner.planning.plan import Subject, plan
from replanner.planning.request import Lora, Speculative
from replanner.planning.result import Fix


def test_an_8b_model_starts_on_one_h100_and_leaves_what_servers_report() -> None:
    """0.19.0 at 0.95 printed 57 GiB of KV and 54 to 65 full requests of 8,192 tokens."""
    got = planned(
        "llama-8b",
        model__max_model_len=8192,
        engine__vllm_version="0.19.0",
        policy__gpu_memory_utilization=0.95,
        hardware__vram_gib=79.19,
    )
    assert got.feasibility.starts
    assert got.feasibility.memory.weights_bytes / GIB == pytest.approx(14.96, abs=0.01)
    assert got.feasibility.memory.kv_cache_bytes / GIB == pytest.approx(58.1, abs=0.6)
    assert got.feasibility.max_concurrency_at_context == pytest.approx(58.1, abs=0.6)


def test_mixtral_fits_neither_an_rtx_4090_nor_one_h100_but_two_of_them() -> None:
    assert not planned("mixtral", hardware__gpu_name="RTX 4090").feasibility.starts
    one = planned("mixtral")
    assert not one.feasibility.starts
    assert "out_of_memory" in codes(one)
    assert planned("mixtral", hardware__gpus=2).feasibility.fits


def test_memory_is_judged_per_gpu_and_never_pooled() -> None:
    one = planned("llama-70b", hardware__gpus=2, hardware__gpu_name="A100 80GB SXM")
    assert one.feasibility.memory.total_bytes < 80 * GIB
    assert one.feasibility.memory.weights_bytes == pytest.approx(64.3 * GIB, rel=0.01)


def test_what_is_judged_is_what_is_emitted() -> None:
    open_ = planned("llama-70b", hardware__gpus=4, hardware__gpu_name="A100 80GB SXM")
    config = open_.config
    fixed = planned(
        "llama-70b",
        hardware__gpus=4,
        hardware__gpu_name="A100 80GB SXM",
        hardware__tp_size=config.tensor_parallel_size,
        model__max_model_len=config.max_model_len,
        model__dtype=config.dtype,
        engine__max_num_seqs=config.max_num_seqs,
        engine__max_num_batched_tokens=config.max_num_batched_tokens,
        policy__gpu_memory_utilization=config.gpu_memory_utilization,
    )
    assert fixed.config == config
    assert fixed.feasibility == open_.feasibility


def test_every_open_setting_has_its_reason() -> None:
    why = planned("llama-8b").explanations
    assert set(why) == {
        "engine.image",
        "engine.max_num_batched_tokens",
        "engine.max_num_seqs",
        "hardware.tp_size",
        "model.dtype",
        "model.max_model_len",
        "policy.gpu_memory_utilization",
    }


def test_settings_that_the_profile_makes_need_no_reason() -> None:
    got = planned(
        "llama-8b",
        engine__image="registry.example/vllm:1",
        engine__max_num_batched_tokens=4096,
        engine__max_num_seqs=64,
        hardware__tp_size=1,
        model__dtype="float16",
        model__max_model_len=8192,
        policy__gpu_memory_utilization=0.8,
    )
    assert got.explanations == {}
    assert got.config.image == "registry.example/vllm:1"


@pytest.mark.parametrize(
    ("model", "gpus", "tensor"), [("llama-70b", 3, 2), ("qwen-0.5b", 4, 2), ("llama-8b", 8, 8)]
)
def test_tensor_parallelism_is_the_largest_that_divides_the_heads(
    model: str, gpus: int, tensor: int
) -> None:
    got = planned(model, hardware__gpus=gpus)
    assert got.config.tensor_parallel_size == tensor
    assert ("idle_gpus" in codes(got)) == (tensor < gpus)


def test_a_split_that_does_not_divide_the_heads_does_not_start() -> None:
    got = planned("qwen-0.5b", hardware__gpus=4, hardware__tp_size=4)
    assert not got.feasibility.starts
    assert "not_divisible" in codes(got)


def test_more_gpus_than_there_are_is_refused() -> None:
    got = planned("llama-8b", hardware__gpus=2, hardware__tp_size=4)
    assert "not_enough_gpus" in codes(got)
    assert not got.feasibility.starts


def test_the_length_is_cut_to_what_one_request_can_hold() -> None:
    got = planned("llama-8b", hardware__gpu_name="L4", model__kv_cache_dtype="auto")
    assert got.feasibility.starts
    assert 8192 <= got.config.max_model_len < 131072
    longer = planned(
        "llama-8b", hardware__gpu_name="L4", model__max_model_len=got.config.max_model_len + 256
    )
    assert not longer.feasibility.starts
    assert "kv_cache_too_small" in codes(longer)


def test_a_length_beyond_the_models_own_is_refused() -> None:
    got = planned("mixtral", hardware__gpus=4, model__max_model_len=65536)
    assert "max_model_len_too_long" in codes(got)
    assert not got.feasibility.starts


def test_a_workload_longer_than_the_context_does_not_fit() -> None:
    got = planned("llama-8b", model__max_model_len=512, workload__prompt_tokens=600)
    assert got.feasibility.starts
    assert not got.feasibility.fits
    assert "workload_too_long" in codes(got)


def test_too_many_requests_at_once_start_but_do_not_fit() -> None:
    got = planned("llama-8b", workload__concurrency=200, workload__prompt_tokens=8000)
    assert got.feasibility.starts
    assert not got.feasibility.fits
    assert "workload_does_not_fit" in codes(got)
    assert got.feasibility.headroom_bytes < 0


def test_headroom_asked_for_is_headroom_left() -> None:
    got = planned("llama-8b")
    spare = got.feasibility.headroom_bytes / GIB
    assert planned("llama-8b", policy__headroom_gb=spare - 0.01).feasibility.fits
    assert not planned("llama-8b", policy__headroom_gb=spare + 0.01).feasibility.fits


def test_the_margin_is_on_what_the_workload_needs_not_on_the_capacity() -> None:
    plain = planned("llama-8b").feasibility
    careful = planned("llama-8b", policy__fragmentation_factor=1.5).feasibility
    assert careful.workload_kv_bytes == pytest.approx(1.5 * plain.workload_kv_bytes, abs=1)
    assert careful.kv_cache_tokens == plain.kv_cache_tokens


def test_a_given_overhead_replaces_the_modelled_one() -> None:
    memory = planned("llama-8b", policy__overhead_gb=3.0).feasibility.memory
    assert memory.activation_bytes == 3 * GIB
    assert memory.non_torch_bytes == memory.cuda_graph_bytes == 0


def test_given_memory_wins_over_the_catalogue() -> None:
    got = planned("llama-8b", hardware__vram_gib=40.0)
    assert got.hardware.memory_bytes == 40 * GIB


def test_bfloat16_falls_back_on_a_gpu_without_it_and_is_refused_when_asked_for() -> None:
    assert planned("qwen-0.5b", hardware__gpu_name="T4").config.dtype == "float16"
    asked = planned("qwen-0.5b", hardware__gpu_name="T4", model__dtype="bfloat16")
    assert "dtype_not_on_gpu" in codes(asked)


def test_a_token_budget_below_the_sequences_is_refused() -> None:
    got = planned("llama-8b", engine__max_num_seqs=512, engine__max_num_batched_tokens=256)
    assert "token_budget_too_small" in codes(got)


def test_throughput_mode_doubles_the_batching_defaults() -> None:
    got = planned("llama-8b", workload__mode="throughput").config
    assert (got.max_num_batched_tokens, got.max_num_seqs) == (16384, 2048)


def test_defaults_are_clamped_as_vllm_clamps_them() -> None:
    """tokens <= seqs x length, then seqs <= tokens."""
    short = planned("llama-8b", model__max_model_len=64, engine__max_num_seqs=4)
    assert short.config.max_num_batched_tokens == 256
    few = planned("llama-8b", engine__max_num_batched_tokens=100)
    assert few.config.max_num_seqs == 100


def test_requests_beyond_max_num_seqs_are_pointed_out() -> None:
    got = planned("llama-8b", engine__max_num_seqs=4, workload__concurrency=8)
    assert "concurrency_above_max_num_seqs" in codes(got)


@pytest.mark.parametrize(
    ("version", "code"), [("0.99.0", "vllm_version_unknown"), ("0.5.0", "vllm_version_old")]
)
def test_releases_outside_what_was_checked_are_said_to_be(version: str, code: str) -> None:
    assert code in codes(planned("llama-8b", engine__vllm_version=version))


def test_amd_gpus_get_the_rocm_image() -> None:
    got = planned("llama-8b", hardware__gpu_name="MI300X").config
    assert got.image == "vllm/vllm-openai-rocm:v0.33.0"
    assert got.vendor == "amd"


def test_adapters_and_drafts_take_memory() -> None:
    plain = planned("llama-8b").feasibility.memory
    lora = planned("llama-8b", engine__lora=Lora(max_loras=4, max_rank=64)).feasibility.memory
    assert lora.weights_bytes > plain.weights_bytes
    draft = Speculative("draft_model", "org/draft", 3)
    both = plan(
        request(engine__speculative=draft), Subject(FACTS["llama-8b"], None, FACTS["qwen-0.5b"])
    )
    extra = both.feasibility.memory.weights_bytes - plain.weights_bytes
    assert extra == pytest.approx(0.92 * GIB, rel=0.02)


@pytest.mark.parametrize(
    ("wish", "setting", "beside"),
    [
        ({"hardware__tp_size": 1}, "hardware.gpus", "hardware.tp_size"),
        ({"hardware__vram_gib": 20.0}, "hardware.gpu_name", "hardware.vram_gib"),
    ],
)
def test_a_fix_names_what_must_be_left_open_for_it(
    wish: dict[str, Any], setting: str, beside: str
) -> None:
    fixes = {fix.setting: fix for fix in planned("mixtral", **wish).fixes}
    assert fixes[setting].effect.startswith(f"with {beside}: null, fits")
    changes = {setting.replace(".", "__"): fixes[setting].value, beside.replace(".", "__"): None}
    assert planned("mixtral", **{**wish, **changes}).feasibility.fits


def test_a_fix_that_only_adds_the_gpus_asked_for_keeps_the_split() -> None:
    fixes = {fix.setting: fix for fix in planned("mixtral", hardware__tp_size=2).fixes}
    assert fixes["hardware.gpus"].effect.startswith("fits")
    assert planned("mixtral", hardware__tp_size=2, hardware__gpus=2).feasibility.fits


@pytest.mark.parametrize(
    ("value", "text"), [(None, "a.b: null"), (True, "a.b: true"), ("fp8", "a.b: fp8")]
)
def test_a_fix_reads_like_the_line_of_a_profile(value: Any, text: str) -> None:
    assert str(Fix("a.b", value, "")) == text


def test_fixes_are_single_changes_that_planning_confirms() -> None:
    broken = {"model__max_model_len": 32768, "hardware__gpu_name": "L4"}
    got = planned("llama-8b", **broken)
    assert not got.feasibility.fits
    assert got.fixes
    for fix in got.fixes:
        key = fix.setting.replace(".", "__")
        again = planned("llama-8b", **{**broken, key: fix.value})
        assert again.feasibility.fits, fix
        assert fix.effect.startswith("fits, with ")


def test_a_setting_is_fixed_by_its_smallest_change() -> None:
    fixes = {fix.setting: fix.value for fix in planned("mixtral").fixes}
    assert fixes["model.quantization"] == "fp8_per_tensor"
    assert fixes["hardware.gpus"] == 2
    assert fixes["hardware.gpu_name"] == "H200 NVL"  # 96 GB cards are too small, GH200 is older


def test_the_name_of_quantizing_while_loading_is_the_releases_own() -> None:
    fixes = {
        fix.setting: fix.value for fix in planned("mixtral", engine__vllm_version="0.19.0").fixes
    }
    assert fixes["model.quantization"] == "fp8"


def test_a_gpu_without_fp8_is_not_told_to_use_it() -> None:
    settings_ = {
        fix.setting for fix in planned("mixtral", hardware__gpu_name="A100 80GB SXM").fixes
    }
    assert settings_
    assert not settings_ & {"model.quantization", "model.kv_cache_dtype"}


def test_nothing_is_fixed_where_nothing_is_broken() -> None:
    assert planned("llama-8b").fixes == ()


@pytest.mark.parametrize(
    ("changes", "risk"),
    [
        ({}, "low"),
        ({"policy__gpu_memory_utilization": 0.2}, "high"),
        ({"engine__vllm_version": "0.19.0", "policy__gpu_memory_utilization": 0.995}, "high"),
    ],
)
def test_the_risk_follows_what_is_spare(changes: dict[str, Any], risk: str) -> None:
    assert planned("llama-8b", **changes).feasibility.oom_risk == risk


@settings(max_examples=60, deadline=None)
@given(
    model=st.sampled_from(sorted(FACTS)),
    changes=st.fixed_dictionaries(
        {
            "hardware__gpu_name": st.sampled_from(
                ["T4", "L4", "RTX 4090", "A100 80GB SXM", "H100 SXM", "B200 SXM", "MI300X"]
            ),
            "hardware__gpus": st.sampled_from([1, 2, 3, 4, 8]),
            "workload__concurrency": st.integers(1, 500),
            "workload__prompt_tokens": st.integers(1, 8000),
            "workload__gen_tokens": st.integers(1, 4000),
        }
    ),
)
def test_a_plan_is_consistent_whatever_is_asked(model: str, changes: dict[str, Any]) -> None:
    got = planned(model, **changes)
    feasibility, memory = got.feasibility, got.feasibility.memory
    assert feasibility.starts or not feasibility.fits
    assert not feasibility.fits or feasibility.headroom_bytes >= 0
    assert feasibility.starts or any(f.severity == "error" for f in got.findings)
    assert feasibility.fits or any(f.severity == "error" for f in got.findings)
    assert memory.budget_bytes <= memory.total_bytes
    assert got.config.max_num_seqs <= got.config.max_num_batched_tokens
    assert got.config.max_model_len >= 1
    assert feasibility.oom_risk == "high" or feasibility.starts
    assert got == planned(model, **changes)
