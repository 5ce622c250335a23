"""What a worker does besides its jobs: jobs of dead workers, old jobs, the regular look at all."""

import logging
import sqlite3
import time
from typing import Final

import sqlalchemy as sa
from dbos import DBOS, DBOSClient

from replanner.server import locks, tables
from replanner.server.census import DEAD, RUNNING, jobs_table
from replanner.server.inbox import Inbox, NotKept, delivery_id
from replanner.server.jobs import EVERYTHING
from replanner.server.suspicion import NOTED

LOG: Final = logging.getLogger(__name__)
_BATCH: Final = 500
_DAY_MS: Final = 86_400_000
# The dead are kept longer than the done: somebody may still want to try them again.
_DEAD_FACTOR: Final = 3


def adopt(engine: sa.Engine, held: locks.Slots, own: int) -> int:
    """Take over the jobs of workers that are gone, whoever of us sees them first."""
    jobs = jobs_table(engine)
    query = sa.select(jobs.c.executor_id).where(jobs.c.status == RUNNING).distinct()
    with engine.connect() as connection:
        executors = [name for (name,) in connection.execute(query) if name]
    # One after the other: each that is held takes a connection, and where the store breaks off in
    # the middle, none may stay held.
    found = {slot: _take_over(held, slot) for slot in locks.other_slots(executors, own)}
    count = sum(found.values())
    if count:
        slots = [slot for slot, number in found.items() if number]
        LOG.warning("took over %d jobs of dead workers", count, extra={"slots": str(slots)})
    return count


def _take_over(held: locks.Slots, slot: int) -> int:
    if not held.take(slot):
        return 0  # it lives
    try:
        # Internal to DBOS, which leaves this to its own service; its contract is in the tests.
        return len(DBOS._recover_pending_workflows([locks.executor(slot)]))  # noqa: SLF001
    finally:
        held.free(slot)


def clean(engine: sa.Engine, client: DBOSClient, keep_days: int, *, now_ms: int) -> int:
    """Delete what is long done. A delivery that comes again later than that is done again."""
    jobs = jobs_table(engine)
    done = sa.and_(jobs.c.status.in_(("SUCCESS", "CANCELLED")), _older(jobs, now_ms, keep_days))
    dead = sa.and_(jobs.c.status.in_(DEAD), _older(jobs, now_ms, keep_days * _DEAD_FACTOR))
    query = sa.select(jobs.c.workflow_uuid).where(sa.or_(done, dead)).limit(_BATCH)
    deleted = 0
    while True:
        with engine.connect() as connection:
            names = list(connection.execute(query).scalars())
        if not names:
            break
        client.delete_workflows(names)
        deleted += len(names)
    deleted += _forget_deliveries(engine, now_ms - keep_days * _DAY_MS)
    tables.forget(engine, NOTED, now_ms - keep_days * _DAY_MS)
    _shrink(engine)
    return deleted


def _forget_deliveries(engine: sa.Engine, before_ms: int) -> int:
    """A few at a time: who stores a delivery meanwhile must not wait for all of them, and what
    takes too long the store would break off."""
    deliveries, forgotten = tables.DELIVERIES, 0
    old = sa.select(deliveries.c.delivery).where(deliveries.c.taken_ms < before_ms).limit(_BATCH)
    some = deliveries.delete().where(deliveries.c.delivery.in_(old.scalar_subquery()))
    while True:
        with tables.on(engine).begin() as connection:
            count = connection.execute(some).rowcount
        forgotten += count
        if count < _BATCH:
            return forgotten


def _older(jobs: sa.TableClause, now_ms: int, days: int) -> sa.ColumnElement[bool]:
    return jobs.c.updated_at < now_ms - days * _DAY_MS


def _shrink(engine: sa.Engine) -> None:
    """As a script: of a single statement Python takes one step, and each frees one page only."""
    with engine.connect() as connection:
        plain = connection.connection.driver_connection
        if isinstance(plain, sqlite3.Connection):
            plain.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")


def look_at_everything(inbox: Inbox, minutes: int, *, now_s: float) -> None:
    """As if somebody had told that everything moved; of all workers one does it."""
    if not minutes:
        return
    turn = int(now_s // (minutes * 60))
    try:
        inbox.keep(delivery_id("clock", f"{minutes}/{turn}"), [EVERYTHING])
    except NotKept as error:
        LOG.warning("the regular look could not be stored: %s", error)


class Every:
    """Says when it is time again; the first time after `first_s`."""

    def __init__(self, period_s: float, *, first_s: float = 0) -> None:
        self._period_s = period_s
        self._next = time.monotonic() + first_s

    def due(self) -> bool:
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._period_s
        return True
