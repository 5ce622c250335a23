"""The real server with work that asks nobody: a push concerns its repository, and bringing that up
to date is a pause. What is measured is then the server, not the GitHub that it calls."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from replanner.errors import ReplannerError
from replanner.server import commands
from replanner.server.jobs import Json, Target
from replanner.server.settings import Settings

# What a replan waits for GitHub and the Hub.
TAKES_S = 0.25


class Pausing:
    """Work without a world."""

    def __init__(self, _: Settings) -> None:
        pass

    def targets(self, event: Json) -> Sequence[Target]:
        pushed = event.get("event")
        if not isinstance(pushed, dict):
            return []
        name = str(pushed["repository"])
        return [Target("update", f"{name}|update|main", name, {"base": "main"})]

    def run(self, target: Json) -> dict[str, object]:
        time.sleep(TAKES_S)
        return {"did": str(target["kind"])}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=("serve", "web", "worker", "migrate"))
    parser.add_argument("--config")
    parser.add_argument("--parent", type=int)
    parser.add_argument("--slot", type=int)
    asked = parser.parse_args()
    told = commands.Told(asked.config, os.environ, Path.cwd(), sys.stdout)
    if asked.command == "serve":
        return commands.serve(told, [sys.executable, __file__])
    if asked.command == "web":
        return commands.web(told, asked.parent)
    if asked.command == "worker":
        return commands.worker(told, Pausing, slot=asked.slot, parent=asked.parent)
    return commands.migrate(told)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ReplannerError as error:
        sys.exit(error.exit_code)
