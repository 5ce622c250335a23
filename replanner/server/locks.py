"""Decides who may be worker number N: two with one number would do each other's jobs twice, and a
number whose holder died must be known to be free."""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

import sqlalchemy as sa

from replanner.server.settings import MOST_SLOTS
from replanner.server.store import NAME

# A worker that has shown no sign of life for this long is not counted as one.
FRESH_S: Final = 30.0
# PostgreSQL's advisory locks are pairs of 32-bit numbers; the first says that they are ours.
_OURS: Final = int.from_bytes(hashlib.sha256(NAME.encode()).digest()[:4], signed=True)


class Slots(Protocol):
    """The workers' numbers. One that is taken stays so until `free`, or until the process ends,
    however it ends."""

    def take(self, slot: int) -> bool: ...

    def free(self, slot: int) -> None: ...

    def beat(self, slot: int) -> bool:
        """Show that the worker lives; False where its number was lost, so that it must stop."""
        ...

    def alive(self) -> int:
        """How many workers show signs of life."""
        ...


def slots(store_file: Path | None, engine: sa.Engine) -> Slots:
    """Beside the file of a store on this machine; inside the store where many machines share it."""
    return FileSlots(store_file) if store_file else DatabaseSlots(engine)


class FileSlots:
    """One lock file for each number, beside the store."""

    def __init__(self, store_file: Path) -> None:
        self._store = store_file
        self._held: dict[int, int] = {}

    def _path(self, slot: int) -> Path:
        return self._store.with_name(f"{self._store.name}.worker-{slot}")

    def take(self, slot: int) -> bool:
        handle = os.open(self._path(slot), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._held[slot] = handle
        return True

    def free(self, slot: int) -> None:
        os.close(self._held.pop(slot))

    def beat(self, slot: int) -> bool:
        os.utime(self._held[slot])
        return True

    def alive(self) -> int:
        now = time.time()
        found = self._store.parent.glob(f"{self._store.name}.worker-*")
        return sum(now - each.stat().st_mtime < FRESH_S for each in found)


class DatabaseSlots:
    """Advisory locks of sessions, which PostgreSQL frees when the connection ends. They need a
    connection of their own: a pooler that hands one session to many breaks them."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._held: dict[int, sa.Connection] = {}

    def take(self, slot: int) -> bool:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        got = connection.execute(
            sa.text("SELECT pg_try_advisory_lock(:ours, :slot)"), {"ours": _OURS, "slot": slot}
        ).scalar()
        if not got:
            connection.close()
            return False
        self._held[slot] = connection
        return True

    def free(self, slot: int) -> None:
        connection = self._held.pop(slot)
        connection.invalidate()  # ends the session, and the lock with it
        connection.close()

    def beat(self, slot: int) -> bool:
        try:
            self._held[slot].execute(sa.text("SELECT 1"))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def alive(self) -> int:
        query = sa.text(
            "SELECT count(DISTINCT objid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid = :ours AND database = (SELECT oid FROM pg_database"
            " WHERE datname = current_database())"
        )
        with self._engine.connect() as connection:
            # pg_locks shows the signed number as the unsigned oid.
            found = connection.execute(query, {"ours": _OURS % 2**32}).scalar()
        return int(found or 0)


def take_soon(held: Slots, slot: int, *, tries: int = 5) -> bool:
    """Take a number, with a little patience: a reaper looks at free ones for a moment."""
    for _ in range(tries):
        if held.take(slot):
            return True
        time.sleep(0.5)
    return False


def executor(slot: int) -> str:
    """The name under which the store knows a worker."""
    return f"{NAME}-{slot}"


def other_slots(executors: Iterable[str], own: int) -> list[int]:
    """The numbers of the workers of these names, but for our own."""
    return sorted({number for each in executors if (number := _slot(each)) is not None} - {own})


def _slot(name: str) -> int | None:
    number = name.removeprefix(f"{NAME}-")
    fits = number.isascii() and number.isdigit() and int(number) < MOST_SLOTS
    return int(number) if fits and name != number else None
