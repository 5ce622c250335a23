"""Decides how the files of a model that moved upstream are told: by what they are for."""

from collections.abc import Mapping, Sequence

from replanner.planning.causes import FILE_CLASSES, FileClass, file_class
from replanner.planning.diff import Change
from replanner.report.markdown import code, escape, folded, joined, listed, table

_MOST_FILES = 5
_MEANINGS: Mapping[FileClass, str] = {
    "weights": "what takes the memory; answers change",
    "config": "the model's shape: memory and speed follow from it",
    "quantization": "how weights are stored: memory and speed follow from it",
    "tokenizer": "how text becomes tokens; lengths and answers can change",
    "template": "how prompts are put together; memory stays, answers can change",
    "generation-config": "sampling defaults; memory stays, answers can change",
    "remote-code": "code that would run with the server: read it before merging",
    "docs": "nothing that is served",
}


def moves(changes: Sequence[Change]) -> str:
    """One sentence a model: from which commit to which, and what kind of file moved."""
    found: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for cause in (cause for one in changes for cause in one.causes):
        if cause.kind in ("model", "draft"):
            key = (cause.subject, cause.old, cause.new)
            found[key] = tuple(dict.fromkeys((*found.get(key, ()), *cause.details)))
    return joined(
        f"{code(subject)} moved from {code(old or 'nothing')} to {code(new)}."
        + (f" What changed upstream: **{', '.join(details)}**." if details else "")
        for (subject, old, new), details in found.items()
    )


def upstream(changes: Sequence[Change]) -> str:
    """A fold a model: its files that differ, by class, and what each class means."""
    models: dict[tuple[str, str | None], _Files] = {}
    for one in changes:
        if one.old and one.new and one.old.plan.model.id == one.new.plan.model.id:
            found = models.setdefault((one.record.plan.model.id, one.record.plan.model.commit), {})
            found |= _moved(one.old.inputs.model_files, one.new.inputs.model_files)
    return joined(_fold(model, files) for (model, _), files in models.items())


# Path -> whether its digest differs.
_Files = dict[str, bool]


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> _Files:
    return {path: before.get(path) != after.get(path) for path in {**before, **after}}


def _fold(model: str, files: _Files) -> str:
    paths = sorted(path for path, differs in files.items() if differs)
    if not paths:
        return ""
    by_class = {kind: [path for path in paths if file_class(path) == kind] for kind in FILE_CLASSES}
    rows = [
        (escape(kind), listed(there, most=_MOST_FILES), _MEANINGS[kind])
        for kind, there in by_class.items()
        if there
    ]
    title = f"Upstream change of {code(model)}: {len(paths)} of {len(files)} files"
    return folded(title, table(("class", "files", "what they are for"), rows, numbers_from=3))


def revision(changes: Sequence[Change]) -> str:
    """`for revision abc1234` where all of it is about one commit."""
    commits = {cause.new for one in changes for cause in one.causes if cause.kind == "model"}
    return f" for revision {code(commits.pop())}" if len(commits) == 1 else ""
