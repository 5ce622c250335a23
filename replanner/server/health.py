"""Decides whether deliveries can be taken: store, disk, backlog. Workers are counted, and their
absence is no reason to turn deliveries away: they are kept until one is back."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import sqlalchemy as sa

from replanner.server import locks
from replanner.server.census import Cached, Census, take_census
from replanner.server.settings import Settings

# GitHub delivers once and never again by itself; the others are put off first.
_ROOM: Final[Mapping[str, int]] = {"github": 2}


class Health(NamedTuple):
    """What a process knows of its surroundings. `census` and `workers` ask the store, and may raise
    SQLAlchemyError; `trouble` is why the last delivery was not kept, where that is so."""

    census: Callable[[], Census]
    workers: Callable[[], int]
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


def of_store(settings: Settings, engine: sa.Engine, trouble: Callable[[], str]) -> Health:
    """The health of a process that uses this store."""
    return Health(
        Cached(lambda: take_census(engine)),
        locks.slots(settings.store_file, engine).alive,
        trouble,
        settings.store_file,
        settings.most_queued,
        settings.min_free_bytes,
    )
