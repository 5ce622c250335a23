"""The small parts: logs, the workers' numbers, old jobs, jobs of dead workers."""

import io
import json
import logging
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from dbos._error import DBOSException
from processes import configure, run, running, until
from sending import GITHUB

from replanner.server import durable, housekeeping, store, worker
from replanner.server.census import Census, take_census
from replanner.server.health import Health
from replanner.server.inbox import NotKept, StoredInbox
from replanner.server.limits import Refusals
from replanner.server.locks import FileSlots, executor, other_slots
from replanner.server.logs import JsonLines, Redactor
from replanner.server.supervise import Part, supervise

DAY_MS = 86_400_000


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """A store with its tables and no process."""
    assert run("migrate", configure(tmp_path)) == 0
    found = store.open_store(f"sqlite:///{tmp_path / 'replanner.db'}", store.WEB)
    yield found
    found.dispose()


@pytest.mark.parametrize(
    "text",
    [
        f"it is {GITHUB}",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "github_pat_abcdefghijklmnopqrstuvwxyz",
        "hf_abcdefghijklmnopqrstuvwxyz",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
        "https://ann:password@example.org/",
        "https://example.org/?secret=abcdefgh&x=1",
    ],
)
def test_no_secret_is_logged(text: str) -> None:
    shown = Redactor([GITHUB])(text)
    assert "***" in shown
    assert not any(word in shown for word in (GITHUB, "abcdefgh", "password", "MfKQ"))


def test_a_record_is_one_line_of_json_whatever_is_in_it() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(Redactor()))
    record = logging.LogRecord("a", 40, "f.py", 1, "two\nlines %s", ("\x1b[31m",), None)
    error = ValueError("ghp_abcdefghijklmnopqrstuvwxyz0123456789")
    record.exc_info = (ValueError, error, None)
    record.delivery, record.status = "d", 202
    handler.emit(record)
    [line] = stream.getvalue().splitlines()
    found = json.loads(line)
    assert (found["message"], found["delivery"], found["status"]) == (
        "two\nlines \x1b[31m",
        "d",
        202,
    )
    assert "ValueError: ***" in found["traceback"]


def test_of_two_workers_one_has_the_number_until_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "replanner.db"
    first, second = FileSlots(file), FileSlots(file)
    assert first.take(0)
    assert not second.take(0)
    assert second.alive() == 1
    first.free(0)
    assert second.take(0)


def test_only_the_numbers_of_dead_workers_are_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "replanner.db"
    living, reaper = FileSlots(file), FileSlots(file)
    assert living.take(1)
    known = [executor(0), executor(1), executor(2), "local", "replanner-x", "replanner-999", ""]
    assert other_slots(known, own=0) == [1, 2]
    assert [reaper.take(slot) for slot in (1, 2)] == [False, True]


def test_who_was_refused_too_often_is_forgotten_after_a_flood_of_others() -> None:
    refusals = Refusals(most=2)
    assert [refusals.too_many("a") for _ in range(3)] == [False, False, True]
    for number in range(10_000):
        refusals.too_many(str(number))
    assert not refusals.too_many("a")


def test_a_store_that_is_gone_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    gone = store.open_store(f"sqlite:///{tmp_path / 'no' / 'folder.db'}", store.WEB)
    inbox = StoredInbox(gone)
    with pytest.raises(NotKept):
        inbox.keep("a-delivery", [{"kind": "model"}])
    assert inbox.trouble()
    gone.dispose()


def test_a_disk_that_is_almost_full_takes_no_deliveries(tmp_path: Path) -> None:
    full = Health(Census, lambda: 0, lambda: None, lambda: "", tmp_path / "replanner.db", 9, 2**62)
    assert full.too_busy("github") == "the disk is almost full"
    assert full.problems() == ["disk: almost full"]


def test_a_delivery_that_comes_again_is_one_row(engine: sa.Engine) -> None:
    inbox = StoredInbox(engine)
    for _ in range(3):
        inbox.keep("a-delivery", [{"kind": "model", "model_id": "a/b"}])
    assert take_census(engine).counts == {("inbox", "ENQUEUED"): 1}
    assert take_census(engine).oldest_waiting_s < 60


