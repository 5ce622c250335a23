"""`replanner serve`: a web and a worker as one tree of processes, started again when they die."""

import ctypes
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

LOG: Final = logging.getLogger(__name__)
_POLL_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 30.0
# A child that lived this long was well: the next failure is a new one.
_WELL_S: Final = 60.0
_MOST_FAILURES: Final = 10
# The worker finishes its jobs for 25 s.
_STOP_S: Final = 40.0
_BAD_INPUT: Final = 2
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


class Part(NamedTuple):
    """One child: what the log calls it, and its command."""

    name: str
    command: Sequence[str]


@dataclass
class _Child:
    part: Part
    process: subprocess.Popen[bytes] | None = None
    started: float = 0
    failures: int = 0
    again_at: float = field(default=0)

    def start(self) -> None:
        # In a session of its own: Ctrl-C reaches us alone, and we stop the children in order.
        self.process = subprocess.Popen(self.part.command, start_new_session=True)  # noqa: S603
        self.started = time.monotonic()

    def look(self) -> int | None:
        """Its exit code where there is no use in starting it again."""
        if self.process is None:
            if time.monotonic() >= self.again_at:
                self.start()
            return None
        code = self.process.poll()
        return None if code is None else self._ended(code)

    def _ended(self, code: int) -> int | None:
        self.process = None
        well = time.monotonic() - self.started > _WELL_S
        # Killed from outside is no fault of its own; ended by itself is.
        self.failures = 1 if well or code <= 0 else self.failures + 1
        pause_s = min(2.0 ** (self.failures - 1) - 0.9, _LONGEST_PAUSE_S)
        self.again_at = time.monotonic() + pause_s
        LOG.warning("%s ended with %d", self.part.name, code, extra={"again_in_s": pause_s})
        useless = code == _BAD_INPUT or self.failures >= _MOST_FAILURES
        return code if useless else None

    def tell(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


def supervise(parts: Sequence[Part], stop: threading.Event) -> int:
    """Keep the parts running until `stop`; the exit code."""
    children = [_Child(part) for part in parts]
    try:
        while not stop.wait(_POLL_S):
            for child in children:
                if (code := child.look()) is not None:
                    LOG.error("%s cannot run", child.part.name)
                    return code
        return 0
    finally:
        _stop(children)


def _stop(children: Sequence[_Child]) -> None:
    for child in children:
        child.tell(signal.SIGTERM)
    until = time.monotonic() + _STOP_S
    for child in children:
        try:
            if child.process is not None:
                child.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            LOG.warning("%s did not stop in time", child.part.name)
            child.tell(signal.SIGKILL)


def stop_with_parent(parent: int, by: signal.Signals = signal.SIGTERM) -> bool:
    """Have the kernel stop this process when its parent ends, however it ends: nobody would start
    a new pair while the old one runs on. False where the parent is gone already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by)
    return os.getppid() == parent
