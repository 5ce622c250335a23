"""The three stages of a job: who is concerned (ingest), wait for more of the same (coalesce), do
it, one at a time for each repository (replan). DBOS keeps each step's answer, so that after a
crash a job goes on where it was.

A stage's steps are part of the store: after a change, jobs that were begun before it must still
run. Add at the end, or count up `store.VERSION`.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from dbos import DBOS, Debouncer, SetEnqueueOptions, SetWorkflowID

from replanner.errors import Bug, InputError, RateLimited, ReplannerError, UpstreamError
from replanner.server.cap import TooOften
from replanner.server.census import WAITING, jobs_table
from replanner.server.jobs import Json, Work
from replanner.server.store import COALESCE, INGEST, REPLAN, VERSION, failures
from replanner.server.suspicion import Deadly, Watch

LOG: Final = logging.getLogger(__name__)
# DBOS counts the starts of all that were under way when a worker died, whoever it died of; who did
# it is found out by suspicion.py, and set aside long before.
MOST_STARTS: Final = 100
# Deaths from outside are no reason to make one job of a batch into many.
_MOST_STARTS_TOGETHER: Final = 3
# Something moves all the time: no event waits longer than this many pauses for quiet.
_MOST_PAUSES: Final = 15
_FIRST_PAUSE_S: Final = 30
_LONGEST_PAUSE_S: Final = 3600
_LONGEST_ASKED_S: Final = 86_400
# With these pauses, about a day.
_MOST_TRIES: Final = 30
_DIGITS: Final = 20
# Of a job's account, what its line in the log tells; the store has all of it.
_SHOWN: Final = ("did", "why", "base", "writes", "pull", "verdict", "left")


class JobFailed(Exception):
    """A job that trying again would not help; what it says is safe to keep and to show."""


class Pace(NamedTuple):
    """How long targets of one key are gathered; nothing is, where it is 0."""

    quiet_s: float


class _Answer(NamedTuple):
    """What a step gives: an answer, or in how many seconds to come again, why, and whether that
    counts as a try."""

    done: object = None
    later_s: float = 0
    why: str = ""
    counts: bool = True

    @property
    def targets(self) -> list[Json]:
        return self.done if isinstance(self.done, list) else []


Start = Callable[[Json], None]
Send = Callable[[Json, float], None]
# The name of a delivery, and its events.
Delivery = Json


def register(work: Work, engine: sa.Engine, pace: Pace) -> None:
    """Tell DBOS the stages; before it is launched, and in workers only."""
    watch = Watch(engine)
    start = _replan_stage(work, watch)
    _ingest_stage(work, watch, _Gathering(pace.quiet_s, _coalesce_stage(start, pace.quiet_s)))


def _replan_stage(work: Work, watch: Watch) -> Start:
    is_asked_again = asked_again(watch.engine)

    def run(target: Json) -> object:
        with failures():
            left = bool(target["key"]) and is_asked_again(_name_of(target))
        return {"left": "to the next one"} if left else work.run(target)

    @DBOS.step(name="carry-out")
    def carry_out(target: Json, tries: int) -> list[object]:
        begin = partial(run, target)
        answer = _ask(lambda: watch.over(_id(), _starts(), begin), tries)
        if not answer.later_s:
            _tell(target, answer.done)
        return list(answer)

    @DBOS.workflow(name=REPLAN, max_recovery_attempts=MOST_STARTS)
    def replan(target: Json, tries: int = 0) -> object:
        answer = _answer(carry_out(target, tries))
        if answer.later_s:
            start(target, tries + answer.counts, answer.later_s)
        return answer.done or answer.why

    def start(target: Json, tries: int = 0, delay_s: float | None = None) -> None:
        partition = str(target["repository"])
        name = _new_name(target) if target["key"] else ""
        with (
            SetWorkflowID(name) if name else nullcontext(),
            SetEnqueueOptions(queue_partition_key=partition, delay_seconds=delay_s),
        ):
            DBOS.enqueue_workflow(REPLAN, replan, target, tries)

    return start


def _tell(target: Json, done: object) -> None:
    """One line of what became of a job that ended well."""
    told = done if isinstance(done, dict) else {}
    shown = {name: told[name] for name in _SHOWN if name in told}
    LOG.info("a job is done", extra=_job() | {"repository": target["repository"]} | shown)


def _name_of(target: Json) -> str:
    """How the names of all jobs of one key begin."""
    return f"{REPLAN}-{_digest(str(target['key']))}-"


def _new_name(target: Json) -> str:
    """The name of a job that the job at hand starts; each starts one of a key."""
    return _name_of(target) + _digest(_id())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def asked_again(engine: sa.Engine) -> Callable[[str], bool]:
    """Says whether a job whose name begins so waits for its turn. It starts from the newest state,
    so one that is about to run may be left out: while jobs take longer than the pause in which
    events are gathered, they would pile up."""
    jobs = jobs_table(engine)

    def is_asked_again(name: str) -> bool:
        # Not one that was begun already: it may only have to say so, and not do it again.
        waits = sa.and_(jobs.c.status == WAITING, jobs.c.recovery_attempts == 0)
        # Nor one of another version, which nobody may be there to run.
        version = jobs.c.application_version
        runs = sa.or_(version.is_(None), version == VERSION)
        named = jobs.c.workflow_uuid.startswith(name)
        query = sa.select(jobs.c.workflow_uuid).where(waits, runs, named)
        with engine.connect() as connection:
            return connection.execute(query.limit(1)).first() is not None

    return is_asked_again


def _coalesce_stage(start: Start, quiet_s: float) -> Send:
    """Partitioned queues know no debouncing, hence the stage between."""

    @DBOS.workflow(name=COALESCE, max_recovery_attempts=MOST_STARTS)
    def coalesce(target: Json) -> None:
        start(target)

    longest_s = quiet_s * _MOST_PAUSES
    gather = Debouncer.create(coalesce, queue=COALESCE, debounce_timeout_sec=longest_s or None)

    def send(target: Json, pause_s: float) -> None:
        if target["key"] and pause_s:
            gather.debounce(str(target["key"]), pause_s, target)
        else:
            start(target)

    return send


class _Gathering(NamedTuple):
    """How long targets are gathered, and what sends them there."""

    quiet_s: float
    send: Send


def _ingest_stage(work: Work, watch: Watch, gathering: _Gathering) -> None:
    @DBOS.step(name="find")
    def find(deliveries: list[Delivery], tries: int) -> dict[str, object]:
        starts = _starts()
        if len(deliveries) > 1 and starts > _MOST_STARTS_TOGETHER:
            return _Found(alone=[_Alone(each, tries) for each in deliveries]).to_json()
        look = partial(_find, work, deliveries, tries)
        answer = _ask(lambda: watch.over(_id(), starts, look), tries)
        found = answer.done
        if not isinstance(found, _Found):
            found = _Found(alone=[_Alone(each, tries + 1, answer.later_s) for each in deliveries])
        return found._replace(quiet_s=gathering.quiet_s).to_json()

    @DBOS.workflow(name=INGEST, max_recovery_attempts=MOST_STARTS)
    def ingest(deliveries: list[Delivery], tries: int = 0) -> int:
        found = _Found.of(find(deliveries, tries))
        for each in found.alone:
            with SetEnqueueOptions(delay_seconds=each.delay_s or None):
                DBOS.enqueue_workflow(INGEST, ingest, [each.delivery], each.tries)
        for target in found.targets:
            gathering.send(target, found.quiet_s)
        return len(found.targets)


class _Alone(NamedTuple):
    """A delivery that has to go a way of its own: with how many tries behind it, in how many
    seconds."""

    delivery: Delivery
    tries: int
    delay_s: float = 0


class _Found(NamedTuple):
    """What became of some deliveries: who is concerned, and which are not done with. `quiet_s` is
    kept with it: a job that goes on under other settings must go the same way."""

    targets: Sequence[Json] = ()
    alone: Sequence[_Alone] = ()
    quiet_s: float = 0

    def to_json(self) -> dict[str, object]:
        alone = [list(each) for each in self.alone]
        return {"targets": list(self.targets), "alone": alone, "quiet_s": self.quiet_s}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "_Found":
        return cls(kept["targets"], [_Alone(*each) for each in kept["alone"]], kept["quiet_s"])


def _find(work: Work, deliveries: Sequence[Delivery], tries: int) -> _Found:
    """One that cannot be understood, or not now, must not hold up those that came with it."""
    targets: dict[str, Json] = {}
    alone: list[_Alone] = []
    for each in deliveries:
        if any(other.delay_s for other in alone):
            # An upstream is away, and each of the others might wait for it as long.
            alone.append(_Alone(each, tries))
            continue
        try:
            answer = _ask(partial(_targets, work, each), tries)
        except JobFailed:
            if len(deliveries) == 1:
                raise  # it is set aside, and nothing else with it
            alone.append(_Alone(each, tries))
            continue
        if answer.later_s:
            alone.append(_Alone(each, tries + 1, answer.later_s))
        for target in answer.targets:
            targets[_place(target, len(targets))] = target
    return _Found(list(targets.values()), alone)


def _place(target: Json, number: int) -> str:
    """Of one key the newest counts; without one, each counts."""
    return f"key {target['key']}" if target["key"] else f"number {number}"


def _targets(work: Work, delivery: Delivery) -> list[dict[str, object]]:
    events = delivery["events"]
    if not isinstance(events, list):
        raise InputError("what the store holds is no delivery.")
    found = [target.to_json() for event in events for target in work.targets(event)]
    LOG.info(
        "a delivery concerns %s",
        "1 target" if len(found) == 1 else f"{len(found)} targets",
        extra={"delivery": delivery["delivery"], "job": _id()},
    )
    return found


def _starts() -> int:
    """How often this job was started. Asked inside a step, and so not kept from the first time."""
    status = DBOS.get_workflow_status(_id())
    return (status.recovery_attempts or 1) if status else 1


def _id() -> str:
    return str(DBOS.workflow_id)


def _answer(kept: list[object]) -> _Answer:
    done, later_s, why, *counts = kept
    return _Answer(done, float(str(later_s)), str(why), all(counts))


def _ask(work: Callable[[], object], tries: int) -> _Answer:
    """The work's answer. A step does not raise to be tried again: DBOS would wait in the worker,
    holding a place that others need, and the wait would end with the process."""
    try:
        return _Answer(work())
    except JobFailed:
        raise
    except Deadly:
        raise JobFailed("workers died of it too often.") from None
    except UpstreamError as error:
        return _later(error, tries)
    except ReplannerError as error:
        LOG.warning("a job failed: %s", error.in_full, extra=_job())
        raise JobFailed(error.in_full) from None
    except Exception as error:
        LOG.exception("a job failed by a bug", extra=_job())
        raise JobFailed(Bug.of(error).in_full) from None


def _later(error: UpstreamError, tries: int) -> _Answer:
    ours = isinstance(error, TooOften)
    if tries >= _MOST_TRIES and not ours:
        raise JobFailed(f"given up after {tries + 1} tries: {error.in_full}") from None
    pause: float = min(_FIRST_PAUSE_S * 2 ** min(tries, 10), _LONGEST_PAUSE_S)
    if isinstance(error, RateLimited) and error.retry_after_s:
        pause = max(1, min(error.retry_after_s, _LONGEST_ASKED_S))
    LOG.info("a job waits %d s: %s", pause, error.in_full, extra=_job())
    return _Answer(None, pause, error.in_full, counts=not ours)


def _job() -> dict[str, object]:
    return {"job": _id()}
