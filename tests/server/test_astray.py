"""A job whose end the store did not take: it is done again, and what waits behind it is done."""

import sqlite3
from contextlib import closing
from pathlib import Path

from processes import Process, configure, running, until
from sending import model_moved, post

_ENDS = "NEW.status = 'SUCCESS' AND NEW.name = 'replan'"
_FULL = f"CREATE TRIGGER full BEFORE UPDATE ON workflow_status WHEN {_ENDS} BEGIN SELECT RAISE(ABORT, 'disk full'); END"  # noqa: E501 - one line of SQL


def _tell(store: Path, statement: str) -> None:
    with closing(sqlite3.connect(store, timeout=30)) as rows:
        rows.execute(statement)
        rows.commit()


def _failed(served: Process) -> bool:
    return "disk full" in served.log.read_text()


def test_a_job_whose_end_could_not_be_noted_holds_up_its_repository_for_seconds_only(
    tmp_path: Path,
) -> None:
    with running("serve", configure(tmp_path, "debounce_seconds: 0")) as served:
        base = served.address()
        until(lambda: "A everything" in served.effects())
        _tell(tmp_path / "replanner.db", _FULL)
        assert post(base, "huggingface", model_moved("urgent/x")).status == 202
        until(lambda: "E urgent/x" in served.effects())
        until(lambda: _failed(served))
        _tell(tmp_path / "replanner.db", "DROP TRIGGER full")
        assert post(base, "huggingface", model_moved("urgent/y")).status == 202
        until(lambda: "E urgent/y" in served.effects())
        unfinished = "SELECT count(*) FROM workflow_status WHERE status <> 'SUCCESS'"
        until(lambda: served.rows(unfinished) == [(0,)])
        # The step was kept, so the work itself was not done again.
        assert served.effects().count("S urgent/x") == 1
