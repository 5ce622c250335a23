"""Opens the store, SQLite or PostgreSQL, and brings its tables up to date."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from dbos import DBOS, DBOSClient
from sqlalchemy.engine.interfaces import DBAPIConnection

from replanner.errors import InputError, UpstreamError
from replanner.server.guard import SERIALIZER
from replanner.server.settings import Settings

NAME: Final = "replanner"
# A job runs only where its version does, so this changes only when a stage's steps change, and
# then only after the old jobs are done (`replanner doctor` counts them).
VERSION: Final = "wf-1"
INGEST: Final = "ingest"
COALESCE: Final = "coalesce"
REPLAN: Final = "replan"
_SCHEMA: Final = "dbos"


class Patience(NamedTuple):
    """How long a process waits for the store, and how many connections it may hold."""

    wait_s: int
    connections: int


# GitHub waits 10 s for an answer, Harbor 3 s: a sender is told soon that it must come again.
WEB: Final = Patience(5, 8)
WORKER: Final = Patience(30, 20)


class NotMigrated(InputError):
    """The store has no tables, or those of another release."""


def open_store(url: str, patience: Patience) -> sa.Engine:
    """Connections to the store; nothing is asked yet."""
    common: dict[str, Any] = {
        "pool_size": patience.connections,
        "max_overflow": 0,
        "pool_timeout": patience.wait_s,
    }
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, **common)
        sa.event.listen(engine, "connect", _sqlite(patience.wait_s))
        return engine
    # Who idles inside a transaction, a machine that froze, would hold its locks for ever.
    limits = f"-c statement_timeout={patience.wait_s}s -c idle_in_transaction_session_timeout=60s"
    return sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={"connect_timeout": 3, "application_name": NAME, "options": limits},
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

    return prepare


@contextmanager
def client(engine: sa.Engine) -> Iterator[DBOSClient]:
    """What speaks to the store without running jobs. It fails rather than wait for a store that is
    away: by default DBOS would hold the request until the store is back."""
    made = new_client(engine)
    try:
        yield made
    finally:
        made.destroy()


def new_client(engine: sa.Engine) -> DBOSClient:
    return DBOSClient(
        system_database_engine=engine,
        dbos_system_schema=None if engine.dialect.name == "sqlite" else _SCHEMA,
        serializer=SERIALIZER,
        application_name=NAME,
        lazy=True,
        retry_connection_errors=False,
    )


def migrate(settings: Settings) -> None:
    """Make the tables, or bring them up to this release, and say what queues there are. Safe to
    repeat, and to run while others work."""
    if settings.store_file:
        _make_file(settings.store_file)
    with failures():
        DBOS.migrate(settings.store, schema=_SCHEMA)
        engine = open_store(settings.store, WORKER)
        _register_queues(engine, settings)
        engine.dispose()


def _register_queues(engine: sa.Engine, settings: Settings) -> None:
    with client(engine) as ours:
        for quick in (INGEST, COALESCE):
            ours.register_queue(quick, worker_concurrency=32, polling_interval_sec=0.2)
        ours.register_queue(
            REPLAN,
            worker_concurrency=settings.concurrency,
            partition_concurrency=1,  # one job of a repository at a time, on all machines together
            polling_interval_sec=0.25,
        )


def _make_file(path: Path) -> None:
    """Readable by its owner only: it holds what senders told. SQLite's other files follow it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise InputError(f"store: {path} cannot be written: {error.strerror}.") from None
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        # Both are kept in the file. The first works only before there are tables.
        connection.exec_driver_sql("PRAGMA auto_vacuum=INCREMENTAL")
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    engine.dispose()


def check_tables(engine: sa.Engine) -> None:
    """NotMigrated where the tables of this release are missing; UpstreamError without a store."""
    ours = new_client(engine)
    try:
        ours._sys_db.verify_migrations()  # noqa: SLF001 - as DBOS itself does before it runs jobs
    except sa.exc.SQLAlchemyError as error:
        raise unreachable(error) from None
    except Exception as error:
        raise NotMigrated(
            "the store's tables are missing or older than this release.",
            hint="Run `replanner migrate` with the same settings first.",
        ) from error


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