def test_old_jobs_are_deleted_and_dead_ones_later(engine: sa.Engine, tmp_path: Path) -> None:
    now_ms = 2_000_000_000_000
    for name, status, days in [
        ("new", "SUCCESS", 29),
        ("old", "SUCCESS", 31),
        ("dead", "ERROR", 31),
        ("long-dead", "ERROR", 91),
        ("waiting", "ENQUEUED", 400),
    ]:
        with durable.client(engine) as client:
            client.enqueue(
                {"workflow_name": "ingest", "queue_name": "ingest", "workflow_id": name}, []
            )
        with closing(sqlite3.connect(tmp_path / "replanner.db")) as rows:
            rows.execute(
                "UPDATE workflow_status SET status = ?, updated_at = ? WHERE workflow_uuid = ?",
                [status, now_ms - days * DAY_MS, name],
            )
            rows.commit()
    with durable.client(engine) as client:
        assert housekeeping.clean(engine, client, 30, now_ms=now_ms) == 2
        left = {each.workflow_id for each in client.list_workflows()}
    assert left == {"new", "dead", "waiting"}


def test_a_chore_that_the_store_breaks_off_ends_no_worker(engine: sa.Engine) -> None:
    quick = store.open_store(str(engine.url), store.Patience(0, 1))
    blocker = engine.connect()
    blocker.exec_driver_sql("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        housekeeping._shrink(quick)
    worker._try(lambda: housekeeping._shrink(quick))
    blocker.exec_driver_sql("ROLLBACK")
    blocker.close()
    quick.dispose()


class Breaking(FileSlots):
    """Numbers that are told by a store, which is away from the second one on."""

    def take(self, slot: int) -> bool:
        if slot > 1:
            raise sa.exc.OperationalError("SELECT", {}, Exception("gone"))
        return super().take(slot)


def test_a_number_that_was_looked_at_is_free_again_though_the_store_broke_off(
    engine: sa.Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        for slot in (1, 2):
            connection.exec_driver_sql(
                "INSERT INTO workflow_status (workflow_uuid, status, executor_id, priority)"
                " VALUES (?, 'PENDING', ?, 0)",
                (f"job-{slot}", executor(slot)),
            )
    file = tmp_path / "replanner.db"
    held = Breaking(file)
    with suppress(sa.exc.OperationalError, DBOSException):  # nor is there a DBOS here to recover by
        housekeeping.adopt(engine, held, own=0)
    assert FileSlots(file).take(1)


def test_of_all_workers_one_looks_at_everything(engine: sa.Engine) -> None:
    for now_s in (900.0, 905.0, 1799.0):
        housekeeping.look_at_everything(StoredInbox(engine), 15, now_s=now_s)
    assert take_census(engine).waiting == 1
    housekeeping.look_at_everything(StoredInbox(engine), 0, now_s=9999.0)
    assert take_census(engine).waiting == 1


def test_tables_that_are_missing_are_told_with_what_to_do(tmp_path: Path) -> None:
    engine = store.open_store(f"sqlite:///{tmp_path / 'new.db'}", store.WEB)
    with pytest.raises(store.NotMigrated) as error:
        durable.check_tables(engine)
    assert "replanner migrate" in error.value.hint
    engine.dispose()


def test_a_part_with_bad_input_ends_the_tree_with_its_code() -> None:
    import threading  # noqa: PLC0415 - this test's alone

    parts = [Part("web", ["sh", "-c", "exit 2"]), Part("worker", ["sleep", "60"])]
    assert supervise(parts, threading.Event()) == 2


def test_jobs_of_a_worker_that_never_comes_back_are_taken_over(
    engine: sa.Engine, tmp_path: Path
) -> None:
    config = configure(tmp_path, "debounce_seconds: 0")
    event = {"kind": "model", "model_id": "killer/x", "revision": "main"}
    StoredInbox(engine).keep("a-delivery", [event])
    assert run("worker", config, "--slot", "3") == -signal.SIGKILL
    with running("worker", config, "--slot", "0") as worker:
        until(lambda: "E killer/x" in worker.effects())
        assert worker.effects().count("S killer/x") == 2
        assert worker.stop() == 0
