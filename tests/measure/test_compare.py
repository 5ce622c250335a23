"""Planned against actual: what lies within, what decides, and what is not told."""

import pytest
from served import STARTED, planned, planned_gpt_oss
from server_logs import (
    CASES,
    CONSUMED,
    HYBRID,
    METRICS,
    METRICS_V0,
    REFUSED,
    TP2,
    V0,
    V1_NEW,
    V1_OLD,
)

from replanner.errors import InputError
from replanner.measure.calibrate import calibration
from replanner.measure.compare import Comparison, Row, compare
from replanner.measure.log import read_log
from replanner.measure.metrics import read_metrics
from replanner.measure.seen import Seen, joined
from replanner.planning.units import GIB


def row(compared: Comparison, key: str) -> Row:
    return next(one for one in compared.rows if one.key == key)


@pytest.mark.parametrize("name", STARTED)
def test_every_figure_that_was_read_is_a_row(name: str) -> None:
    case = CASES[name]
    compared = compare(planned(case), read_log(case.log))
    assert {one.key for one in compared.rows} >= case.read.keys() - {"budget_gib"}
    assert not compared.contradicted
    assert not compared.differences


def test_the_error_is_that_of_the_plan() -> None:
    plan = planned(TP2)
    compared = compare(plan, read_log(TP2.log))
    weights = row(compared, "weights_gib")
    mine = plan.feasibility.memory.weights_bytes / GIB
    assert weights.predicted == mine
    assert weights.error_percent == pytest.approx(100 * (mine / 7.12 - 1))


def test_the_tolerance_decides_and_overheads_do_not() -> None:
    plan, seen = planned(V1_NEW), read_log(V1_NEW.log)
    pool = plan.feasibility.memory.kv_cache_bytes / GIB
    off = seen._replace(figures={**seen.figures, "kv_cache_gib": pool * 1.2})
    assert not compare(plan, off).agrees
    assert compare(plan, off, tolerance=50).agrees
    louder = seen._replace(figures={**seen.figures, "peak_gib": 9.0, "kv_cache_gib": pool})
    compared = compare(plan, louder, tolerance=50)
    assert not row(compared, "activation_gib").within
    assert compared.agrees, "what activations cost is felt in the KV cache"


def test_a_tenth_of_a_gib_is_no_difference() -> None:
    plan, seen = planned(V1_NEW), read_log(V1_NEW.log)
    mine = plan.feasibility.memory.weights_bytes / GIB
    near = seen._replace(figures={**seen.figures, "loaded_gib": mine + 0.09})
    assert row(compare(plan, near, tolerance=1), "weights_gib").within
    far = seen._replace(figures={**seen.figures, "loaded_gib": mine + 0.11})
    assert not row(compare(plan, far, tolerance=1), "weights_gib").within


def test_less_than_a_gib_of_cache_is_judged_in_gib() -> None:
    plan, seen = planned(V1_NEW), read_log(V1_NEW.log)
    few = seen._replace(figures={**seen.figures, "kv_cache_gib": 0.5})
    compared = compare(plan, few)
    assert row(compared, "kv_cache_gib").error_percent is None
    assert not row(compared, "kv_cache_tokens").decides


def test_how_much_is_missing_for_any_cache_does_not_matter() -> None:
    plan, seen = planned(V1_NEW), read_log(V1_NEW.log)
    memory = plan.feasibility.memory._replace(kv_cache_bytes=-GIB)
    short = plan._replace(feasibility=plan.feasibility._replace(memory=memory, starts=False))
    lost = seen._replace(figures={"kv_cache_gib": -24.42}, state="refused")
    assert compare(short, lost).agrees


def test_a_refused_server_contradicts_a_plan_that_starts_and_the_other_way_round() -> None:
    plan, seen = planned(V1_NEW), read_log(V1_NEW.log)
    refused = seen._replace(state="refused")
    assert compare(plan, refused).contradicted
    short = plan._replace(feasibility=plan.feasibility._replace(starts=False))
    assert compare(short, seen).contradicted
    assert not compare(short, refused).contradicted
    assert not compare(plan, seen._replace(state="unknown")).contradicted


def test_a_refusals_figures_are_rows_too() -> None:
    compared = compare(planned(REFUSED), read_log(REFUSED.log))
    needed = row(compared, "kv_needed_gib")
    assert needed.actual == 5.62
    assert needed.within
    assert compared.starts is False, "the plan said so"
    assert not compared.contradicted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tensor_parallel_size", 4),
        ("max_num_seqs", 128),
        ("dtype", "float16"),
        ("enforce_eager", True),
        ("gpu_memory_utilization", 0.8),
    ],
)
def test_a_server_that_runs_otherwise_does_not_agree(name: str, value: float | str) -> None:
    seen = read_log(TP2.log)
    other = seen._replace(settings={**seen.settings, name: value})
    compared = compare(planned(TP2), other)
    assert [one.setting for one in compared.differences] == [name]
    assert not compared.agrees


def test_another_release_model_or_gpu_is_told() -> None:
    plan, seen = planned(V0), read_log(V0.log)
    plan = plan._replace(config=plan.config._replace(model="Qwen/Qwen2.5-Math-1.5B"))
    assert not compare(plan, seen).differences, "the log's is a folder: it may be this model"
    for other, setting in (
        (seen._replace(version="0.7.3"), "vllm_version"),
        (seen._replace(model="Qwen/Qwen2.5-Math-7B"), "model"),
        (seen._replace(gpu="NVIDIA H200"), "gpu_name"),
    ):
        assert [one.setting for one in compare(plan, other).differences] == [setting]
    assert not compare(
        plan, seen._replace(gpu="NVIDIA A10", model="QWEN/qwen2.5-math-1.5b")
    ).differences


