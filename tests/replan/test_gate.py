"""What blocks a merge: every level, trouble, wish and blame."""

from itertools import product
from typing import get_args

import pytest
from samples import GIB, feasibility, performance, record, with_config

from replanner.errors import UpstreamError
from replanner.planning.diff import diff
from replanner.planning.record import PlanRecord
from replanner.planning.result import Finding
from replanner.profile import GatePolicy
from replanner.replan.gate import (
    FailOn,
    OnError,
    concerns,
    gate,
    is_inherited,
    judged_level,
    limits,
    planned_level,
    severity,
    verdict,
)
from replanner.replan.judge import Judged
from replanner.report.review import Kind, Level, Reviewed, Trouble

# Which levels each wish blocks; `unknown` is never a verdict about a profile.
BLOCKED = {
    "infeasible": ["infeasible"],
    "policy": ["infeasible", "policy"],
    "warning": ["infeasible", "policy", "warning"],
    "never": [],
}


def one(
    level: Level, *, kind: Kind = "changed", inherited: bool = False, code: int = 0
) -> Reviewed:
    trouble = Trouble("it is broken.", "", code) if code else None
    return Reviewed("chat", "profiles/chat.yaml", kind, level, trouble=trouble, inherited=inherited)


@pytest.mark.parametrize(
    ("level", "fail_on", "on_error", "inherited"),
    list(product(get_args(Level), get_args(FailOn), get_args(OnError), [False, True])),
)
def test_a_level_blocks_where_it_is_asked_for_and_not_inherited(
    level: Level, fail_on: FailOn, on_error: OnError, *, inherited: bool
) -> None:
    found = gate([one(level, inherited=inherited)], fail_on=fail_on, on_error=on_error, config=None)
    blocks = level in BLOCKED[fail_on] and not inherited
    assert found == (blocks, int(blocks))


@pytest.mark.parametrize(
    ("code", "fail_on", "on_error", "inherited"),
    list(product([2, 3, 4], get_args(FailOn), get_args(OnError), [False, True])),
)
def test_trouble_has_an_exit_code_whatever_blocks(
    code: int, fail_on: FailOn, on_error: OnError, *, inherited: bool
) -> None:
    profile = one("unknown", kind="unknown", code=code, inherited=inherited)
    found = gate([profile], fail_on=fail_on, on_error=on_error, config=None)
    counts = not inherited and (code != 3 or on_error == "fail")
    assert found == (counts, code if counts else 0)


@pytest.mark.parametrize(
    ("codes", "level", "expected"),
    [
        ((3, 2), "infeasible", 2),
        ((3,), "infeasible", 3),
        ((4, 2), "ok", 4),
        ((), "infeasible", 1),
        ((), "ok", 0),
    ],
)
def test_the_worst_exit_code_counts(codes: tuple[int, ...], level: Level, expected: int) -> None:
    profiles = [one(level), *(one("unknown", code=code) for code in codes)]
    found = gate(profiles, fail_on="infeasible", on_error="fail", config=None)
    assert found.exit_code == expected


def test_what_is_known_counts_beside_what_is_not() -> None:
    profiles = [one("unknown", code=3), one("warning")]
    assert verdict(profiles) == "unknown"
    assert gate(profiles, fail_on="warning", on_error="warn", config=None) == (True, 1)


def test_a_configuration_that_cannot_be_read_is_an_error() -> None:
    broken = Trouble("it is broken.", "", 2)
    assert gate([], fail_on="never", on_error="warn", config=broken) == (True, 2)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((), "none"),
        (("safe",), "safe"),
        (("safe", "ok"), "ok"),
        (("ok", "warning"), "warning"),
        (("warning", "unknown"), "unknown"),
        (("unknown", "policy"), "policy"),
        (("policy", "infeasible"), "infeasible"),
    ],
)
def test_the_verdict_is_the_worst(levels: tuple[Level, ...], expected: str) -> None:
    assert verdict([one(level) for level in levels]) == expected


