"""The three stages of a job: who is concerned (ingest), wait for more of the same (coalesce), do
it, one at a time for each repository (replan). DBOS keeps each step's answer, so that after a
crash a job goes on where it was.

A stage's steps are part of the store: after a change, jobs that were begun before it must still
run. Add at the end, or count up `store.VERSION`.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from dbos import DBOS, Debouncer, SetEnqueueOptions

from replanner.errors import Bug, RateLimited, ReplannerError, UpstreamError
from replanner.server.jobs import Json, Work
from replanner.server.store import COALESCE, INGEST, REPLAN

LOG: Final = logging.getLogger(__name__)
# A job that a worker died of this often is set aside. Its neighbours are counted too.
MOST_DEATHS: Final = 5
# Something moves all the time: no event waits longer than this many pauses for quiet.
_MOST_PAUSES: Final = 15
_FIRST_PAUSE_S: Final = 30
_LONGEST_PAUSE_S: Final = 3600
_LONGEST_ASKED_S: Final = 86_400
# With these pauses, about a day.
_MOST_TRIES: Final = 30


class JobFailed(Exception):
    """A job that trying again would not help; what it says is safe to keep and to show."""


class Pace(NamedTuple):
    """How long targets of one key are gathered; nothing is, where it is 0."""

    quiet_s: float


class _Answer(NamedTuple):
    """What a step gives: an answer, or in how many seconds to come again, and why."""

    done: object = None
    later_s: float = 0
    why: str = ""

    @property
    def targets(self) -> list[Json]:
        return self.done if isinstance(self.done, list) else []


Start = Callable[[Json], None]


def register(work: Work, pace: Pace) -> None:
    """Tell DBOS the stages; before it is launched, and in workers only."""
    start = _replan_stage(work)
    _ingest_stage(work, _coalesce_stage(start, pace.quiet_s))


def _replan_stage(work: Work) -> Start:
    @DBOS.step(name="carry-out")
    def carry_out(target: Json, tries: int) -> list[object]:
        return list(_ask(lambda: work.run(target), tries))

    @DBOS.workflow(name=REPLAN, max_recovery_attempts=MOST_DEATHS)
    def replan(target: Json, tries: int = 0) -> object:
        answer = _answer(carry_out(target, tries))
        if answer.later_s:
            start(target, tries + 1, answer.later_s)
        return answer.done or answer.why

    def start(target: Json, tries: int = 0, delay_s: float | None = None) -> None:
        partition = str(target["repository"])
        with SetEnqueueOptions(queue_partition_key=partition, delay_seconds=delay_s):
            DBOS.enqueue_workflow(REPLAN, replan, target, tries)

    return start


def _coalesce_stage(start: Start, quiet_s: float) -> Start:
    """Partitioned queues know no debouncing, hence the stage between."""

    @DBOS.workflow(name=COALESCE, max_recovery_attempts=MOST_DEATHS)
    def coalesce(target: Json) -> None:
        start(target)

    longest_s = quiet_s * _MOST_PAUSES
    gather = Debouncer.create(coalesce, queue=COALESCE, debounce_timeout_sec=longest_s or None)

    def send(target: Json) -> None:
        if target["key"] and quiet_s:
            gather.debounce(str(target["key"]), quiet_s, target)
        else:
            start(target)

    return send


def _ingest_stage(work: Work, send: Start) -> None:
    @DBOS.step(name="find")
    def find(events: list[Json], tries: int) -> list[object]:
        return list(_ask(lambda: _targets(work, events), tries))

    @DBOS.workflow(name=INGEST, max_recovery_attempts=MOST_DEATHS)
    def ingest(events: list[Json], tries: int = 0) -> object:
        answer = _answer(find(events, tries))
        if answer.later_s:
            with SetEnqueueOptions(delay_seconds=answer.later_s):
                DBOS.enqueue_workflow(INGEST, ingest, events, tries + 1)
        for target in answer.targets:
            send(target)
        return answer.why or len(answer.targets)


def _targets(work: Work, events: Sequence[Json]) -> list[dict[str, object]]:
    return [target.to_json() for event in events for target in work.targets(event)]


def _answer(kept: list[object]) -> _Answer:
    done, later_s, why = kept
    return _Answer(done, float(str(later_s)), str(why))


def _ask(work: Callable[[], object], tries: int) -> _Answer:
    """The work's answer. A step does not raise to be tried again: DBOS would wait in the worker,
    holding a place that others need, and the wait would end with the process."""
    try:
        return _Answer(work())
    except UpstreamError as error:
        return _later(error, tries)
    except ReplannerError as error:
        LOG.warning("a job failed: %s", error.in_full, extra=_job())
        raise JobFailed(error.in_full) from None
    except Exception as error:
        LOG.exception("a job failed by a bug", extra=_job())
        raise JobFailed(Bug.of(error).in_full) from None


def _later(error: UpstreamError, tries: int) -> _Answer:
    if tries >= _MOST_TRIES:
        raise JobFailed(f"given up after {tries + 1} tries: {error.in_full}") from None
    pause: float = min(_FIRST_PAUSE_S * 2 ** min(tries, 10), _LONGEST_PAUSE_S)
    if isinstance(error, RateLimited) and error.retry_after_s:
        pause = max(1, min(error.retry_after_s, _LONGEST_ASKED_S))
    LOG.info("a job waits %d s: %s", pause, error.in_full, extra=_job())
    return _Answer(None, pause, error.in_full)


def _job() -> dict[str, object]:
    """Begins with the id of the delivery that set the job off."""
    return {"job": DBOS.workflow_id}
