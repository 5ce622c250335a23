"""Takes deliveries out of the inbox and makes jobs of them, many at a time: a job costs far more
than a delivery, and those that come together often concern the same."""

import json
import logging
import threading
from typing import Final, NamedTuple

import sqlalchemy as sa
from dbos import DBOSClient

from replanner.server import tables
from replanner.server.store import INGEST

LOG: Final = logging.getLogger(__name__)
# They are looked at one after the other, so a person's question waits for up to so many others.
_MOST: Final = 50
_POLL_S: Final = 0.2
_AWAY_S: Final = 2.0
_AWAY: Final = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)


class Intake(NamedTuple):
    """One worker's way from the inbox to the first stage."""

    engine: sa.Engine
    client: DBOSClient

    def run(self, stop: threading.Event) -> None:
        """Take what comes until `stop`."""
        pause_s = 0.0
        while not stop.wait(pause_s):
            try:
                pause_s = 0.0 if self.take() == _MOST else _POLL_S
            except _AWAY as error:
                LOG.warning("the store is away: %s", type(error).__name__)
                pause_s = _AWAY_S
            except sa.exc.SQLAlchemyError:
                LOG.exception("deliveries cannot be taken")
                pause_s = _AWAY_S

    def take(self) -> int:
        """Make one job of what waits; how many deliveries that were. Either both are stored, that
        they were taken and the job, or neither."""
        if not self._is_any():
            return 0  # asked first, since to look as a writer would hold up the web
        with tables.on(self.engine).begin() as connection:
            taken = connection.execute(_take(tables.now_ms())).all()
            if taken:
                deliveries = [{"delivery": name, "events": _events(text)} for name, text in taken]
                job = {"workflow_name": INGEST, "queue_name": INGEST}
                self.client.enqueue_in_transaction(connection, job, deliveries)  # type: ignore[arg-type]
        return len(taken)

    def _is_any(self) -> bool:
        waiting = sa.select(tables.DELIVERIES.c.delivery).where(tables.IS_WAITING).limit(1)
        with tables.on(self.engine).connect() as connection:
            return connection.execute(waiting).first() is not None


def _take(now_ms: int) -> sa.Executable:
    """The oldest ones; another worker that takes at the same time gets others."""
    deliveries = tables.DELIVERIES
    oldest = (
        sa.select(deliveries.c.delivery)
        .where(tables.IS_WAITING)
        .order_by(deliveries.c.received_ms)
        .limit(_MOST)
        .with_for_update(skip_locked=True)
    )
    return (
        deliveries.update()
        .where(deliveries.c.delivery.in_(oldest.scalar_subquery()))
        .values(taken_ms=now_ms)
        .returning(deliveries.c.delivery, deliveries.c.events)
    )


def _events(text: str) -> object:
    """What is no JSON was not written by us; it becomes a dead letter, for somebody to look at."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
