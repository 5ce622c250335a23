"""profile.yaml: the user's profile, its chosen values already filled in by the profile layer."""

from collections.abc import Mapping

from replanner.errors import InputError
from replanner.planning.result import Plan
from replanner.render.artifact import Artifact, RenderContext

FILENAME = "profile.yaml"


def render(plan: Plan, context: RenderContext) -> Mapping[str, Artifact]:
    del plan
    if context.profile_text is None:
        raise InputError(
            "there is no profile to write: this plan came without one.",
            hint="Leave `profile` out of --emit.",
        )
    return {FILENAME: Artifact(context.profile_text)}
