"""Decides how the server speaks: one JSON object a line on standard error, and never a secret."""

import json
import logging
import re
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, TextIO

# What tokens look like (GitHub's and the Hub's documents), and where others stand.
_LOOKS: Final = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|hf_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{16,}"
    r"|(?<=://)[^/\s@]+(?=@)|(?i:(?<=bearer )|(?<=token ))[\w.~+/-]{16,}=*"
    r"|(?i:(?<=secret=)|(?<=token=))[^&\s\"']+|-----BEGIN [^-]*PRIVATE KEY-----[^-]*"
)
_HIDDEN: Final = "***"
_LONGEST: Final = 8000
# What a record has of its own; the rest was given as `extra`.
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# DBOS marks its records with these.
_RENAMED: Final = {"operationUUID": "job"}
_DROPPED: Final = {"applicationID", "applicationVersion", "executorID", "traceId"}


class ToldAlready(Exception):
    """An error whose log stands where it was raised; what others say of it is not shown."""


class Redactor:
    """Takes out what looks like a secret, and the secrets that this process knows."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        # The longest first, so that no tail of one that contains another is left.
        words = sorted({word for word in known if word}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, words))) if words else None

    def __call__(self, text: str) -> str:
        if self._known:
            text = self._known.sub(_HIDDEN, text)
        return _LOOKS.sub(_HIDDEN, text)


class JsonLines(logging.Formatter):
    """A record as one line. Control characters are escaped, so that nobody writes lines of his."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean(record.getMessage()),
            **{name: self._clean(value) for name, value in _extra(record).items()},
        }
        if record.exc_info:
            line["traceback"] = self._clean(self.formatException(record.exc_info))
        return json.dumps(line)

    def _clean(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._redact(str(value))[:_LONGEST]


def _extra(record: logging.LogRecord) -> Mapping[str, object]:
    return {
        _RENAMED.get(name, name): value
        for name, value in vars(record).items()
        if name not in _OWN and name not in _DROPPED
    }


def _is_news(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], ToldAlready))


def set_up(known_secrets: Iterable[str], *, stream: TextIO | None = None) -> None:
    """All of this process's logs as JSON lines; the libraries' only where they warn."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(Redactor(known_secrets)))
    handler.addFilter(_is_news)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("replanner").setLevel(logging.INFO)
    # It brings a handler of its own only where it finds none, and then keeps to itself.
    dbos = logging.getLogger("dbos")
    dbos.handlers[:] = [handler]
    dbos.propagate = False
    dbos.setLevel(logging.WARNING)
    # It warns of each of its own tries; what became of a job is said by us.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
