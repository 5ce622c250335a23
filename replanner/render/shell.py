"""Decides how a command becomes a bash script: one flag a line, nothing left for bash to expand."""

import shlex
from collections.abc import Iterable, Sequence

from replanner.planning.result import Plan
from replanner.render.artifact import Artifact, RenderContext, header
from replanner.render.folders import mounts
from replanner.render.vllm_args import serve_argv


def script(plan: Plan, context: RenderContext, lines: Iterable[str]) -> Artifact:
    """A script that becomes the command whose quoted lines these are."""
    command = " \\\n  ".join(lines)
    head = ["#!/usr/bin/env bash", *header(plan, context), *_literal(plan), "set -euo pipefail"]
    text = "\n".join([*head, *_change_folder(plan, context), "", f"exec {command}", ""])
    return Artifact(text, executable=True)


def quoted(groups: Iterable[Sequence[str]]) -> list[str]:
    return [shlex.join(group) for group in groups]


def _literal(plan: Plan) -> list[str]:
    # shellcheck takes an expansion in single quotes for a slip.
    if not any(c in item for item in serve_argv(plan.config) for c in "$`\\"):
        return []
    return ["# shellcheck disable=SC1003,SC2016 # the arguments are literal"]


def _change_folder(plan: Plan, context: RenderContext) -> list[str]:
    # Relative folders start from the repository's root, wherever the script is called from.
    if all(mount.source.startswith("/") for mount in mounts(plan.config)):
        return []
    return ['CDPATH="" cd -- "$(dirname -- "${BASH_SOURCE[0]}")"/' + shlex.quote(context.root)]
