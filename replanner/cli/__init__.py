"""Front door: reads the command line and the environment, calls the use-case, shows the result.

One funnel turns every failure into a sentence and an exit code; nothing here decides policy.
"""

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from replanner.cli.context import Context
from replanner.errors import ReplannerError

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (the contract: 0, 1, 2, 3, 4)."""
    # Thousands of objects are made while modules load and none of them is garbage; looking for
    # some would cost a tenth of the start-up time. `parser.run` turns it on again.
    gc.disable()
    try:
        context = Context.from_process()
    except ReplannerError as error:
        sys.stderr.write(f"error: {error.message}\n")
        return error.exit_code
    try:
        return _run(sys.argv[1:] if argv is None else argv, context)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        return _closed_pipe()


def script() -> NoReturn:
    """The console script: a process of its own, which need not tidy up what it leaves behind.

    Taking apart the modules at exit costs a tenth of a plan; files and streams are closed by then.
    """
    code = main()
    with suppress(OSError, ValueError):  # a pipe nobody reads, a stream that is closed
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _run(argv: Sequence[str], context: Context) -> int:
    # Imported inside the funnel, so that Ctrl-C while importing ends quietly too.
    from replanner.cli.parser import parse, run  # noqa: PLC0415

    arguments = parse(argv, context)
    if isinstance(arguments, int):
        return arguments
    try:
        code = run(arguments, context)
    except BrokenPipeError:
        raise
    except ReplannerError as error:
        return context.complain(error)
    except Exception as error:  # noqa: BLE001 - the funnel: a bug must not look like an answer
        from replanner.cli.bugs import bug  # noqa: PLC0415

        return context.complain(bug(error, context))
    return code


def _closed_pipe() -> int:
    """`replanner plan | head` is fine: nobody reads on, so nothing more is written."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    return 0
