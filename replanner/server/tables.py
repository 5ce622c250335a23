"""Our own tables in the store: the deliveries, and notes that processes leave for each other.

A table may gain columns only together with a higher `RELEASE`, and `make` must then bring the old
one up to date.
"""

import json
import time
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from replanner.server.store import NotMigrated, unreachable

RELEASE: Final = 1
_SCHEMA: Final = "replanner"
_OF_TABLES: Final = "tables"
_META: Final = sa.MetaData(schema=_SCHEMA)

# A delivery waits until a worker has taken it; its name stays, so that it is taken once.
DELIVERIES: Final = sa.Table(
    "deliveries",
    _META,
    sa.Column("delivery", sa.Text, primary_key=True),
    sa.Column("events", sa.Text, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("taken_ms", sa.BigInteger),
)
IS_WAITING: Final = DELIVERIES.c.taken_ms.is_(None)
sa.Index(
    "deliveries_waiting",
    DELIVERIES.c.received_ms,
    sqlite_where=IS_WAITING,
    postgresql_where=IS_WAITING,
)
NOTES: Final = sa.Table(
    "notes",
    _META,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("said", sa.Text, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
)


def on(engine: sa.Engine) -> sa.Engine:
    """The same connections, for statements about our tables: PostgreSQL keeps them in a schema."""
    # By a name of ours: where tables without one are translated, SQLAlchemy refuses statements
    # about DBOS's that it compiled before, outside.
    ours = None if engine.dialect.name == "sqlite" else _SCHEMA
    return engine.execution_options(schema_translate_map={_SCHEMA: ours})


def make(engine: sa.Engine) -> None:
    """Make what is missing; safe to repeat. NotMigrated for a newer release's."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(_SCHEMA, if_not_exists=True))
    _META.create_all(on(engine))
    before = said(engine, _OF_TABLES)
    if isinstance(before, int) and before > RELEASE:
        raise NotMigrated(
            "the store's tables are of a newer release.",
            hint="Use that release, or restore the copy that was made before it.",
        )
    note(engine, _OF_TABLES, RELEASE)


def check(engine: sa.Engine) -> None:
    """NotMigrated where tables of this release are missing; UpstreamError without a store."""
    try:
        release = notes(engine).get(_OF_TABLES, 0)
    except (sa.exc.OperationalError, sa.exc.ProgrammingError) as error:
        if not _is_missing(error):
            raise unreachable(error) from None
        release = 0
    except sa.exc.SQLAlchemyError as error:
        raise unreachable(error) from None
    if release != RELEASE:
        raise NotMigrated(
            "the store's tables are missing or of another release.",
            hint="Run `replanner migrate` with the same settings first.",
        )


def _is_missing(error: sa.exc.DBAPIError) -> bool:
    """SQLite and PostgreSQL have no exception in common for a table that is not there."""
    return "no such table" in str(error.orig) or "does not exist" in str(error.orig)


def note(engine: sa.Engine, name: str, said: object) -> None:
    """Leave a note of that name, in place of the one before."""
    row = {"name": name, "said": json.dumps(said), "at_ms": now_ms()}
    new = insert(engine, NOTES).values(row)
    fresh = {"said": new.excluded.said, "at_ms": new.excluded.at_ms}
    with on(engine).begin() as connection:
        connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=fresh))


def notes(engine: sa.Engine, *, since_ms: int = 0) -> dict[str, object]:
    """All notes by name, as far as they are not older than that."""
    with on(engine).connect() as connection:
        rows = connection.execute(
            sa.select(NOTES.c.name, NOTES.c.said).where(NOTES.c.at_ms >= since_ms)
        )
        return {name: json.loads(said) for name, said in rows}


def said(engine: sa.Engine, name: str) -> object:
    """What the note of that name says; None without one."""
    with on(engine).connect() as connection:
        found = connection.execute(sa.select(NOTES.c.said).where(NOTES.c.name == name)).scalar()
    return None if found is None else json.loads(found)


def forget(engine: sa.Engine, beginning: str, before_ms: int) -> None:
    """Take away notes whose name begins so and that are older than that."""
    old = sa.and_(NOTES.c.name.startswith(beginning), NOTES.c.at_ms < before_ms)
    with on(engine).begin() as connection:
        connection.execute(NOTES.delete().where(old))


def insert(engine: sa.Engine, table: sa.Table) -> Any:
    """An INSERT that knows what to do about rows that are there, which is each dialect's own."""
    return (sqlite if engine.dialect.name == "sqlite" else postgresql).insert(table)


def now_ms() -> int:
    return time.time_ns() // 1_000_000
