"""The stores that an experiment runs on, and all that is read from them without the server."""

import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from postgres import postgres

KINDS = ("sqlite", "postgresql")
DONE = "SUCCESS"


_FIRST_STAGE = "ingest"
_DELIVERY = re.compile(r'"delivery": ?"([\w-]+)"')


class Job(NamedTuple):
    """A row of DBOS's table of jobs; `told` is what the job was given."""

    stage: str
    status: str
    told: str


class Absent(Exception):
    """What an experiment needs is not on this machine."""


@contextmanager
def store_at(kind: str, folder: Path) -> Iterator["Store"]:
    """An empty store; its server ends with the experiment."""
    if kind == "sqlite":
        yield Store(f"sqlite:///{folder / 'replanner.db'}")
        return
    try:
        with postgres(durable=True) as url:
            yield Store(url)
    except pytest.skip.Exception as why:
        raise Absent(str(why)) from None


class Store(NamedTuple):
    """A store by its address. Columns are read here and nowhere else in the experiments."""

    url: str

    @property
    def file(self) -> Path | None:
        name = self.url.removeprefix("sqlite:///")
        return Path(name) if name != self.url else None

    def jobs(self) -> list[Job]:
        schema = "" if self.file else "dbos."
        rows = self._rows(
            f"SELECT s.name, s.status, i.inputs FROM {schema}workflow_status s"  # noqa: S608 - ours
            f" LEFT JOIN {schema}workflow_input i ON i.workflow_uuid = s.workflow_uuid"
        )
        return [Job(*map(str, row)) for row in rows]

    def not_done(self, deliveries: Collection[str]) -> list[str]:
        """Which of these deliveries no job of the first stage has ended well with."""
        first = [each for each in self.jobs() if each.stage == _FIRST_STAGE]
        done = {
            name for each in first if each.status == DONE for name in _DELIVERY.findall(each.told)
        }
        return sorted(set(deliveries) - done)

    def done_by_stage(self) -> Mapping[str, int]:
        return Counter(each.stage for each in self.jobs() if each.status == DONE)

    def sound(self) -> bool:
        """What the database itself says of its pages and indexes."""
        if self.file:
            return self._rows("PRAGMA integrity_check") == [("ok",)]
        self._rows("CREATE EXTENSION IF NOT EXISTS amcheck")
        self._rows(
            "SELECT bt_index_check(c.oid, true) FROM pg_class c JOIN pg_am a ON a.oid = c.relam"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE a.amname = 'btree' AND c.relkind = 'i' AND n.nspname NOT LIKE 'pg_%'"
        )  # raises where one is not
        return True

    def sizes(self) -> Mapping[str, int]:
        """Bytes: the database, and with SQLite its write-ahead log."""
        if self.file is None:
            ((size,),) = self._rows("SELECT pg_database_size(current_database())")
            return {"database": int(str(size))}
        wal = self.file.with_name(f"{self.file.name}-wal")
        found = {"database": self.file, "wal": wal}
        return {name: each.stat().st_size if each.exists() else 0 for name, each in found.items()}

    def _rows(self, query: str) -> list[tuple[object, ...]]:
        if self.file:
            with closing(sqlite3.connect(self.file, timeout=30)) as store:
                return store.execute(query).fetchall()
        with psycopg.connect(self.url, autocommit=True) as server:
            found = server.execute(query)  # type: ignore[call-overload]  # built from literals
            return list(found.fetchall()) if found.description else []
