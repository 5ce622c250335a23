"""Takes in a request's body: never more of it than is allowed, and of a large one only pieces,
since until its signature is checked anybody may have sent it."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from flask import Request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected

from replanner.webhooks.source import Refusal

# GitHub's deliveries have 5 to 30 KiB; what is larger waits on the disk for its proof.
IN_MEMORY: Final = 64 * 1024
_PIECE: Final = 64 * 1024
_BROKEN: Final = Refusal(400, "the body never came whole")


class NoRoom(Exception):
    """A body could not be put down here."""


class Body:
    """A body that came whole."""

    def __init__(self) -> None:
        self._held = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - ends with `close`
        self.size = 0

    @property
    def in_memory(self) -> bool:
        return self.size <= IN_MEMORY

    def add(self, piece: bytes) -> None:
        try:
            self._held.write(piece)
        except OSError as error:
            raise NoRoom(f"a body could not be put down: {error.strerror}") from error
        self.size += len(piece)

    def pieces(self) -> Iterator[bytes]:
        self._held.seek(0)
        return iter(lambda: self._held.read(_PIECE), b"")

    def whole(self) -> bytes:
        self._held.seek(0)
        return self._held.read()

    def close(self) -> None:
        self._held.close()


def take(asked: Request, most_bytes: int, into: Body) -> Refusal | None:
    """Reads the body, as far as it is allowed; why not, where it is not."""
    if asked.headers.get("Content-Encoding", "identity").lower() != "identity":
        return Refusal(415, "the body is compressed")
    told = asked.content_length
    if told is not None and told > most_bytes:
        return _too_large(most_bytes)
    for piece in _read(asked.stream):
        if piece is None:
            return _BROKEN
        if into.size + len(piece) > most_bytes:
            return _too_large(most_bytes)
        into.add(piece)
    # A sender that goes away ends the stream like one that is done.
    return None if told is None or told == into.size else _BROKEN


def _read(stream: IO[bytes]) -> Iterator[bytes | None]:
    """The pieces as they come, then None if the rest did not or makes no sense."""
    try:
        while piece := stream.read(_PIECE):
            yield piece
    except (ClientDisconnected, OSError, ParseException):
        yield None


def _too_large(most_bytes: int) -> Refusal:
    return Refusal(413, f"the body is larger than {most_bytes} bytes")
