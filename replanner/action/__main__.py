"""`python -m replanner.action`: one step of a workflow."""

import io
import sys

from replanner.action.front import main

if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What a machine's own encoding lacks, in a stranger's file name perhaps, ends no run.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main())
