"""One server under what comes in numbers: a storm about one thing, a job that kills its workers, a
worker that dies while it waits; and every request is counted once."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from os import kill

import pytest
from burst import Sent, done, figures
from processes import Process, configure, running, until
from sending import fetch, model_moved, post, push

STORM = 500


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    lines = "debounce_seconds: 1", "concurrency: 2"
    config = configure(tmp_path_factory.mktemp("server"), *lines)
    with running("serve", config) as process:
        process.address()
        yield process


def test_a_storm_about_one_model_is_a_few_jobs(served: Process) -> None:
    """Each delivery tells another commit, so none is a repetition of another."""
    base = served.address()

    def send(number: int) -> int:
        return post(base, "huggingface", model_moved("storm/x", number)).status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(STORM))) == {202}
    until(lambda: not figures(base, "replanner_queue_lag_seconds")[""])
    until(lambda: "E storm/x" in served.effects())
    time.sleep(2)
    # One for each second of the storm at most, which on a slow machine lasts longer.
    assert served.effects().count("S storm/x") <= STORM // 10


def test_a_job_that_kills_every_worker_is_set_aside_and_the_others_are_done(
    served: Process,
) -> None:
    base, sent = served.address(), Sent()
    before = figures(base, "replanner_dead_letters")[""]
    assert post(base, "huggingface", model_moved("poison/x")).status == 202
    others = [f"urgent-{number}/poisoned" for number in range(10)]
    assert [sent.send(base, each) for each in others] == [202] * len(others)
    until(lambda: set(others) <= done(served.effects()))
    until(lambda: figures(base, "replanner_dead_letters")[""] == before + 1)
    tries = served.effects().count("S poison/x")
    assert 1 < tries <= 8
    assert "E poison/x" not in served.effects()
    # Each death takes at most the one job beside it along, perhaps after its effect: that one runs
    # again and finds what it did.
    ends = [served.effects().count(f"E {each}") for each in others]
    assert sum(ends) <= len(others) + tries


def test_who_waits_for_a_limit_still_waits_after_its_worker_died(served: Process) -> None:
    base = served.address()
    assert post(base, "huggingface", model_moved("limited/later")).status == 202
    until(lambda: "S limited/later" in served.effects())
    for pid in served.pids("worker"):
        kill(pid, signal.SIGKILL)
    until(lambda: "E limited/later" in served.effects())
    assert served.effects().count("E limited/later") == 1


def test_every_request_has_one_outcome_and_all_are_counted(served: Process) -> None:
    base, name = served.address(), "replanner_deliveries_total"
    before = sum(figures(base, name).values())
    requests = [
        ("huggingface", model_moved("urgent/counted")),
        ("huggingface", model_moved("urgent/counted")),
        ("huggingface", model_moved("urgent/counted", key="wrong")),
        ("github", push(7)),
        ("github", (push(7)[0], push(7)[1] | {"X-GitHub-Event": "watch"})),
        ("github", push(7, key="another-secret-0123456789")),
        ("github", (b"{", push(7)[1])),
        ("github", (push(7)[0], push(7)[1] | {"Content-Encoding": "gzip"})),
        ("nobody", push(7)),
        ("github/a/b", push(7)),
        ("huggingface", (b"x" * (2**20 + 1), {})),
    ]
    statuses = [post(base, path, delivery).status for path, delivery in requests * 3]
    found = figures(base, name)
    assert sum(found.values()) - before == len(statuses)
    assert max(statuses) < 500
    accepted = sum(value for labels, value in found.items() if 'outcome="accepted"' in labels)
    assert accepted == len([0 for one in served.lines() if one["message"] == "delivery accepted"])


def test_the_figures_that_an_alert_needs_are_there(served: Process) -> None:
    text = str(fetch(f"{served.address()}/metrics").body["text"])
    for name in (
        "replanner_deliveries_total",
        "replanner_queue_lag_seconds",
        "replanner_oldest_pending_seconds",
        "replanner_jobs",
        "replanner_dead_letters",
        "replanner_workers",
    ):
        assert f"\n{name}" in text