def test_the_verdict_is_about_what_the_pull_request_does() -> None:
    others = [one("infeasible", inherited=True), one("ok", kind="unchanged")]
    assert [concerns(each) for each in others] == [False, False]
    assert verdict(others) == "none"
    assert verdict([*others, one("safe", kind="unchanged")]) == "safe"


def test_the_worst_is_told_first() -> None:
    rows = [
        one("infeasible", inherited=True),
        one("ok", kind="unchanged"),
        one("safe"),
        one("ok"),
        one("unknown"),
        one("policy"),
        one("infeasible"),
    ]
    told = [each.level for each in sorted(rows, key=severity)]
    assert told == ["infeasible", "policy", "unknown", "ok", "ok", "safe", "infeasible"]


# --- limits


def policy(**values: float) -> GatePolicy:
    return GatePolicy(**values)


@pytest.mark.parametrize(("wanted", "kept"), [(2.0, True), (2.5, True), (2.5004, False)])
def test_concurrency_has_a_least(wanted: float, *, kept: bool) -> None:
    plan = record(feasibility=feasibility(max_concurrency_at_context=2.5))
    found = limits(policy(min_concurrency=wanted), plan, before=None)
    assert [bool(found.kept), bool(found.breached)] == [kept, not kept]


def test_what_just_misses_a_limit_is_not_told_as_the_limit() -> None:
    plan = record(feasibility=feasibility(max_concurrency_at_context=7.996))
    (breach,) = limits(policy(min_concurrency=8), plan, before=None).breached
    assert (breach.wanted, breach.found) == ("8", "7.996")
    plan = record(feasibility=feasibility(max_concurrency_at_context=123456.7))
    (kept,) = limits(policy(min_concurrency=8), plan, before=None).kept
    assert kept.found == "123457"


def test_encoders_keep_no_cache_and_so_no_concurrency() -> None:
    plan = record(feasibility=feasibility(kv_needed_bytes=0, max_concurrency_at_context=0.0))
    assert limits(policy(min_concurrency=8), plan, before=None) == ((), ())


@pytest.mark.parametrize(("wanted", "kept"), [(4, True), (4.01, False)])
def test_headroom_has_a_least(wanted: float, *, kept: bool) -> None:
    plan = record(feasibility=feasibility(headroom_bytes=4 * GIB))
    found = limits(policy(min_headroom_gib=wanted), plan, before=None)
    assert bool(found.kept) == kept
    assert (found.kept or found.breached)[0].found == "4.00 GiB"


@pytest.mark.parametrize(
    ("scale", "found", "kept"), [(1.2, "0%", True), (0.9, "10%", True), (0.85, "15%", False)]
)
def test_throughput_may_drop_so_far(scale: float, found: str, *, kept: bool) -> None:
    before, after = record(), record(performance=performance(scale))
    judged = limits(policy(max_throughput_drop=0.1), after, before=before)
    assert ((judged.kept or judged.breached)[0].found, bool(judged.kept)) == (found, kept)


def test_throughput_is_compared_only_with_a_plan_that_ran() -> None:
    slow, still = record(performance=performance(0.1)), record(memory={"weights_bytes": 80 * GIB})
    assert limits(policy(max_throughput_drop=0.1), slow, before=None) == ((), ())
    assert limits(policy(max_throughput_drop=0.1), slow, before=still) == ((), ())
    nothing = record(performance=performance(0.0000001))
    rates = nothing.plan.performance
    zero = rates._replace(decode_tokens_per_s=rates.decode_tokens_per_s._replace(expected=0.0))
    before = nothing._replace(plan=nothing.plan._replace(performance=zero))
    assert limits(policy(max_throughput_drop=0.1), slow, before=before).breached == ()


def test_what_does_not_start_has_no_figures_to_judge() -> None:
    plan = record(memory={"weights_bytes": 80 * GIB})
    assert limits(policy(min_concurrency=8, min_headroom_gib=1), plan, before=None) == ((), ())


