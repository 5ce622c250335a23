"""Counts the jobs in the store: how many wait, for how long, and how many are dead.

DBOS offers lists, not counts, so its table is read directly; a test holds its columns in place.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import sqlalchemy as sa

from replanner.server.store import COALESCE, DBOS_SCHEMA, INGEST, REPLAN
from replanner.server.tables import DELIVERIES, IS_WAITING, on

DEAD: Final = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
WAITING: Final = "ENQUEUED"
RUNNING: Final = "PENDING"
DELAYED: Final = "DELAYED"
# The stage before the first: deliveries of which no job has been made yet.
INBOX: Final = "inbox"
_STAGES: Final = (INGEST, COALESCE, REPLAN)

_JOBS: Final = sa.table(
    "workflow_status",
    *map(
        sa.column,
        (
            "workflow_uuid",
            "status",
            "name",
            "executor_id",
            "application_version",
            "created_at",
            "updated_at",
            "completed_at",
            "was_forked_from",
            "recovery_attempts",
            "delay_until_epoch_ms",
        ),
    ),
)


def jobs_table(engine: sa.Engine) -> sa.TableClause:
    """DBOS's table of jobs, which PostgreSQL keeps in a schema."""
    found = _JOBS
    if engine.dialect.name != "sqlite":
        found = sa.table(
            _JOBS.name, *(sa.column(each.name) for each in _JOBS.c), schema=DBOS_SCHEMA
        )
    return found


class Census(NamedTuple):
    """The jobs by stage and status, since when the oldest ones wait and run, and for how long one
    is put off at most."""

    counts: Mapping[tuple[str, str], int] = {}
    oldest_waiting_s: float = 0
    oldest_running_s: float = 0
    longest_pause_s: float = 0

    @property
    def waiting(self) -> int:
        return self.of_status(WAITING)

    @property
    def dead(self) -> int:
        return sum(map(self.of_status, DEAD))

    @property
    def put_off(self) -> int:
        """What comes again by itself after a pause. What is gathered is delayed, too, and well."""
        return self.of_status(DELAYED) - self.counts.get((COALESCE, DELAYED), 0)

    def of_status(self, status: str) -> int:
        return sum(number for (_, each), number in self.counts.items() if each == status)


_INBOX: Final = (
    sa.select(
        sa.literal(INBOX),
        sa.literal(WAITING),
        sa.func.count(),
        sa.func.min(DELIVERIES.c.received_ms),
        sa.literal(0),
    )
    .where(IS_WAITING)
    .having(sa.func.count() > 0)
)


def take_census(engine: sa.Engine) -> Census:
    """Counted now. Finished jobs are not: there are many of them, and they need nothing."""
    jobs = jobs_table(engine)
    status = jobs.c.status
    pause_ms = sa.func.max(jobs.c.delay_until_epoch_ms - jobs.c.created_at)
    query = (
        sa.select(jobs.c.name, status, sa.func.count(), sa.func.min(jobs.c.created_at), pause_ms)
        .where(status.in_((WAITING, RUNNING, DELAYED, *DEAD)), jobs.c.name.in_(_STAGES))
        .where(sa.or_(status.notin_(DEAD), sa.not_(sa.cast(jobs.c.was_forked_from, sa.Boolean))))
        .group_by(jobs.c.name, status)
    )
    with on(engine).connect() as connection:
        rows = [*connection.execute(query), *connection.execute(_INBOX)]
    pauses = [ms or 0 for name, status, *_, ms in rows if status == DELAYED and name != COALESCE]
    return Census(
        {(name, status): number for name, status, number, *_ in rows},
        _age_s(min((born for _, status, _, born, _ in rows if status == WAITING), default=None)),
        _age_s(min((born for _, status, _, born, _ in rows if status == RUNNING), default=None)),
        max(pauses, default=0) / 1000,
    )


def _age_s(born_ms: int | None) -> float:
    return max(0.0, time.time() - born_ms / 1000) if born_ms else 0.0


class Cached:
    """A census that is taken again after a while, whoever asks: requests must not count jobs."""

    def __init__(self, take: Callable[[], Census], *, fresh_s: float = 3.0) -> None:
        self._take, self._fresh_s = take, fresh_s
        self._kept, self._until = Census(), 0.0

    def __call__(self) -> Census:
        if time.monotonic() >= self._until:
            # Set first, so that of many requests one counts and the others use the old figures.
            self._until = time.monotonic() + self._fresh_s
            self._kept = self._take()
        return self._kept
