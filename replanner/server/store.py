"""Opens the store, SQLite or PostgreSQL. What DBOS keeps there is durable.py's, our own tables are
tables.py's; the web needs only the latter, so nothing here imports DBOS."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection

from replanner.errors import InputError, UpstreamError

NAME: Final = "replanner"
# A job runs only where its version does, so this changes only when a stage's steps change, and
# then only after the old jobs are done (`replanner doctor` counts them).
VERSION: Final = "wf-1"
INGEST: Final = "ingest"
COALESCE: Final = "coalesce"
REPLAN: Final = "replan"
# Where PostgreSQL keeps them.
DBOS_SCHEMA: Final = "dbos"
# From Python 3.12 on, DBOS's tables say when by unixepoch('subsec') (dbos 3.4, _migration.py and
# _sys_db.py), which older SQLites, Debian 12's too, answer with NULL: no row could be written.
_KNOWS_MILLISECONDS: Final = (3, 42)


class Patience(NamedTuple):
    """How long a process waits for the store, how many connections it may hold, and whether the
    store breaks off what takes longer."""

    wait_s: int
    connections: int
    breaks_off: bool = True


# GitHub waits 10 s for an answer, Harbor 3 s: a sender is told soon that it must come again.
WEB: Final = Patience(5, 8)
# A statement that is broken off is no outage to DBOS, which tries it again, but the job's end.
WORKER: Final = Patience(30, 20, breaks_off=False)


# A machine that is gone says no goodbye. By the systems' own measure it would be missed after two
# hours (tcp(7)): for so long it would hold its locks and its worker's number, or its clients would
# wait for it.
_AT_THE_STORE: Final = {
    # Shorter than others wait for its locks (`WORKER`): a machine that froze holds them no longer.
    "idle_in_transaction_session_timeout": "20s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_HERE: Final = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


class NotMigrated(InputError):
    """The store has no tables, or those of another release."""


def open_store(url: str, patience: Patience) -> sa.Engine:
    """Connections to the store; nothing is asked yet."""
    common: dict[str, Any] = {
        "pool_size": patience.connections,
        "max_overflow": 0,
        "pool_timeout": patience.wait_s,
        "hide_parameters": True,  # errors are logged, and what people wrote is nobody else's
    }
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, **common)
        sa.event.listen(engine, "connect", _sqlite(patience.wait_s))
        return engine
    longest_s = patience.wait_s if patience.breaks_off else 0
    limits = {"statement_timeout": f"{longest_s}s", **_AT_THE_STORE}
    options = " ".join(f"-c {name}={value}" for name, value in limits.items())
    return sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={"application_name": NAME, "options": options, **_HERE},
        **common,
    )


def _sqlite(wait_s: int) -> Any:
    def prepare(connection: DBAPIConnection, _: object) -> None:
        # A writer says so when it begins: two that read first and write later would deadlock.
        connection.isolation_level = "IMMEDIATE"
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={wait_s * 1000}")
        cursor.execute("PRAGMA foreign_keys=ON")
        # A delivery that was answered is on the disk, whatever becomes of the machine.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()
        if sqlite3.sqlite_version_info < _KNOWS_MILLISECONDS:
            connection.create_function("unixepoch", 1, _epoch_s)

    return prepare


def _epoch_s(modifier: object) -> float | None:
    return time.time() if modifier == "subsec" else None


@contextmanager
def failures() -> Iterator[None]:
    """Within it, a store that fails is an UpstreamError."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise unreachable(error) from None


def unreachable(error: Exception) -> UpstreamError:
    """The store is away; its own words may hold a password, its class does not."""
    cause = getattr(error, "orig", None) or error
    return UpstreamError(f"the store cannot be reached ({type(cause).__name__}).")