def test_auto_and_older_spellings_are_what_they_became() -> None:
    seen = read_log(TP2.log)
    same = seen._replace(settings={**seen.settings, "kv_cache_dtype": "fp8", "dtype": "auto"})
    assert not compare(planned(TP2), same).differences


def test_lines_that_were_not_there_are_named() -> None:
    missing = compare(planned(V1_OLD), read_log(V1_OLD.log)).missing
    assert 'activations: no "peak activation"' in missing
    assert any("VLLM_LOGGING_LEVEL=DEBUG" in one for one in missing)
    cut = read_log(V1_OLD.log.partition("Available")[0])
    missing = compare(planned(V1_OLD), cut).missing
    assert 'KV cache: no "Available KV cache memory"' in missing
    assert any("end of the start-up" in one for one in missing)
    assert compare(planned(TP2), read_log(TP2.log)).missing == ()
    refused = compare(planned(REFUSED), read_log(REFUSED.log)).missing
    assert 'weights: no "Model loading took ... GiB"' in refused
    assert not any("CUDA graphs" in one for one in refused), "it did not get that far"


def test_a_metrics_page_says_what_only_a_log_has() -> None:
    compared = compare(planned(V1_NEW), read_metrics(METRICS))
    assert [one.key for one in compared.rows] == ["kv_cache_tokens", "max_concurrency_at_context"]
    assert len(compared.missing) == 1
    assert "weights, activations" in compared.missing[0]
    bare = compare(planned(V1_NEW), read_metrics('vllm:num_requests_running{engine="0"} 0.0'))
    assert len(bare.missing) == 1
    assert "KV tokens" in bare.missing[0]


def test_blocks_are_tokens_only_where_there_is_one_kind_of_block() -> None:
    page = read_metrics(METRICS_V0)
    assert [one.key for one in compare(planned(V1_NEW), page).rows] == ["kv_cache_tokens"]
    assert compare(planned(HYBRID), page).rows == ()


def test_log_and_metrics_add_to_each_other() -> None:
    cut = read_log(V1_NEW.log.partition("GPU KV cache size")[0])
    both = joined(cut, read_metrics(METRICS))
    assert both.state == "started"
    keys = {one.key for one in compare(planned(V1_NEW), both).rows}
    assert {"weights_gib", "kv_cache_gib", "kv_cache_tokens"} <= keys


def test_a_gpu_that_others_use_and_a_cache_sized_by_hand_are_told() -> None:
    plan, seen = planned(V1_NEW), read_log(V1_NEW.log)
    busy = seen._replace(figures={**seen.figures, "free_gib": 9.0})
    assert any("9.00 GiB of the GPU were free" in one for one in compare(plan, busy).notes)
    page = seen._replace(settings={**seen.settings, "kv_cache_memory_bytes": 3 << 30})
    assert any("sized by hand" in one for one in compare(plan, page).notes)
    hand = seen._replace(figures={**seen.figures, "kv_by_hand_gib": 3.0})
    compared = compare(plan, hand)
    assert row(compared, "kv_cache_gib").actual == 3.0
    assert not any(one.decides for one in compared.rows if one.key.startswith("kv_cache"))


def test_nothing_to_compare_is_bad_input() -> None:
    with pytest.raises(InputError, match="no figure"):
        compare(planned(V1_NEW), Seen(version="0.27.0"))


def test_the_consumed_format_compares_like_the_others() -> None:
    keys = {one.key for one in compare(planned(V1_NEW), read_log(CONSUMED)).rows}
    assert {"weights_gib", "activation_gib", "non_torch_gib", "kv_cache_gib"} <= keys


# What vLLM 0.11.0 printed for openai/gpt-oss-20b on one H100
# (llm-d-incubation/llm-d-planner, docs/empirical-vllm-memory-results.md).
GPT_OSS = {"loaded_gib": 13.47, "non_torch_gib": 0.13, "peak_gib": 7.38, "kv_cache_gib": 50.28}


@pytest.mark.parametrize(
    ("version", "term"), [("0.11.0", "activation_gib"), ("0.27.0", "non_torch_gib")]
)
def test_what_kernels_add_to_the_weights_is_compared_where_it_is_printed(
    version: str, term: str
) -> None:
    plan = planned_gpt_oss(version)
    memory = plan.feasibility.memory
    compared = compare(plan, Seen(version=version, state="started", figures=GPT_OSS))
    weights = row(compared, "weights_gib")
    assert weights.predicted == (memory.weights_bytes + memory.repacked_bytes) / GIB
    assert weights.error_percent == pytest.approx(0, abs=0.5)
    held = getattr(memory, term.replace("_gib", "_bytes"))
    assert row(compared, term).predicted == (held - memory.repacked_bytes) / GIB


def test_a_calibration_of_repacked_weights_counts_them_once() -> None:
    seen = Seen(version="0.11.0", state="started", figures=GPT_OSS)
    again = compare(planned_gpt_oss("0.11.0", calibration(planned_gpt_oss("0.11.0"), seen)), seen)
    assert {one.key: one.predicted for one in again.rows if one.measured} == pytest.approx(
        {"weights_gib": 13.47, "activation_gib": 7.38, "non_torch_gib": 0.13}, abs=0.01
    )
    assert row(again, "kv_cache_gib").predicted == pytest.approx(50.28, abs=0.01)
