"""`plan` and `generate`: one answer per profile; one that fails does not stop the others."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from replanner.cli.bugs import bug
from replanner.cli.context import Context
from replanner.cli.profiles import Asked, asked, failure
from replanner.errors import Bug, InputError, ReplannerError, worst_exit_code
from replanner.planning.record import PlanRecord, document
from replanner.resolve import Planner

_STDIN = "-"
_MOST_STDIN_BYTES = 4 << 20
Deal = Callable[[Asked, PlanRecord], None]


def plan(arguments: argparse.Namespace, context: Context) -> int:
    """Print every profile's plan; 1 where one does not fit."""

    def show(wanted: Asked, record: PlanRecord) -> None:
        del wanted
        if arguments.json:
            _print_json(record, context, explain=arguments.explain)
        else:
            _print_report(record, context, explain=arguments.explain)

    return _each(arguments, context, deal=show, as_json=arguments.json)


def _print_json(record: PlanRecord, context: Context, *, explain: bool) -> None:
    shown = document(record)
    if not explain:
        shown["explanations"] = {}
    context.print(json.dumps(shown, allow_nan=False))


def _print_report(record: PlanRecord, context: Context, *, explain: bool) -> None:
    from replanner.report.terminal import plan_report  # noqa: PLC0415 - JSON needs none of it

    context.print(plan_report(record, context.style, explain=explain))


def generate(arguments: argparse.Namespace, context: Context) -> int:
    """Write every profile's artifacts; 1 where a plan does not fit (its files are written)."""
    from replanner.cli import files  # noqa: PLC0415 - only `generate` writes

    if arguments.profiles == [_STDIN]:
        return _generate_from_stdin(arguments, context)
    several = len(arguments.profiles) + len(arguments.profile) > 1
    taken: dict[Path, str] = {}

    def write(wanted: Asked, record: PlanRecord) -> None:
        root = context.root(arguments.repo)
        target = files.Target.of(arguments, context, several)
        files.claim(target.folder_of(wanted, root), wanted.loaded.path, taken)
        for line in files.write_plan_files(wanted, record, root, target):
            context.print(line)

    return _each(arguments, context, deal=write, as_json=False)


def _generate_from_stdin(arguments: argparse.Namespace, context: Context) -> int:
    from replanner.cli import files  # noqa: PLC0415 - only `generate` writes
    from replanner.planning.stored import parse_document  # noqa: PLC0415

    try:
        text = sys.stdin.read(_MOST_STDIN_BYTES + 1)
        if len(text) > _MOST_STDIN_BYTES:
            raise InputError("the plan on standard input is larger than 4 MiB.")
        record = parse_document(json.loads(text))
    except (ValueError, RecursionError):
        raise InputError("standard input holds no JSON plan (replanner plan --json).") from None
    if arguments.output_dir is None:
        raise InputError("a plan on standard input needs --output-dir.")
    target = files.Target.of(arguments, context, several=False)
    for line in files.write_record(record, Path(context.root(arguments.repo)), target):
        context.print(line)
    return 0 if record.plan.feasibility.fits else 1


def _each(arguments: argparse.Namespace, context: Context, *, deal: Deal, as_json: bool) -> int:
    """Plan every profile and deal with its record; failures are told and counted."""
    root = context.root(arguments.repo)
    planner = Planner(context.hub(root, arguments.hub), context.registry)
    codes = []
    for name, read in asked(arguments, context, root):
        try:
            codes.append(_one(planner, read, deal))
        except ReplannerError as error:
            codes.append(error.exit_code)
            _tell(name, error, context, as_json=as_json)
        except (KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - a bug met by one profile stops no other
            codes.append(Bug.exit_code)
            _tell(name, bug(error, context), context, as_json=as_json)
    return worst_exit_code(codes)


def _one(planner: Planner, read: Callable[[], Asked], deal: Deal) -> int:
    wanted = read()
    record = planner.record(wanted.loaded.profile, wanted.place)
    deal(wanted, record)
    return 0 if record.plan.feasibility.fits else 1


def _tell(name: str, error: ReplannerError, context: Context, *, as_json: bool) -> None:
    if as_json:
        context.print(json.dumps(failure(name, error)))
    else:
        context.complain(error)
