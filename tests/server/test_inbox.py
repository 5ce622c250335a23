"""From a delivery's arrival to the first job: stored once and together, taken once and together."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path

import pytest
import sqlalchemy as sa
from processes import configure, run, running, until

from replanner.server import durable, housekeeping, store, tables
from replanner.server.census import take_census
from replanner.server.health import of_store
from replanner.server.inbox import NotKept, StoredInbox
from replanner.server.intake import Intake
from replanner.server.settings import read_settings

EVENT = {"kind": "model", "model_id": "urgent/x", "revision": "main"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """A store with its tables and no process."""
    assert run("migrate", configure(tmp_path, "debounce_seconds: 0")) == 0
    found = store.open_store(f"sqlite:///{tmp_path / 'replanner.db'}", store.WEB)
    yield found
    found.dispose()


@contextmanager
def intake_of(engine: sa.Engine) -> Iterator[Intake]:
    with durable.client(engine) as client:
        yield Intake(engine, client)


def jobs(engine: sa.Engine) -> list[list[str]]:
    """The deliveries of each job that was made."""
    with durable.client(engine) as client:
        found = client.list_workflows(name="ingest")
    arguments = [each.input["args"][0] for each in found if isinstance(each.input, dict)]
    return [[each["delivery"] for each in deliveries] for deliveries in arguments]


def commits(engine: sa.Engine) -> list[str]:
    """Filled with a mark for each commit from now on."""
    seen: list[str] = []
    sa.event.listen(engine, "commit", lambda _: seen.append("commit"))
    return seen


def test_deliveries_of_one_moment_are_stored_together(engine: sa.Engine) -> None:
    inbox, seen = StoredInbox(engine), commits(engine)
    blocker = engine.connect()
    blocker.exec_driver_sql("BEGIN IMMEDIATE")  # the first writer waits for it, the others gather
    with ThreadPoolExecutor(20) as pool:
        sent = [pool.submit(inbox.keep, f"d-{number}", [EVENT]) for number in range(20)]
        until(lambda: len(inbox._gathered) == 19)
        blocker.exec_driver_sql("ROLLBACK")
        for each in sent:
            each.result()
    blocker.close()
    assert len(seen) == 2
    assert take_census(engine).waiting == 20


def test_one_that_the_store_does_not_take_is_refused_alone(engine: sa.Engine) -> None:
    inbox = StoredInbox(engine)
    kept: list[str] = []
    refused: list[str] = []

    def send(name: str) -> None:
        try:
            inbox.keep(name, [EVENT])
        except NotKept:
            refused.append(name)
        else:
            kept.append(name)

    blocker = engine.connect()
    blocker.exec_driver_sql("BEGIN IMMEDIATE")
    names = ["first", "well", "a lone surrogate \ud800", "well too"]
    threads = [threading.Thread(target=send, args=[name]) for name in names]
    for number, each in enumerate(threads):
        each.start()
        until(partial(lambda least: len(inbox._gathered) >= least, number))
    blocker.exec_driver_sql("ROLLBACK")
    blocker.close()
    for each in threads:
        each.join()
    assert sorted(kept) == ["first", "well", "well too"]
    assert refused == ["a lone surrogate \ud800"]


def test_what_a_writer_took_along_that_broke_off_was_not_received(engine: sa.Engine) -> None:
    inbox, begun = StoredInbox(engine), list[str]()
    go = threading.Event()

    def begin(_: object) -> None:
        begun.append("")
        go.wait(30)
        if len(begun) == 2:
            raise SystemExit  # the thread ends in the middle of it

    sa.event.listen(engine, "begin", begin)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(inbox.keep, "first", [EVENT])
        until(lambda: begun)
        others = [pool.submit(inbox.keep, name, [EVENT]) for name in ("second", "third")]
        until(lambda: len(inbox._gathered) == 2)
        go.set()
        assert first.result() is None
        ends = {type(each.exception()) for each in others}
    assert ends == {SystemExit, NotKept}
    assert take_census(engine).waiting == 1


def test_while_the_store_is_locked_nothing_is_kept_and_it_says_so(
    engine: sa.Engine, tmp_path: Path
) -> None:
    quick = store.open_store(str(engine.url), store.Patience(1, 2))
    inbox = StoredInbox(quick)
    blocker = engine.connect()
    blocker.exec_driver_sql("BEGIN IMMEDIATE")
    with pytest.raises(NotKept, match="OperationalError"):
        inbox.keep("a-delivery", [EVENT])
    settings = read_settings(tmp_path / "server.yaml", {}, folder=tmp_path, known=KNOWN)
    assert of_store(settings, quick, lambda: "").problems() == ["store: OperationalError"]
    blocker.exec_driver_sql("ROLLBACK")
    blocker.close()
    inbox.keep("a-delivery", [EVENT])
    assert of_store(settings, quick, lambda: "").problems() == []
    quick.dispose()


KNOWN = {"github": False, "huggingface": False}


def test_what_waits_becomes_one_job_and_is_taken_once(engine: sa.Engine) -> None:
    inbox = StoredInbox(engine)
    names = [f"d-{number}" for number in range(60)]
    for name in names:
        inbox.keep(name, [EVENT])
    with intake_of(engine) as intake:
        assert [intake.take(), intake.take(), intake.take()] == [50, 10, 0]
        inbox.keep("d-0", [EVENT])  # it came again
        assert intake.take() == 0
    made = jobs(engine)
    assert sorted(map(len, made)) == [10, 50]
    assert sorted(chain.from_iterable(made)) == sorted(names)
    assert take_census(engine).counts == {("ingest", "ENQUEUED"): 2}


def test_it_does_not_matter_whether_a_job_was_stored_before(engine: sa.Engine) -> None:
    """SQLAlchemy keeps what it made of a statement the first time."""
    StoredInbox(engine).keep("a-delivery", [EVENT])
    with intake_of(engine) as intake:
        intake.client.enqueue({"workflow_name": "ingest", "queue_name": "ingest"}, [])
        assert intake.take() == 1


def test_a_delivery_is_not_taken_where_its_job_could_not_be_stored(engine: sa.Engine) -> None:
    StoredInbox(engine).keep("a-delivery", [EVENT])
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON workflow_status"
            " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with intake_of(engine) as intake, pytest.raises(sa.exc.SQLAlchemyError):
        intake.take()
    assert take_census(engine).counts == {("inbox", "ENQUEUED"): 1}


def test_a_row_that_nobody_of_us_wrote_becomes_a_dead_letter(
    engine: sa.Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO deliveries VALUES ('evil', '{not json', 1, NULL)")
    StoredInbox(engine).keep("good", [EVENT])
    with running("worker", tmp_path / "server.yaml") as worker:
        until(lambda: "E urgent/x" in worker.effects())
        until(lambda: ("ERROR",) in worker.rows("SELECT status FROM workflow_status"))
    assert take_census(engine).dead == 1


def test_deliveries_that_were_done_long_ago_are_forgotten(engine: sa.Engine) -> None:
    inbox = StoredInbox(engine)
    for name in ("old", "waiting"):
        inbox.keep(name, [EVENT])
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET received_ms = 1")
        connection.exec_driver_sql("UPDATE deliveries SET taken_ms = 1 WHERE delivery = 'old'")
    with durable.client(engine) as client:
        assert housekeeping.clean(engine, client, 30, now_ms=tables.now_ms()) == 1
    assert take_census(engine).waiting == 1


def test_old_deliveries_are_forgotten_a_few_at_a_time(engine: sa.Engine) -> None:
    """A sender whose delivery comes meanwhile does not wait for all of them."""
    rows = [
        {"delivery": f"d-{n}", "events": "[]", "received_ms": 1, "taken_ms": 1} for n in range(1200)
    ]
    with tables.on(engine).begin() as connection:
        connection.execute(tables.DELIVERIES.insert(), rows)
    seen: list[int] = []

    def deleted(_: object, cursor: sqlite3.Cursor, statement: str, *__: object) -> None:
        if statement.startswith("DELETE") and "deliveries" in statement:
            seen.append(cursor.rowcount)

    sa.event.listen(engine, "after_cursor_execute", deleted)
    with durable.client(engine) as client:
        assert housekeeping.clean(engine, client, 30, now_ms=tables.now_ms()) == 1200
    assert seen == [500, 500, 200]


def test_what_was_forgotten_is_given_back_to_the_disk(engine: sa.Engine, tmp_path: Path) -> None:
    inbox = StoredInbox(engine)
    long = {"kind": "model", "model_id": "x" * 100_000}
    for number in range(30):
        inbox.keep(f"d-{number}", [long])
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET taken_ms = 1")
    with durable.client(engine) as client:
        housekeeping.clean(engine, client, 30, now_ms=tables.now_ms())
    sizes = [(tmp_path / name).stat().st_size for name in ("replanner.db", "replanner.db-wal")]
    assert sizes[0] < 1_000_000
    assert sizes[1] < 200_000


def test_a_note_replaces_the_one_before(engine: sa.Engine) -> None:
    tables.note(engine, "a", {"n": 1})
    tables.note(engine, "a", {"n": 2})
    assert tables.notes(engine)["a"] == {"n": 2}
    assert "a" not in tables.notes(engine, since_ms=tables.now_ms() + 1000)


def test_events_are_stored_as_they_are(engine: sa.Engine) -> None:
    event = {"kind": "model", "model_id": "ä/'; DROP TABLE deliveries; --", "revision": '"\\'}
    StoredInbox(engine).keep("a-delivery", [event])
    with engine.connect() as connection:
        [(text,)] = connection.exec_driver_sql("SELECT events FROM deliveries").all()
    assert json.loads(str(text)) == [event]


def names_of(lines: Sequence[str], mark: str) -> list[str]:
    return [line.removeprefix(mark) for line in lines if line.startswith(mark)]


def test_what_cannot_be_understood_does_not_hold_up_what_came_with_it(
    engine: sa.Engine, tmp_path: Path
) -> None:
    """All are in the inbox before a worker starts, so they come in one batch."""
    inbox = StoredInbox(engine)
    for number, owner in enumerate(("urgent", "unclear", "urgent", "fatal", "away")):
        model = {"kind": "model", "model_id": f"{owner}/{number}", "revision": "main"}
        inbox.keep(f"d-{number}", [model])
    with running("serve", tmp_path / "server.yaml") as served:
        wanted = {"urgent/0", "urgent/2", "away/4"}
        until(lambda: set(names_of(served.effects(), "E ")) == wanted)
        dead = "SELECT count(*) FROM workflow_status WHERE status IN ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')"  # noqa: E501 - one line of SQL
        until(lambda: served.rows(dead) == [(2,)])
    assert {tuple(each) for each in jobs(engine) if len(each) == 1} >= {("d-1",), ("d-3",)}


def test_jobs_of_one_thing_do_not_pile_up_while_one_of_them_runs(
    engine: sa.Engine, tmp_path: Path
) -> None:
    with running("worker", tmp_path / "server.yaml") as worker:
        until(lambda: "A everything" in worker.effects())
        inbox = StoredInbox(engine)
        for number in range(12):
            event = {"kind": "model", "model_id": "slow/x", "number": number}
            inbox.keep(f"d-{number}", [event])
            until(lambda: ("inbox", "ENQUEUED") not in take_census(engine).counts)
        until(lambda: take_census(engine).counts == {})
        assert 1 <= worker.effects().count("E slow/x") <= 4
    with durable.client(engine) as client:
        said = [each.output for each in client.list_workflows(name="replan")]
    assert said.count({"left": "to the next one"}) >= 3
