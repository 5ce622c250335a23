"""Keeps the web's memory flat, whoever sends what."""

import ctypes
from contextlib import suppress
from typing import Final

_ARENA_MAX: Final = -8  # glibc, malloc.h: M_ARENA_MAX


def share_one_heap() -> None:
    """glibc gives each thread a heap of its own, and what one has grown to for one large request it
    keeps (mallopt(3)). To be called before there are threads; elsewhere it does nothing."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
