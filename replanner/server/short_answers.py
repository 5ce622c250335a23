"""What is said where no request came of what was sent: in words of ours, and none of the sender's,
whose path may be secret."""

import json
import logging
import socket
from contextlib import suppress
from typing import Final, NamedTuple

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException

LOG: Final = logging.getLogger(__name__)


class Short(NamedTuple):
    status: int
    phrase: str
    sentence: str


NO_HTTP: Final = Short(400, "Bad Request", "this is no request")
LATE: Final = Short(408, "Request Timeout", "the request did not come in time")
LONG_LINE: Final = Short(414, "URI Too Long", "the address is too long")
LONG_HEAD: Final = Short(431, "Request Header Fields Too Large", "the head is too large")
BUG: Final = Short(500, "Internal Server Error", "a bug; the log says more")
BUSY: Final = Short(503, "Service Unavailable", "cannot take this now; come back later")


def of_error(error: BaseException) -> Short:
    """What gunicorn's error means to the sender."""
    if isinstance(error, LimitRequestLine):
        return LONG_LINE
    if isinstance(error, LimitRequestHeaders):
        return LONG_HEAD
    if isinstance(error, ParseException):
        return NO_HTTP
    LOG.error("a request could not be answered", exc_info=error)
    return BUG


def say(sock: socket.socket, told: Short) -> None:
    """Send it if there is room for it; the connection ends with it."""
    body = json.dumps({"error": told.sentence}) + "\n"
    lines = [
        f"HTTP/1.1 {told.status} {told.phrase}",
        "Content-Type: application/json",
        *(["Retry-After: 30"] if told is BUSY else []),
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    with suppress(OSError):
        sock.send("\r\n".join([*lines, "", body]).encode())
