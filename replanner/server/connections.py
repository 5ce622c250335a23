"""What the web knows of a connection beside gunicorn: what came of a request, and since when."""

import time
from dataclasses import dataclass, field
from typing import Final

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn

PIECE: Final = 64 * 1024


class Unreader(SocketUnreader):
    """Gives out what was collected, and what is behind it only of a large request: no thread waits
    for a request that looked whole and was not."""

    to_the_end = False

    def chunk(self, size_hint: int | None = None) -> bytes:
        if not self.to_the_end:
            return b""
        return self.sock.recv(min(size_hint or PIECE, PIECE))


@dataclass(eq=False, slots=True)
class Arriving:
    """A connection whose request is not there yet."""

    conn: TConn
    unreader: Unreader
    data: bytearray
    since: float = field(default_factory=time.monotonic)
    watched: bool = False


@dataclass(eq=False, slots=True)
class Leaving:
    """A connection that has its answer, and may still send."""

    since: float = field(default_factory=time.monotonic)
    drained: int = 0
