"""How requests come in: the loop collects each until it is there, and only then a thread is busy
with it, so that a slow sender holds a socket and nothing else.

gunicorn's own thread worker gives each connection a thread from its first byte, waits there for
ever for the rest, and closes connections in its loop, where each may hold up all others for two
seconds (gunicorn 27.0.1, workers/gthread.py, util.close_graceful). A few large requests are read by
threads of their own.
"""

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

from replanner.server.connections import PIECE, Arriving, Leaving, Unreader
from replanner.server.framing import Arrived, arrived
from replanner.server.short_answers import BUSY, LATE, LONG_HEAD, Short, of_error, say

LOG: Final = logging.getLogger(__name__)
MOST_CONNECTIONS: Final = 500
# Large requests that are read at the same time, and that wait for it; more are put off.
_LARGE: Final = 4
_LARGE_WAITING: Final = 16
# How long one may take while others wait for it.
_LARGE_S: Final = 5.0
_MOST_HELD_BYTES: Final = 8 * 2**20
_LINGER_S: Final = 2.0
_LINGER_BYTES: Final = 32 * 2**20  # the largest body, and more
_LOOK_EACH_S: Final = 0.25
_NEWS_EACH_S: Final = 60.0


class Worker(ThreadWorker):
    """gunicorn's thread worker, with another entrance and exit. All of it runs in the loop's thread
    but `handle` and `handle_error`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app: Any = self.app
        self._patience_s: float = app.request_seconds
        self._arriving: dict[TConn, Arriving] = {}  # the oldest first
        self._held_bytes = 0
        self._leaving: dict[TConn, Leaving] = {}  # the oldest first
        self._large: set[TConn] = set()
        self._large_waiting: deque[TConn] = deque()
        self._large_pool = ThreadPoolExecutor(_LARGE)
        self._busy: dict[TConn, float] = {}
        self._lock = threading.Lock()
        self._looked = self._told = time.monotonic()
        self._broken = 0

    # --- coming

    def enqueue_req(self, conn: TConn) -> None:
        """Of a new connection, and of one that goes on."""
        parser: Any = conn.parser
        if parser is None:
            conn.init()
            parser = conn.parser
            parser.unreader = Unreader(conn.sock)
        conn.sock.settimeout(0)
        parser.unreader.to_the_end = False
        arriving = Arriving(conn, parser.unreader, bytearray(parser.unreader.take_buffered()))
        self._arriving[conn] = arriving
        self._held_bytes += len(arriving.data)
        if arrived(arriving.data) is Arrived.PARTLY:
            self._receive(arriving)
        else:
            self._pass_on(arriving)

    def _receive(self, arriving: Arriving, _: object = None) -> None:
        if arriving.conn not in self._arriving:
            return  # it went while other events of the same moment were seen to
        try:
            data = arriving.conn.sock.recv(PIECE)
        except BlockingIOError:
            self._watch(arriving)
            return
        except OSError:
            self._gone(arriving.conn)
            return
        arriving.data += data
        self._held_bytes += len(data)
        if not data and not arriving.data:
            self._gone(arriving.conn)
        elif data and arrived(arriving.data) is Arrived.PARTLY:
            self._watch(arriving)
            self._hold_less()
        else:
            self._pass_on(arriving)

    def _watch(self, arriving: Arriving) -> None:
        if not arriving.watched:
            arriving.watched = True
            wake = partial(self._receive, arriving)
            self.poller.register(arriving.conn.sock, EVENT_READ, wake)

    def _hold_less(self) -> None:
        while self._held_bytes > _MOST_HELD_BYTES:
            self._gone(next(iter(self._arriving)))

    def _arrived(self, conn: TConn) -> bytes:
        """What came of it, which is not kept here any more."""
        arriving = self._arriving.pop(conn)
        self._held_bytes -= len(arriving.data)
        if arriving.watched:
            self.poller.unregister(conn.sock)
        return bytes(arriving.data)

    def _pass_on(self, arriving: Arriving) -> None:
        conn, state = arriving.conn, arrived(arriving.data)
        arriving.unreader.unread(self._arrived(conn))
        arriving.unreader.to_the_end = state is Arrived.LARGE
        if state is Arrived.ENDLESS:
            self._refuse(conn, LONG_HEAD)
        elif state is not Arrived.LARGE:
            self._work_on(conn, self.tpool)
        elif len(self._large_waiting) >= _LARGE_WAITING:
            self._refuse(conn, BUSY)
        else:
            self._large_waiting.append(conn)
            self._next_large()

    def _next_large(self) -> None:
        while self._large_waiting and len(self._large) < _LARGE:
            conn = self._large_waiting.popleft()
            self._large.add(conn)
            self._work_on(conn, self._large_pool)

    def _work_on(self, conn: TConn, pool: ThreadPoolExecutor) -> None:
        done = partial(self.method_queue.defer, self.finish_request, conn)
        pool.submit(self.handle, conn).add_done_callback(done)

    # --- in a thread

    def handle(self, conn: TConn) -> Any:
        with self._lock:
            self._busy[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            with self._lock:
                del self._busy[conn]

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Nothing follows a large request: its answer may come before its end."""
        parser: Any = conn.parser
        if parser.unreader.to_the_end:
            req.force_close()
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        del req, addr  # gunicorn would log and tell them
        self._broken += 1
        say(client, of_error(exc))

    # --- going

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        if conn in self._large:
            self._large.remove(conn)
            self._next_large()
        if fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
        else:
            self._leave(conn)

    def _refuse(self, conn: TConn, told: Short) -> None:
        self._broken += 1
        say(conn.sock, told)
        self._leave(conn)

    def _leave(self, conn: TConn) -> None:
        """Close it as soon as the other side has: what it still sends would lose it our answer."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.settimeout(0)
            self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError):
            self._close(conn)
            return
        self._leaving[conn] = Leaving()

    def _drain(self, conn: TConn, _: object = None) -> None:
        if conn not in self._leaving:
            return
        with suppress(BlockingIOError):
            try:
                rest = conn.sock.recv(PIECE)
            except ConnectionError:
                rest = b""
            self._leaving[conn].drained += len(rest)
            if not rest or self._leaving[conn].drained > _LINGER_BYTES:
                self._gone(conn)

    def _gone(self, conn: TConn) -> None:
        if conn in self._arriving:
            self._arrived(conn)
        elif self._leaving.pop(conn, None) is not None:
            self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    # --- from time to time

    def notify(self) -> None:
        """Called each time that the loop turns."""
        super().notify()
        while self.nr_conns >= self.worker_connections - 1 and self._make_room():
            pass
        now = time.monotonic()
        if now - self._looked < _LOOK_EACH_S:
            return
        self._looked = now
        left = [(conn, each.since) for conn, each in self._leaving.items()]
        for conn in _older(left, now - _LINGER_S):
            self._gone(conn)
        self._end_late(now)
        for conn in self._overdue(now):
            _hang_up(conn.sock)
        self._tell(now)

    def _make_room(self) -> bool:
        """Of those that are not worked on, the oldest of the largest group goes: whoever made it
        the largest, and had the most time. Not while events are seen to: one may be of this one."""
        groups = (list(self._leaving), list(self._arriving), list(self.keepalived_conns))
        for oldest in max(groups, key=len)[:1]:
            if oldest in self.keepalived_conns:
                self.keepalived_conns.remove(oldest)
                self.poller.unregister(oldest.sock)
            self._gone(oldest)
        return any(groups)

    def _end_late(self, now: float) -> None:
        """Whose request did not come in time; and who has not begun when this process ends."""
        ages = [(each.conn, each.since) for each in self._arriving.values()]
        for conn in _older(ages, now - self._patience_s):
            began = bool(self._arrived(conn))
            self._refuse(conn, LATE) if began else self._close(conn)
        if not self.alive:
            for conn in [each.conn for each in self._arriving.values() if not each.data]:
                self._gone(conn)

    def _overdue(self, now: float) -> list[TConn]:
        """Who keeps a thread waiting too long; of the large ones sooner, if others wait."""
        wait_s = min(self._patience_s, _LARGE_S) if self._large_waiting else self._patience_s
        with self._lock:
            busy = list(self._busy.items())
        return [
            conn
            for conn, since in busy
            if now - since > (wait_s if conn in self._large else self._patience_s)
        ]

    def _tell(self, now: float) -> None:
        """One line, however many there were: who floods the server must not flood the log."""
        if self._broken and now - self._told >= _NEWS_EACH_S:
            LOG.warning("requests were broken or late", extra={"number": self._broken})
            self._broken, self._told = 0, now


def _older(ages: Iterable[tuple[TConn, float]], than: float) -> list[TConn]:
    return [conn for conn, since in ages if since < than]


def _hang_up(sock: socket.socket) -> None:
    """Ends the wait of the thread that reads from it."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
