"""Starts the server's processes, finds out where they listen, and looks into their store."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sending import GITHUB, HUB

T = TypeVar("T")
LAUNCHER = Path(__file__).with_name("recording_server.py")
_PATIENCE_S = 60.0


def configure(folder: Path, *lines: str) -> Path:
    """A settings file for loopback and one SQLite file, with two sources."""
    (folder / "github").write_text(GITHUB)
    (folder / "hub").write_text(HUB)
    file = folder / "server.yaml"
    file.write_text(
        "listen: 127.0.0.1:0\n"
        "sources: {github: {secrets_file: github}, huggingface: {secrets_file: hub}}\n"
        "min_free_mb: 0\nmost_replans_an_hour: 0\n" + "".join(f"{line}\n" for line in lines)
    )
    return file


@dataclass
class Process:
    """A running command of the server; its log is in `log`."""

    process: subprocess.Popen[bytes]
    log: Path
    folder: Path

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"]

    def address(self) -> str:
        """Where the web listens; it says so anew each time that it is started."""
        found = until(lambda: [each for each in self.lines() if each["message"] == "listening"])
        return str(found[-1]["address"])

    def effects(self) -> list[str]:
        file = self.folder / "effects"
        return file.read_text().splitlines() if file.exists() else []

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.folder / "replanner.db", timeout=30)) as store:
            return store.execute(query).fetchall()

    def pids(self, command: str) -> list[int]:
        """The processes of `web` or `worker`, parents first."""
        found = []
        for each in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = each.read_bytes().split(b"\0")
            except OSError:
                continue
            ours = {str(LAUNCHER), command, str(self.folder / "server.yaml")}
            if ours <= {os.fsdecode(word) for word in words}:
                found.append(int(each.parent.name))
        return sorted(found)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def running(
    command: str, config: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> Iterator[Process]:
    log = config.with_name(f"{command}.log")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, LAUNCHER, command, "--config", config, *arguments],
            stderr=output,
            cwd=config.parent,
            env={**os.environ, **(env or {})},
        )
    started = Process(process, log, config.parent)
    try:
        yield started
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def run(command: str, config: Path, *arguments: str) -> int:
    words: Sequence[str | Path] = [
        sys.executable,
        LAUNCHER,
        command,
        "--config",
        config,
        *arguments,
    ]
    return subprocess.run(words, check=False, timeout=_PATIENCE_S, cwd=config.parent).returncode


def until(look: Callable[[], T], patience_s: float = _PATIENCE_S) -> T:
    """What `look` finds, as soon as it is something."""
    end = time.monotonic() + patience_s
    while True:
        if found := look():
            return found
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
