"""Decides why a plan changed: the inputs that differ, and what of an upstream commit moved."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from replanner.planning.deltas import plain
from replanner.planning.record import Inputs, PlanRecord
from replanner.planning.request import Measured
from replanner.planning.wording import short_commit

CauseKind = Literal[
    "model", "draft", "profile", "vllm", "image", "gpu", "planner", "catalogue", "plan"
]
FileClass = Literal[
    "weights",
    "config",
    "quantization",
    "tokenizer",
    "template",
    "generation-config",
    "remote-code",
    "docs",
]
FILE_CLASSES: tuple[FileClass, ...] = get_args(FileClass)

# The first pattern that is found decides. What no pattern knows may be read by the server, so it
# counts as configuration: too loud is better than silent.
_CLASSES: tuple[tuple[str, FileClass], ...] = (
    (r"\.py$", "remote-code"),  # before all names: tokenizer.py is code, whatever it is called
    (r"\.(safetensors|bin|pt|pth|gguf|h5|msgpack|onnx)$|\.index\.json$", "weights"),
    (r"(^|/)(hf_quant_config|quant\w*_config|quant_config)\.json$", "quantization"),
    (r"(^|/)generation_config\.json$", "generation-config"),
    (r"chat_template|\.jinja$", "template"),
    (r"(^|/)(tokenizer|vocab|merges|tekken|special_tokens_map|added_tokens|spiece)", "tokenizer"),
    (r"\.(model|tiktoken)$", "tokenizer"),
    (r"\.(md|rst|pdf)$|(^|/)(license|notice|use_policy|\.gitattributes)", "docs"),
)


@dataclass(frozen=True, slots=True)
class Cause:
    """One input that moved. `details` are the classes of upstream files for a model or draft."""

    kind: CauseKind
    subject: str
    old: str = ""
    new: str = ""
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        return _SENTENCES[self.kind].format(
            subject=self.subject,
            old=self.old or "nothing",
            new=self.new or "nothing",
            details=f": {', '.join(self.details)}" if self.details else "",
        )


_SENTENCES: Mapping[CauseKind, str] = {
    "model": "model commit {new}{details}",
    "draft": "draft model commit {new}{details}",
    "profile": "{subject}: {old} -> {new}",
    "vllm": "vLLM {old} -> {new}",
    "image": "image {old} -> {new}",
    "gpu": "catalogue: {subject} {old} -> {new}",
    "planner": "replanner {old} -> {new}",
    "catalogue": "catalogue {old} -> {new}",
    "plan": "plan.json did not follow from its inputs",
}


def file_class(path: str) -> FileClass:
    """What a file of a model repository means for serving."""
    lowered = path.lower()
    for pattern, found in _CLASSES:
        if re.search(pattern, lowered):
            return found
    return "config"


def causes(old: PlanRecord, new: PlanRecord) -> tuple[Cause, ...]:
    """Every input that differs, the most telling first; never empty for plans that differ."""
    found = (
        *_model(old, new),
        *_draft(old, new),
        *_engine(old, new),
        *_profile(old.inputs, new.inputs),
        *_gpu(old.inputs, new.inputs),
        *_versions(old.inputs, new.inputs),
    )
    return found or (Cause("plan", "plan.json"),)


def changed_classes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[FileClass, ...]:
    """The classes of the upstream files that were added, removed or changed."""
    paths = old.keys() | new.keys()
    moved = {file_class(path) for path in paths if old.get(path) != new.get(path)}
    return tuple(name for name in FILE_CLASSES if name in moved)


def _model(old: PlanRecord, new: PlanRecord) -> tuple[Cause, ...]:
    before, after = old.plan.model, new.plan.model
    classes = changed_classes(old.inputs.model_files, new.inputs.model_files)
    if before.id != after.id or (before.commit == after.commit and not classes):
        return ()
    return (Cause("model", after.id, *_commits(before.commit, after.commit), details=classes),)


def _draft(old: PlanRecord, new: PlanRecord) -> tuple[Cause, ...]:
    before, after = old.plan.config.speculative, new.plan.config.speculative
    if before is None or after is None or after.model is None or before.model != after.model:
        return ()
    classes = changed_classes(old.inputs.draft_files, new.inputs.draft_files)
    if before.revision == after.revision and not classes:
        return ()
    commits = _commits(before.revision, after.revision)
    return (Cause("draft", after.model, *commits, details=classes),)


def _commits(old: str | None, new: str | None) -> tuple[str, str]:
    return (short_commit(old), short_commit(new)) if new else ("", "of the folder")


def _engine(old: PlanRecord, new: PlanRecord) -> tuple[Cause, ...]:
    before, after = old.plan.config, new.plan.config
    if before.vllm_version != after.vllm_version:
        return (Cause("vllm", "vLLM", before.vllm_version, after.vllm_version),)
    if before.image != after.image:
        return (Cause("image", "image", before.image, after.image),)
    return ()


# What has a cause of its own kind is not told twice.
_TOLD_ELSEWHERE = {"engine.vllm_version", "engine.image"}


_MEASURED = "policy.measured"


def _profile(old: Inputs, new: Inputs) -> tuple[Cause, ...]:
    moved = _moved(_profile_values(old), _profile_values(new))
    names = (("profile path", old.profile_path, new.profile_path),)
    renamed = [(label, before, after) for label, before, after in names if before != after]
    return tuple(
        Cause("profile", key, before, after)
        for key, before, after in [*moved, *renamed]
        if key not in _TOLD_ELSEWHERE
    )


def _profile_values(inputs: Inputs) -> Mapping[str, object]:
    """A calibration moves as one thing: its dozen keys share their reason."""
    values = inputs.profile_values
    kept = {key: value for key, value in values.items() if not key.startswith(f"{_MEASURED}.")}
    if len(kept) == len(values):
        return kept
    of = {key: plain(values.get(f"{_MEASURED}.{key}")) for key in Measured._fields}
    told = "vLLM {vllm_version} on {gpu_name}, activations {activation_gib} GiB".format_map(of)
    return {**kept, _MEASURED: told}


def _gpu(old: Inputs, new: Inputs) -> tuple[Cause, ...]:
    keys = ("hardware.gpu_name", "hardware.vram_gb", "hardware.vram_gib")
    if any(old.profile_values.get(key) != new.profile_values.get(key) for key in keys):
        return ()
    moved = _moved(old.gpu_facts, new.gpu_facts)
    return tuple(Cause("gpu", key, before, after) for key, before, after in moved)


def _versions(old: Inputs, new: Inputs) -> tuple[Cause, ...]:
    found = []
    if old.planner_version != new.planner_version:
        found.append(Cause("planner", "replanner", old.planner_version, new.planner_version))
    if old.catalogue_version != new.catalogue_version:
        found.append(Cause("catalogue", "catalogue", old.catalogue_version, new.catalogue_version))
    return tuple(found)


def _moved(old: Mapping[str, object], new: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """(key, before, after) of what differs; what is absent has the default."""
    return [
        (key, _word(old, key), _word(new, key))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) or (key in old) != (key in new)
    ]


def _word(values: Mapping[str, object], key: str) -> str:
    return str(plain(values[key])) if key in values else "default"
