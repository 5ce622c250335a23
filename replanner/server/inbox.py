"""Where a delivery goes before it is answered: what is not in the store was not received.

Deliveries that come at the same moment are stored together, since each commit waits for the disk.
"""

import hashlib
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import sqlalchemy as sa

from replanner.server import tables
from replanner.server.jobs import Json

_DIGITS: Final = 40
_NEWS_S: Final = 30.0
# And the store itself is waited for (`store.WEB`): GitHub gives up after ten seconds.
_LONGEST_S: Final = 4.0


class NotKept(Exception):
    """The delivery is not in the store, so its sender must come again."""


class Inbox(Protocol):
    """Keeps a delivery for good, once however often it comes; NotKept where it did not."""

    def keep(self, delivery: str, events: Sequence[Json]) -> None: ...


def delivery_id(source: str, key: str) -> str:
    """The same delivery has the same name in every process and on every repetition."""
    told = f"{source}|{key}".encode("utf-8", "surrogatepass")
    return f"{source}-{hashlib.sha256(told).hexdigest()[:_DIGITS]}"


@dataclass(slots=True)
class _Letter:
    """One delivery on its way, and what became of it."""

    row: dict[str, object]
    is_kept: bool = False
    trouble: str = ""

    def settle(self, trouble: str = "") -> None:
        self.trouble, self.is_kept = trouble, not trouble

    @property
    def is_settled(self) -> bool:
        return self.is_kept or bool(self.trouble)


class StoredInbox:
    """The table of deliveries, from which workers take them."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = tables.on(engine)
        self._store = tables.insert(engine, tables.DELIVERIES).on_conflict_do_nothing()
        self._gathered: list[_Letter] = []
        self._gathering, self._writing = threading.Lock(), threading.Lock()
        self._trouble, self._since = "", 0.0

    def trouble(self) -> str:
        """Why the last delivery could not be kept; after a while that is no news any more."""
        recent = time.monotonic() - self._since < _NEWS_S
        return self._trouble if recent else ""

    def keep(self, delivery: str, events: Sequence[Json]) -> None:
        text = json.dumps(list(events), ensure_ascii=False, separators=(",", ":"))
        row = {"delivery": delivery, "events": text, "received_ms": tables.now_ms()}
        letter = _Letter(row)
        with self._gathering:
            self._gathered.append(letter)
        # Whoever comes first writes for all who wait; they then find their letters settled.
        if not self._writing.acquire(timeout=_LONGEST_S):
            letter.settle("the store is slow")
        else:
            try:
                if not letter.is_settled:
                    self._write_gathered()
            finally:
                self._writing.release()
        if not letter.is_kept:  # not even by whoever took it along and then broke off
            raise NotKept(letter.trouble or "whoever wrote it broke off")

    def _write_gathered(self) -> None:
        with self._gathering:
            letters, self._gathered = self._gathered, []
        trouble = self._write(letters) if letters else ""
        if trouble and len(letters) > 1 and trouble != "OperationalError":
            # One of them may be what the store does not take; the store itself is there.
            for each in letters:
                self._write([each])

    def _write(self, letters: Sequence[_Letter]) -> str:
        trouble = ""
        # In one order everywhere: two that store the same rows in different orders would deadlock.
        rows = sorted((each.row for each in letters), key=lambda row: str(row["delivery"]))
        try:
            with self._engine.begin() as connection:
                connection.execute(self._store, rows)
        except Exception as error:  # noqa: BLE001 - nobody may believe that it was kept
            trouble = type(error).__name__
            self._since = time.monotonic()
        self._trouble = trouble
        for each in letters:
            each.settle(trouble)
        return trouble
