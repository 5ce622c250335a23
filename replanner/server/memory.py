"""Keeps a process's memory flat: the web's, whoever sends what, and the worker's."""

import ctypes
from contextlib import suppress
from typing import Final

# The names of mallopt(3), with the values of glibc 2.36 (malloc/malloc.h).
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
_LARGE: Final = 32 * 1024


def give_back() -> None:
    """Have glibc give back what is not needed any more: its threads share one heap, and what is
    large is no part of it, however much of it there was before. To be called before there are
    threads; where there is another C library, it does nothing."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, 2 * _LARGE)
