"""Decides how often a repository's jobs may run: a loop, ours with somebody else's bot or a model
that flaps, must not run away with GitHub's limits and people's patience.

What people ask for is gathered with nothing and has no key: it is never put off, and not counted.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from replanner.errors import RateLimited
from replanner.server import tables
from replanner.server.jobs import Json, Target, Work
from replanner.server.store import failures

_HOUR_MS: Final = 3_600_000
# The merge queue, and whoever presses a check's button, waits for its answer; of buttons only those
# of bots have a key.
_CAPPED: Final = ("update", "pull", "dispatch", "button")


class TooOften(RateLimited):
    """We ask ourselves to come back later; however often that is, the job is not given up."""


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
        if self.most_an_hour and target["key"] and target["kind"] in _CAPPED:
            self._count(str(target["repository"]))
        return self.work.run(target)

    def _count(self, repository: str) -> None:
        name, now = f"runs in {repository}", self.now_ms()
        with failures():
            lately = [at for at in self._times(name) if now - _HOUR_MS < at <= now]
            if len(lately) < self.most_an_hour:
                tables.note(self.engine, name, [*lately, now])
                return
        raise TooOften(
            f"{repository} was worked on {len(lately)} times within the hour.",
            hint="Is there a loop? most_replans_an_hour is the cap.",
            retry_after_s=(lately[-self.most_an_hour] + _HOUR_MS - now) // 1000 + 1,
        )

    def _times(self, name: str) -> list[int]:
        kept = tables.said(self.engine, name)
        times = kept if isinstance(kept, list) else []
        return sorted(at for at in times if isinstance(at, int))
