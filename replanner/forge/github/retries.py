"""Decides when a call is made again, and how long is waited for that. It imports PyGithub, so it is
imported late."""

import json
import time
from types import TracebackType
from typing import Any

from github import GithubException
from github.GithubRetry import GithubRetry
from urllib3 import BaseHTTPResponse, HTTPResponse, Retry
from urllib3.connectionpool import ConnectionPool

from replanner.forge.github.refusals import BadAnswer, headers_of, is_limit, wait_s, words_of
from replanner.forge.github.session import Pace

ATTEMPTS = 4
_LIMITING = (403, 429)
_OUTAGES = (500, 502, 503, 504)
_UNNAMED_WAIT_S = 60.0  # what GitHub asks for where a limit's answer names no time


class PatientRetry(GithubRetry):
    """GithubRetry that never waits longer than `patience_s` in all, knows 429, and does not repeat
    what may have been done.

    GithubRetry (2.10) sleeps for whatever Retry-After says, takes 429 for a final answer, and
    repeats a POST after a 5xx or a lost connection: a second pull request, a second comment.
    """

    def __init__(
        self, *, patience_s: float = 60.0, unnamed_wait_s: float = _UNNAMED_WAIT_S, **more: Any
    ) -> None:
        self.patience_s = patience_s
        self.unnamed_wait_s = unnamed_wait_s
        self.pause_s = 0.0
        super().__init__(**{"allowed_methods": Retry.DEFAULT_ALLOWED_METHODS, **more})

    def new(self, **changes: Any) -> "PatientRetry":
        kept = {"patience_s": self.patience_s, "unnamed_wait_s": self.unnamed_wait_s}
        return super().new(**{**kept, **changes})

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:  # noqa: FBT001, FBT002 - urllib3's signature
        if status_code in _LIMITING:
            return bool(self.total)  # a limit is met before anything is done, whatever the verb
        return super().is_retry(method, status_code, has_retry_after)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> "PatientRetry":
        asked_s = 0.0
        if isinstance(response, HTTPResponse) and response.status in _LIMITING:
            asked_s = self._asked_s(response, url or "")
        after = Retry.increment(self, method, url, response, error, _pool, _stacktrace)
        assert isinstance(after, PatientRetry)  # noqa: S101 - `new` makes it; for mypy
        after.pause_s = max(asked_s, after.get_backoff_time())
        after.patience_s = self.patience_s - after.pause_s
        return after

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        del response  # its Retry-After is counted already
        time.sleep(self.pause_s)

    def _asked_s(self, response: HTTPResponse, url: str) -> float:
        """How long GitHub asks to wait. A 403 that is no limit is raised, as GithubRetry does:
        its body can be read only once."""
        headers = headers_of(response.headers.items())
        data = json_of(self.get_content(response, url))
        told = BadAnswer(response.status, headers, words_of(data))
        asked = wait_s(headers)
        pause = self.unnamed_wait_s if asked is None else float(asked)
        if not is_limit(told) or pause > self.patience_s:
            raise GithubException(response.status, data, headers)
        return pause


def retry_at(pace: Pace) -> PatientRetry:
    return PatientRetry(
        patience_s=pace.patience_s,
        unnamed_wait_s=min(_UNNAMED_WAIT_S, pace.patience_s),
        total=ATTEMPTS - 1,
        other=0,  # a certificate that is not trusted will not be in a second
        status_forcelist=list(_OUTAGES),
        backoff_factor=pace.first_wait_s,
        backoff_jitter=pace.first_wait_s / 2,
        raise_on_status=False,
    )


def json_of(content: str | bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
