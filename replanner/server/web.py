"""The process that answers requests: gunicorn, one process of several threads.

With SQLite one writer is the fastest; with PostgreSQL, start more of these processes. So each has
figures of its own, and a request sees no other process's.
"""

import logging
import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from replanner.server import store, tables
from replanner.server.app import Door, Web, make_app
from replanner.server.figures import left_by_workers
from replanner.server.health import of_store
from replanner.server.inbox import StoredInbox
from replanner.server.limits import Refusals
from replanner.server.memory import give_back
from replanner.server.metrics import Metrics
from replanner.server.reception import MOST_CONNECTIONS, Worker
from replanner.server.settings import Settings
from replanner.server.supervise import stop_with_parent
from replanner.webhooks.source import Source

LOG: Final = logging.getLogger(__name__)
_FINISH_S: Final = 10


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
        self.request_seconds = settings.request_seconds  # the worker asks for it
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
        "worker_class": Worker,
        "worker_connections": MOST_CONNECTIONS,
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
        "post_fork": _end_with_master,
    }


def _end_with_master(arbiter: Any, _: object) -> None:
    """A child whose master was killed would answer for some seconds more and hold the address, so
    that the next web could not start. Who gets no answer comes again."""
    if not stop_with_parent(arbiter.pid, signal.SIGKILL):
        os._exit(1)


def _say_where(arbiter: Any) -> None:
    LOG.info("listening", extra={"address": " ".join(map(str, arbiter.LISTENERS))})


def serve(settings: Settings, sources: Mapping[str, Source]) -> None:
    """Answer requests until the process is told to stop. The store must have its tables."""
    give_back()
    engine = store.open_store(settings.store, store.WEB)
    tables.check(engine)
    engine.dispose()  # connections do not survive the fork
    if not settings.sources:
        LOG.warning(
            "no source is configured, so every webhook is answered with 404 and only the clock"
            " starts jobs"
        )
    Gunicorn(settings, lambda: _app(settings, sources)).run()


def _app(settings: Settings, sources: Mapping[str, Source]) -> Flask:
    """Made after the fork, before the first request."""
    engine = store.open_store(settings.store, store.WEB)
    inbox = StoredInbox(engine)
    health = of_store(settings, engine, inbox.trouble)
    doors = {name: Door(sources[name], sender) for name, sender in settings.sources.items()}
    proxies, figures = settings.trusted_proxies, partial(left_by_workers, engine)
    return make_app(Web(doors, inbox, health, Metrics(), Refusals(), proxies, figures))
