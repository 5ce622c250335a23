"""A store that is full, locked or slow: senders are told to come again, and nothing that was
answered with 202 is lost."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from burst import DEADLINE_S, Sent, done
from processes import Process, configure, run, running, until
from sending import fetch, model_moved, post

from replanner.server.store import WEB, WORKER, Patience, open_store

_BROKEN_AT = 100_000


@contextmanager
def _no_room(server: Process) -> Iterator[None]:
    """The kernel refuses the server's processes every byte beyond this place of any file, and the
    store's log of changes is longer: to them, the disk is full."""
    pids = server.pids("web")
    for pid in pids:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_BROKEN_AT, hard))
    yield
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Requests are answered, and nobody does jobs: only deliveries write."""
    config = configure(tmp_path_factory.mktemp("server"), "debounce_seconds: 0")
    assert run("migrate", config) == 0
    with running("web", config) as process:
        process.address()
        yield process


def test_a_full_disk_takes_nothing_breaks_nothing_and_is_over_when_it_is_over(web: Process) -> None:
    base, sent, log = web.address(), Sent(), web.folder / "replanner.db-wal"
    number = iter(range(1000))

    def send() -> int:
        return sent.send(base, f"urgent-{next(number)}/x")

    while not log.exists() or log.stat().st_size < _BROKEN_AT:
        assert send() == 202
    with _no_room(web):
        assert {send() for _ in range(5)} == {503}
        told = fetch(f"{base}/readyz")
        assert told.status == 503
        assert "store" in str(told.body["problems"])
    assert send() == 202
    assert fetch(f"{base}/readyz").status == 200
    assert web.rows("PRAGMA integrity_check") == [("ok",)]
    with running("worker", web.folder / "server.yaml"):
        until(lambda: set(sent.kept) <= done(web.effects()))


def test_who_locks_the_store_keeps_no_sender_waiting(web: Process) -> None:
    """Another process writes and does not end, a backup for example."""
    base, sent = web.address(), Sent()
    assert sent.send(base, "urgent-0/x") == 202
    with _locked(web):
        answer = post(base, "huggingface", model_moved("urgent-1/x"), timeout=DEADLINE_S)
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert fetch(f"{base}/readyz", DEADLINE_S).status == 503
        assert fetch(f"{base}/healthz", DEADLINE_S).status == 200
    assert sent.send(base, "urgent-2/x") == 202
    assert fetch(f"{base}/readyz").status == 200


@contextmanager
def _locked(web: Process) -> Iterator[None]:
    with closing(sqlite3.connect(web.folder / "replanner.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("patience", [WEB, WORKER])
def test_every_connection_waits_for_the_disk(tmp_path: Path, patience: Patience) -> None:
    """After a power cut, what was answered is there: each commit is synced before it returns."""
    engine = open_store(f"sqlite:///{tmp_path / 'new.db'}", patience)
    connections = [engine.connect() for _ in range(3)]
    for each in connections:
        assert each.execute(sa.text("PRAGMA synchronous")).scalar() == 2  # FULL
        each.close()
    engine.dispose()
