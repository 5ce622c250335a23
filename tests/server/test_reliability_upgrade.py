"""Stores that earlier releases left, with something in every stage of being done, and copies."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from burst import Sent, done, figures
from peers import ROOT
from processes import configure, run, running, until

# Made by record_store.py, each by the release that is in its name.
RECORDED = sorted((ROOT / "tests" / "data" / "stores").glob("release-*.sql"))
BAD_INPUT = 2


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configure(tmp_path, "debounce_seconds: 0", "keep_days: 365", "reconcile_minutes: 0")


def _restore(recorded: Path, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "replanner.db")) as store:
        store.executescript(recorded.read_text(encoding="utf-8"))


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
def test_what_an_earlier_release_left_is_done_by_this_one(recorded: Path, config: Path) -> None:
    _restore(recorded, config.parent)
    with running("serve", config) as served:
        left = {
            "urgent/in-the-inbox",
            "away/asked-to-wait",
            "plain/gathered",
            "slow/one",
            "slow/another",
            "limited/asked-to-wait",
        }
        until(lambda: left <= done(served.effects()))
        assert not {"plain/done", "broken/letter"} & done(served.effects())
        assert figures(served.address(), "replanner_dead_letters") == {"": 1}


def test_tables_of_another_release_are_refused_until_they_are_migrated(config: Path) -> None:
    """As before there were tables of our own beside those of DBOS."""
    _restore(RECORDED[0], config.parent)
    with closing(sqlite3.connect(config.parent / "replanner.db")) as store:
        store.executescript("DROP TABLE deliveries; DROP TABLE notes;")
    assert run("web", config) == BAD_INPUT
    assert run("migrate", config) == 0
    with running("web", config) as web:
        assert Sent().send(web.address(), "urgent/x") == 202


def test_a_copy_made_while_it_runs_is_a_backup(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    config = configure(here, "debounce_seconds: 0")
    assert run("migrate", config) == 0
    before, after = Sent(), Sent()
    with running("web", config) as web:
        base = web.address()
        for number in range(5):
            before.send(base, f"urgent-{number}/x")
        with (
            closing(sqlite3.connect(here / "replanner.db")) as source,
            closing(sqlite3.connect(there / "replanner.db")) as copy,
        ):
            source.backup(copy)
        after.send(base, "urgent/too-late")
    assert (len(before.kept), len(after.kept)) == (5, 1)
    with running("serve", configure(there, "debounce_seconds: 0")) as served:
        until(lambda: set(before.kept) <= done(served.effects()))
        assert "urgent/too-late" not in done(served.effects())
