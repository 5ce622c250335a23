"""serve_command.sh: `vllm serve` on the machine itself."""

from collections.abc import Mapping

from replanner.planning.result import Plan
from replanner.render.artifact import Artifact, RenderContext
from replanner.render.shell import quoted, script
from replanner.render.vllm_args import serve_groups

FILENAME = "serve_command.sh"


def render(plan: Plan, context: RenderContext) -> Mapping[str, Artifact]:
    return {FILENAME: script(plan, context, quoted(serve_groups(plan.config)))}
