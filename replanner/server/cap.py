"""Decides how often a repository's jobs may run: a loop, ours with somebody else's bot or a model
that flaps, must not run away with GitHub's limits and people's patience.

Each kind has an allowance of its own, and of reviews each pull request a share: a stranger, who may
push to a fork as often as he likes, puts off no update and no review but those of forks. What
people ask for is gathered with nothing and has no key: it is never put off, and not counted.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import sqlalchemy as sa

from replanner.errors import RateLimited
from replanner.server import tables
from replanner.server.jobs import Json, Target, Work
from replanner.server.store import failures

_HOUR_MS: Final = 3_600_000
# The merge queue, and whoever presses a check's button, waits for its answer; of buttons only those
# of bots have a key.
_ALLOWANCES: Final[Mapping[str, str]] = {
    "update": "updates",
    "dispatch": "updates",
    "pull": "reviews",
    "left": "handed over",
    "button": "run again",
}
_OF_FORKS: Final = "reviews of forks"
_SHARED: Final = frozenset({"pull", "left", "button"})
_SHARES: Final = 4


class TooOften(RateLimited):
    """We ask ourselves to come back later; however often that is, the job is not given up."""


class _Run(NamedTuple):
    """When a job ran, and what it was about."""

    at_ms: int
    key: str


@dataclass
class Capped:
    """The same work, for each repository at most so many times an hour. The times are kept in the
    store, so that the cap holds over all workers; jobs of one repository run one after the other,
    so that nobody else counts in between."""

    work: Work
    engine: sa.Engine
    most_an_hour: int
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000

    def targets(self, event: Json) -> Sequence[Target]:
        return self.work.targets(event)

    def run(self, target: Json) -> dict[str, object]:
        if self.most_an_hour and target["key"] and target["kind"] in _ALLOWANCES:
            with failures():
                self._count(Target.from_json(target))
        return self.work.run(target)

    def _count(self, target: Target) -> None:
        name, now = f"runs in {target.repository}: {_allowance(target)}", self.now_ms()
        lately = [one for one in self._runs(name) if now - _HOUR_MS < one.at_ms <= now]
        if target.kind in _SHARED:
            mine = [one for one in lately if one.key == target.key]
            self._judge(target, mine, max(1, self.most_an_hour // _SHARES))
        self._judge(target, lately, self.most_an_hour)
        tables.note(self.engine, name, [*lately, _Run(now, target.key)])

    def _judge(self, target: Target, lately: Sequence[_Run], most: int) -> None:
        if len(lately) < most:
            return
        free_ms = lately[-most].at_ms + _HOUR_MS
        raise TooOften(
            f"{target.repository} was worked on {len(lately)} times within the hour"
            f" ({_allowance(target)}).",
            hint="Is there a loop? most_replans_an_hour is the cap.",
            retry_after_s=(free_ms - self.now_ms()) // 1000 + 1,
        )

    def _runs(self, name: str) -> list[_Run]:
        kept = tables.said(self.engine, name)
        return sorted(
            one for each in (kept if isinstance(kept, list) else []) if (one := _run(each))
        )


def _allowance(target: Target) -> str:
    fork = target.kind == "pull" and target.payload.get("fork") is True
    return _OF_FORKS if fork else _ALLOWANCES[target.kind]


def _run(kept: object) -> _Run | None:
    match kept:
        case [int(at_ms), str(key)]:
            return _Run(at_ms, key)
    return None
