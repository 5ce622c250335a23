"""The process that does the jobs: one number, one lock, until it is told to stop."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig

from replanner.server import durable, flow, housekeeping, locks, store
from replanner.server.astray import Astray
from replanner.server.cap import Capped
from replanner.server.figures import Figures, Measured, figures_of, leave
from replanner.server.guard import SERIALIZER
from replanner.server.housekeeping import Every
from replanner.server.inbox import StoredInbox
from replanner.server.intake import Intake
from replanner.server.jobs import Work
from replanner.server.memory import give_back
from replanner.server.settings import Settings

LOG: Final = logging.getLogger(__name__)
# sysexits.h, EX_TEMPFAIL: the number is taken; try again later.
TAKEN: Final = 75
LOST: Final = 1
_BEAT_S: Final = 5.0
_ADOPT_S: Final = 30.0
_ASTRAY_S: Final = 15.0
_LOOK_S: Final = 30.0
_CLEAN_S: Final = 86_400.0
_FIGURES_S: Final = 10.0
# What a container is given between "please stop" and "stop" is 30 s with most schedulers.
_FINISH_S: Final = 25
# SQLite's own where it is asked without SQLAlchemy, the system's where a number is a file.
_AWAY: Final = (sa.exc.SQLAlchemyError, sqlite3.Error, OSError)


def run(settings: Settings, work: Work, slot: int, stop: threading.Event) -> int:
    """Do jobs as worker number `slot` until `stop`; the exit code."""
    give_back()
    engine = store.open_store(settings.store, store.WORKER)
    durable.check_tables(engine)
    held = locks.slots(settings.store_file, engine)
    if not locks.take_soon(held, slot):
        LOG.error("worker %d is running already", slot)
        return TAKEN
    figures = figures_of(work)
    capped = Capped(work, engine, settings.most_replans_an_hour)
    _launch(settings, Measured(capped, figures), slot, engine)
    LOG.info("worker %d does jobs", slot)
    with durable.client(engine) as client:
        code = _Keeper(settings, engine, client, held, slot, figures).keep(stop)
    if code == LOST:
        return code  # what it began is another's by now: it is left at once, not finished
    LOG.info("worker %d finishes what it began", slot)
    DBOS.destroy(workflow_completion_timeout_sec=_FINISH_S)
    held.free(slot)
    return code


def _launch(settings: Settings, work: Work, slot: int, engine: sa.Engine) -> None:
    config: DBOSConfig = {
        "name": store.NAME,
        "system_database_url": settings.store,
        "system_database_engine": engine,
        "application_version": store.VERSION,
        "executor_id": locks.executor(slot),
        "serializer": SERIALIZER,
        "run_migrations": False,
        "use_listen_notify": False,
        "enable_otlp": False,
        "log_level": "WARNING",
    }
    DBOS(config=config)
    flow.register(work, engine, flow.Pace(settings.debounce_seconds))
    DBOS.listen_queues([store.INGEST, store.COALESCE, store.REPLAN])
    DBOS.launch()


class _Keeper(NamedTuple):
    """The worker's own thread, which keeps house while DBOS's threads do the jobs."""

    settings: Settings
    engine: sa.Engine
    client: DBOSClient
    held: locks.Slots
    slot: int
    figures: Figures

    def keep(self, stop: threading.Event) -> int:
        intake = Intake(self.engine, self.client)
        taking = threading.Thread(target=intake.run, args=[stop], name="intake", daemon=True)
        taking.start()
        try:
            return self._keep(stop, taking)
        finally:
            stop.set()
            taking.join()

    def _keep(self, stop: threading.Event, taking: threading.Thread) -> int:
        rounds = self._rounds()
        while self.held.beat(self.slot):
            for every, chore in rounds:
                if every.due():
                    _try(chore)
            if stop.wait(_BEAT_S):
                return 0
            if not taking.is_alive():
                LOG.error("worker %d takes no deliveries any more", self.slot)
                return LOST
        # Somebody else may have the number by now, and do these jobs too.
        LOG.error("worker %d lost its lock in the store", self.slot)
        return LOST

    def _rounds(self) -> list[tuple[Every, Callable[[], object]]]:
        told, inbox = self.settings, StoredInbox(self.engine)
        return [
            (
                Every(_LOOK_S),
                lambda: housekeeping.look_at_everything(
                    inbox, told.reconcile_minutes, now_s=time.time()
                ),
            ),
            (Every(_FIGURES_S), lambda: leave(self.engine, self.slot, self.figures)),
            (
                Every(_ADOPT_S, first_s=_BEAT_S),
                lambda: housekeeping.adopt(self.engine, self.held, self.slot),
            ),
            (Every(_ASTRAY_S, first_s=_BEAT_S), Astray(self.engine, self.slot).bring_back),
            (
                Every(_CLEAN_S, first_s=60),
                lambda: housekeeping.clean(
                    self.engine, self.client, told.keep_days, now_ms=int(time.time() * 1000)
                ),
            ),
        ]


def _try(chore: Callable[[], object]) -> None:
    try:
        chore()
    except _AWAY as error:
        LOG.warning("the store is away: %s", type(error).__name__)
