"""Sends deliveries over connections that stay open, at so little cost that the server is what is
measured: requests are bytes before the clock starts."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlsplit

# A server closes what is idle for 5 s; whoever sends then cannot tell that from a crash.
_IDLE_S = 3.0
_PATIENCE_S = 30.0
LOST = 0


class Delivery(NamedTuple):
    """One request, whole; `name` is what its sender knows it by."""

    name: str
    request: bytes


class Answer(NamedTuple):
    """What came back; status LOST where nothing did. Seconds are from when it was due."""

    name: str
    status: int
    seconds: float
    body: bytes = b""

    @property
    def delivery(self) -> str:
        """What the server calls it."""
        return str(json.loads(self.body)["delivery"])


def request(url: str, source: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A delivery as it goes over the wire."""
    lines = [f"POST /webhooks/{source} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class Connection:
    """One sender's connection, opened again when it is gone."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._place = (str(place.hostname), int(place.port or 80))
        self._socket: socket.socket | None = None
        self._used = 0.0

    def send(self, delivery: Delivery, due: float | None = None) -> Answer:
        began = time.monotonic() if due is None else due
        try:
            status, body = self._ask(delivery.request)
        except (OSError, ValueError):
            self.close()
            status, body = LOST, b""
        self._used = time.monotonic()
        return Answer(delivery.name, status, self._used - began, body)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    def _ask(self, request: bytes) -> tuple[int, bytes]:
        if self._socket is None or time.monotonic() - self._used > _IDLE_S:
            self.close()
            self._socket = socket.create_connection(self._place, _PATIENCE_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        head, _, body = self._until_head(self._socket).partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(fields[b"content-length"]):
            body += _some(self._socket)
        if fields.get(b"connection") == b"close":
            self.close()
        return int(head.split(b" ", 2)[1]), body

    def _until_head(self, wire: socket.socket) -> bytes:
        found = b""
        while b"\r\n\r\n" not in found:
            found += _some(wire)
        return found


def _some(wire: socket.socket) -> bytes:
    found = wire.recv(65536)
    if not found:
        raise ConnectionResetError
    return found


def burst(url: str, deliveries: Sequence[Delivery], connections: int) -> list[Answer]:
    """All of them, as fast as that many connections take them."""
    todo = iter(deliveries)
    lock = threading.Lock()

    def following() -> Delivery | None:
        with lock:
            return next(todo, None)

    def one() -> list[Answer]:
        connection = Connection(url)
        answers = [connection.send(each) for each in iter(following, None)]
        connection.close()
        return answers

    return list(_on_threads(one, connections))


def paced(
    url: str, deliveries: Sequence[Delivery], per_second: float, connections: int
) -> list[Answer]:
    """One after the other at that pace, whether or not the ones before are answered: a delivery
    that has to wait for a free connection waits on the clock."""
    began = time.monotonic() + 0.05
    todo = iter(enumerate(deliveries))
    lock = threading.Lock()

    def following() -> tuple[int, Delivery] | None:
        with lock:
            return next(todo, None)

    def one() -> list[Answer]:
        connection, answers = Connection(url), []
        while found := following():
            number, delivery = found
            due = began + number / per_second
            time.sleep(max(0.0, due - time.monotonic()))
            answers.append(connection.send(delivery, due))
        connection.close()
        return answers

    return list(_on_threads(one, connections))


def _on_threads(one: Callable[[], list[Answer]], number: int) -> Iterator[Answer]:
    with ThreadPoolExecutor(number) as pool:
        for found in [pool.submit(one) for _ in range(number)]:
            yield from found.result()
