"""Decides what the job summary says: the comment, then every profile in full, what would be
written from it, and what the run wrote or left."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from replanner.report.bars import memory_bars
from replanner.report.comment import footer, sections
from replanner.report.details import figures, whole
from replanner.report.look import Look
from replanner.report.markdown import (
    Section,
    bullets,
    code,
    escape,
    fenced,
    folded,
    joined,
    middle_cut,
    table,
    within,
)
from replanner.report.marks import EMOJI, mark
from replanner.report.overview import ordered
from replanner.report.review import Review, Reviewed

# A step may write 1 MiB; more fails the upload of all of it.
BUDGET_BYTES = 900 * 1024
_ROOM = 400
_PROFILES, _UNCHANGED, _WRITES = 20, 30, 15
_MOST_WRITES = 200


class Extras(NamedTuple):
    """What the pure plan does not know: the serve command of each profile by its path, and what
    the run wrote, or with `dry_run` would have written, a line each."""

    commands: Mapping[str, str] = {}
    writes: Sequence[str] = ()
    dry_run: bool = False


def summary(review: Review, look: Look, extras: Extras) -> str:
    """The summary's Markdown, at most `look.budget_bytes` of UTF-8 (see BUDGET_BYTES)."""
    told = [
        *sections(review, look),
        Section(_writes(extras), _WRITES),
        *[_profile(one, extras) for one in ordered(review.profiles)],
    ]
    below = footer(review, look)
    room = look.budget_bytes - len(below.encode()) - _ROOM
    kept, dropped = within(told, budget_bytes=room)
    left = f"<sub>{len(dropped)} parts were left out: too long for one text.</sub>"
    texts = [section.text for section in kept]
    return joined([*texts, left if dropped else "", below]) + "\n"


def _profile(one: Reviewed, extras: Extras) -> Section:
    rank = _UNCHANGED if one.kind == "unchanged" else _PROFILES
    title = f"{EMOJI[mark(one)]} <b>{code(middle_cut(one.name))}</b> in full"
    return Section(folded(title, _inside(one, extras)), rank)


def _inside(one: Reviewed, extras: Extras) -> str:
    before, after = one.sides
    if one.trouble is not None:
        lines = [*one.trouble.message.splitlines(), one.trouble.hint]
        return "\n".join(f"- {escape(line)}" for line in lines if line.strip())
    if after is None:
        return ""
    command = extras.commands.get(one.path, "")
    return joined(
        [
            figures(one),
            fenced(memory_bars(before and before.plan, after.plan)),
            whole(one, brief=False),
            fenced(command, "sh") if command else "",
            _inputs(one),
        ]
    )


def _inputs(one: Reviewed) -> str:
    """What the plan was computed from."""
    if one.record is None:
        return ""
    plan, inputs = one.record.plan, one.record.inputs
    rows = [
        ("model", code(plan.model.id), code(plan.model.commit or "a folder")),
        ("GPU", code(plan.hardware.gpu_name), escape(f"{plan.hardware.gpus} of them")),
        ("vLLM", code(plan.config.vllm_version), code(plan.config.image)),
        ("planner", code(inputs.planner_version), f"catalogue {code(inputs.catalogue_version)}"),
    ]
    digest = inputs.model_files.get("config.json")
    rows += [("config.json", code(digest), "digest")] if digest else []
    return table(("input", "", ""), rows, numbers_from=3)


def _writes(extras: Extras) -> str:
    if not extras.writes:
        return ""
    lines = bullets([escape(line) for line in extras.writes], most=_MOST_WRITES)
    return f"#### {'Would be written' if extras.dry_run else 'Written'}\n\n{lines}"
