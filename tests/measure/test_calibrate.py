"""What a profile keeps of a server's figures, and that its next plan is what was measured."""

import pytest
from served import STARTED, planned
from server_logs import CASES, REFUSED, TP2, V0, V1_NEW, V1_OLD

from replanner.errors import InputError
from replanner.measure.calibrate import calibration, changes, origin
from replanner.measure.compare import compare
from replanner.measure.log import read_log
from replanner.planning.calibration import counted_graph_bytes
from replanner.planning.units import GIB

_ROUNDING = {"kv_cache_gib": 0.01, "weights_gib": 0.001, "non_torch_gib": 0.001}


@pytest.mark.parametrize("name", STARTED)
def test_the_plan_after_calibration_is_what_was_measured(name: str) -> None:
    case = CASES[name]
    seen = read_log(case.log)
    measured = calibration(planned(case), seen)
    again = compare(planned(case, measured=measured), seen)
    assert again.agrees
    found = {one.key: one for one in again.rows}
    for key, rounding in _ROUNDING.items():
        if key in found:
            assert found[key].predicted == pytest.approx(found[key].actual, abs=rounding), key
    for key in ("kv_cache_tokens", "max_concurrency_at_context"):
        assert found[key].predicted == pytest.approx(found[key].actual, rel=2e-3), key
    assert found["weights_gib"].measured


def test_printed_activations_are_kept_where_the_sum_is_right() -> None:
    for case in (V0, TP2, V1_NEW):
        measured = calibration(planned(case), read_log(case.log))
        assert measured.activation_gib == pytest.approx(case.read["activation_gib"], abs=0.02)
        assert measured.non_torch_gib == case.read["non_torch_gib"]


def test_graphs_are_kept_as_taken_and_as_counted() -> None:
    of = {name: calibration(planned(CASES[name]), read_log(CASES[name].log)) for name in STARTED}
    assert of["tp2"].counted_graph_gib == 0, "0.19 estimates, and takes nothing off"
    assert of["tp2"].cuda_graph_gib == 0.71
    assert of["v1-new"].counted_graph_gib == 0, "a model runner without an estimate"
    line = "Estimated CUDA graph memory: 0.58 GiB total\n(EngineCore pid=79) INFO 08-20 09:00:40 "
    log = V1_NEW.log.replace("(EngineCore pid=79) INFO 08-20 09:00:40 ", line, 1)
    log = log.replace("11.94", "11.36")
    assert calibration(planned(V1_NEW), read_log(log)).counted_graph_gib == 0.58


def test_a_log_without_the_split_keeps_the_sum() -> None:
    plan, seen = planned(V1_OLD), read_log(V1_OLD.log)
    measured = calibration(plan, seen)
    budget = plan.feasibility.memory.budget_bytes / GIB
    whole = budget - 15.2683 - 18.69
    assert measured.activation_gib + measured.non_torch_gib == pytest.approx(whole, abs=0.002)


def test_it_says_what_it_is_of() -> None:
    measured = calibration(planned(TP2), read_log(TP2.log))
    assert measured.gpu_name == "H100 SXM"
    assert (measured.tp_size, measured.pp_size) == (2, 1)
    assert (measured.max_num_seqs, measured.max_num_batched_tokens) == (1024, 8192)
    assert measured.vllm_version == "0.19.0"


def test_a_development_version_is_kept_as_its_release() -> None:
    seen = read_log(V1_NEW.log.replace("0.27.0", "0.27.0rc1.dev531+ga65f93fb2"))
    assert calibration(planned(V1_NEW), seen).vllm_version == "0.27.0"


def test_a_log_that_names_no_release_calibrates_nothing() -> None:
    seen = read_log(V1_OLD.log)._replace(version="")
    with pytest.raises(InputError, match="which release"):
        calibration(planned(V1_OLD), seen)


def test_a_log_without_counted_graphs_keeps_those_planned() -> None:
    seen = read_log(V1_NEW.log.partition("(EngineCore pid=79) INFO 08-20 09:00:44")[0])
    plan = planned(V1_NEW)
    counted = counted_graph_bytes(plan.feasibility.memory) / GIB
    assert calibration(plan, seen).counted_graph_gib == pytest.approx(counted, abs=0.001)


def test_the_gpus_memory_goes_with_it_where_the_server_knows_better() -> None:
    plan, seen = planned(TP2), read_log(TP2.log)
    measured = calibration(plan, seen)
    assert "hardware.vram_gib" not in changes(plan, seen, measured)
    smaller = seen._replace(figures={**seen.figures, "total_gib": 78.9})
    assert changes(plan, smaller, measured)["hardware.vram_gib"] == 78.9


@pytest.mark.parametrize("missing", ["loaded_gib", "kv_cache_gib"])
def test_without_weights_or_cache_there_is_nothing_to_keep(missing: str) -> None:
    seen = read_log(V1_OLD.log)
    figures = {name: value for name, value in seen.figures.items() if name != missing}
    with pytest.raises(InputError, match="does not say what the"):
        calibration(planned(V1_OLD), seen._replace(figures=figures))


def test_a_cache_that_was_sized_by_hand_measures_nothing() -> None:
    seen = read_log(V1_OLD.log + "reserved 9.0 GiB memory for KV Cache as specified by x\n")
    with pytest.raises(InputError, match="by hand"):
        calibration(planned(V1_OLD), seen)


def test_figures_of_another_deployment_are_refused() -> None:
    seen = read_log(TP2.log)
    with pytest.raises(InputError, match=r"another deployment.*tensor_parallel_size was 4"):
        calibration(
            planned(TP2), seen._replace(settings={**seen.settings, "tensor_parallel_size": 4})
        )
    with pytest.raises(InputError, match=r"the GPU has 139\.81 GiB"):
        calibration(planned(TP2), seen._replace(figures={**seen.figures, "total_gib": 139.81}))


def test_figures_that_cannot_be_are_refused() -> None:
    seen = read_log(V1_OLD.log)
    with pytest.raises(InputError, match="do not add up"):
        calibration(planned(V1_OLD), seen._replace(figures={**seen.figures, "kv_cache_gib": 30.0}))


def test_a_refused_start_measures_too() -> None:
    log = REFUSED.log.replace(
        "[gpu_worker.py:456] Available", "] Model loading took 7.56 GiB\nAvailable", 1
    )
    measured = calibration(planned(REFUSED), read_log(log))
    again = planned(REFUSED, measured=measured)
    assert again.feasibility.memory.kv_cache_bytes / GIB == pytest.approx(4.89, abs=0.01)
    assert not again.feasibility.starts


def test_the_origin_is_one_sentence() -> None:
    said = origin(read_log(TP2.log), source="server.log", today="2026-05-01")
    assert said == (
        "Measured by vLLM 0.19.0, 79.19 GiB: server.log of 2026-04-22, read 2026-05-01 by replanner"
        " verify."
    )
