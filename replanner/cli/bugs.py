"""How a bug presents itself: where it is and how to report it, never as an answer."""

import traceback
from pathlib import PurePath

from replanner.cli.context import Context
from replanner.errors import ReplannerError


class Bug(ReplannerError):
    """Something that should not have happened."""

    code = "bug"
    exit_code = 4

    @classmethod
    def of(cls, error: Exception, context: Context) -> "Bug":
        """The report of an unexpected error; REPLANNER_DEBUG shows the traceback as well."""
        if context.env.get("REPLANNER_DEBUG"):
            traceback.print_exception(error, file=context.err)
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        return cls(
            f"a bug in replanner: {type(error).__name__} at {place}",
            hint="Please report it with the command you ran; REPLANNER_DEBUG=1 shows more.",
        )
