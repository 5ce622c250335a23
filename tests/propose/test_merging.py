"""What may be merged without anybody's look at it: a table of changes, and why not."""

from dataclasses import replace
from typing import Any

import pytest
from samples import feasibility, memory, record, with_config

from replanner.planning.causes import FILE_CLASSES, Cause
from replanner.planning.diff import Change, diff
from replanner.planning.record import PlanRecord
from replanner.planning.result import Finding
from replanner.propose.merging import risk_of
from replanner.replan.judge import USUAL_CLASSES

OLD = record()


def moved(*paths: str, **changes: Any) -> PlanRecord:
    """The model at another commit that changed these files."""
    files = {"config.json": "git:1", "model.safetensors": "sha256:1"}
    files |= dict.fromkeys(paths, "git:2")
    return record(config={"revision": "b" * 40}, inputs={"model_files": files}, **changes)


def change(new: PlanRecord | None, old: PlanRecord | None = OLD) -> Change:
    found = diff(old, new)
    assert found is not None
    return found


WARNED = (Finding("tight", "warning", "It is tight."),)
TOLD = (Finding("note", "info", "By the way."),)
FULL = feasibility(memory(), fits=False)
ROWS = {
    "config and weights": (moved("config.json", "model.safetensors"), ""),
    "docs": (moved("README.md"), ""),
    "docs and weights": (moved("README.md", "model.safetensors"), ""),
    "remote code": (moved("modeling_x.py"), "changes of a kind that people look at (remote-code)"),
    "code in a tokenizer's name": (moved("tokenizer_x.py"), "look at (remote-code)"),
    "a model whose code is run": (
        record(
            config={"revision": "b" * 40, "extra_args": {"trust-remote-code": True}},
            inputs={"model_files": {"config.json": "git:2"}},
        ),
        "runs code that comes with its model",
    ),
    "a template": (moved("chat_template.jinja"), "of a kind that people look at (template)"),
    "a new vLLM": (with_config(OLD, vllm_version="0.34.0"), ""),
    "another image": (with_config(OLD, image="vllm/vllm-openai:other"), ""),
    "an image in the profile": (
        record(
            config={"image": "evil/vllm:1"},
            inputs={"profile_values": {**OLD.inputs.profile_values, "engine.image": "evil/vllm:1"}},
        ),
        "was changed by somebody (engine.image)",
    ),
    "a hint": (moved("config.json", findings=TOLD), ""),
    "a warning": (moved("config.json", findings=WARNED), "has new warnings"),
    "no room": (moved("config.json", feasibility=FULL), "does not fit"),
    "a profile": (
        record(inputs={"profile_values": {"hardware.tp_size": 2}}, config={"gpus": 2}),
        "was changed by somebody (hardware.gpu_name)",
    ),
    "a plan that was edited": (with_config(OLD, max_num_seqs=7), "by somebody (plan.json)"),
    "nothing any more": (None, "is removed"),
}


@pytest.mark.parametrize("row", ROWS)
def test_risk(row: str) -> None:
    new, expected = ROWS[row]
    told = risk_of([change(new)], classes=USUAL_CLASSES)
    assert told.endswith(expected)
    assert bool(told) == bool(expected)


def test_a_first_plan_is_looked_at() -> None:
    assert risk_of([change(OLD, None)], classes=USUAL_CLASSES) == (
        "chat is planned for the first time"
    )


def test_files_that_somebody_deleted_are_looked_at() -> None:
    again = Change("changed", OLD, OLD, "keeps its plan")
    assert "somebody changed or deleted" in risk_of([again], classes=USUAL_CLASSES)


def test_a_warning_that_was_there_is_no_news() -> None:
    before = OLD._replace(plan=OLD.plan._replace(findings=WARNED))
    found = change(moved("config.json", findings=WARNED), before)
    assert risk_of([found], classes=USUAL_CLASSES) == ""


def test_one_that_is_risky_is_enough() -> None:
    good, bad = change(moved("config.json")), change(None)
    assert risk_of([good, bad], classes=USUAL_CLASSES)


@pytest.mark.parametrize("kind", FILE_CLASSES)
def test_only_wanted_classes_are_trusted_and_code_never(kind: str) -> None:
    found = replace(
        change(moved("config.json")), causes=(Cause("model", "a/b", "1", "2", (kind,)),)
    )
    assert bool(risk_of([found], classes=FILE_CLASSES)) == (kind == "remote-code")
    assert bool(risk_of([found], classes=())) == (kind != "docs")
