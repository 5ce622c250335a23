"""A server that is asked to stop, or made to, while deliveries come in."""

import signal
import subprocess
import sys
from pathlib import Path

from burst import burst, done
from processes import Process, configure, running, until
from sending import fetch


def _all_done_by_the_next_one(config: Path, kept: list[str]) -> Process:
    with running("serve", config) as served:
        until(lambda: set(kept) <= done(served.effects()))
    return served


def _is_ready(base: str) -> bool:
    try:
        return fetch(f"{base}/readyz").status == 200
    except OSError:  # nobody takes the call
        return False


def test_who_is_asked_to_stop_loses_nothing_and_takes_nothing_more(tmp_path: Path) -> None:
    """Twice, as somebody does who has no patience."""
    config = configure(tmp_path, "debounce_seconds: 0")
    with running("serve", config) as served:
        base = served.address()
        with burst(base, "urgent") as sent:
            until(lambda: len(sent.kept) >= 20)
            served.process.send_signal(signal.SIGTERM)
            served.process.send_signal(signal.SIGTERM)
            until(lambda: not _is_ready(base))
            code = served.process.wait(60)
            kept = len(sent.kept)
        assert code == 0
        # From then on there was no answer at all: 503, or nobody who takes the call.
        assert len(sent.kept) == kept
        assert set(sent.statuses) <= {202, 503, 0}
        assert not served.pids("web")
        assert not served.pids("worker")
    again = _all_done_by_the_next_one(config, sent.kept)
    # What was begun before the end was finished, or done again: never more often than that.
    assert len(again.effects()) < 3 * len(sent.kept)


def test_a_server_that_is_killed_leaves_nobody_behind_and_the_next_goes_on(tmp_path: Path) -> None:
    config = configure(tmp_path, "debounce_seconds: 0", "concurrency: 4")
    with running("serve", config) as served:
        with burst(served.address(), "urgent") as sent:
            until(lambda: len(sent.kept) >= 20)
            served.process.kill()
            served.process.wait(60)
            # The kernel tells them that their parent is gone.
            until(lambda: not served.pids("web") and not served.pids("worker"))
        assert set(sent.statuses) <= {202, 503, 0}
    _all_done_by_the_next_one(config, sent.kept)


_WAITING = """
import os, signal
from replanner.server.commands import _stop_on_signal
stop = _stop_on_signal()
with stop._cond:  # as it is for a moment each time that the main thread begins or ends to wait
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
raise SystemExit(not stop.wait(30))
"""


def test_a_signal_that_comes_at_the_worst_moment_is_heard() -> None:
    assert subprocess.run([sys.executable, "-c", _WAITING], timeout=60, check=False).returncode == 0
