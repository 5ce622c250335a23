"""The Action as `python -m replanner.action` runs it, but for its pauses between requests: those
are for the real GitHub, and an emulated one needs none."""

import sys
from functools import partial

from replanner.action.front import main
from replanner.action.world import github
from replanner.forge.github.session import Pace

QUICK = Pace(between_requests_s=0, between_writes_s=0)

if __name__ == "__main__":
    sys.exit(main(connect=partial(github, pace=QUICK)))
