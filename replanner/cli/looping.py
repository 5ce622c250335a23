"""`check`, `apply` and `diff`: the commands that look at a whole repository and propose nothing."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from replanner.cli.bugs import trace
from replanner.cli.context import Context
from replanner.cli.files import write_tree
from replanner.cli.profiles import RENDERERS
from replanner.cli.telling import (
    applied_document,
    applied_text,
    changes_document,
    checked_document,
    checked_text,
)
from replanner.errors import InputError
from replanner.forge.git import Git
from replanner.forge.trees import WorkingTree, tree_at
from replanner.planning.diff import Change
from replanner.planning.diff import diff as compare
from replanner.planning.record import PlanRecord
from replanner.planning.stored import parse_document
from replanner.profile import load_profile
from replanner.replan import check as check_tree
from replanner.replan import read_repository, revision_records
from replanner.replan.apply import apply as bring_in_line
from replanner.report.terminal import change_report
from replanner.resolve import Place, Planner

_MOST_PLAN_BYTES = 4 << 20
_FILES = (".json", ".yaml", ".yml")


def check(arguments: argparse.Namespace, context: Context) -> int:
    """Recompute with the pinned commits; 1 where a file is stale or a plan does not start."""
    root = context.root(arguments.repo)
    only, registry = tuple(arguments.profiles), context.registry
    hub = context.hub(root, arguments.hub)
    report = check_tree(WorkingTree(root), hub, only=only, registry=registry)
    if arguments.json:
        context.print(json.dumps(checked_document(report)))
    else:
        context.print(checked_text(report))
    trace((one.judged.error for one in report.profiles), context)
    return report.exit_code


def apply(arguments: argparse.Namespace, context: Context) -> int:
    """Write what `check` misses or finds out of date; 1 where a plan does not start."""
    if arguments.forge == "github":
        from replanner.cli.writing_back import write  # noqa: PLC0415 - not for disks

        return write(arguments, context)
    if arguments.pr is not None:
        raise InputError("--pr needs --forge github.")
    root = context.root(arguments.repo)
    repository = read_repository(WorkingTree(root), only=tuple(arguments.profiles))
    hub = context.hub(root, arguments.hub)
    overwrite, registry = arguments.force, context.registry
    applied = bring_in_line(repository, hub, overwrite=overwrite, registry=registry)
    if not arguments.dry_run:
        write_tree(root, applied.files)
    if arguments.json:
        context.print(json.dumps(applied_document(applied)))
    else:
        context.print(applied_text(applied, dry_run=arguments.dry_run))
    trace((one.error for one in applied.profiles), context)
    return applied.exit_code


def diff(arguments: argparse.Namespace, context: Context) -> int:
    """Compare two plan files, two profiles or two git revisions."""
    old, new = (_records(one, arguments, context) for one in (arguments.old, arguments.new))
    changes = _changes(old, new)
    if arguments.json:
        context.print(json.dumps(changes_document(changes)))
    else:
        context.print(change_report(changes, context.style) or "No change.")
    return 0


def _changes(old: Mapping[str, PlanRecord], new: Mapping[str, PlanRecord]) -> list[Change]:
    paths = sorted({*old, *new})
    found = (compare(old.get(path), new.get(path)) for path in paths)
    return [change for change in found if change is not None]


def _records(text: str, arguments: argparse.Namespace, context: Context) -> dict[str, PlanRecord]:
    """What a word on the command line means: a plan, a profile, else a revision."""
    path = context.cwd / text
    root = context.root(arguments.repo)
    if not path.is_file():
        if path.suffix in _FILES:
            raise InputError(f"{text}: no such file.")
        return revision_records(tree_at(Git.at(root), text))
    if path.suffix == ".json":
        return {"": _plan_file(path, text)}
    loaded = load_profile(path, renderers=RENDERERS)
    planner = Planner(context.hub(root, arguments.hub), context.registry)
    return {"": planner.record(loaded.profile, Place(text, path.stem))}


def _plan_file(path: Path, name: str) -> PlanRecord:
    try:
        if path.stat().st_size > _MOST_PLAN_BYTES:
            raise InputError(f"{name}: is larger than 4 MiB, which no plan is.")
        return parse_document(json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError):
        raise InputError(f"{name}: is no plan.json that can be read.") from None
