"""From a profile to its plan: asks the hub for the model, then lets the pure core decide.

Every front door and the re-planner go through here. Facts of a model are worked out once per
process for equal settings, so a thousand profiles of ten models cost ten readings.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath
from typing import NamedTuple, Protocol

from replanner import __version__, catalogue
from replanner.errors import InputError, UnsupportedModel, UpstreamError
from replanner.planning.facts import ModelFacts
from replanner.planning.hardware import Gpu, gpu_named
from replanner.planning.images import USUAL_IMAGES, follows, repository_of, tag_of
from replanner.planning.model_facts import model_facts
from replanner.planning.model_files import ModelFiles
from replanner.planning.plan import Subject, plan
from replanner.planning.record import Inputs, PlanRecord
from replanner.planning.remote_code import remote_code
from replanner.planning.request import FlagValue, ModelWish, PlanRequest
from replanner.planning.result import Finding
from replanner.profile import LoadedProfile, Profile
from replanner.profile.sections import changed
from replanner.render import check_config


class Hub(Protocol):
    """Where models are read. Errors tell missing, refused and unreachable apart."""

    def fetch(self, model_id: str, revision: str, *, commit: str | None = None) -> ModelFiles:
        """The model at that revision, or exactly at `commit` where one is given."""
        ...

    def resolve(self, model_id: str, revision: str) -> str | None:
        """The commit that a branch or tag stands for now; None where there are no revisions."""
        ...

    def committed_at(self, model_id: str, commit: str) -> int | None:
        """When the commit was made, in seconds since 1970; None where nobody knows."""
        ...


class Registry(Protocol):
    """Where container images are looked up. Errors tell missing, refused and unreachable apart."""

    def pin(self, repository: str, track: str) -> str:
        """`repository:tag@sha256:...` of the tag, or of the newest that the glob `track` finds."""
        ...


class Place(NamedTuple):
    """Where a profile stands: its path in the repository and its name."""

    path: str
    name: str


# A profile has no key for the draft model's revision; vLLM reads the default branch too.
DRAFT_REVISION = "main"
_FactsKey = tuple[int, str, str | None, float | None]


@dataclass(eq=False)
class Planner:
    """Plans profiles against one hub, and one registry where profiles follow images; keeps the
    facts of models it has seen."""

    hub: Hub
    registry: Registry | None = None
    _facts: dict[_FactsKey, tuple[ModelFiles, ModelFacts]] = field(default_factory=dict)

    def record(
        self, profile: Profile, place: Place, *, pinned: PlanRecord | None = None
    ) -> PlanRecord:
        """The plan of a profile with its inputs.

        `pinned` is the plan it had: its commits are used while model id and revision, or the draft
        model, are the same; so is its image while the profile follows it.
        """
        request = profile.request()
        if request.hardware.gpu_name == "auto":
            raise InputError(
                f"{place.path}: hardware.gpu_name is auto, which needs the machine's own GPUs.",
                hint="Write the GPU's name; `replanner catalog gpus` lists them.",
            )
        files = self._files(request, pinned)
        draft = self._draft_files(request, pinned)
        request = _with_draft_commit(self._with_image(request, pinned), draft)
        facts_for = partial(self._facts_of, files)
        subject = Subject(
            facts_for(request.model),
            files.commit,
            draft=draft and model_facts(draft.config, quant_config=draft.quant_config),
            quantized=_is_quantized(files),
            facts_for=facts_for,
            noted=tuple(remote_code(request, files.config)),
        )
        planned = plan(request, subject)
        found = [*planned.findings, *check_config(planned.config)]
        if files.moved_to:
            found.append(_moved(request, files.moved_to))
        planned = planned._replace(findings=tuple(found))
        inputs = _inputs(profile, place, files, request)
        return PlanRecord(planned, inputs._replace(draft_files=_digests(draft)))

    def tries(
        self, profile: Profile, *, pinned: PlanRecord | None = None
    ) -> Iterator[tuple[str, FlagValue]]:
        """Settings and values that may give the plan more room, the smallest change first."""
        from replanner.planning.fixes import candidates  # noqa: PLC0415 - only bad plans need them

        request = profile.request()
        facts = self._facts_of(self._files(request, pinned), request.model)
        return ((fix.setting, fix.value) for fix, _ in candidates(request, facts))

    def _files(self, request: PlanRequest, pinned: PlanRecord | None) -> ModelFiles:
        wish = request.model
        commit = None
        if pinned is not None:
            was = pinned.plan.model
            commit = was.commit if (was.id, was.revision) == (wish.id, wish.revision) else None
        return self.hub.fetch(wish.id, wish.revision, commit=commit)

    def _with_image(self, request: PlanRequest, pinned: PlanRecord | None) -> PlanRequest:
        """The request with the image, by digest, that its tag stands for or stood for."""
        engine, track = request.engine, request.engine.image_track
        if track is None:
            return request
        usual = USUAL_IMAGES[gpu_named(request.hardware).vendor]
        repository = repository_of(engine.image or usual)
        image = pinned.plan.config.image if pinned else ""
        if not _is_pin_of(image, repository, track):
            image = self._pin(repository, track)
        return request._replace(engine=engine._replace(image=image))

    def _pin(self, repository: str, track: str) -> str:
        if self.registry is None:
            raise UpstreamError(f"no registry was asked what {repository}:{track} stands for.")
        return self.registry.pin(repository, track)

    def _facts_of(self, files: ModelFiles, wish: ModelWish) -> ModelFacts:
        key = (
            id(files.config),
            wish.dtype,
            wish.quantization,
            wish.params_b,
        )  # one object per commit read
        if key not in self._facts:
            self._facts[key] = (files, _facts(files, wish))
        return self._facts[key][1]

    def _draft_files(self, request: PlanRequest, pinned: PlanRecord | None) -> ModelFiles | None:
        wish = request.engine.speculative
        if wish is None or wish.model is None:
            return None
        was = pinned.plan.config.speculative if pinned else None
        commit = was.revision if was and was.model == wish.model else None
        return self.hub.fetch(wish.model, DRAFT_REVISION, commit=commit)


def _is_pin_of(image: str, repository: str, track: str) -> bool:
    is_pinned = "@" in image and repository_of(image) == repository
    return is_pinned and follows(track, tag_of(image))


def _with_draft_commit(request: PlanRequest, draft: ModelFiles | None) -> PlanRequest:
    """The request with the draft model at the commit that was read."""
    speculative = request.engine.speculative
    if draft is None or speculative is None:
        return request
    at_commit = speculative._replace(revision=draft.commit)
    return request._replace(engine=request.engine._replace(speculative=at_commit))


def plan_profile(
    loaded: LoadedProfile,
    hub: Hub,
    *,
    pinned: PlanRecord | None = None,
    registry: Registry | None = None,
) -> PlanRecord:
    """The plan of one profile; see `Planner`, which plans many and keeps what they share."""
    place = Place(loaded.path, PurePath(loaded.path).stem)
    return Planner(hub, registry).record(loaded.profile, place, pinned=pinned)


def _facts(files: ModelFiles, wish: ModelWish) -> ModelFacts:
    try:
        return model_facts(
            files.config,
            quant_config=files.quant_config,
            total_bytes=_checkpoint_bytes(files),
            dtype=wish.dtype,
            quantization=wish.quantization,
        )
    except UnsupportedModel:
        if wish.params_b is None:
            raise
        from replanner.planning.guess import guess_facts  # noqa: PLC0415 - hardly ever needed

        return guess_facts(wish.params_b, dtype=wish.dtype)


def _checkpoint_bytes(files: ModelFiles) -> int | None:
    if files.gguf_bytes is not None:
        return files.gguf_bytes
    return files.checkpoint.total_bytes if files.checkpoint else None


def _is_quantized(files: ModelFiles) -> bool:
    return files.quant_config is not None or "quantization_config" in files.config


def _moved(request: PlanRequest, new_id: str) -> Finding:
    return Finding(
        "model_renamed",
        "warning",
        f"The Hub calls {request.model.id} {new_id} now.",
        f"Set model.id to {new_id}.",
        "model.id",
    )


def _inputs(profile: Profile, place: Place, files: ModelFiles, request: PlanRequest) -> Inputs:
    gpu = gpu_named(request.hardware)
    return Inputs(
        profile_path=place.path,
        profile_name=place.name,
        profile_values=flat_values(profile),
        model_files=_digests(files),
        gpu_facts=_gpu_facts(gpu),
        planner_version=__version__,
        catalogue_version=catalogue.version(),
    )


def _digests(files: ModelFiles | None) -> dict[str, str]:
    return {one.path: one.digest for one in files.files} if files else {}


def flat_values(profile: Profile) -> dict[str, FlagValue]:
    """Dotted keys of a profile that differ from their defaults."""
    values: dict[str, FlagValue] = {}
    _flatten(changed(profile), "", values)
    return values


def _flatten(value: object, prefix: str, into: dict[str, FlagValue]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(inner, f"{prefix}.{key}" if prefix else str(key), into)
    elif isinstance(value, tuple):
        into[prefix] = ", ".join(str(one) for one in value)
    elif value is None or isinstance(value, str | int | float):
        into[prefix] = value


def _gpu_facts(gpu: Gpu) -> dict[str, FlagValue]:
    facts: dict[str, FlagValue] = {
        "memory_bytes": gpu.memory_bytes,
        "memory_bandwidth_bytes_per_s": gpu.memory_bandwidth_bytes_per_s,
    }
    return facts | {f"flops_{kind}": peak for kind, peak in sorted(gpu.flops.items())}