# --- levels and blame

FITS = record()
TIGHT = record(memory={"weights_bytes": 80 * GIB})
TIGHTER = record(memory={"weights_bytes": 90 * GIB})


def test_a_plan_that_does_not_fit_is_infeasible_whatever_else() -> None:
    assert planned_level(TIGHT, None, breached=(), untidy=True) == "infeasible"
    starts = record(feasibility=feasibility(fits=False))
    assert planned_level(starts, None, breached=(), untidy=False) == "infeasible"


def test_untidy_files_are_a_warning() -> None:
    assert planned_level(FITS, None, breached=(), untidy=True) == "warning"
    assert planned_level(FITS, None, breached=(), untidy=False) == "safe"


def test_only_news_of_a_new_profile_are_its_findings() -> None:
    noted = record(findings=[Finding("a", "info", "so it is")])
    warned = record(findings=[Finding("a", "warning", "unwise")])
    assert planned_level(noted, diff(None, noted), breached=(), untidy=False) == "ok"
    assert planned_level(warned, diff(None, warned), breached=(), untidy=False) == "warning"


def test_a_note_is_no_warning_but_more_than_nothing() -> None:
    noted = record(findings=[Finding("a", "info", "so it is")])
    assert planned_level(noted, diff(FITS, noted), breached=(), untidy=False) == "ok"
    assert planned_level(FITS, diff(noted, FITS), breached=(), untidy=False) == "safe"


@pytest.mark.parametrize(
    ("after", "level"),
    [
        (record(performance=performance(1.2)), "ok"),
        (record(performance=performance(1.02)), "safe"),
        (record(performance=performance(0.8)), "warning"),
        (with_config(FITS, image="acme/vllm:v1"), "ok"),
        (with_config(FITS, revision="b" * 40), "safe"),
    ],
)
def test_safe_is_where_no_figure_and_no_setting_moves(after: PlanRecord, level: Level) -> None:
    assert planned_level(after, diff(FITS, after), breached=(), untidy=False) == level


def test_a_plan_is_inherited_where_it_was_no_better() -> None:
    same_room = record(memory={"weights_bytes": 80 * GIB}, config={"max_num_seqs": 8})
    for old, new, expected in (
        (TIGHT, TIGHTER, False),
        (TIGHTER, TIGHT, True),
        (FITS, TIGHT, False),
        (TIGHT, same_room, True),
    ):
        assert is_inherited("infeasible", diff(old, new), breached=(), before=()) == expected
    assert is_inherited("infeasible", None, breached=(), before=())
    assert not is_inherited("infeasible", diff(None, TIGHT), breached=(), before=())


@pytest.mark.parametrize("level", ["warning", "ok", "safe", "unknown"])
def test_what_is_no_fault_is_inherited_from_nobody(level: Level) -> None:
    assert not is_inherited(level, None, breached=(), before=())


# --- what the loop found


def judged(old: PlanRecord | None, new: PlanRecord | None = None, **more: UpstreamError) -> Judged:
    change = diff(old, new) if new else None
    return Judged("chat", "profiles/chat.yaml", "planned", old=old, change=change, **more)


CROWDED = record(feasibility=feasibility(max_concurrency_at_context=2.0))


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (judged(FITS), None),
        (judged(None), None),
        (judged(TIGHT), "infeasible"),
        (judged(FITS, TIGHT), "infeasible"),
        (judged(TIGHT, FITS), "ok"),
        (judged(FITS, CROWDED), "policy"),
        (judged(CROWDED), "policy"),
        (judged(None, FITS), "ok"),
        (judged(FITS, error=UpstreamError("away")), "unknown"),
    ],
)
def test_a_profile_of_the_base_is_as_bad_as_its_newest_plan(
    found: Judged, level: Level | None
) -> None:
    assert judged_level(found, policy(min_concurrency=2.5)) == level
