"""`python -m replanner.action`: one step of a workflow."""

import sys

from replanner.action.front import main

if __name__ == "__main__":
    sys.exit(main())
