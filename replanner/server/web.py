"""The process that answers requests: gunicorn, one process of several threads.

With SQLite one writer is the fastest; with PostgreSQL, start more of these processes. So each has
figures of its own, and a request sees no other process's.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from replanner.server import store, tables
from replanner.server.app import Door, Web, make_app
from replanner.server.health import of_store
from replanner.server.inbox import StoredInbox
from replanner.server.limits import Refusals
from replanner.server.metrics import Metrics
from replanner.server.settings import Settings
from replanner.webhooks.source import Source

LOG: Final = logging.getLogger(__name__)
# GitHub waits 10 s for an answer: who has not sent a request after twice that is no sender.
LONGEST_REQUEST_S: Final = 20.0
_FINISH_S: Final = 10


class Worker(ThreadWorker):
    """gunicorn's thread worker, with an end to slow requests: it waits for ever for a sender that
    sends a byte now and then, and each such sender holds one of a few threads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._began: dict[TConn, float] = {}
        self._lock = threading.Lock()

    def handle(self, conn: TConn) -> Any:
        with self._lock:
            self._began[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            with self._lock:
                del self._began[conn]

    def notify(self) -> None:
        """Called every second."""
        super().notify()
        now = time.monotonic()
        with self._lock:
            late = [conn for conn, at in self._began.items() if now - at > LONGEST_REQUEST_S]
        for conn in late:
            _hang_up(conn.sock)


def _hang_up(sock: socket.socket) -> None:
    """Ends the wait of the thread that reads from it."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class QuietLogger(Logger):
    """gunicorn's log as part of ours, where it warns."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)


class Gunicorn(BaseApplication):
    """gunicorn without its command line and its configuration file."""

    def __init__(self, settings: Settings, load: Callable[[], Flask]) -> None:
        self._settings, self._load = settings, load
        super().__init__()

    def load_config(self) -> None:
        for name, value in _options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Any:  # the union of every kind of application is no help here
        return self._load()


def _options(settings: Settings) -> Mapping[str, object]:
    return {
        "bind": str(settings.listen),
        "workers": 1,
        "threads": settings.threads,
        "worker_class": f"{__name__}.Worker",
        "worker_connections": 200,
        "proc_name": "replanner-web",
        "timeout": 60,
        "graceful_timeout": _FINISH_S,
        "keepalive": 5,
        "limit_request_line": 2048,
        "limit_request_fields": 64,
        "limit_request_field_size": 8190,
        "forwarded_allow_ips": "",
        "accesslog": None,  # paths hold tokens; the application says what came
        "logger_class": QuietLogger,
        "control_socket_disable": True,
        "when_ready": _say_where,
    }


def _say_where(arbiter: Any) -> None:
    LOG.info("listening", extra={"address": " ".join(map(str, arbiter.LISTENERS))})


def serve(settings: Settings, sources: Mapping[str, Source]) -> None:
    """Answer requests until the process is told to stop. The store must have its tables."""
    engine = store.open_store(settings.store, store.WEB)
    tables.check(engine)
    engine.dispose()  # connections do not survive the fork
    Gunicorn(settings, lambda: _app(settings, sources)).run()


def _app(settings: Settings, sources: Mapping[str, Source]) -> Flask:
    """Made after the fork, before the first request."""
    engine = store.open_store(settings.store, store.WEB)
    inbox = StoredInbox(engine)
    health = of_store(settings, engine, inbox.trouble)
    doors = {name: Door(sources[name], sender) for name, sender in settings.sources.items()}
    return make_app(Web(doors, inbox, health, Metrics(), Refusals()))
