"""A figure that a server printed is marked as such wherever memory is told term by term."""

import samples

from replanner.planning.record import PlanRecord
from replanner.report.terminal import Style, plan_report
from replanner.report.terms import terms


def record(*measured: str) -> PlanRecord:
    return samples.record(memory={"measured": measured})


def test_the_comment_marks_what_was_measured() -> None:
    told = terms(record(), record("activation", "non_torch"))
    marked = [line for line in told.splitlines() if line.endswith("measured")]
    assert [line.split()[1] for line in marked] == ["activations", "outside"]
    assert "tokens a step, measured" in told
    assert "measured" not in terms(None, record())


def test_the_terminal_marks_what_was_measured() -> None:
    told = plan_report(record("weights", "cuda_graph"), Style())
    marked = [line.split()[1] for line in told.splitlines() if line.endswith(" measured")]
    assert marked == ["weights", "graphs"]
    assert "measured" not in plan_report(record(), Style())
