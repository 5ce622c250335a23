"""What a figure rests on is told wherever memory is told term by term: that a server printed it,
how far off it may be, and what of it is a guess."""

import samples

from replanner.planning.record import PlanRecord
from replanner.planning.result import Certainty
from replanner.report.terminal import Style, plan_report
from replanner.report.terms import moved_terms, terms


def record(*measured: str) -> PlanRecord:
    return samples.record(memory={"measured": measured})


def test_the_comment_marks_what_was_measured() -> None:
    told = terms(record(), record("activation", "non_torch"))
    marked = [line for line in told.splitlines() if line.endswith("measured")]
    assert [line.split()[0] for line in marked] == ["activations", "outside"]
    assert "tokens a step, measured" in told
    assert "measured" not in terms(None, record())


def test_the_terminal_marks_what_was_measured() -> None:
    told = plan_report(record("weights", "cuda_graph"), Style())
    marked = [line.split()[1] for line in told.splitlines() if line.endswith(" measured")]
    assert marked == ["weights", "graphs"]
    assert "measured" not in plan_report(record(), Style())


TRUSTED = {
    "weights_gib": Certainty("exact", 0.25),
    "cuda_graph_gib": Certainty("exact", 0.0),
    "non_torch_gib": Certainty("guessed", None, "collectives over <b>PCIe</b>"),
    "kv_cache_gib": Certainty("guessed", 2.5, "collectives over <b>PCIe</b>"),
}


def trusted() -> PlanRecord:
    return samples.record(feasibility=samples.feasibility(certainty=TRUSTED))


def test_the_comment_says_what_a_term_rests_on_and_how_far_off_it_may_be() -> None:
    told = terms(None, trusted())
    ends = {
        line.split()[0]: line.rpartition("  ")[2] for line in told.splitlines() if "GiB" in line
    }
    assert ends["weights"].endswith("exact, ±0.25 GiB")
    assert ends["CUDA"].strip() == "exact"
    assert ends["outside"].strip() == "guessed"
    assert ends["left"].endswith("guessed, ±2.50 GiB")
    assert told.count("Guessed: ") == 1
    assert "<b>" not in told
    assert "nine of ten" in told
    assert "nine of ten" not in terms(None, record())


def test_the_terminal_says_so_too() -> None:
    told = plan_report(trusted(), Style())
    assert "16.0 GiB  exact, ±0.25 GiB" in told
    assert "  Guessed: collectives over <b>PCIe</b>." in told.splitlines()
    assert "+/-0.25" in plan_report(trusted(), Style(unicode=False))


def test_how_far_to_trust_it_is_no_change_of_the_plan() -> None:
    told = terms(record(), trusted())
    assert not [line for line in told.splitlines() if line[:2] in {"- ", "+ "}]
    assert "exact, ±0.25 GiB" in told
    assert moved_terms(record(), trusted()).startswith("none of ")
