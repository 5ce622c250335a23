"""Senders who do not give up: what was put off or lost on the way comes again, as itself."""

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lab.wire import Answer, Connection, Delivery

KEPT = 202
PUT_OFF = 503
LOST = 0
# A real sender comes again after minutes or when somebody presses a button.
_AGAIN_S = (0.3, 1.0)


@dataclass
class Courier:
    """`kept` are the server's names of what it accepted, by the sender's."""

    url: str
    answers: Counter[int] = field(default_factory=Counter)
    kept: dict[str, str] = field(default_factory=dict)
    refused: list[Answer] = field(default_factory=list)
    slowest_s: float = 0.0
    _todo: "queue.Queue[Delivery | None]" = field(default_factory=queue.Queue)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def delivering(self, connections: int) -> Iterator[None]:
        threads = [threading.Thread(target=self._deliver) for _ in range(connections)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for _ in threads:
                self._todo.put(None)
            for thread in threads:
                thread.join()

    def send(self, delivery: Delivery) -> None:
        self._todo.put(delivery)

    def finish(self) -> None:
        """Wait until everything that was sent has had its answer."""
        self._todo.join()

    def _deliver(self) -> None:
        connection = Connection(self.url)
        for delivery in iter(self._todo.get, None):
            while not self._settled(connection.send(delivery)):
                # When does not matter for what is found.
                time.sleep(random.uniform(*_AGAIN_S))  # noqa: S311
            self._todo.task_done()
        self._todo.task_done()
        connection.close()

    def _settled(self, answer: Answer) -> bool:
        with self._lock:
            self.answers[answer.status] += 1
            self.slowest_s = max(self.slowest_s, answer.seconds)
            if answer.status == KEPT:
                self.kept[answer.name] = answer.delivery
            elif answer.status not in (PUT_OFF, LOST):
                self.refused.append(answer)
        return answer.status not in (PUT_OFF, LOST)
