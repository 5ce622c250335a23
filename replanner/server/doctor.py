"""`replanner doctor`: what an operator would look at first, as a list."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import sqlalchemy as sa

from replanner.errors import ReplannerError
from replanner.server import durable, store
from replanner.server.census import RUNNING, Census, jobs_table
from replanner.server.gate import GitHubGate
from replanner.server.health import of_store
from replanner.server.settings import Settings

# Pauses grow to an hour, which comes after an hour of trying; cut a bit short, as clocks are read
# one after the other.
_LONG_S: Final = 3590


class Finding(NamedTuple):
    """What was found; `warns`: it works, and somebody should look at it all the same."""

    text: str
    is_bad: bool = False
    warns: bool = False

    @property
    def mark(self) -> str:
        if self.is_bad:
            return "bad "
        return "warn" if self.warns else "ok  "


def examine(settings: Settings) -> list[Finding]:
    """What was found; what cannot be asked because something before it is bad is left out."""
    found = [*_settings(settings), *_rights(settings)]
    engine = store.open_store(settings.store, store.WEB)
    try:
        durable.check_tables(engine)
        with store.failures():
            found += _store(settings, engine)
    except ReplannerError as error:
        found.append(Finding(error.in_full, is_bad=True))
    engine.dispose()
    return found


def _settings(settings: Settings) -> Iterator[Finding]:
    names = ", ".join(sorted(settings.sources))
    none = "none, so every webhook is answered with 404 and only the clock starts jobs"
    yield Finding(f"sources: {names or none}", warns=not names)
    if settings.github.token or settings.github.app:
        whose = "an App" if settings.github.app else "a token"
        yield Finding(f"github: {settings.github.api_url}, as {whose}")
    else:
        yield Finding("github: neither a token nor an App, so nothing can be proposed", is_bad=True)


def _rights(settings: Settings) -> Iterator[Finding]:
    """What GitHub says that the token or the App may do."""
    told = settings.github
    if not (told.token or told.app):
        return
    try:
        for one in GitHubGate(settings).rights():
            yield Finding(one.text, is_bad=one.is_bad, warns=not one.is_bad)
    except ReplannerError as error:
        yield Finding(f"github: {error.in_full}", is_bad=True)


def _store(settings: Settings, engine: sa.Engine) -> Iterator[Finding]:
    yield Finding(f"store: {engine.dialect.name}, tables of this release")
    health = of_store(settings, engine, lambda: "")
    for problem in health.problems():
        yield Finding(problem, is_bad=True)
    workers, census = health.workers(), health.census()
    yield Finding(f"workers: {workers} alive", is_bad=not workers)
    yield _jobs(census)
    yield Finding(f"dead letters: {census.dead}", is_bad=census.dead > 0)
    yield from _old_versions(engine)


def _jobs(census: Census) -> Finding:
    text = f"jobs: {census.waiting} wait, the oldest for {census.oldest_waiting_s:.0f} s"
    if not census.put_off:
        return Finding(text)
    long = census.longest_pause_s >= _LONG_S
    why = ": the log says why, in its lines `a job waits`" if long else ""
    put_off = f"{census.put_off} put off, for up to {census.longest_pause_s:.0f} s"
    return Finding(f"{text}; {put_off}{why}", warns=long)


def _old_versions(engine: sa.Engine) -> Iterator[Finding]:
    """Jobs that were begun under another version are never gone on with."""
    jobs = jobs_table(engine)
    version = jobs.c.application_version
    query = (
        sa.select(version, sa.func.count())
        .where(jobs.c.status == RUNNING, version != store.VERSION)
        .group_by(version)
    )
    with engine.connect() as connection:
        for name, number in connection.execute(query):
            yield Finding(f"{number} jobs wait for version {name}, which began them", is_bad=True)
