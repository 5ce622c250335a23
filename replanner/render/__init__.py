"""Plans become artifacts here. Most runs only need the arguments checked, so the renderers are
imported when they are first used."""

from importlib import import_module
from typing import TYPE_CHECKING

from replanner.render.vllm_args import check_config, serve_argv

if TYPE_CHECKING:
    from replanner.render.artifact import Artifact, RenderContext, Renderer, sha256_of
    from replanner.render.table import RENDERERS, render

__all__ = [
    "RENDERERS",
    "Artifact",
    "RenderContext",
    "Renderer",
    "check_config",
    "render",
    "serve_argv",
    "sha256_of",
]

_LATER = {
    "Artifact": "artifact",
    "RENDERERS": "table",
    "RenderContext": "artifact",
    "Renderer": "artifact",
    "render": "table",
    "sha256_of": "artifact",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
