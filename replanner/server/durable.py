"""What DBOS keeps in the store: its tables, and who may speak to them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from dbos import DBOS, DBOSClient

from replanner.errors import InputError
from replanner.server import tables
from replanner.server.guard import SERIALIZER
from replanner.server.settings import Settings
from replanner.server.store import (
    COALESCE,
    DBOS_SCHEMA,
    INGEST,
    NAME,
    REPLAN,
    WORKER,
    NotMigrated,
    failures,
    open_store,
    unreachable,
)


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
        dbos_system_schema=None if engine.dialect.name == "sqlite" else DBOS_SCHEMA,
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
        DBOS.migrate(settings.store, schema=DBOS_SCHEMA)
        engine = open_store(settings.store, WORKER)
        tables.make(engine)
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
    """NotMigrated where tables of this release are missing; UpstreamError without a store."""
    tables.check(engine)
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
