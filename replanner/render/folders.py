"""Decides what changes when a model that is a folder is served from a container."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from replanner.planning.request import is_folder
from replanner.planning.result import EngineConfig
from replanner.render.flags import canonical

MODEL_PATH = "/model"
DRAFT_PATH = "/draft-model"


class Mount(NamedTuple):
    """A folder of the host, and where the container sees it (read-only)."""

    source: str
    target: str


def mounts(config: EngineConfig) -> tuple[Mount, ...]:
    return tuple(Mount(source, target) for source, target in _candidates(config))


def _candidates(config: EngineConfig) -> Iterator[tuple[str, str]]:
    if is_folder(config.model):
        yield config.model, MODEL_PATH
    draft = config.speculative.model if config.speculative else None
    if draft and is_folder(draft):
        yield draft, DRAFT_PATH


def in_container(config: EngineConfig) -> EngineConfig:
    """The same engine with its folders where the container sees them, under the same API name."""
    targets = {mount.source: mount.target for mount in mounts(config)}
    draft = config.speculative
    if draft and draft.model in targets:
        draft = draft._replace(model=targets[draft.model])
    if config.model not in targets:
        return config._replace(speculative=draft)
    extra = dict(config.extra_args)
    if "served-model-name" not in map(canonical, extra):
        extra["served-model-name"] = config.model  # what vLLM calls it outside a container
    return config._replace(model=MODEL_PATH, speculative=draft, extra_args=extra)


def from_artifacts(source: str, root: str) -> str:
    """The folder as seen from the artifacts' folder; absolute, or with ./ or ../ first."""
    path = posixpath.normpath(posixpath.join(root, source))
    return path if path.startswith(("/", "../")) or path == ".." else f"./{path}"
