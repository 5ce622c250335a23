"""The same server on PostgreSQL: web and workers apart."""

from collections.abc import Iterator

import pytest
from postgres import postgres
from processes import Process, configure, run, running, until
from sending import fetch, model_moved, post

from replanner.server.locks import DatabaseSlots
from replanner.server.store import WEB, open_store

TAKEN = 75


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with postgres() as found:
        yield found


@pytest.fixture(scope="module")
def web(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("server")
    config = configure(folder, "debounce_seconds: 0", f"store: {url}")
    assert run("web", config) == 2  # the tables are not there yet
    assert run("migrate", config) == 0
    assert run("migrate", config) == 0
    with running("web", config) as process:
        yield process


def test_deliveries_wait_for_a_worker_and_are_done_by_it(web: Process) -> None:
    base = web.address()
    assert post(base, "huggingface", model_moved("urgent/x")).status == 202
    assert fetch(f"{base}/readyz").body == {"ready": True, "problems": [], "workers": 0}
    with running("worker", web.folder / "server.yaml", "--slot", "1") as worker:
        until(lambda: "E urgent/x" in web.effects())
        until(lambda: fetch(f"{base}/readyz").body["workers"] == 1)
        assert run("worker", web.folder / "server.yaml", "--slot", "1") == TAKEN
        assert worker.stop() == 0


def test_a_number_is_free_again_when_its_connection_ends(url: str) -> None:
    engine = open_store(url, WEB)
    first, second = DatabaseSlots(engine), DatabaseSlots(engine)
    assert first.take(7)
    assert not second.take(7)
    assert second.alive() == 1
    first.free(7)
    assert second.take(7)
    assert second.beat(7)
    second.free(7)
    engine.dispose()
