"""What a pull request says: the verdict with its cause first, nothing foreign alive in it."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import GIB, feasibility, memory, nasty, record, records

from replanner.planning.diff import Change, diff
from replanner.planning.record import PlanRecord
from replanner.planning.result import Finding, Fix
from replanner.propose.controls import BOXES, boxes
from replanner.report import NotPlanned, ProposalReport, commit_text, proposal_body, title

BROKEN = {"weights_bytes": int(60.4 * GIB)}
NEW_COMMIT = {
    "config": {"revision": "abc1234" + "0" * 33},
    "inputs": {"model_files": {"config.json": "git:2", "model.safetensors": "sha256:2"}},
}


def changed(old: PlanRecord | None, new: PlanRecord | None) -> Change:
    change = diff(old, new)
    assert change is not None
    return change


def report(*changes: Change, **rest: Any) -> ProposalReport:
    return ProposalReport(changes, **{"base": "main", "planner_version": "0.1.0", **rest})


def test_a_broken_plan_leads_with_its_cause_and_what_would_help() -> None:
    fix = Fix("hardware.gpus", 2, "fits, with 1.0 requests at once")
    finding = Finding("memory", "error", "44.4 GiB are missing.", "Use two GPUs.")
    change = changed(record(), record(memory=BROKEN, fixes=[fix], findings=[finding], **NEW_COMMIT))
    body = proposal_body(report(change))
    first = body.splitlines()[0]
    assert first.startswith("### ❌ <code>chat</code> no longer starts because weights grew by")
    assert "> [!CAUTION]" in body
    assert "set <code>hardware.gpus: 2</code>" in body
    assert "<code>meta-llama/Llama-3.1-8B-Instruct</code> moved from <code>aaaaaaa</code>" in body
    assert "**error** 44.4 GiB are missing. Use two GPUs." in body
    assert "- weights                  16.0 GiB   TP 1\n+ weights                  60.4 GiB" in body
    assert (
        "| Left for KV cache | 54.1\u00a0GiB | 9.71\u00a0GiB | **−44.4\u00a0GiB (−82%)** |" in body
    )
    assert "<code>aaaaaaa</code> | <code>abc1234</code> | model commit abc1234: weights" in body
    assert title([change]) == (
        "Re-plan Llama-3.1-8B-Instruct for revision abc1234: does not start on 1x H100"
    )


def test_a_safe_change_says_that_figures_stay() -> None:
    template = {"model_files": {**record().inputs.model_files, "generation_config.json": "git:9"}}
    change = changed(record(), record(inputs=template, config={"revision": "b" * 40}))
    body = proposal_body(report(change))
    assert body.startswith("### ✅ <code>chat</code> still fits, same figures")
    assert "| Left for KV cache | 54.1\u00a0GiB | 54.1\u00a0GiB | = |" in body
    assert (
        "| generation-config | <code>generation&#95;config.json</code> | sampling defaults" in body
    )
    assert "CAUTION" not in body


def test_several_profiles_are_rows_the_worst_first() -> None:
    good = changed(None, record(inputs={"profile_name": "a"}))
    bad = changed(
        record(inputs={"profile_name": "b"}),
        record(memory=BROKEN, inputs={"profile_name": "b", **NEW_COMMIT["inputs"]}),
    )
    gone = changed(record(inputs={"profile_name": "c"}), None)
    body = proposal_body(report(good, bad, gone))
    assert body.startswith("### ❌ 1 of 3 profiles break")
    assert body.index("| ❌\u00a0<code>b</code>") < body.index("| 🆕\u00a0<code>a</code>")
    assert body.index("| 🆕\u00a0<code>a</code>") < body.index("| 🗑️\u00a0<code>c</code>")
    assert "3.38\u00a0→\u00a0**0.61**" in body
    assert title([good, bad, gone]).startswith("Re-plan 3 profiles of Llama")


def test_the_boxes_that_people_see_are_those_that_are_read() -> None:
    text = proposal_body(report(changed(record(), record(memory={"weights_bytes": 20 * GIB}))))
    assert boxes(text) == dict.fromkeys(BOXES, False)
    for name in BOXES:
        box = f"] <!-- replanner:{name} -->"
        ticked = text.replace(f"- [ {box}", f"- [x{box}")
        assert boxes(ticked) == {**boxes(text), name: True}


def test_several_sound_profiles_say_so() -> None:
    two = [changed(None, record(inputs={"profile_name": name})) for name in "ab"]
    assert proposal_body(report(*two)).startswith("### 🆕 2 profiles re-planned, none breaks")
    assert title(two) == "Plan 2 profiles of Llama-3.1-8B-Instruct"
    others = [changed(None, record(config={"model": name})) for name in ("a/a", "b/b")]
    assert title(others) == "Plan 2 profiles"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, record(), "Plan chat"),
        (record(), None, "Remove chat"),
        (record(), record(inputs={"gpu_facts": {}}), "Re-plan chat"),
    ],
)
def test_titles(old: PlanRecord | None, new: PlanRecord | None, expected: str) -> None:
    assert title([changed(old, new)]) == expected


def test_titles_mention_nobody() -> None:
    change = changed(None, record(inputs={"profile_name": "@bob #1\nx"}))
    assert title([change]) == "Plan @\u200bbob #\u200b1 x"


def test_commits_close_no_issue_skip_no_check_and_mention_nobody() -> None:
    words = "Fixes #1 GH-2 https://github.com/a/b/issues/3 @ada is [skip ci] no."
    after = record(
        feasibility=feasibility(memory(), fits=False, starts=False),
        findings=[Finding("unknown", "error", words)],
    )
    told = commit_text([changed(record(), after)])
    assert "because Fixes #\u200b1 GH\u200b-2 https://\u200bgithub.com" in told
    assert "@\u200bada is [\u200bskip ci]" in told  # or GitHub would run no checks


def test_a_plan_that_starts_without_fitting_is_looked_at() -> None:
    tight = record(feasibility=feasibility(fits=False), inputs={"gpu_facts": {}})
    change = changed(record(), tight)
    assert proposal_body(report(change)).startswith("### ❌ <code>chat</code> no longer fits")
    fresh = changed(None, tight)
    assert proposal_body(report(fresh)).startswith("### ⚠️")
    assert title([fresh]) == "Plan chat: does not fit 1x H100"


def test_files_hand_edits_and_failures_are_listed() -> None:
    body = proposal_body(
        report(
            changed(None, record()),
            written=tuple(f"deploy/chat/{n}" for n in range(12)),
            deleted=("old.sh",),
            hand_edited=("deploy/chat/k8s-values.yaml",),
            failed=(NotPlanned("profiles/x.yaml", "line 3: no | such key"),),
        )
    )
    assert "and 2 more" in body
    assert "Deleted: <code>old.sh</code>" in body
    assert "**Edited by hand, left as they are:** <code>deploy/chat/k8s-values.yaml</code>" in body
    assert "- <code>profiles/x.yaml</code>: line 3: no &#124; such key" in body


def test_commit_messages_have_a_line_a_profile() -> None:
    lines = commit_text([changed(None, record()), changed(record(), None)]).splitlines()
    assert lines == ["chat fits on 1x H100, 53.1 GiB of KV cache to spare", "chat is removed"]


@st.composite
def reports(draw: st.DrawFn) -> ProposalReport:
    changes = []
    for _ in range(draw(st.integers(1, 3))):
        old, new = draw(st.none() | records(nasty)), draw(records(nasty))
        changes.append(diff(old, new) or changed(None, new))
    paths = st.lists(nasty, max_size=3).map(tuple)
    return report(
        *changes,
        written=draw(paths),
        deleted=draw(paths),
        hand_edited=draw(paths),
        failed=(NotPlanned(draw(nasty), draw(nasty)),),
    )


CONTROLS = re.compile(r"<!-- replanner:(replan|hold) -->")
TAGS = re.compile(r"</?(code|details|summary|b|br|sub)>")


@given(reports())
@settings(max_examples=60, deadline=None)
def test_nothing_foreign_comes_alive(given_report: ProposalReport) -> None:
    body = proposal_body(given_report)
    assert len(body.encode()) <= 60_000
    assert body.count("<details>") == body.count("</details>")
    bare = TAGS.sub("", CONTROLS.sub("", body))
    assert "<" not in bare
    assert not re.search(r"@\w|(?<!&)#\w|https?:/|\bwww\.|\]\(", bare)
    for line in body.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    tables = [block for block in body.split("\n\n") if block.startswith("|")]
    for block in tables:
        assert len({line.count("|") for line in block.splitlines()}) == 1


@given(reports())
@settings(max_examples=20, deadline=None)
def test_titles_and_commits_are_plain_lines(given_report: ProposalReport) -> None:
    told = title(given_report.changes)
    assert told.isprintable() or "\u200b" in told
    assert "\n" not in told
    assert len(commit_text(given_report.changes).splitlines()) == len(given_report.changes)


def test_hundreds_of_profiles_stay_within_the_limit() -> None:
    changes = [
        changed(
            record(inputs={"profile_name": f"p{n}"}),
            record(inputs={"profile_name": f"p{n}", **NEW_COMMIT["inputs"]}, memory=BROKEN),
        )
        for n in range(300)
    ]
    body = proposal_body(report(*changes))
    assert len(body.encode()) <= 60_000
    assert "section" in body
    assert body.count("| ❌") >= 150
