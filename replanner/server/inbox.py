"""Where a delivery goes before it is answered: what is not in the store was not received."""

import hashlib
import time
from collections.abc import Sequence
from typing import Final, Protocol

import sqlalchemy as sa

from replanner.server.jobs import Json
from replanner.server.store import INGEST, new_client

_DIGITS: Final = 40
_NEWS_S: Final = 30.0


class NotKept(Exception):
    """The delivery is not in the store, so its sender must come again."""


class Inbox(Protocol):
    """Keeps a delivery for good, once however often it comes; NotKept where it did not."""

    def keep(self, delivery: str, events: Sequence[Json]) -> None: ...


def delivery_id(source: str, key: str) -> str:
    """The same delivery has the same name in every process and on every repetition."""
    told = f"{source}|{key}".encode("utf-8", "surrogatepass")
    return f"{source}-{hashlib.sha256(told).hexdigest()[:_DIGITS]}"


class StoredInbox:
    """The first stage's queue."""

    def __init__(self, engine: sa.Engine) -> None:
        self._client = new_client(engine)
        self._trouble, self._since = "", 0.0

    def trouble(self) -> str:
        """Why the last delivery could not be kept; after a while that is no news any more."""
        recent = time.monotonic() - self._since < _NEWS_S
        return self._trouble if recent else ""

    def keep(self, delivery: str, events: Sequence[Json]) -> None:
        try:
            self._client.enqueue(
                {"workflow_name": INGEST, "queue_name": INGEST, "workflow_id": delivery},
                list(events),
            )
        except Exception as error:
            # Whatever went wrong between here and the disk: nobody may believe it was kept.
            self._trouble, self._since = type(error).__name__, time.monotonic()
            raise NotKept(type(error).__name__) from error
        self._trouble = ""
