"""Runs the server under test as its own processes, finds them, measures them, and kills them."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sending import fetch

from lab import ROOT

_STARTS_S = 60.0
_STOPS_S = 60.0
_REAL = (sys.executable, "-m", "replanner")
# `serve` is one tree; apart, each part is started again by somebody like a container scheduler.
TOPOLOGIES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "serve": (("serve",),),
    "apart": (("web",), ("worker", "--slot", "0"), ("worker", "--slot", "1")),
}


class Seen(NamedTuple):
    """A process of the server."""

    pid: int
    parent: int
    command: str

    def mib(self, name: str) -> float:
        """VmRSS (now) or VmHWM (the most there ever was), in MiB."""
        for line in _read(self.pid, "status").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        return 0.0


@dataclass
class Server:
    """The processes that name this settings file; `restart_s` is how long parts stay dead."""

    config: Path
    url: str
    topology: str = "serve"
    program: Sequence[str] = _REAL
    restart_s: tuple[float, float] = (0.2, 2.0)
    chance: random.Random = field(default_factory=random.Random)
    _parts: dict[tuple[str, ...], "subprocess.Popen[bytes]"] = field(default_factory=dict)
    _retired: set[tuple[str, ...]] = field(default_factory=set)
    _stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def log(self) -> Path:
        return self.config.with_name("server.log")

    # --- life

    @contextmanager
    def running(self) -> Iterator[None]:
        """All parts, each started again when it ends, until the end of the experiment."""
        commands = TOPOLOGIES[self.topology]
        if self.topology == "apart":
            self.tool("migrate")
        for command in commands:
            self._start(command)
        keepers = [threading.Thread(target=self._keep, args=[one]) for one in commands]
        for keeper in keepers:
            keeper.start()
        try:
            self._await_ready()
            yield
        finally:
            self._stopping.set()
            for keeper in keepers:
                keeper.join()
            self._stop()

    def retire(self) -> None:
        """Kill the last part for good."""
        last = TOPOLOGIES[self.topology][-1]
        self._retired.add(last)
        self._parts[last].kill()

    def _start(self, command: tuple[str, ...]) -> None:
        words = [*self.program, *command, "--config", str(self.config)]
        environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
        with self.log.open("ab") as log:
            self._parts[command] = subprocess.Popen(
                words, stdout=log, stderr=log, env=environment, cwd=ROOT, start_new_session=True
            )

    def _keep(self, command: tuple[str, ...]) -> None:
        while not self._stopping.wait(0.1):
            if self._parts[command].poll() is not None:
                if command in self._retired:
                    return
                self._stopping.wait(self.chance.uniform(*self.restart_s))
                self._start(command)

    def _await_ready(self) -> None:
        end = time.monotonic() + _STARTS_S
        while not self.ready():
            if time.monotonic() > end:
                said = self.log.read_text().strip().rpartition("\n")[2]
                raise TimeoutError(f"the server did not start: {said}")
            time.sleep(0.2)

    def ready(self) -> bool:
        with suppress(OSError, ValueError):
            body = fetch(f"{self.url}/readyz", 5).body
            return bool(body.get("ready") and body.get("workers"))
        return False

    def _stop(self) -> None:
        for part in self._parts.values():
            if part.poll() is None:
                part.terminate()
        end = time.monotonic() + _STOPS_S
        for part in self._parts.values():
            with suppress(subprocess.TimeoutExpired):
                part.wait(max(0.1, end - time.monotonic()))
        for each in self.processes():  # whatever did not stop
            with suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGKILL)

    # --- its processes

    def processes(self) -> list[Seen]:
        """Those that were started with this settings file, parents first."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            words = _read(folder.name, "cmdline").split("\0")
            command = next((one for one in words if one in ("serve", "web", "worker")), "")
            if command and str(self.config) in words and str(os.getpid()) != folder.name:
                found.append(Seen(int(folder.name), _parent(folder.name), command))
        return sorted(found)

    def victims(self) -> dict[str, list[int]]:
        """Who may be killed, by kind: gunicorn's master and child are both `web`."""
        seen = self.processes()
        webs = {one.pid for one in seen if one.command == "web"}
        masters = {one.parent for one in seen if one.pid in webs and one.parent in webs}
        found: dict[str, list[int]] = {}
        for one in seen:
            kind = one.command
            if kind == "web":
                kind = "web master" if one.pid in masters else "web child"
            found.setdefault(kind, []).append(one.pid)
        return found

    def memory(self, name: str) -> dict[str, float]:
        """MiB by kind of process, all of a kind together."""
        by_pid = {one.pid: one for one in self.processes()}
        return {
            kind: sum(by_pid[pid].mib(name) for pid in pids if pid in by_pid)
            for kind, pids in sorted(self.victims().items())
        }

    # --- its commands and figures

    def tool(self, *words: str) -> tuple[int, str]:
        """One of replanner's commands with these settings: its exit code and what it printed."""
        command = [*_REAL, *words, "--config", str(self.config)]
        done = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, cwd=ROOT, text=True, timeout=120
        )
        return done.returncode, done.stdout

    def unfinished(self) -> int | None:
        """How many jobs wait or run, as /metrics has it; None where nobody answers."""
        try:
            text = str(fetch(f"{self.url}/metrics", 10).body.get("text"))
        except (OSError, ValueError):
            return None
        rows = [line.rsplit(" ", 1) for line in text.splitlines()]
        jobs = [row for row in rows if row[0].startswith("replanner_jobs{")]
        return sum(int(float(value)) for name, value in jobs if not _is_dead(name))

    def await_drained(self, patience_s: float) -> float | None:
        """Seconds until no job waited or ran, seen twice; None where that never came. /metrics
        counts every few seconds, so this is that exact."""
        began, first = time.monotonic(), None
        while time.monotonic() - began < patience_s:
            empty = self.unfinished() == 0
            first = (first or time.monotonic()) if empty else None
            if first and time.monotonic() - first > SURE_S:
                return first - began
            time.sleep(0.5)
        return None

    def lines(self) -> list[Mapping[str, object]]:
        found = self.log.read_text().splitlines()
        return [json.loads(line) for line in found if line[:1] == "{"]


# The server counts its jobs anew every three seconds.
SURE_S = 4.0


def _is_dead(name: str) -> bool:
    return 'status="error"' in name or "max_recovery_attempts_exceeded" in name


def _read(pid: int | str, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


def _parent(pid: str) -> int:
    after_name = _read(pid, "stat").rpartition(")")[2].split()
    return int(after_name[1]) if after_name else 0
