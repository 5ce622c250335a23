"""The server as `replanner` runs it, but for what a job does: this one writes down that it ran.

The model's name says how a job behaves: `limited/...` is told to come back once, `broken/...`
cannot be done, `buggy/...` raises what nobody expected, `urgent/...` is not gathered, `killer/...`
kills its worker and `poison/...` each that tries it. What is left of the slash is the repository.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from replanner.errors import InputError, RateLimited, ReplannerError
from replanner.server import commands
from replanner.server.jobs import Json, Target
from replanner.server.settings import Settings

TOOK_S = 0.03
# How long who is limited has to wait; what is slow takes twice that.
WAIT_S = int(os.environ.get("RECORDING_WAIT_S", "1"))


class Recording:
    """Appends `S <key>` and `E <key>` to a file: effects that are not safe to do twice."""

    def __init__(self, _: Settings) -> None:
        self.file = Path("effects").absolute()

    def targets(self, event: Json) -> Sequence[Target]:
        if event["kind"] == "repository":
            pushed = event["event"]
            assert isinstance(pushed, dict)
            return [Target("update", f"acme/infra {pushed['head']}", "acme/infra", {})]
        if event["kind"] != "model":
            self.write(f"A {event['kind']}")
            return []
        model = str(event["model_id"])
        owner = model.partition("/")[0]
        self.be_unclear(owner, model)
        key = "" if owner == "urgent" else model
        return [Target("update", key, f"acme/{owner}", {"model": model, "event": dict(event)})]

    def run(self, target: Json) -> dict[str, object]:
        payload = target["payload"]
        assert isinstance(payload, dict)
        name = str(payload.get("model") or target["key"])
        self.write(f"S {name}")
        self.misbehave(name)
        time.sleep(2 * WAIT_S if name.startswith("slow/") else TOOK_S)
        self.write(f"E {name}")
        return {"done": name}

    def be_unclear(self, owner: str, model: str) -> None:
        if owner == "unclear":
            raise InputError("nobody knows whom that concerns.")
        if owner == "fatal":
            os.kill(os.getpid(), signal.SIGKILL)
        if owner == "away":
            self.write(f"T {model}")
            if self.file.read_text().count(f"T {model}\n") == 1:
                raise RateLimited("GitHub asked to come back later.", retry_after_s=WAIT_S)

    def misbehave(self, name: str) -> None:
        kind = name.partition("/")[0]
        first = self.file.read_text().count(f"S {name}\n") == 1
        if kind == "limited" and first:
            raise RateLimited("GitHub asked to come back later.", retry_after_s=WAIT_S)
        if kind == "broken":
            raise InputError("the profile is no profile.")
        if kind == "buggy":
            raise ZeroDivisionError("ghp_abcdefghijklmnopqrstuvwxyz0123456789")
        if kind == "poison" or (kind == "killer" and first):
            os.kill(os.getpid(), signal.SIGKILL)

    def write(self, line: str) -> None:
        with self.file.open("a") as file:
            file.write(f"{line}\n")


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
        return commands.worker(told, Recording, slot=asked.slot, parent=asked.parent)
    return commands.migrate(told)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ReplannerError as error:  # as the command line's funnel
        sys.exit(error.exit_code)
