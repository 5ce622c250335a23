"""`apply --forge github`: what the label replanner:apply does, from anywhere."""

import argparse
import json

from replanner.cli.bugs import trace
from replanner.cli.connecting import hub_of, session
from replanner.cli.context import Context
from replanner.cli.telling import applied_document, applied_text
from replanner.errors import InputError
from replanner.forge.github.pulls import GitHubPulls
from replanner.replan.write_back import WriteBackOptions, WrittenBack, write_back


def write(arguments: argparse.Namespace, context: Context) -> int:
    """One commit on the pull request's own branch; 1 where a plan does not start."""
    if arguments.pr is None or arguments.pr < 1:
        raise InputError("--forge github needs --pr N, the pull request to write to.")
    models = context.models(arguments.hub)
    with session(arguments, context) as opened:
        pulls = GitHubPulls(opened)
        wanted = WriteBackOptions(
            repository=opened.repository,
            how="on a command line",
            only=tuple(arguments.profiles),
            overwrite=arguments.force,
            dry_run=arguments.dry_run,
            registry=context.registry,
        )
        pull = pulls.pull(arguments.pr)
        done = write_back(pulls, pull, lambda tree: hub_of(tree, models), wanted)
    _tell(done, arguments, context)
    return done.applied.exit_code


def _tell(done: WrittenBack, arguments: argparse.Namespace, context: Context) -> None:
    applied = done.applied
    if arguments.json:
        told = {"branch": done.branch, "commit": done.commit or None}
        context.print(json.dumps(applied_document(applied) | told))
    else:
        context.print(applied_text(applied, dry_run=arguments.dry_run))
        context.print(done.sentence)
    trace((one.error for one in applied.profiles), context)
