"""The server's commands: what they are told goes to `replanner.server`, which needs the extra."""

from argparse import Namespace
from importlib.util import find_spec
from typing import Final

from replanner.cli.context import Context
from replanner.errors import InputError
from replanner.server import commands
from replanner.server.commands import Told

_NEEDED: Final = ("flask", "gunicorn", "dbos", "prometheus_client", "psycopg")


def serve(arguments: Namespace, context: Context) -> int:
    return commands.serve(_told(arguments, context))


def web(arguments: Namespace, context: Context) -> int:
    return commands.web(_told(arguments, context), arguments.parent)


def worker(arguments: Namespace, context: Context) -> int:
    from replanner.server.work import make_work  # noqa: PLC0415 - only workers do the work

    told = _told(arguments, context)
    return commands.worker(told, make_work, slot=arguments.slot, parent=arguments.parent)


def migrate(arguments: Namespace, context: Context) -> int:
    return commands.migrate(_told(arguments, context))


def doctor(arguments: Namespace, context: Context) -> int:
    return commands.doctor(_told(arguments, context))


def ready(arguments: Namespace, context: Context) -> int:
    return commands.ready(_told(arguments, context))


def dead(arguments: Namespace, context: Context) -> int:
    told = _told(arguments, context)
    if arguments.what == "list":
        return commands.dead_list(told, as_json=arguments.json)
    if not arguments.ids and not arguments.all:
        raise InputError(
            "dead retry needs ids, or --all.", hint="`replanner dead list` shows them."
        )
    return commands.dead_retry(told, arguments.ids)


def _told(arguments: Namespace, context: Context) -> Told:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise InputError(
            f"the server needs {', '.join(missing)}, not installed here.",
            hint="Install it with `pip install 'replanner[server]'`.",
        )
    return Told(arguments.config, context.env, context.cwd, context.out)
