"""A suspected job runs alone and is given up after enough deaths; the others run side by side."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from processes import configure, run, until

from replanner.errors import UpstreamError
from replanner.server import store, tables
from replanner.server.suspicion import MOST_DEATHS, Deadly, Turnstile, Watch


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    assert run("migrate", configure(tmp_path)) == 0
    found = store.open_store(f"sqlite:///{tmp_path / 'replanner.db'}", store.WEB)
    yield found
    found.dispose()


def test_one_alone_waits_for_those_inside_and_newcomers_wait_for_it() -> None:
    turnstile, seen, go = Turnstile(), list[str](), threading.Event()

    def beside(name: str) -> None:
        with turnstile.side_by_side():
            seen.append(name)
            go.wait(30)

    def alone() -> None:
        with turnstile.alone():
            seen.append(f"alone, {turnstile._inside} inside")

    first = [threading.Thread(target=beside, args=[name]) for name in ("a", "b")]
    for each in first:
        each.start()
    until(lambda: sorted(seen) == ["a", "b"])  # side by side
    suspect = threading.Thread(target=alone)
    suspect.start()
    until(lambda: turnstile._waiting)
    late = threading.Thread(target=beside, args=["late"])
    late.start()
    assert sorted(seen) == ["a", "b"]
    go.set()
    for each in [*first, suspect, late]:
        each.join(30)
    assert seen[2:] == ["alone, 1 inside", "late"]


def test_two_suspects_run_one_after_the_other() -> None:
    turnstile, most = Turnstile(), list[int]()

    def alone() -> None:
        with turnstile.alone():
            most.append(turnstile._inside)

    suspects = [threading.Thread(target=alone) for _ in range(8)]
    for each in suspects:
        each.start()
    for each in suspects:
        each.join(30)
    assert most == [1] * 8


def test_a_work_that_fails_lets_the_next_one_in() -> None:
    turnstile = Turnstile()
    for way in (turnstile.alone, turnstile.side_by_side):
        with pytest.raises(ZeroDivisionError), way():
            raise ZeroDivisionError
    with turnstile.alone():
        pass


def test_a_job_that_dies_alone_too_often_is_deadly(engine: sa.Engine) -> None:
    for _ in range(MOST_DEATHS):
        # Each time by another worker, the one before having died.
        assert Watch(engine).over("a-job", 2, lambda: "done") == "done"
    with pytest.raises(Deadly):
        Watch(engine).over("a-job", 2, lambda: "done")
    assert Watch(engine).over("another", 2, lambda: "done") == "done"
    assert Watch(engine).over("a-job", 1, lambda: "done") == "done"


def test_a_store_that_is_away_is_no_death(tmp_path: Path) -> None:
    gone = store.open_store(f"sqlite:///{tmp_path / 'no' / 'folder.db'}", store.WEB)
    with pytest.raises(UpstreamError):
        Watch(gone).over("a-job", 2, lambda: "done")
    gone.dispose()


def test_a_store_of_a_newer_release_is_left_as_it_is(engine: sa.Engine) -> None:
    tables.note(engine, "tables", tables.RELEASE + 1)
    with pytest.raises(store.NotMigrated, match="newer release"):
        tables.make(engine)
    assert tables.said(engine, "tables") == tables.RELEASE + 1
