"""The server in the image of this tree, as containers should be run: no root, nothing to write to
but its volume, no rights; it answers, keeps what it answered, and stops when it is told."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from engines import TAG, image
from peers import ROOT
from processes import Process, configure, until
from sending import fetch, model_moved, post

COMPOSE = yaml.safe_load((ROOT / "examples" / "server" / "compose.yaml").read_text())
SERVER = COMPOSE["services"]["server"]
STORE = "/var/lib/replanner"
CONFINED = ("--user", "10001:10001", "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp")  # noqa: S108 (in the container)
CONFIG = "/etc/replanner/server.yaml"
KEPT = """
import sqlite3
store = sqlite3.connect("/var/lib/replanner/replanner.db")
print(*(delivery for (delivery,) in store.execute("SELECT delivery FROM deliveries")))
"""


class Place:
    """Settings and a folder for the store, both mounted into the containers of one test."""

    def __init__(self, folder: Path) -> None:
        self.config, self.store = folder / "config", folder / "store"
        self.config.mkdir()
        self.store.mkdir()
        self.store.chmod(0o777)  # the container's user is not ours
        configure(self.config)
        for each in self.config.iterdir():
            each.chmod(0o644)

    def options(
        self, entrypoint: str = "/opt/replanner/bin/replanner", *, port: str = "0"
    ) -> Sequence[str]:
        mounts = ("-v", f"{self.config}:/etc/replanner:ro", "-v", f"{self.store}:{STORE}")
        told = {
            "REPLANNER_LISTEN": f"0.0.0.0:{port}",
            "REPLANNER_STORE": SERVER["environment"]["REPLANNER_STORE"],
        }
        given = [part for item in told.items() for part in ("-e", "=".join(item))]
        return [*CONFINED, *mounts, *given, "--entrypoint", entrypoint]

    @contextmanager
    def serving(self) -> Iterator[Process]:
        command = image().command(TAG, *SERVER["command"], options=self.options())
        log = self.store.with_name("log")
        with log.open("ab") as output:
            process = subprocess.Popen(command, stderr=output)
        try:
            yield Process(process, log, self.store)
        finally:
            process.terminate()
            process.wait(60)

    def replanner(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return image().run(TAG, *words, "--config", CONFIG, options=self.options())


def address(served: Process) -> str:
    """As seen from here: containers of these tests use this machine's network."""
    return served.address().replace("0.0.0.0", "127.0.0.1")  # noqa: S104 (what the container says)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    image()
    return Place(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def served(place: Place) -> Iterator[Process]:
    with place.serving() as process:
        until(lambda: fetch(f"{address(process)}/readyz").body.get("workers") == 1)
        yield process


def test_it_is_ready_and_takes_deliveries(served: Process) -> None:
    base = address(served)
    assert fetch(f"{base}/readyz").status == 200
    assert post(base, "huggingface", model_moved("acme/one")).status == 202
    assert post(base, "huggingface", model_moved("acme/one", key="x" * 20)).status == 401


def test_the_store_is_its_users_alone(served: Process) -> None:
    file = served.folder / "replanner.db"
    assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (10001, 0o600)


def test_nothing_in_it_runs_as_anybody_else(served: Process) -> None:
    """Nor with a right that its user has not by itself."""
    assert served.process.poll() is None
    users, names = set(), set()
    for each in Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_text().split("\0")
            status = (each / "status").read_text()
        except OSError:
            continue
        if CONFIG in words and words[0].startswith("/opt/replanner/bin/"):
            lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            users.add((lines["Uid"].split()[0], lines["CapEff"]))
            names.add(words[words.index("--config") - 1])
    assert users == {("10001", "0" * 16)}
    assert names == {"serve", "web", "worker"}


def test_the_healthcheck_of_the_compose_file_tells(served: Process, place: Place) -> None:
    kind, program, *words = SERVER["healthcheck"]["test"]
    assert kind == "CMD"
    port = address(served).rpartition(":")[2]
    ready, alone = (place.options(program, port=each) for each in (port, "9"))
    assert image().run(TAG, *words, options=ready).stdout.startswith("{")
    assert "nobody answers" in image().run(TAG, *words, options=alone).stderr


def test_doctor_looks_at_the_same_store(served: Process, place: Place) -> None:
    assert served.process.poll() is None
    said = place.replanner("doctor").stdout
    assert "ok   store: sqlite, tables of this release" in said
    assert "ok   workers: 1 alive" in said


def test_nothing_is_imported_from_the_folder_it_is_started_in(tmp_path: Path) -> None:
    """Not by the processes that `serve` starts, either."""
    image()
    place = Place(tmp_path)
    for name in ("yaml.py", "flask.py", "dbos.py", "json.py"):
        (place.config / name).write_text("raise SystemExit('run by the folder')\n")
    options = ["-w", "/etc/replanner", *place.options()]
    command = image().command(TAG, *SERVER["command"], options=options)
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stderr=output)
    try:
        until(lambda: "listening" in log.read_text() or process.poll() is not None)
    finally:
        process.terminate()
        assert process.wait(60) == 0
    assert "run by the folder" not in log.read_text()


def test_what_it_answered_is_there_after_a_stop(tmp_path: Path) -> None:
    """`docker stop` sends SIGTERM; who attached passes it on."""
    image()
    place = Place(tmp_path)
    with place.serving() as first:
        base = address(first)
        kept = [post(base, "huggingface", model_moved("acme/x", number)) for number in range(20)]
        assert {each.status for each in kept} == {202}
        assert first.stop() == 0
    options = place.options("/opt/replanner/bin/python")
    stored = image().run(TAG, "-I", "-c", KEPT, options=options).stdout.split()
    assert {str(each.body["delivery"]) for each in kept} <= set(stored)
    assert not list(place.store.glob("*-wal"))


def test_a_stop_while_it_makes_its_tables_is_a_stop(tmp_path: Path) -> None:
    """The kernel gives the first process of a container no signal that it does not await."""
    image()
    place = Place(tmp_path)
    with place.serving() as early:
        until((place.store / "replanner.db").exists)
        assert early.stop() == 0
    assert "listening" not in early.log.read_text()


def test_a_new_volume_belongs_to_the_servers_user() -> None:
    image()
    options = [*CONFINED, "-v", STORE, "--entrypoint", "/opt/replanner/bin/python"]
    asked = f"import os; s = os.stat('{STORE}'); print(s.st_uid, oct(s.st_mode & 0o777))"
    assert image().run(TAG, "-I", "-c", asked, options=options).stdout.split() == ["10001", "0o700"]
