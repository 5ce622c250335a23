"""Decides what changes are called: a pull request's title, a commit's lines, both plain text."""

import re
from collections.abc import Sequence

from replanner.planning.causes import Cause
from replanner.planning.diff import Change
from replanner.report.markdown import one_line

_LONGEST_TITLE = 200
_NUMBERED = re.compile(r"(?i)\b(gh)-(?=\d)")
_VERBS = {"new": "Plan", "removed": "Remove", "changed": "Re-plan"}


def name(one: Change) -> str:
    return one.record.inputs.profile_name


def title(changes: Sequence[Change]) -> str:
    """One plain line; what tells it from its neighbours comes last."""
    subject = _subject(changes)
    broken = [one for one in changes if one.after in ("refused", "starts")]
    if broken:
        hardware = broken[0].record.plan.hardware
        word = "start on" if broken[0].after == "refused" else "fit"
        subject = f"{subject}: does not {word} {hardware.gpus}x {hardware.gpu_name}"
    return _inert(one_line(subject, longest=_LONGEST_TITLE))


def commit_text(changes: Sequence[Change]) -> str:
    """The commit message's body: one verdict a profile."""
    lines = (one_line(f"{name(one)} {one.verdict}", longest=300) for one in changes)
    return "\n".join(map(_inert, lines))


def upstream_text(changes: Sequence[Change]) -> str:
    """One line a model that moved, from which commit to which, and in what."""
    moved = {cause for one in changes for cause in one.causes if cause.kind in ("model", "draft")}
    lines = map(_upstream, sorted(moved, key=lambda one: (one.subject, one.old, one.new)))
    return "\n".join(_inert(one_line(line, longest=300)) for line in lines)


def _upstream(cause: Cause) -> str:
    commits = f"{cause.old} -> {cause.new}" if cause.old else "changed"
    return f"{cause.subject} {commits}" + (
        f" ({', '.join(cause.details)})" if cause.details else ""
    )


def _inert(text: str) -> str:
    """Titles and commits are no Markdown, but mentions and references in them are looked for, and
    `Fixes #1` in a verdict (an upstream names its architectures) would close an issue, `[skip ci]`
    keep the checks from running."""
    for trigger in ("@", "#", "://", "["):
        text = text.replace(trigger, f"{trigger}\u200b")
    return _NUMBERED.sub("\\1\u200b-", text)


def _subject(changes: Sequence[Change]) -> str:
    models = {one.record.plan.model.id.rpartition("/")[2] for one in changes}
    commits = {_new_commit(one) for one in changes}
    kinds = {one.kind for one in changes}
    verb = _VERBS[kinds.pop()] if len(kinds) == 1 else "Re-plan"
    if len(models) == 1 and len(commits) == 1 and None not in commits:
        return f"{verb} {models.pop()} for revision {commits.pop()}"
    if len(changes) == 1:
        return f"{verb} {name(changes[0])}"
    return f"{verb} {len(changes)} profiles" + (f" of {models.pop()}" if len(models) == 1 else "")


def _new_commit(one: Change) -> str | None:
    """The commit that this change is about, if it is about one."""
    moved = (cause.new for cause in one.causes if cause.kind == "model" and cause.old)
    return next(moved, None)
