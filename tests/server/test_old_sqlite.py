"""What DBOS asks of SQLite is answered by every SQLite that Python comes with."""

import time
from pathlib import Path

import sqlalchemy as sa

from replanner.server import store


def test_every_sqlite_tells_the_time_in_milliseconds(tmp_path: Path) -> None:
    """Before 3.42 it says NULL, and from Python 3.12 on no job could be stored."""
    engine = store.open_store(f"sqlite:///{tmp_path / 'x.db'}", store.WEB)
    with engine.begin() as connection:
        connection.execute(
            sa.text("CREATE TABLE t (a, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))")
        )
        connection.execute(sa.text("INSERT INTO t (a) VALUES (1)"))
        [at] = connection.execute(sa.text("SELECT at FROM t")).scalars()
    engine.dispose()
    assert abs(at / 1000 - time.time()) < 60
