"""Front door: reads the command line and the environment, calls the use-case, shows the result.

One funnel turns every failure into a sentence and an exit code; nothing here decides policy.
"""

import os
import sys
from collections.abc import Sequence

from replanner.cli.context import Context
from replanner.errors import ReplannerError

_INTERRUPTED = 130
_BUG = 4


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (the contract: 0, 1, 2, 3, 4)."""
    context = Context.from_process()
    try:
        return _run(sys.argv[1:] if argv is None else argv, context)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        return _closed_pipe()


def _run(argv: Sequence[str], context: Context) -> int:
    # Parsers are built here so that a closed pipe or Ctrl-C while importing ends quietly too.
    from replanner.cli.parser import parse  # noqa: PLC0415

    arguments = parse(argv, context)
    if isinstance(arguments, int):
        return arguments
    try:
        code: int = arguments.run(arguments, context)
        context.out.flush()
    except ReplannerError as error:
        context.complain(error)
        return error.exit_code
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 - the one funnel: a bug must not look like an answer
        return _bug(error, context)
    return code


def _bug(error: Exception, context: Context) -> int:
    """A bug says where it is, and asks to be reported; REPLANNER_DEBUG shows the traceback."""
    import traceback  # noqa: PLC0415 - only when something is wrong already

    if context.env.get("REPLANNER_DEBUG"):
        traceback.print_exception(error, file=context.err)
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?"  # noqa: PTH119 - a name for people
    context.say_error(
        f"a bug in replanner: {type(error).__name__} at {place}",
        hint="Please report it with the command you ran; REPLANNER_DEBUG=1 shows more.",
    )
    return _BUG


def _closed_pipe() -> int:
    """`replanner plan | head` is fine: nobody reads on, so nothing more is written."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    return 0
