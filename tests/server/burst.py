"""Senders that keep on while the server is broken, and what it says about itself meanwhile."""

import re
import threading
import urllib.error
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from sending import fetch, model_moved, post

# No answer within what GitHub waits for one is as bad as none (docs.github.com, "best practices
# for using webhooks": 10 seconds). Twice that, since a busy machine is no broken promise.
DEADLINE_S = 20.0


@dataclass
class Sent:
    """What came back: the models whose delivery was answered with 202, and how often each status
    was; 0 stands for a connection that broke or never was."""

    kept: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def send(self, base: str, model: str) -> int:
        try:
            status = post(base, "huggingface", model_moved(model), timeout=DEADLINE_S).status
        except (urllib.error.URLError, OSError):
            status = 0
        self.statuses[status] += 1
        if status == 202:
            self.kept.append(model)
        return status


@contextmanager
def burst(base: str, name: str, *, senders: int = 4, most: int = 400) -> Iterator[Sent]:
    """Deliveries of ever new models from several senders at once, until the block ends."""
    sent, over = Sent(), threading.Event()
    numbers = iter(range(most))
    lock = threading.Lock()

    def sender() -> None:
        while not over.is_set():
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            if not sent.send(base, f"{name}-{number}/x"):
                over.wait(0.05)

    with ThreadPoolExecutor(senders) as pool:
        for _ in range(senders):
            pool.submit(sender)
        try:
            yield sent
        finally:
            over.set()


def done(effects: list[str]) -> set[str]:
    """The models whose job ended."""
    return {line[2:] for line in effects if line.startswith("E ")}


def figures(base: str, name: str) -> dict[str, float]:
    """What /metrics says under this name, by its labels as they are written."""
    text = str(fetch(f"{base}/metrics").body["text"])
    found = re.findall(rf"(?m)^{name}(?:\{{(.*)\}})? (\S+)$", text)
    return {labels: float(value) for labels, value in found}
