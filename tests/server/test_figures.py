import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from postgres import postgres
from prometheus_client.parser import text_string_to_metric_families

from replanner.errors import InputError, RateLimited, UpstreamError
from replanner.server import tables
from replanner.server.app import Web, _figures
from replanner.server.cap import Capped, TooOften
from replanner.server.figures import BUCKETS, Figures, Measured, Shown, leave, left_by_workers
from replanner.server.jobs import EVERYTHING, Json, Target
from replanner.server.limits import Refusals
from replanner.server.metrics import Metrics
from replanner.server.store import WORKER, open_store

HOUR_MS = 3_600_000


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    found = open_store(f"sqlite:///{tmp_path / 'store.db'}", WORKER)
    tables.make(found)
    return found


class Doing:
    """Work that does as it is told, and counts."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.ran: list[Json] = []
        self.found = [Target("update", "a", "acme/infra", {})]

    def targets(self, event: Json) -> list[Target]:
        if self.error:
            raise self.error
        return self.found if event == EVERYTHING else []

    def run(self, target: Json) -> dict[str, object]:
        self.ran.append(target)
        if self.error:
            raise self.error
        return {"did": "updated"}


def target(
    kind: str = "update", key: str = "a", repository: str = "acme/infra", **payload: object
) -> Json:
    return Target(kind, key, repository, payload).to_json()


def told(engine: sa.Engine) -> dict[tuple[str, ...], float]:
    """What Prometheus reads: name and the labels' values."""
    text = Metrics().text(None, 0, left_by_workers(engine)).decode()
    return {
        (one.name, *(one.labels[name] for name in sorted(one.labels))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


# --- what is counted


def test_jobs_are_counted_by_how_they_ended(engine: sa.Engine) -> None:
    doing, figures = Doing(), Figures()
    work = Measured(doing, figures)
    work.targets(EVERYTHING)
    work.targets({"kind": "ping"})
    work.run(target())
    errors = [
        (RateLimited("x"), "limited"),
        (TooOften("x"), "put_off"),
        (UpstreamError("x"), "away"),
        (InputError("x"), "failed"),
        (ZeroDivisionError(), "bug"),
    ]
    for error, _ in errors:
        doing.error = error
        with pytest.raises(type(error)):
            work.run(target("pull"))
    with pytest.raises(ZeroDivisionError):
        work.targets(EVERYTHING)
    leave(engine, 3, figures)
    found = told(engine)
    assert found["replanner_jobs_done_total", "concerns", "ingest", "3"] == 1
    assert found["replanner_jobs_done_total", "ignored", "ingest", "3"] == 1
    assert found["replanner_jobs_done_total", "bug", "ingest", "3"] == 1
    assert found["replanner_jobs_done_total", "updated", "replan", "3"] == 1
    for _, outcome in errors:
        assert found["replanner_jobs_done_total", outcome, "replan", "3"] == 1
        assert found["replanner_replan_seconds_count", "pull", outcome, "3"] == 1


def test_how_long_jobs_take_is_a_histogram(engine: sa.Engine) -> None:
    figures = Figures()
    for seconds in (0.1, 0.5, 0.6, 45, 10_000):
        figures.took("update", "updated", seconds)
    leave(engine, 0, figures)
    found = told(engine)
    name = "replanner_replan_seconds_bucket"
    buckets = {key[2]: value for key, value in found.items() if key[0] == name}
    assert buckets == {
        **{str(float(bound)): 3 for bound in BUCKETS if bound < 45},
        "0.5": 2,
        **{str(float(bound)): 4 for bound in BUCKETS if bound > 45},
        "+Inf": 5,
    }
    assert found["replanner_replan_seconds_sum", "update", "updated", "0"] == pytest.approx(10046.2)


def test_upstreams_are_counted_without_naming_what_was_asked(engine: sa.Engine) -> None:
    figures = Figures()
    for _ in range(2):
        figures.failed("hub", "limited")
    figures.failed("registry", "away")
    figures.remaining("acme", "core", 4999)
    figures.remaining("acme", "core", 4998)
    leave(engine, 0, figures)
    found = told(engine)
    assert found["replanner_hf_429_total", "0"] == 2
    assert found["replanner_upstream_errors_total", "limited", "hub", "0"] == 2
    assert found["replanner_upstream_errors_total", "away", "registry", "0"] == 1
    assert found["replanner_github_remaining", "acme", "core", "0"] == 4998


def test_no_more_owners_are_remembered_than_there_is_room_for() -> None:
    figures = Figures()
    for number in range(1500):
        figures.remaining(f"owner-{number}", "core", 1)
    figures.remaining("owner-1", "core", 0)
    left = {tuple(labels): number for labels, number in figures.shown().left}
    assert len(left) == 1000
    assert left["owner-1", "core"] == 0


# --- from workers to the web


def test_each_worker_has_series_of_its_own(engine: sa.Engine) -> None:
    for slot in (0, 1):
        figures = Figures()
        for _ in range(slot + 1):
            figures.failed("hub", "away")
        leave(engine, slot, figures)
    found = told(engine)
    assert found["replanner_upstream_errors_total", "away", "hub", "0"] == 1
    assert found["replanner_upstream_errors_total", "away", "hub", "1"] == 2


def test_a_worker_that_started_anew_starts_at_zero(engine: sa.Engine) -> None:
    figures = Figures()
    figures.failed("hub", "away")
    leave(engine, 0, figures)
    leave(engine, 0, Figures())
    assert ("replanner_upstream_errors_total", "away", "hub", "0") not in told(engine)
    assert told(engine)["replanner_hf_429_total", "0"] == 0


def test_a_worker_that_is_gone_is_left_out(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(engine, 0, Figures())
    assert left_by_workers(engine).keys() == {"0"}
    later = tables.now_ms() + 61_000
    monkeypatch.setattr(tables, "now_ms", lambda: later)
    assert left_by_workers(engine) == {}


@pytest.mark.parametrize(
    "said",
    [
        None,
        7,
        {},
        [],
        [[], []],
        [[["upstream_errors", ["hub"], 1]], [], []],
        [[["upstream_errors", ["hub", "away"], "many"]], [], []],
        [[], [], [[["update", "updated"], 1.0, [1, 2]]]],
    ],
)
def test_figures_of_another_release_are_left_out(engine: sa.Engine, said: object) -> None:
    tables.note(engine, "figures of worker 0", said)
    assert left_by_workers(engine) == {}


def test_without_figures_there_is_no_series_of_workers() -> None:
    assert b"replanner_replan" not in Metrics().text(None, 0)
    assert b"replanner_hf_429_total" in Metrics().text(None, 0, {"0": Shown()})


# --- how often a repository is worked on


class Hourly:
    """Workers that share a store, and its clock."""

    def __init__(self, engine: sa.Engine, most: int) -> None:
        self.doing, self.now = Doing(), time.time_ns() // 1_000_000
        self.workers = [Capped(self.doing, engine, most, lambda: self.now) for _ in range(2)]
        self.turn = 0

    def run(self, *about: str, **payload: object) -> int:
        """0, or in how many seconds to come again."""
        self.turn += 1
        try:
            self.workers[self.turn % 2].run(target(*about, **payload))
        except TooOften as error:
            return error.retry_after_s or -1
        return 0


def test_a_model_that_flaps_has_its_repository_planned_so_often_an_hour(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=60)
    waits = []
    for _ in range(4 * 180):  # every 20 s for four hours
        waits.append(hourly.run())
        hourly.now += 20_000
    assert len(hourly.doing.ran) == 4 * 60
    assert sum(not wait for wait in waits) == 4 * 60
    assert waits[60] == 2400 + 1  # when the first of the hour is an hour ago


def test_who_comes_when_told_to_is_let_in(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=3)
    assert [hourly.run() for _ in range(3)] == [0, 0, 0]
    wait_s = hourly.run()
    hourly.now += wait_s * 1000
    assert hourly.run() == 0


def test_people_are_never_put_off_and_not_counted(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=1)
    assert [hourly.run("command", "") for _ in range(9)] == [0] * 9
    assert hourly.run() == 0
    assert hourly.run()
    assert [hourly.run("update", "") for _ in range(9)] == [0] * 9
    assert hourly.run("apply", "") == 0


def test_the_merge_queue_is_not_put_off(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=1)
    assert hourly.run() == 0
    assert hourly.run("queue", "acme/infra|queue|x") == 0


def test_a_stranger_puts_off_no_update_and_no_review_but_those_of_forks(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=60)
    pushes = [hourly.run("pull", f"acme/infra|pull|{one % 5}", fork=True) for one in range(100)]
    assert sum(not wait for wait in pushes) == 60
    assert hourly.run("pull", "acme/infra|pull|9", fork=True)
    assert hourly.run("pull", "acme/infra|pull|9") == 0
    assert hourly.run() == 0
    assert hourly.run("left", "acme/infra|left|9|a") == 0
    assert hourly.run("button", "acme/infra|rerun|a") == 0


def test_one_pull_request_uses_up_a_quarter(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=60)
    waits = []
    for _ in range(20):
        waits.append(hourly.run("pull", "acme/infra|pull|7"))
        hourly.now += 1000
    assert waits == [0] * 15 + [3601 - second for second in range(15, 20)]
    assert hourly.run("pull", "acme/infra|pull|8") == 0


def test_the_least_share_is_one(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=2)
    assert [bool(hourly.run("pull", "acme/infra|pull|7")) for _ in range(2)] == [False, True]


def test_what_is_many_things_has_no_share(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=4)
    assert [hourly.run() for _ in range(4)] == [0] * 4


def test_one_repository_uses_up_nothing_of_another(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=1)
    assert hourly.run() == 0
    assert hourly.run("update", "a", "acme/other") == 0
    assert hourly.run()


def test_without_a_cap_nothing_is_counted(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=0)
    assert not any(hourly.run() for _ in range(200))
    assert tables.notes(engine).keys() == {"tables"}


def test_a_clock_that_was_set_back_locks_nobody_out(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=1)
    assert hourly.run() == 0
    hourly.now -= 10 * HOUR_MS
    assert hourly.run() == 0


@pytest.mark.parametrize("said", [None, {"a": 1}, ["x", None, 3.5, [1], ["a", 1]]])
def test_a_note_that_makes_no_sense_counts_for_nothing(engine: sa.Engine, said: object) -> None:
    tables.note(engine, "runs in acme/infra: updates", said)
    assert Hourly(engine, most=1).run() == 0


def test_a_store_that_is_away_is_tried_again(engine: sa.Engine) -> None:
    hourly = Hourly(engine, most=1)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE notes"))
    with pytest.raises(UpstreamError):
        hourly.run()
    assert hourly.doing.ran == []


def test_metrics_answer_without_the_store() -> None:
    def away() -> dict[str, Shown]:
        raise sa.exc.OperationalError("SELECT", {}, Exception("away"))

    web = Web({}, None, None, Metrics(), Refusals(), figures=away)  # type: ignore[arg-type]
    assert _figures(web) == {}


def test_all_of_it_holds_on_postgresql() -> None:
    with postgres() as url:
        engine = open_store(url, WORKER)
        tables.make(engine)
        hourly = Hourly(engine, most=2)
        assert [bool(hourly.run()) for _ in range(4)] == [False, False, True, True]
        figures = Figures()
        figures.failed("hub", "limited")
        leave(engine, 7, figures)
        assert told(engine)["replanner_hf_429_total", "7"] == 1
        engine.dispose()
