"""What the experiments with the server share. They use the tests' helpers: the same emulated
GitHub, Hub and PostgreSQL, and deliveries signed in the same way."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[1:1] = [str(ROOT / "tests" / name) for name in ("", "e2e", "server", "webhooks")]
