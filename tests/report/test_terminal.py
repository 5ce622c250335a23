"""What people see on a terminal: at any width, in plain ASCII, whatever stands in names."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import GIB, nasty, record, records

from replanner.planning.diff import diff
from replanner.planning.record import PlanRecord
from replanner.planning.result import Finding, Fix
from replanner.report import Style, change_report, plan_report

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FULL = record(
    findings=[Finding("a", "warning", "The context is long.", "Shorten it.")],
    fixes=[Fix("hardware.gpus", 2, "fits")],
    explanations={"dtype": "the checkpoint's own"},
)


def test_a_plan_shows_verdict_memory_figures_findings_and_fixes() -> None:
    told = plan_report(FULL, Style(80))
    assert told.startswith("chat: fits on 1x H100, 53.1 GiB of KV cache to spare\n")
    assert "Memory per GPU, 79.2 GiB" in told
    assert "█ weights" in told
    assert "Left for KV cache" in told
    assert "warning: The context is long." in told
    assert "One of these makes it fit:" in told
    assert "Why:" not in told


def test_a_model_that_keeps_no_cache_is_not_told_to_have_one() -> None:
    """An encoder answers in one pass."""
    plan = FULL.plan
    none = plan.feasibility._replace(kv_needed_bytes=0, kv_cache_tokens=0)
    told = plan_report(FULL._replace(plan=plan._replace(feasibility=none)), Style(80))
    assert told.startswith("chat: fits on 1x H100, 53.1 GiB to spare\n")
    assert "Time to answer" in told
    assert "Time per output token" not in told
    assert "KV capacity" not in told


def test_the_bar_is_as_wide_as_the_terminal_and_in_proportion() -> None:
    bar = next(line for line in plan_report(FULL, Style(82)).splitlines() if line[0:1] == "[")
    assert len(bar) == 82
    assert bar.count("█") == round(80 * 16 / 79.2)


def test_explanations_are_shown_when_asked_for() -> None:
    assert "  dtype: the checkpoint's own" in plan_report(FULL, Style(80), explain=True)
    assert "Why:" not in plan_report(record(), Style(80), explain=True)


def test_ascii_is_enough() -> None:
    told = plan_report(record(memory={"weights_bytes": 90 * GIB}), Style(60, unicode=False))
    assert told.isascii()
    assert "-" in told
    assert "# weights" in told


def test_colour_follows_the_verdict() -> None:
    assert plan_report(record(), Style(80, colour=True)).startswith("\x1b[32mchat: fits")
    broken = record(memory={"weights_bytes": 90 * GIB})
    assert plan_report(broken, Style(80, colour=True)).startswith("\x1b[31m")
    assert "\x1b" not in plan_report(broken, Style(80))


def test_a_gpu_without_memory_has_an_empty_bar() -> None:
    nothing = record(
        memory={
            "total_bytes": 0,
            "budget_bytes": 0,
            "weights_bytes": 0,
            "activation_bytes": 0,
            "non_torch_bytes": 0,
            "cuda_graph_bytes": 0,
        }
    )
    assert "[" + "·" * 38 + "]" in plan_report(nothing, Style(40))


def test_changes_name_figures_settings_and_findings() -> None:
    new = record(
        config={"max_num_seqs": 128},
        memory={"weights_bytes": 20 * GIB},
        inputs={"gpu_facts": {}},
        findings=[Finding("a", "error", "Bad.")],
    )
    told = change_report([one for one in [diff(record(), new)] if one], Style(80))
    assert told.startswith("chat still fits: left for KV cache −4.00 GiB")
    assert "max_num_seqs" in told
    assert "256 → 128" in told
    assert "error: Bad." in told


def test_no_changes_are_no_lines() -> None:
    assert change_report([], Style()) == ""


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\rb", "\u202eevil", "x\x07"])
def test_names_cannot_steer_the_terminal(name: str) -> None:
    told = plan_report(record(inputs={"profile_name": name}), Style(80))
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", told)


styles = st.builds(Style, st.integers(1, 200), unicode=st.booleans(), colour=st.booleans())


@given(records(nasty), styles)
@settings(max_examples=80, deadline=None)
def test_no_line_is_longer_than_the_terminal(plan: PlanRecord, style: Style) -> None:
    told = plan_report(plan, style, explain=True)
    change = diff(record(), plan)
    told += change_report([change], style) if change else ""
    for line in told.splitlines():
        assert len(COLOUR.sub("", line)) <= max(20, style.width)
    assert style.unicode or told.isascii()
