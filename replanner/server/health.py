"""Decides whether deliveries can be taken: store, disk, backlog. Workers are counted, and their
absence is no reason to turn deliveries away: they are kept until one is back."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import sqlalchemy as sa

from replanner.server import locks, tables
from replanner.server.census import Cached, Census, take_census
from replanner.server.settings import Settings

_PROBED_S: Final = 3.0
# GitHub delivers once and never again by itself; the others are put off first.
_ROOM: Final[Mapping[str, int]] = {"github": 2}


class Health(NamedTuple):
    """What a process knows of its surroundings. `census`, `workers` and `probe`, which writes, ask
    the store and may raise SQLAlchemyError; `trouble` is why the last delivery was not kept, where
    that is so."""

    census: Callable[[], Census]
    workers: Callable[[], int]
    probe: Callable[[], None]
    trouble: Callable[[], str]
    store_file: Path | None
    most_queued: int
    min_free_bytes: int

    def too_busy(self, source: str) -> str:
        """Why no more can be taken from this source now; empty where it can."""
        if self._disk_is_full():
            return "the disk is almost full"
        if self.census().waiting > self.most_queued * _ROOM.get(source, 1):
            return "too many deliveries wait"
        return ""

    def problems(self) -> list[str]:
        """Why this process should get no requests; none where all is well."""
        found = ["disk: almost full"] if self._disk_is_full() else []
        if trouble := self.trouble():
            found.append(f"store: {trouble}")
        try:
            self.probe()
            waiting = self.census().waiting
        except sa.exc.SQLAlchemyError as error:
            return [*found, f"store: {type(error).__name__}"]
        if waiting > self.most_queued:
            found.append(f"backlog: {waiting} jobs wait")
        return found

    def _disk_is_full(self) -> bool:
        if self.store_file is None:
            return False
        try:
            disk = os.statvfs(self.store_file.parent)
        except OSError:
            return True
        return disk.f_bavail * disk.f_frsize < self.min_free_bytes


class _Probe:
    """Writes a note into the store and nothing else, as a delivery would be written; not more often
    than every few seconds, whoever asks."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine, self._until = engine, 0.0

    def __call__(self) -> None:
        if time.monotonic() >= self._until:
            tables.note(self._engine, "probe", "")
            self._until = time.monotonic() + _PROBED_S


def of_store(settings: Settings, engine: sa.Engine, trouble: Callable[[], str]) -> Health:
    """The health of a process that uses this store."""
    return Health(
        Cached(lambda: take_census(engine)),
        locks.slots(settings.store_file, engine).alive,
        _Probe(engine),
        trouble,
        settings.store_file,
        settings.most_queued,
        settings.min_free_bytes,
    )
