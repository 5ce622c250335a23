"""Hundreds of profiles in one run, and two runs at a time."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from action_run import Step, pull_event, schedule_event
from emulated import GitHub
from stories import profile
from wire import Moment

MANY = 300
# GITHUB_TOKEN has 1,000 an hour for the whole repository.
MOST_CALLS = 60
# A minute on a machine of any kind; the figure itself is printed.
MOST_SECONDS = 60
MOST_BYTES = 60_000
Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def said(figure: str) -> None:
        with capsys.disabled():
            print(f"\n{figure}", end="")  # noqa: T201 (what a run costs is worth a line)

    return said


def profiles(concurrency: int) -> dict[str, str | bytes | None]:
    return {f"profiles/p{n:03}.yaml": profile(concurrency=concurrency) for n in range(MANY)}


def test_hundreds_of_changed_profiles_make_one_comment_that_fits(
    step: Step, github: GitHub, say: Say
) -> None:
    github.push(profiles(4))
    github.push(profiles(8), branch="change", start="main")
    number = github.open_pull("change")
    start = time.monotonic()
    ran = step.run("pull_request", pull_event(github, number, "opened"))
    seconds = time.monotonic() - start
    (comment,) = github.comments(number)
    size = len(comment["body"].encode())
    say(f"{MANY} profiles changed: {seconds:.1f} s, {len(ran.calls)} calls, {size:,} bytes")
    assert ran.outputs["profiles-changed"] == str(MANY)
    assert size <= MOST_BYTES
    assert len(ran.calls) < MOST_CALLS
    assert seconds < MOST_SECONDS
    again = step.run("pull_request", pull_event(github, number))
    assert not again.writes


def test_hundreds_of_first_plans_of_one_model_are_one_proposal(
    step: Step, github: GitHub, say: Say
) -> None:
    github.push(profiles(4))
    start = time.monotonic()
    ran = step.run("schedule", schedule_event(github))
    seconds = time.monotonic() - start
    (pull,) = github.pulls("all")
    size = len(pull["body"].encode())
    say(f"{MANY} profiles planned: {seconds:.1f} s, {len(ran.calls)} calls, {size:,} bytes")
    assert ran.outputs["profiles-changed"] == str(MANY)
    assert github.exists(f"deploy/p{MANY - 1:03}/plan.json", pull["head"]["ref"])
    assert size <= MOST_BYTES
    assert seconds < 4 * MOST_SECONDS
    again = step.run("schedule", schedule_event(github))
    assert not again.writes


def neither_before_the_other() -> Callable[[int, Moment], bool]:
    """Holds the first write back until another run wants to write too: both have looked by then."""
    both = threading.Barrier(2, timeout=30)

    def cut(number: int, moment: Moment) -> bool:
        if moment == "before" and number <= both.parties:
            with suppress(threading.BrokenBarrierError):
                both.wait()
        return False

    return cut


def test_two_runs_of_one_pull_request_at_once_leave_one_comment(step: Step, github: GitHub) -> None:
    github.push({"profiles/chat.yaml": profile()})
    github.push({"profiles/chat.yaml": profile(concurrency=16)}, branch="change", start="main")
    event = pull_event(github, number := github.open_pull("change"), "opened")
    other = Step(github, step.wire, step.folder.parent / "other", step.hub_url)
    other.folder.mkdir()
    step.wire.cut = neither_before_the_other()
    runs = []
    for one, run_id in ((step, "700"), (other, "701")):
        runs.append(one.start("pull_request", event, env={"GITHUB_RUN_ID": run_id}))
    waits = [threading.Thread(target=run.communicate) for run in runs]
    for wait in waits:
        wait.start()
    for wait in waits:
        wait.join(240)
    assert [run.returncode for run in runs] == [0, 0]
    assert len(github.comments(number)) == 1
    assert not step.run("pull_request", event, env={"GITHUB_RUN_ID": "702"}).writes
