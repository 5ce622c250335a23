"""Finds this worker's jobs that nobody does: the store says that they run here, and they do not.

A job goes astray where the store fails at the wrong moment, a full disk say: when it is handed out,
or when its end is to be noted (DBOS tries again only after what it takes for a lost connection). No
worker that lives would be relieved of it, and nothing else of its repository would run.
"""

import logging
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa
from dbos import _dbos, _utils

from replanner.server import locks
from replanner.server.census import RUNNING, jobs_table

LOG: Final = logging.getLogger(__name__)


@dataclass
class Astray:
    """One worker's search. What is found twice in a row was not just about to begin or to end."""

    engine: sa.Engine
    slot: int
    _suspects: set[str] = field(default_factory=set)

    def bring_back(self) -> int:
        """Have them done again; how many those are."""
        found = self._not_running()
        lost = found & self._suspects
        self._suspects = found - lost
        # Internal to DBOS, as what housekeeping.adopt calls; its contract is in the tests.
        store = _dbos._get_dbos_instance()._sys_db  # noqa: SLF001
        for job in lost:
            store.reenqueue_for_recovery(job, [self._name], _utils.INTERNAL_QUEUE_NAME)
        if lost:
            LOG.warning("%d jobs had gone astray, and are done again", len(lost))
        return len(lost)

    def _not_running(self) -> set[str]:
        jobs = jobs_table(self.engine)
        here = sa.and_(jobs.c.status == RUNNING, jobs.c.executor_id == self._name)
        with self.engine.connect() as connection:
            told = set(connection.execute(sa.select(jobs.c.workflow_uuid).where(here)).scalars())
        return told - set(_dbos._get_dbos_instance()._active_workflows_set.activeList())  # noqa: SLF001

    @property
    def _name(self) -> str:
        return locks.executor(self.slot)
