"""Speaks to the server in bytes, and reads its answers strictly."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import NamedTuple

_PATIENCE_S = 15.0
_LONGEST = 64 * 1024


class Wrong(Exception):
    """An answer that is none, or none at all."""


class Heard(NamedTuple):
    """An answer; `by_app`: the application gave it, not what stands before it."""

    status: int
    body: bytes
    closes: bool
    by_app: bool


class Line:
    """A connection from some address of this machine: the server limits each on its own."""

    def __init__(self, host: str, port: int, chance: Random) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(_PATIENCE_S)
        if host.startswith("127."):
            numbers = [chance.randint(1, 254) for _ in range(3)]
            self.socket.bind((".".join(map(str, [127, *numbers])), 0))
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def send(self, raw: bytes) -> None:
        # It may have been answered and closed before all was sent.
        with suppress(ConnectionError):
            self.socket.sendall(raw)

    def answer(self, *, head: bool = False) -> Heard:
        """The next one."""
        while b"\r\n\r\n" not in self._rest:
            if not self._more():
                raise Wrong(f"no answer, but {self._rest[:200]!r}")
        first, _, self._rest = self._rest.partition(b"\r\n\r\n")
        lines = first.decode("latin-1").split("\r\n")
        if _status(lines[0]) == 100:  # noqa: PLR2004 - it may go on
            return self.answer(head=head)
        headers = dict(_header(line) for line in lines[1:])
        if "content-length" not in headers:
            raise Wrong(f"an answer without a length: {first[:200]!r}")
        length = 0 if head else int(headers["content-length"])
        while len(self._rest) < length:
            if not self._more():
                raise Wrong("the answer was cut off")
        body, self._rest = self._rest[:length], self._rest[length:]
        closes = headers.get("connection", "").lower() == "close"
        return Heard(_status(lines[0]), body, closes, "server" in headers)

    def remaining(self, *, head: bool) -> Iterator[Heard]:
        """All answers until the other side closes, after we have said that nothing more comes."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        while self._rest or self._more():
            yield self.answer(head=head)

    def close(self) -> None:
        self.socket.close()

    def _more(self) -> bool:
        try:
            piece = self.socket.recv(_LONGEST)
        except TimeoutError:
            raise Wrong(f"nothing came for {_PATIENCE_S:g} s") from None
        except ConnectionError:
            piece = b""
        self._rest += piece
        return bool(piece)


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


def _status(line: str) -> int:
    version, number, *_ = line.split(" ")
    if version != "HTTP/1.1":
        raise Wrong(f"an answer that begins with {line[:80]!r}")
    return int(number)
