"""Decides when an upstream is left alone: one that asked for it, or that failed again and again, is
not asked until its pause is over, whoever wants to know.

What is not asked is not known: it is an error like an outage, never an answer.
"""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from replanner.errors import AccessDenied, RateLimited, ReplannerError, UpstreamError

T = TypeVar("T")
# So many different questions. One broken model makes its own fail each time, and must not silence
# the Hub for the others; not even where it is the first to be asked about after each pause.
TOLERATED: Final = 3
_FIRST_PAUSE_S: Final = 30.0
_LONGEST_PAUSE_S: Final = 900.0
# GitHub's limits end within the hour, the Hub's within five minutes.
_LONGEST_ASKED_S: Final = 3600.0
_MOST_HOSTS: Final = 1000


class Meter(Protocol):
    """Who counts what upstreams do."""

    def failed(self, upstream: str, kind: str) -> None:
        """A question was not answered: `limited`, `away` or `denied`."""
        ...

    def remaining(self, owner: str, resource: str, number: int) -> None:
        """How many requests GitHub still answers before its limit, in an owner's repositories."""
        ...


class Silent:
    """Nobody counts."""

    def failed(self, upstream: str, kind: str) -> None: ...

    def remaining(self, owner: str, resource: str, number: int) -> None: ...


@dataclass
class _Host:
    """`failures` and `pauses` since it last answered; `failed` are questions since its pause."""

    failures: int = 0
    pauses: int = 0
    until: float = 0.0
    limited: bool = False
    failed: set[str] = field(default_factory=set)


@dataclass
class Manners:
    """What is known of every host, for as long as the process lives. Safe between threads."""

    meter: Meter = field(default_factory=Silent)
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    _hosts: "OrderedDict[str, _Host]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, upstream: str, host: str, question: Callable[[], T], *, about: str = "") -> T:
        """The answer; UpstreamError, without a request, while the host is left alone. `about` tells
        questions apart; each without it is another one."""
        self.before(host)
        try:
            found = question()
        except ReplannerError as error:
            self.failed(upstream, host, error, about=about)
            raise
        self.fine(host)
        return found

    def before(self, host: str) -> None:
        """RateLimited or UpstreamError while the host is left alone."""
        with self._lock:
            known = self._hosts.get(host)
            left_s = known.until - self.clock() if known else 0.0
        if known is None or left_s <= 0:
            return
        wait_s = int(left_s) + 1
        if known.limited:
            raise RateLimited(
                f"{_name(host)} wants fewer requests; it is asked again in {wait_s} s.",
                retry_after_s=wait_s,
            )
        raise UpstreamError(
            f"{_name(host)} failed {known.failures} times running; it is asked again in {wait_s} s."
        )

    def fine(self, host: str) -> None:
        """It answered, whatever it said."""
        with self._lock:
            self._hosts.pop(host, None)

    def failed(self, upstream: str, host: str, error: ReplannerError, *, about: str = "") -> None:
        """It gave this error; one that is an answer (no such model) is as good as any."""
        kind = _kind(error)
        if kind:
            self.meter.failed(upstream, kind)
        if isinstance(error, UpstreamError):
            with self._lock:
                self._count(self._known(host), error, about)
        else:
            self.fine(host)

    def _known(self, host: str) -> _Host:
        known = self._hosts.setdefault(host, _Host())
        self._hosts.move_to_end(host)
        if len(self._hosts) > _MOST_HOSTS:
            self._hosts.popitem(last=False)
        return known

    def _count(self, known: _Host, error: UpstreamError, about: str) -> None:
        limited = isinstance(error, RateLimited)
        if not limited and (about in known.failed or known.until > self.clock()):
            return  # a question that fails by itself, or that was under way when the pause began
        known.failures += 1
        known.failed.add(about or str(known.failures))
        if limited or len(known.failed) >= TOLERATED:
            self._pause(known, error)

    def _pause(self, known: _Host, error: UpstreamError) -> None:
        known.failed.clear()
        known.limited = isinstance(error, RateLimited)
        asked_s = error.retry_after_s if isinstance(error, RateLimited) else None
        if asked_s is not None:
            known.until = self.clock() + min(asked_s, _LONGEST_ASKED_S)
            return
        longest_s = min(_FIRST_PAUSE_S * 2 ** min(known.pauses, 10), _LONGEST_PAUSE_S)
        known.pauses += 1
        # Many workers that were turned away together must not come back together.
        known.until = self.clock() + longest_s * (0.5 + self.chance() / 2)


def _kind(error: ReplannerError) -> str:
    if isinstance(error, RateLimited):
        return "limited"
    if isinstance(error, UpstreamError):
        return "away"
    return "denied" if isinstance(error, AccessDenied) else ""


def _name(host: str) -> str:
    """A host's key may say more than its name, after a blank."""
    return host.partition(" ")[0]
