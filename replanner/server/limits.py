"""Counts what was refused by address, so that a flood of wrong deliveries costs little and fills no
log. Deliveries that are verified are never counted and never limited."""

import threading
import time
from collections import OrderedDict
from typing import Final

PERIOD_S: Final = 60.0
_MOST_REFUSED: Final = 60
_MOST_ADDRESSES: Final = 10_000


class Refusals:
    """How often each address was refused lately; who is too many loses the oldest address."""

    def __init__(self, most: int = _MOST_REFUSED) -> None:
        self._most = most
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def too_many(self, address: str) -> bool:
        """Count one more; whether this address was refused too often by now."""
        now = time.monotonic()
        with self._lock:
            since, number = self._seen.pop(address, (now, 0))
            if now - since >= PERIOD_S:
                since, number = now, 0
            self._seen[address] = (since, number + 1)
            if len(self._seen) > _MOST_ADDRESSES:
                self._seen.popitem(last=False)
            return number >= self._most
