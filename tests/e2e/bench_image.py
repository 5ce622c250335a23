"""`make bench`: the image's size, and what one run costs in it, from nothing to the exit code.

GitHub and the Hub are peers on this machine, so the times hold our own work and the number of
calls, not the world's latency.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from action_run import Ran, Step, pull_event
from emulated import GitHub
from engines import TAG, image
from image_step import ImageStep
from stories import profile

ROUNDS = 5
PROFILES = 12


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str, str], None]:
    def said(what: str, figure: str) -> None:
        with capsys.disabled():
            print(f"\n{what + ':':<58} {figure}", end="")  # noqa: T201 (a benchmark prints)

    return said


def test_size(say: Callable[[str, str], None]) -> None:
    """What is pulled: everything in it through gzip, as registries keep layers."""
    for what, place in (("base and all", "/"), ("replanner and what it needs", "/opt")):
        script = (
            f"tar -c --one-file-system --exclude=proc --exclude=sys {place} 2>&- | gzip | wc -c"
        )
        ran = image().run(TAG, "-c", script, options=("--entrypoint", "sh"))
        say(f"image, {what}, compressed MB", f"{int(ran.stdout) / 1e6:.0f}")


def timed(step: Step, event: Any) -> tuple[float, Ran]:
    start = time.perf_counter()
    ran = step.run("pull_request", event)
    return time.perf_counter() - start, ran


def test_no_op(image_step: ImageStep, github: GitHub, say: Callable[[str, str], None]) -> None:
    github.push({"profiles/chat.yaml": profile()})
    github.push({"README.md": "Hello.\n"}, branch="change", start="main")
    event = pull_event(github, github.open_pull("change"), "opened")
    runs = [timed(image_step, event) for _ in range(ROUNDS)]
    assert not any(ran.writes for _, ran in runs)
    say(f"no profile touched, wall s, median of {ROUNDS}", _median(runs))


def test_comment(image_step: ImageStep, github: GitHub, say: Callable[[str, str], None]) -> None:
    runs = []
    for _ in range(ROUNDS):
        github.reset()
        names = [f"profiles/p{number}.yaml" for number in range(PROFILES)]
        github.push({name: profile(concurrency=4) for name in names})
        changed = {name: profile(concurrency=8) for name in names}
        github.push(changed, branch="change", start="main")
        event = pull_event(github, github.open_pull("change"), "opened")
        runs.append(timed(image_step, event))
    assert all(ran.outputs["comment-operation"] == "created" for _, ran in runs)
    say(f"{PROFILES} profiles commented on, wall s, median of {ROUNDS}", _median(runs))


def _median(runs: list[tuple[float, Ran]]) -> str:
    calls = len(runs[0][1].calls)
    return f"{statistics.median(seconds for seconds, _ in runs):.2f} ({calls} calls to GitHub)"
