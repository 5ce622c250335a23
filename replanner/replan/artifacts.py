"""Decides which files a plan is written as: its artifacts, and plan.json with their digests."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from replanner.errors import InputError
from replanner.planning.record import PlanRecord, canonical, document, identity
from replanner.planning.result import Plan
from replanner.profile import LoadedProfile, Profile, edit_profile
from replanner.render import Artifact, RenderContext, render, sha256_of

PLAN_FILE = "plan.json"


@dataclass(frozen=True, slots=True)
class Written:
    """A plan with its artifacts' digests, and every file by its name in the plan's folder."""

    record: PlanRecord
    files: Mapping[str, Artifact]


def output_dir(profile: Profile, name: str) -> str:
    """Where a profile's artifacts go, from the root."""
    return profile.outputs.dir or f"deploy/{name}"


def write_plan(record: PlanRecord, loaded: LoadedProfile, *, name: str) -> Written:
    """The files of a profile's plan, as the repository is to hold them."""
    return render_files(
        record,
        names=loaded.profile.outputs.emit,
        folder=output_dir(loaded.profile, name),
        profile_text=finished_profile(loaded, record.plan),
    )


def render_files(
    record: PlanRecord, *, names: Sequence[str], folder: str = ".", profile_text: str | None = None
) -> Written:
    """The artifacts called `names`, and plan.json; reasons stay out of it, so that diffs are short.

    `folder` is where they will lie, seen from the root that model folders are relative to.
    """
    bare = record._replace(plan=record.plan._replace(explanations={}), artifacts={})
    context = RenderContext(
        identity=identity(document(bare)),
        name=record.inputs.profile_name or "vllm",
        root=posixpath.relpath(".", folder),
        profile_text=profile_text,
    )
    files = render(record.plan, names=names, context=context)
    if PLAN_FILE in files:
        raise InputError(f"a renderer writes {PLAN_FILE!r}, which is the plan's own file.")
    digests = {name: sha256_of(one.text) for name, one in files.items()}
    full = bare._replace(artifacts=digests)
    return Written(full, {**files, PLAN_FILE: Artifact(canonical(document(full)))})


def finished_profile(loaded: LoadedProfile, plan: Plan) -> str:
    """The profile's own text with what was chosen for it filled in."""
    profile, config = loaded.profile, plan.config
    open_keys: dict[str, tuple[object, str | int | float]] = {
        "model.dtype": (profile.model.dtype, config.dtype),
        "model.max_model_len": (profile.model.max_model_len, config.max_model_len),
        "hardware.gpu_name": (profile.hardware.gpu_name, plan.hardware.gpu_name),
        "hardware.tp_size": (profile.hardware.tp_size, config.tensor_parallel_size),
        "policy.gpu_memory_utilization": (
            profile.policy.gpu_memory_utilization,
            config.gpu_memory_utilization,
        ),
        "engine.max_num_seqs": (profile.engine.max_num_seqs, config.max_num_seqs),
        "engine.max_num_batched_tokens": (
            profile.engine.max_num_batched_tokens,
            config.max_num_batched_tokens,
        ),
    }
    chosen = {key: now for key, (asked, now) in open_keys.items() if asked in (None, "auto")}
    if config.revision:
        chosen["model.revision"] = config.revision
    try:
        return edit_profile(loaded.text, chosen, name=loaded.path)
    except InputError:
        # A text that cannot be edited in place (block scalars for numbers, say) is still a valid
        # profile: it goes out as its owner wrote it rather than holding the plan back.
        return loaded.text
