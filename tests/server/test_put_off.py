"""Jobs that were put off are counted, and doctor says so."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from dbos import EnqueueOptions
from peers import ROOT

from replanner.server import durable, store
from replanner.server.census import DELAYED, take_census
from replanner.server.doctor import Finding, examine
from replanner.server.settings import Settings, read_settings

HOUR_S = 3600


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = read_settings(None, {}, folder=tmp_path, known={})
    durable.migrate(found)
    return found


@pytest.fixture
def engine(settings: Settings) -> Iterator[sa.Engine]:
    opened = store.open_store(settings.store, store.WEB)
    yield opened
    opened.dispose()


def put_off(engine: sa.Engine, stage: str, pause_s: float) -> None:
    options: EnqueueOptions = {
        "workflow_name": stage, "queue_name": stage, "delay_seconds": pause_s,
    }  # fmt: skip
    if stage == store.REPLAN:
        options["queue_partition_key"] = "acme/infra"
    with durable.client(engine) as client:
        client.enqueue(options, [])


def of_jobs(settings: Settings) -> Finding:
    [found] = [one for one in examine(settings) if one.text.startswith("jobs: ")]
    return found


def test_jobs_that_are_put_off_are_counted(settings: Settings, engine: sa.Engine) -> None:
    assert of_jobs(settings) == Finding("jobs: 0 wait, the oldest for 0 s")
    put_off(engine, store.REPLAN, 240)
    put_off(engine, store.INGEST, 30)
    found = of_jobs(settings)
    said = r"jobs: 0 wait, the oldest for 0 s; 2 put off, for up to 2(39|40|41) s"
    assert re.fullmatch(said, found.text), found.text
    assert found.mark == "ok  "


def test_what_is_gathered_is_not_put_off(settings: Settings, engine: sa.Engine) -> None:
    put_off(engine, store.COALESCE, 2 * HOUR_S)
    assert take_census(engine).of_status(DELAYED) == 1
    assert "put off" not in of_jobs(settings).text


def test_doctor_warns_of_pauses_of_an_hour(settings: Settings, engine: sa.Engine) -> None:
    """They grow to that once an upstream was away for an hour."""
    put_off(engine, store.REPLAN, HOUR_S)
    found = of_jobs(settings)
    assert "1 put off, for up to 36" in found.text
    assert "the log says why" in found.text
    assert (found.mark, found.is_bad) == ("warn", False)


def test_a_pause_that_is_over_is_none(engine: sa.Engine, tmp_path: Path) -> None:
    put_off(engine, store.REPLAN, HOUR_S)
    with closing(sqlite3.connect(tmp_path / "replanner.db")) as rows:
        rows.execute("UPDATE workflow_status SET status = 'ENQUEUED'")
        rows.commit()
    now = take_census(engine)
    assert (now.waiting, now.put_off, now.longest_pause_s) == (1, 0, 0)
    assert now.oldest_waiting_s < time.time()


def test_doctor_warns_where_no_source_is_configured(settings: Settings) -> None:
    [found] = [one for one in examine(settings) if one.text.startswith("sources: ")]
    assert "every webhook is answered with 404" in found.text
    assert (found.mark, found.is_bad) == ("warn", False)


def test_the_alert_asks_for_what_is_counted(engine: sa.Engine) -> None:
    """By the names that the store has; what is gathered would let it fire all day."""
    groups = yaml.safe_load((ROOT / "examples" / "server" / "alerts.yaml").read_text())["groups"]
    [rule] = [one for each in groups for one in each["rules"] if one["alert"] == "ReplannerPutOff"]
    for stage in (store.INGEST, store.REPLAN):
        put_off(engine, stage, 30)
    stages = {name for name, _ in take_census(engine).counts}
    assert f'stage=~"{"|".join(sorted(stages))}"' in rule["expr"]
    assert f'status="{DELAYED.lower()}"' in rule["expr"]
    assert rule["for"] == "1h"
