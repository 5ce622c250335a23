"""`replan`: proposes what moved, to a repository on disk or on GitHub."""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from replanner.cli.bugs import trace
from replanner.cli.context import Context
from replanner.cli.telling import replanned_document, replanned_text
from replanner.cli.wishes import wished
from replanner.errors import InputError
from replanner.replan import Forge, Options, Replanned, Tree
from replanner.replan import replan as run_replan
from replanner.replan.repository import read_config
from replanner.resolve import Hub

if TYPE_CHECKING:
    from replanner.forge.github.proposals import GitHubForge
    from replanner.hub.look import OneLook

_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")


def replan(arguments: argparse.Namespace, context: Context) -> int:
    """Propose what moved, the way the repository's own configuration says."""
    if arguments.forge == "github":
        with _github(arguments, context) as forge:
            models = context.models(arguments.hub)
            result = _replanned(forge, lambda tree: _hub_of(tree, models), arguments)
            return _told(result, forge.warnings, arguments, context)
    from replanner.forge.local import LocalForge  # noqa: PLC0415 - not for GitHub

    root = context.root(arguments.repo)
    local = LocalForge.at(root)
    result = _replanned(local, lambda _tree: context.hub(root, arguments.hub), arguments)
    lie = f"Proposals to read lie in {local.files.folder}; merge a branch to accept."
    return _told(
        result, [lie] if result.proposals and not result.dry_run else [], arguments, context
    )


def _replanned(
    forge: Forge, hub_of: Callable[[Tree], Hub], arguments: argparse.Namespace
) -> Replanned:
    base = forge.base(arguments.base)
    options = _options(base.tree, arguments)
    return run_replan(forge, hub_of(base.tree), options)


def _options(tree: Tree, arguments: argparse.Namespace) -> Options:
    config = read_config(tree, tree.paths())
    return wished(arguments, config.settings, now_s=int(time.time()))


def _told(
    result: Replanned, more: list[str], arguments: argparse.Namespace, context: Context
) -> int:
    if arguments.json:
        context.print(json.dumps(replanned_document(result)))
    else:
        context.print(replanned_text(result, context.style))
        for line in more:
            context.print(line)
    trace((one.error for one in result.judged), context)
    return result.exit_code


@contextmanager
def _github(arguments: argparse.Namespace, context: Context) -> Iterator["GitHubForge"]:
    """The repository that was named, with the token of the environment."""
    from replanner.forge.github.proposals import GitHubForge  # noqa: PLC0415 - imports its client
    from replanner.forge.github.session import PUBLIC_API, Connection, Session  # noqa: PLC0415

    repository = arguments.repository or context.env.get("GITHUB_REPOSITORY", "")
    if not repository:
        raise InputError("--forge github needs --repository OWNER/NAME.")
    token = next((found for name in _TOKENS if (found := context.env.get(name))), None)
    if token is None and not arguments.dry_run:
        raise InputError(
            "a GitHub token is needed to propose.",
            hint="Set GITHUB_TOKEN or GH_TOKEN, or look with --dry-run.",
        )
    url = context.env.get("GITHUB_API_URL") or PUBLIC_API
    with Session(Connection(repository=repository, token=token, api_url=url)) as session:
        yield GitHubForge(session)


def _hub_of(tree: Tree, models: Callable[[], "OneLook"]) -> Hub:
    """Model folders of the repository as it is there, not of this machine."""
    from replanner.hub.router import RoutedHub  # noqa: PLC0415 - only this forge needs it
    from replanner.hub.tree import TreeHub  # noqa: PLC0415

    return RoutedHub(TreeHub(tree), models)
