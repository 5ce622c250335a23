"""What one worker's jobs did and met, counted: left in the store for whoever answers /metrics.

Workers answer no requests. Each leaves its figures under its own number, and starts at zero when it
is started anew, as Prometheus expects of a series.
"""

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from replanner.errors import RateLimited, ReplannerError, UpstreamError
from replanner.server import tables
from replanner.server.cap import TooOften
from replanner.server.jobs import Json, Target, Work

# Upper bounds in seconds; what takes longer is counted in a last one of its own.
BUCKETS: Final = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
_NOTE: Final = "figures of worker "
# A worker leaves its figures every few seconds: older ones are of one that is gone.
_FRESH_MS: Final = 60_000
_MOST_OWNERS: Final = 1000
_LONGEST_LABEL: Final = 100


class Shown(NamedTuple):
    """One worker's figures, as it left them: `counts` by name and labels; `left` are the requests
    that GitHub still answers, by owner and resource; `took` are, by kind and outcome, the seconds
    in all and how many jobs fell into each bucket."""

    counts: Sequence[tuple[str, Sequence[str], int]] = ()
    left: Sequence[tuple[Sequence[str], int]] = ()
    took: Sequence[tuple[Sequence[str], float, Sequence[int]]] = ()


class Figures:
    """Counts for as long as the process lives. It is a `Meter` too. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self._left: dict[tuple[str, str], int] = {}
        self._took: dict[tuple[str, str], tuple[float, list[int]]] = {}

    def failed(self, upstream: str, kind: str) -> None:
        self._count("upstream_errors", upstream, kind)

    def remaining(self, owner: str, resource: str, number: int) -> None:
        with self._lock:
            if (owner, resource) in self._left or len(self._left) < _MOST_OWNERS:
                self._left[owner, resource] = number

    def done(self, stage: str, outcome: str) -> None:
        """One step of a job ended so."""
        self._count("jobs_done", stage, outcome)

    def took(self, kind: str, outcome: str, seconds: float) -> None:
        """A target was carried out, or was tried to be."""
        with self._lock:
            before, buckets = self._took.get((kind, outcome), (0.0, [0] * (len(BUCKETS) + 1)))
            buckets[bisect_left(BUCKETS, seconds)] += 1
            self._took[kind, outcome] = (before + seconds, buckets)

    def _count(self, name: str, *labels: str) -> None:
        with self._lock:
            self._counts[name, labels] += 1

    def shown(self) -> Shown:
        with self._lock:
            return Shown(
                [(name, labels, number) for (name, labels), number in self._counts.items()],
                list(self._left.items()),
                [(labels, total, [*each]) for labels, (total, each) in self._took.items()],
            )


def leave(engine: sa.Engine, slot: int, figures: Figures) -> None:
    """Put a worker's figures where /metrics finds them."""
    tables.note(engine, f"{_NOTE}{slot}", list(figures.shown()))


def left_by_workers(engine: sa.Engine) -> dict[str, Shown]:
    """The figures of the workers that are alive, by their number."""
    found = tables.notes(engine, since_ms=tables.now_ms() - _FRESH_MS)
    shown = {
        name.removeprefix(_NOTE): _read(said)
        for name, said in found.items()
        if name.startswith(_NOTE)
    }
    return {slot: figures for slot, figures in shown.items() if figures}


def _read(said: Any) -> Shown | None:
    """None for what another release has left."""
    try:
        counts, left, took = said
        return Shown(
            [(str(name), _labels(labels), int(number)) for name, labels, number in counts],
            [(_labels(labels), int(number)) for labels, number in left],
            [(_labels(labels), float(total), _buckets(each)) for labels, total, each in took],
        )
    except (TypeError, ValueError):
        return None


def _labels(found: Sequence[object]) -> list[str]:
    first, second = (str(each)[:_LONGEST_LABEL] for each in found)
    return [first, second]


def _buckets(found: Sequence[int]) -> list[int]:
    if len(found) != len(BUCKETS) + 1:
        raise ValueError("other buckets")
    return [int(each) for each in found]


@dataclass
class Measured:
    """The same work, counted."""

    work: Work
    figures: Figures

    def targets(self, event: Json) -> Sequence[Target]:
        try:
            found = self.work.targets(event)
        except Exception as error:
            self.figures.done("ingest", _outcome(error))
            raise
        self.figures.done("ingest", "concerns" if found else "ignored")
        return found

    def run(self, target: Json) -> dict[str, object]:
        began = time.monotonic()
        try:
            account = self.work.run(target)
        except Exception as error:
            self._ran(target, _outcome(error), began)
            raise
        self._ran(target, str(account.get("did", "done")), began)
        return account

    def _ran(self, target: Json, outcome: str, began: float) -> None:
        self.figures.done("replan", outcome)
        self.figures.took(str(target["kind"]), outcome, time.monotonic() - began)


def _outcome(error: Exception) -> str:
    """The first that fits: a limit is an outage too, and both are errors that people may see."""
    for kind, outcome in _OUTCOMES.items():
        if isinstance(error, kind):
            return outcome
    return "bug"


_OUTCOMES: Final[Mapping[type[Exception], str]] = {
    TooOften: "put_off",
    RateLimited: "limited",
    UpstreamError: "away",
    ReplannerError: "failed",
}


def figures_of(work: Work) -> Figures:
    """Those that its upstreams are counted in, if it has any."""
    found = getattr(work, "figures", None)
    return found if isinstance(found, Figures) else Figures()
