"""`python -m replanner` is the command line."""

import sys

from replanner.cli import main

if __name__ == "__main__":
    sys.exit(main())
