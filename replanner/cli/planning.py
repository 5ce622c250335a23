"""`replanner plan`: one answer per profile; one that fails does not stop the others."""

import argparse
import json

from replanner.cli.context import Context
from replanner.cli.profiles import asked, failure, worst
from replanner.errors import ReplannerError
from replanner.planning.record import PlanRecord, document
from replanner.resolve import Planner


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print every profile's plan; 1 where one does not fit."""
    from replanner.cli.parser import seed_values  # noqa: PLC0415 - the parser imports this module

    root = context.root(arguments.repo)
    planner = Planner(context.hub(root, arguments.hub))
    codes = []
    for name, read in asked(arguments, context, root, seed_values(arguments)):
        try:
            wanted = read()
            record = planner.record(wanted.profile, wanted.place)
        except ReplannerError as error:
            codes.append(error.exit_code)
            _show_failure(name, error, arguments, context)
            continue
        codes.append(0 if record.plan.feasibility.fits else 1)
        _show(record, arguments, context)
    return worst(codes)


def _show(record: PlanRecord, arguments: argparse.Namespace, context: Context) -> None:
    if not arguments.json:
        from replanner.report.terminal import plan_report  # noqa: PLC0415 - JSON needs none of it

        context.print(plan_report(record, context.style, explain=arguments.explain))
        return
    shown = document(record)
    if not arguments.explain:
        shown["explanations"] = {}
    context.print(json.dumps(shown, ensure_ascii=False, allow_nan=False))


def _show_failure(
    name: str, error: ReplannerError, arguments: argparse.Namespace, context: Context
) -> None:
    if arguments.json:
        context.print(json.dumps(failure(name, error), ensure_ascii=False))
    else:
        context.complain(error)
