"""Says how far a request has come, from its bytes alone: gunicorn reads it once it is there."""

import re
from enum import Enum, auto
from typing import Final

# GitHub's heads have 1 KiB.
MOST_HEAD: Final = 32 * 1024
# GitHub's bodies have 5 to 30 KiB. What the application leaves unread of 64 KiB is not skipped, but
# ends the connection (gunicorn 27.0.1, http/parser.py).
MOST_COLLECTED: Final = 60 * 1024
_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
# Its end is in its body, or its sender waits until it is told to go on.
_OPEN: Final = re.compile(rb"\r\n(?:transfer-encoding|expect)[ \t]*:", re.IGNORECASE)


class Arrived(Enum):
    """What is to be done with a request as far as it is there."""

    PARTLY = auto()
    WHOLE = auto()  # or broken: nothing that could still come would change what is said to it
    LARGE = auto()  # its head, and more body than is collected
    ENDLESS = auto()  # a head beyond all heads


def arrived(data: bytes | bytearray) -> Arrived:
    end = data.find(_END)
    if end < 0:
        return Arrived.PARTLY if len(data) <= MOST_HEAD else Arrived.ENDLESS
    head = data[: end + 2]
    if _OPEN.search(head):
        return Arrived.LARGE
    told = _LENGTH.findall(head)
    length = int(told[0]) if len(told) == 1 else 0
    if len(data) >= end + len(_END) + length:
        return Arrived.WHOLE
    return Arrived.PARTLY if length <= MOST_COLLECTED else Arrived.LARGE
