"""How a bug presents itself: as a sentence, and with REPLANNER_DEBUG with its traceback."""

from collections.abc import Iterable

from replanner.cli.context import Context
from replanner.errors import Bug, ReplannerError


def bug(error: Exception, context: Context) -> Bug:
    """The report of an unexpected error."""
    found = Bug.of(error)
    trace([found], context)
    return found


def trace(errors: Iterable[ReplannerError | None], context: Context) -> None:
    """Show the tracebacks of the bugs among some errors, where somebody asked for them."""
    for error in errors:
        if isinstance(error, Bug) and error.__cause__ and context.env.get("REPLANNER_DEBUG"):
            import traceback  # noqa: PLC0415 - hardly ever needed

            traceback.print_exception(error.__cause__, file=context.err)
