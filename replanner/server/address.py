"""Says that the server's address cannot be had, before anything is started: gunicorn would try it
again and again, and fill the log with each failure."""

import errno
import socket
import time
from collections.abc import Mapping
from typing import Final

from replanner.errors import InputError
from replanner.server.settings import Listen

# A server that was just told to end, or was killed, lets go of its address within that.
_PATIENCE_S: Final = 3.0
_PAUSE_S: Final = 0.1
_NOT_ALLOWED: Final = "may not be used by this user (ports below 1024 are root's, as a rule)"
_REASONS: Final[Mapping[int | None, str]] = {
    errno.EADDRINUSE: "is in use by another program",
    errno.EADDRNOTAVAIL: "is no address of this machine",
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
}


def check(listen: Listen, *, patience_s: float = _PATIENCE_S) -> None:
    """InputError where nobody can listen there now."""
    end = time.monotonic() + patience_s
    while error := _trouble(listen):
        if error.errno != errno.EADDRINUSE or time.monotonic() >= end:
            reason = _REASONS.get(error.errno, f"cannot be listened on: {error.strerror}")
            raise InputError(
                f"listen: {listen} {reason}.",
                hint="Change `listen` in the settings file, or set REPLANNER_LISTEN.",
            )
        time.sleep(_PAUSE_S)


def _trouble(listen: Listen) -> OSError | None:
    """Why gunicorn could not bind there, if it could not; it asks for no more than this."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(listen)
    except OSError as error:
        return error
    return None
