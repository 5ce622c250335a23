"""One tree of real processes on loopback: what was answered with 202 is done, whatever dies."""

import random
import signal
import socket
import sqlite3
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from os import kill
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from dbos import DBOSClient
from processes import Process, configure, run, running, until
from sending import fetch, model_moved, post

from replanner.server.dead import DeadLetter, dead_letters, retry
from replanner.server.durable import client
from replanner.server.store import WEB, open_store

TAKEN = 75


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A server whose debounce is short, shared by the tests that do not break it."""
    config = configure(tmp_path_factory.mktemp("server"), "debounce_seconds: 1")
    with running("serve", config) as process:
        process.address()
        yield process


def test_a_delivery_is_answered_and_done(served: Process) -> None:
    base = served.address()
    answer = post(base, "huggingface", model_moved("plain/one"))
    assert answer.status == 202
    until(lambda: "E plain/one" in served.effects())
    done = until(lambda: [one for one in served.lines() if one["message"] == "a job is done"])
    assert "acme/plain" in {one["repository"] for one in done}
    assert all(one["job"] for one in done)
    [(taken,)] = served.rows(f"SELECT taken_ms IS NOT NULL FROM deliveries WHERE delivery = '{answer.body['delivery']}'")  # fmt: skip  # noqa: S608, E501 - our own id
    assert taken == 1


def test_deliveries_of_one_thing_are_gathered(served: Process) -> None:
    base = served.address()
    for number in range(20):
        assert post(base, "huggingface", model_moved("gathered/x", number)).status == 202
    until(lambda: "E gathered/x" in served.effects())
    time.sleep(2)
    assert served.effects().count("E gathered/x") <= 3


def test_a_delivery_that_comes_a_hundred_times_is_one(served: Process) -> None:
    base = served.address()
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda _: post(base, "huggingface", model_moved("urgent/same")), range(100))
        )
    assert {each.status for each in answers} == {202}
    assert len({str(each.body["delivery"]) for each in answers}) == 1
    until(lambda: "E urgent/same" in served.effects())
    time.sleep(1)
    assert served.effects().count("E urgent/same") == 1


def test_who_is_told_to_come_back_later_does(served: Process) -> None:
    post(served.address(), "huggingface", model_moved("limited/x"))
    until(lambda: "E limited/x" in served.effects())
    assert served.effects().count("S limited/x") == 2


def test_a_job_that_cannot_be_done_is_set_aside_with_its_reason(served: Process) -> None:
    base = served.address()
    post(base, "huggingface", model_moved("broken/x"))
    post(base, "huggingface", model_moved("buggy/x"))
    letters = until(lambda: _dead(served) if len(_dead(served)) == 2 else [])
    reasons = {each.repository: each.why for each in letters}
    assert reasons["acme/broken"] == "the profile is no profile."
    assert reasons["acme/buggy"].startswith("a bug in replanner: ZeroDivisionError")
    assert "ghp_" not in served.log.read_text()
    until(lambda: "replanner_dead_letters 2.0" in str(fetch(f"{base}/metrics").body))
    with _client(served) as ours:
        assert len(retry(ours, [letters[0].id])) == 1
        # It fails again, as a letter of its own.
        until(lambda: letters[0].id not in {each.id for each in _dead(served)})
        until(lambda: len(_dead(served)) == 2)


def test_of_one_repository_no_two_jobs_run_at_the_same_time(served: Process) -> None:
    base = served.address()
    for number in range(10):
        post(base, "huggingface", model_moved(f"urgent/turn-{number}"))
    until(lambda: sum("E urgent/turn" in each for each in served.effects()) == 10)
    turns = [each for each in served.effects() if "urgent/turn" in each]
    assert all(
        start.replace("S ", "E ") == end for start, end in zip(turns[::2], turns[1::2], strict=True)
    )


def test_a_worker_that_dies_of_a_job_is_started_again_and_goes_on(served: Process) -> None:
    post(served.address(), "huggingface", model_moved("killer/x"))
    until(lambda: "E killer/x" in served.effects())
    assert served.effects().count("S killer/x") == 2


def test_the_worker_looks_at_everything_when_it_starts(served: Process) -> None:
    until(lambda: "A everything" in served.effects())


def test_a_second_worker_of_the_same_number_refuses_to_start(served: Process) -> None:
    until(lambda: fetch(f"{served.address()}/readyz").body["workers"] == 1)
    assert run("worker", served.folder / "server.yaml") == TAKEN


def test_a_row_that_claims_to_be_a_pickle_is_not_executed(served: Process) -> None:
    """Whoever can write to the store must not run code in the worker."""
    canary = served.folder / "canary"
    # What pickle.dumps gives for an object whose __reduce__ is (open, (canary, "w")).
    pickled = f"cio\nopen\n(V{canary}\nVw\ntR.".encode()
    import base64  # noqa: PLC0415 - this test's alone
    import pickle  # noqa: PLC0415 - the proof that the row is dangerous

    pickle.loads(pickled).close()  # noqa: S301 - our own
    assert canary.exists()
    canary.unlink()
    with closing(sqlite3.connect(served.folder / "replanner.db", timeout=30)) as store:
        store.execute(
            "INSERT INTO workflow_status (workflow_uuid, status, name, queue_name, inputs,"
            " serialization, priority, created_at, updated_at, recovery_attempts,"
            " application_name) VALUES ('evil', 'ENQUEUED', 'ingest', 'ingest', ?, 'py_pickle', 0,"
            " 1, 1, 0, 'replanner')",
            [base64.b64encode(pickled).decode()],
        )
        store.commit()
    until(
        lambda: (
            served.rows("SELECT status FROM workflow_status WHERE workflow_uuid = 'evil'")
            == [("ERROR",)]
        )
    )
    assert not canary.exists()


def test_the_store_is_for_its_owner_only_and_write_ahead(served: Process) -> None:
    assert (served.folder / "replanner.db").stat().st_mode & 0o777 == 0o600
    assert (served.folder / "replanner.db-wal").stat().st_mode & 0o777 == 0o600
    assert served.rows("PRAGMA journal_mode") == [("wal",)]


def test_an_endless_body_is_cut_off(served: Process) -> None:
    place = urlsplit(served.address())
    with socket.create_connection((str(place.hostname), int(place.port or 0)), 20) as wire:
        wire.sendall(
            b"POST /webhooks/huggingface HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        with suppress(OSError):
            for _ in range(200):
                wire.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        assert wire.recv(100).startswith(b"HTTP/1.1 413")


def test_what_was_answered_is_done_though_everything_is_killed(tmp_path: Path) -> None:
    """50 deliveries, and three kills: the worker, gunicorn's child, gunicorn's master."""
    config = configure(tmp_path, "debounce_seconds: 0", "concurrency: 8")
    listen = f"127.0.0.1:{_free_port()}"
    with running("serve", config, env={"REPLANNER_LISTEN": listen}) as served:
        base = served.address()
        kept: list[str] = []
        sender = threading.Thread(target=_send_until_kept, args=(base, kept, 50))
        sender.start()
        for victim in (("worker", 0), ("web", -1), ("web", 0)):
            time.sleep(random.uniform(0.2, 0.6))  # noqa: S311 - when does not matter
            with suppress(ProcessLookupError):
                kill(until(lambda v=victim: served.pids(v[0]))[victim[1]], signal.SIGKILL)
        sender.join(120)
        assert len(kept) == 50
        wanted = {f"urgent-{number}/x" for number in range(50)}
        until(lambda: len({each for each in served.effects() if each[0] == "E"}) >= 50)
        done = Counter(each[2:] for each in served.effects() if each[0] == "E")
        assert set(done) == wanted
        # An effect whose end was not yet written down when the worker died is done again.
        assert sum(done.values()) - 50 <= 8
        assert served.stop() == 0
        assert not served.pids("web")
        assert not served.pids("worker")


def test_a_child_of_gunicorn_does_not_outlive_its_master(tmp_path: Path) -> None:
    """It would hold the address, for as long as somebody sends it something."""
    config = configure(tmp_path)
    assert run("migrate", config) == 0
    with running("web", config) as web:
        place = urlsplit(web.address())
        with socket.create_connection((str(place.hostname), int(place.port or 0)), 20) as wire:
            wire.sendall(
                b"POST /webhooks/huggingface HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"
            )
            master, _ = until(lambda: web.pids("web") if len(web.pids("web")) == 2 else [])
            kill(master, signal.SIGKILL)
            until(lambda: not web.pids("web"), 5)


@contextmanager
def _client(served: Process) -> Iterator[DBOSClient]:
    engine = open_store(f"sqlite:///{served.folder / 'replanner.db'}", WEB)
    with client(engine) as ours:
        yield ours
    engine.dispose()


def _dead(served: Process) -> list[DeadLetter]:
    with _client(served) as ours:
        return dead_letters(ours)


def _send_until_kept(base: str, kept: list[str], number: int) -> None:
    """As a sender that comes again until it is told that its delivery is kept."""
    for each in range(number):
        while True:
            try:
                answer = post(base, "huggingface", model_moved(f"urgent-{each}/x"), timeout=10)
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
                continue
            if answer.status == 202:
                kept.append(str(answer.body["delivery"]))
                break
            assert answer.status == 503
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
