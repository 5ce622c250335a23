"""Finds out which job a worker dies of. Jobs run side by side; one that was under way when a worker
died runs alone when it comes again, so that a death while it runs is its own doing, and the jobs
that were beside it are not blamed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

import sqlalchemy as sa

from replanner.server import tables
from replanner.server.store import failures

T = TypeVar("T")
# Some deaths come from outside, a machine that is restarted say, so one is no proof.
MOST_DEATHS: Final = 5
NOTED: Final = "alone "


class Deadly(Exception):
    """Workers died while this job and nothing else ran, too often."""


@dataclass
class Turnstile:
    """Many at a time, or one alone, for whom newcomers wait."""

    _changed: threading.Condition = field(default_factory=threading.Condition)
    _inside: int = 0
    _waiting: int = 0

    @contextmanager
    def side_by_side(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting == 0)
            self._inside += 1
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: self._inside == 0)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._waiting -= 1
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class Watch:
    """One worker's eye on its jobs; the deaths are counted in the store, which outlives it."""

    engine: sa.Engine
    turnstile: Turnstile = field(default_factory=Turnstile)

    def over(self, job: str, starts: int, work: Callable[[], T]) -> T:
        """Do the work of a job that is started for the `starts`-th time; Deadly where that has to
        end, UpstreamError without a store."""
        if starts <= 1:
            with self.turnstile.side_by_side():
                return work()
        with self.turnstile.alone():
            self._count(job)
            return work()

    def _count(self, job: str) -> None:
        name = NOTED + job
        with failures():
            before = tables.said(self.engine, name)
            deaths = before if isinstance(before, int) else 0
            if deaths >= MOST_DEATHS:
                raise Deadly
            tables.note(self.engine, name, deaths + 1)
