"""Kills processes of the server, any of them, at any moment."""

import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from lab.server import Server

# What is killed, and how often for each time that `serve` itself is.
_SHARES = {"worker": 3, "web child": 2, "web master": 2, "serve": 1}
_APPEARS_S = 20.0


@dataclass
class Killer:
    """So many kills with SIGKILL, `pause_s` apart (more or less); that may change on the way."""

    server: Server
    chance: random.Random
    wanted: int
    pause_s: float
    done: Counter[str] = field(default_factory=Counter)
    _end: threading.Event = field(default_factory=threading.Event)

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run)
        thread.start()
        return thread

    def stop(self) -> None:
        self._end.set()

    @property
    def left(self) -> int:
        return self.wanted - self.done.total()

    def _run(self) -> None:
        bag: list[str] = []
        while self.left > 0 and not self._end.is_set():
            self._end.wait(self.pause_s * self.chance.uniform(0.5, 1.5))
            if not bag:
                bag = self._bag()
            self._kill(bag.pop())

    def _bag(self) -> list[str]:
        """Every kind in its share, in a random order: none is left out by bad luck."""
        kinds = self.server.victims()
        bag = [kind for kind, share in _SHARES.items() if kind in kinds for _ in range(share)]
        self.chance.shuffle(bag)
        return bag or ["worker"]

    def _kill(self, kind: str) -> None:
        end = time.monotonic() + _APPEARS_S
        while time.monotonic() < end and not self._end.is_set():
            found = self.server.victims().get(kind, [])
            try:
                os.kill(self.chance.choice(found), signal.SIGKILL)
            except (IndexError, ProcessLookupError):
                time.sleep(0.05)  # the last one is dead, and the next not yet alive
                continue
            self.done[kind] += 1
            return
