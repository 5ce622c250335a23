"""PostgreSQL that crashes and comes back while deliveries come in."""

import signal
from collections.abc import Iterator

import pytest
from burst import DEADLINE_S, burst, done
from postgres import Cluster, cluster
from processes import configure, running, until
from sending import fetch


@pytest.fixture
def database() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


def test_a_database_that_crashes_is_told_to_senders_and_nothing_kept_is_lost(
    database: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("server")
    config = configure(folder, "debounce_seconds: 0", f"store: {database.url}")
    with running("serve", config) as served:
        base = served.address()
        until(lambda: fetch(f"{base}/readyz").body["workers"] == 1)
        with burst(base, "urgent", senders=2) as sent:
            until(lambda: len(sent.kept) >= 10)
            database.stop(signal.SIGQUIT)
            before = sent.statuses[503]
            until(lambda: sent.statuses[503] >= before + 4)
            assert fetch(f"{base}/readyz", DEADLINE_S).status == 503
            assert fetch(f"{base}/healthz", DEADLINE_S).status == 200
            kept = len(sent.kept)
            database.start()
            until(lambda: len(sent.kept) >= kept + 10)
        assert set(sent.statuses) == {202, 503}
        until(lambda: set(sent.kept) <= done(served.effects()))
        until(lambda: fetch(f"{base}/readyz").status == 200)
        assert served.stop() == 0
