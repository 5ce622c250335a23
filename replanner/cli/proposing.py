"""`replan`: proposes what moved, to a repository on disk or on GitHub."""

import argparse
import json
import time
from collections.abc import Callable

from replanner.cli.bugs import trace
from replanner.cli.context import Context
from replanner.cli.telling import replanned_document, replanned_text
from replanner.cli.wishes import wished
from replanner.replan import Forge, Options, Replanned, Tree
from replanner.replan import replan as run_replan
from replanner.replan.repository import read_config
from replanner.resolve import Hub


def replan(arguments: argparse.Namespace, context: Context) -> int:
    """Propose what moved, the way the repository's own configuration says."""
    if arguments.forge == "github":
        return _on_github(arguments, context)
    from replanner.forge.local import LocalForge  # noqa: PLC0415 - not for GitHub

    root = context.root(arguments.repo)
    local = LocalForge.at(root)
    result = _replanned(local, lambda _tree: context.hub(root, arguments.hub), arguments, context)
    lie = f"Proposals to read lie in {local.files.folder}; merge a branch to accept."
    return _told(
        result, [lie] if result.proposals and not result.dry_run else [], arguments, context
    )


def _on_github(arguments: argparse.Namespace, context: Context) -> int:
    from replanner.cli.connecting import hub_of, session  # noqa: PLC0415 - not for disks
    from replanner.forge.github.proposals import GitHubForge  # noqa: PLC0415

    models = context.models(arguments.hub)
    with session(arguments, context) as opened:
        forge = GitHubForge(opened)
        result = _replanned(forge, lambda tree: hub_of(tree, models), arguments, context)
        return _told(result, forge.warnings, arguments, context)


def _replanned(
    forge: Forge,
    hub_of: Callable[[Tree], Hub],
    arguments: argparse.Namespace,
    context: Context,
) -> Replanned:
    base = forge.base(arguments.base)
    options = _options(base.tree, arguments)
    return run_replan(forge, hub_of(base.tree), options, registry=context.registry)


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
