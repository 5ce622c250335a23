"""Decides how a command reaches a repository on GitHub: which one, as whom, and where its models
are read from."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from replanner.cli.context import Context
from replanner.errors import InputError
from replanner.replan import Tree
from replanner.resolve import Hub

if TYPE_CHECKING:
    from replanner.forge.github.session import Session
    from replanner.hub.look import OneLook

_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")


def session(arguments: argparse.Namespace, context: Context) -> "Session":
    """The repository that was named, with the token of the environment; close it again."""
    from replanner.forge.github.session import (  # noqa: PLC0415 - not for what is on disk
        PUBLIC_API,
        Connection,
        Session,
    )

    repository = arguments.repository or context.env.get("GITHUB_REPOSITORY", "")
    if not repository:
        raise InputError("--forge github needs --repository OWNER/NAME.")
    token = next((found for name in _TOKENS if (found := context.env.get(name))), None)
    if token is None and not arguments.dry_run:
        raise InputError(
            "a GitHub token is needed to write.",
            hint="Set GITHUB_TOKEN or GH_TOKEN, or look with --dry-run.",
        )
    url = context.env.get("GITHUB_API_URL") or PUBLIC_API
    return Session(Connection(repository=repository, token=token, api_url=url))


def hub_of(tree: Tree, models: Callable[[], "OneLook"]) -> Hub:
    """Model folders of the repository as it is there, not of this machine."""
    from replanner.hub.router import RoutedHub  # noqa: PLC0415 - only this forge needs it
    from replanner.hub.tree import TreeHub  # noqa: PLC0415

    return RoutedHub(TreeHub(tree), models)
