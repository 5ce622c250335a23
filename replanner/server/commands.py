"""The server's commands, as the command line calls them."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

from replanner.errors import InputError, UpstreamError
from replanner.server import address, logs
from replanner.server.jobs import Work
from replanner.server.settings import MOST_SLOTS, Settings, read_settings
from replanner.server.supervise import Part, stop_with_parent, supervise
from replanner.webhooks.table import SOURCES

if TYPE_CHECKING:
    from dbos import DBOSClient

    from replanner.server.dead import DeadLetter

LOG: Final = logging.getLogger(__name__)


MakeWork = Callable[[Settings], Work]


class Told(NamedTuple):
    """What a command was told: its settings file, its environment, where it writes."""

    config: str | None
    env: Mapping[str, str]
    cwd: Path
    out: TextIO

    def settings(self) -> Settings:
        """The settings; from here on, this process's log hides their secrets."""
        name = self.config or self.env.get("REPLANNER_CONFIG")
        known = {each.name: each.in_path for each in SOURCES.values()}
        path = self.cwd / name if name else None
        settings = read_settings(path, self.env, folder=self.cwd, known=known)
        logs.set_up(_secrets(settings))
        return settings

    def slot(self, given: int | None) -> int:
        """The worker's number: told, or 0, the only one of a store that one machine uses."""
        text = str(given) if given is not None else self.env.get("REPLANNER_WORKER_SLOT") or "0"
        if not (text.isascii() and text.isdigit() and int(text) < MOST_SLOTS):
            raise InputError(f"the worker's number must be from 0 to {MOST_SLOTS - 1}.")
        return int(text)


# How who listens everywhere is reached.
_LOOPBACK: Final[Mapping[str, str]] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a key
_PROBE_S: Final = 4

# Nothing is imported from the folder that the server was started in: it may be anybody's.
_AS_WE_ARE: Final = (sys.executable, "-I" if sys.flags.isolated else "-P", "-m", "replanner")


def serve(told: Told, command: Sequence[str] = _AS_WE_ARE) -> int:
    """Web and worker together; `command` is how replanner is started for each of them."""
    # What is wrong with them is said before anything is started.
    address.check(told.settings().listen)
    config = ["--config", told.config] if told.config else []
    # From here on, since a container's first process is not ended by a signal it does not await.
    stop = _stop_on_signal()
    # In a process of its own: what it imports is more than all that this one needs.
    code = subprocess.run([*command, "migrate", *config], check=False).returncode  # noqa: S603
    parent = ["--parent", str(os.getpid())]
    parts = [Part(name, [*command, name, *config, *parent]) for name in ("web", "worker")]
    return code or supervise(parts, stop)


def web(told: Told, parent: int | None = None) -> int:
    """Requests only. It returns where gunicorn does, which ends the process itself."""
    settings = told.settings()
    if parent is None:  # else `serve` looked, and starts this one again if it has to
        address.check(settings.listen)
    _follow(parent)
    from replanner.server.web import serve as answer  # noqa: PLC0415 - a second's imports

    answer(settings, SOURCES)
    return 0


def worker(
    told: Told, make_work: MakeWork, *, slot: int | None = None, parent: int | None = None
) -> int:
    """Jobs only. It ends the process itself: a job that does not end must not hold it."""
    settings, number = told.settings(), told.slot(slot)
    stop = _stop_on_signal()
    _follow(parent)
    from replanner.server.worker import run  # noqa: PLC0415 - a second's imports

    code = run(settings, make_work(settings), number, stop)
    logging.shutdown()
    os._exit(code)


def migrate(told: Told) -> int:
    """Make or update the store's tables."""
    settings = told.settings()
    from replanner.server import durable  # noqa: PLC0415 - a second's imports

    durable.migrate(settings)
    return 0


def doctor(told: Told) -> int:
    """Say what is wrong with settings, store, disk, workers and jobs; 1 where anything is."""
    settings = told.settings()
    from replanner.server.doctor import examine  # noqa: PLC0415 - a second's imports

    findings = examine(settings)
    for each in findings:
        told.out.write(f"{each.mark} {each.text}\n")
    return max((each.is_bad for each in findings), default=False)


def ready(told: Told) -> int:
    """Print what the web of this machine answers for /readyz; 1 unless it is ready. For who asks
    every few seconds, such as a container's healthcheck: it imports nothing that is large."""
    host, port = told.settings().listen
    place = _LOOPBACK.get(host, host)
    web = HTTPConnection(place, port, timeout=_PROBE_S)
    try:
        web.request("GET", "/readyz")
        answer = web.getresponse()
        said = answer.read().decode(errors="replace").strip()
    except (OSError, HTTPException) as error:
        raise UpstreamError(f"nobody answers at {place}:{port} ({type(error).__name__}).") from None
    finally:
        web.close()
    told.out.write(f"{said}\n")
    return int(answer.status != HTTPStatus.OK)


def dead_list(told: Told, *, as_json: bool) -> int:
    """Print the dead letters, the newest first."""
    from replanner.server.dead import dead_letters  # noqa: PLC0415 - a second's imports

    with _store(told) as client:
        letters = dead_letters(client)
    for each in letters:
        told.out.write((json.dumps(each._asdict()) if as_json else _line(each)) + "\n")
    if not letters and not as_json:
        told.out.write("no dead letters\n")
    return 0


def dead_retry(told: Told, ids: Sequence[str]) -> int:
    """Try dead letters again: these, or all where none is named."""
    from replanner.server.dead import dead_letters, retry  # noqa: PLC0415 - a second's imports

    with _store(told) as client:
        found = retry(client, list(ids) or [each.id for each in dead_letters(client)])
    told.out.write(f"{len(found)} to be tried again\n")
    return 0


@contextmanager
def _store(told: Told) -> "Iterator[DBOSClient]":
    settings = told.settings()
    from replanner.server import durable, store  # noqa: PLC0415 - a second's imports

    engine = store.open_store(settings.store, store.WEB)
    durable.check_tables(engine)
    with durable.client(engine) as client, store.failures():
        yield client
    engine.dispose()


def _line(letter: "DeadLetter") -> str:
    since = time.strftime("%Y-%m-%d %H:%M", time.gmtime(letter.since_ms / 1000))
    return f"{letter.id}  {since}  {letter.stage}  {letter.repository or '-'}  {letter.why}"


def _follow(parent: int | None) -> None:
    if parent is not None and not stop_with_parent(parent):
        raise UpstreamError("the process that started this one is gone.")


def _stop_on_signal() -> threading.Event:
    """Set by a thread: Python runs handlers in the main thread, in the middle of whatever it does
    with this event, and would wait there for a lock that the thread itself holds."""
    stop = threading.Event()
    here, there = socket.socketpair()
    there.setblocking(False)  # noqa: FBT003 - its only argument

    def wait() -> None:
        while here.recv(1):
            stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    # For as long as the process lives: a number that is given to another file would be written to.
    signal.set_wakeup_fd(there.detach(), warn_on_full_buffer=False)
    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stop


def _secrets(settings: Settings) -> list[str]:
    """All that no log may show."""
    found = [settings.github.token, settings.hub.token]
    found += [each for sender in settings.sources.values() for each in sender.secrets]
    password = settings.store.partition("://")[2].rpartition("@")[0].partition(":")[2]
    return [each.text for each in found if each] + [password]
