"""Decides which files a plan becomes; each is a pure function of the plan and its context."""

from collections.abc import Mapping, Sequence

from replanner import plugins
from replanner.errors import InputError
from replanner.planning.result import Plan
from replanner.render import command, compose, docker, kubernetes, profile
from replanner.render.artifact import Artifact, RenderContext, Renderer

RENDERERS: Mapping[str, Renderer] = {
    "command": command.render,
    "docker": docker.render,
    "compose": compose.render,
    "k8s": kubernetes.render,
    "profile": profile.render,
}


def render(plan: Plan, *, names: Sequence[str], context: RenderContext) -> dict[str, Artifact]:
    """File name to artifact, in the order asked for; a name asked for twice is written once."""
    files: dict[str, Artifact] = {}
    for name in dict.fromkeys(names):
        found = plugins.find("render", name, builtin=RENDERERS)(plan, context)
        if both := files.keys() & found.keys():
            raise InputError(f"two renderers write {min(both)!r}; one of them is {name!r}.")
        files.update(found)
    return files
