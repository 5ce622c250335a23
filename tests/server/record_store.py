"""Records a store with something in every stage of being done, for test_reliability_upgrade.py.

    python tests/server/record_store.py

Run when a release changes what is stored, before it does: the file that it writes is of the release
that it is run with, and those of earlier ones stay.
"""

import os
import signal
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from processes import Process, configure, run, running, until
from sending import model_moved, post

from replanner.server.tables import RELEASE

STORES = Path(__file__).parents[1] / "data" / "stores"
IN_THE_INBOX = {("inbox", "ENQUEUED")}
WANTED = IN_THE_INBOX | {
    ("ingest", "DELAYED"),
    ("coalesce", "DELAYED"),
    ("replan", "ENQUEUED"),
    ("replan", "PENDING"),
    ("replan", "DELAYED"),
    ("replan", "ERROR"),
}
# Long enough to record what waits, and over when the tests begin.
GATHERS = {"REPLANNER_DEBOUNCE_SECONDS": "30"}
WAITS = {"RECORDING_WAIT_S": "30"}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = configure(folder, "debounce_seconds: 0", "concurrency: 2", "reconcile_minutes: 0")
        run("migrate", config)
        with running("web", config) as web:
            base = web.address()
            _tell(base, "plain/gathered")
            with running("worker", config, env=GATHERS) as worker:
                until(lambda: {("ingest", "SUCCESS"), ("coalesce", "DELAYED")} <= _states(web))
                _kill(worker)
            _leave_off_in_the_middle(base, config)
            _tell(base, "urgent/in-the-inbox")
            if missing := WANTED - _states(web):
                raise SystemExit(f"too slow for {missing}: once more")
            _dump(folder / "replanner.db")


def _leave_off_in_the_middle(base: str, config: Path) -> None:
    with running("worker", config, env=WAITS) as worker:
        _tell(base, "plain/done", "broken/letter")
        until(lambda: {("replan", "SUCCESS"), ("replan", "ERROR")} <= _states(worker))
        _tell(base, "slow/one", "slow/another")
        until(lambda: {("replan", "PENDING"), ("replan", "ENQUEUED")} <= _states(worker))
        _tell(base, "away/asked-to-wait", "limited/asked-to-wait")
        until(lambda: _states(worker) >= WANTED - IN_THE_INBOX)
        _kill(worker)


def _tell(base: str, *models: str) -> None:
    for model in models:
        assert post(base, "huggingface", model_moved(model)).status == 202


def _kill(worker: Process) -> None:
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.wait()


def _states(server: Process) -> set[tuple[object, ...]]:
    waiting = server.rows("SELECT 'inbox', 'ENQUEUED' FROM deliveries WHERE taken_ms IS NULL")
    return {*waiting, *server.rows("SELECT name, status FROM workflow_status")}


def _dump(file: Path) -> None:
    STORES.mkdir(exist_ok=True)
    with closing(sqlite3.connect(file)) as store:
        text = "\n".join(store.iterdump())
    (STORES / f"release-{RELEASE}.sql").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
