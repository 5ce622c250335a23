"""The experiments themselves: that they measure, come again, and notice what is wrong."""

import json
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).parents[2] / "tools" / "server"
sys.path.append(str(TOOLS))

from lab import deliveries  # noqa: E402 - tools are no package
from lab.courier import Courier  # noqa: E402
from lab.figures import Bar, percentile, table  # noqa: E402
from lab.stores import Store  # noqa: E402
from lab.verdict import judge  # noqa: E402
from lab.wire import LOST, Connection, Delivery  # noqa: E402
from lab.world import Command, Repository, World  # noqa: E402

REPOSITORY = "acme-bot/infra-0"
OLD, NEW, HEAD = "1" * 40, "2" * 40, "3" * 40
FINE = f"<!-- replanner:comment v=1 scope=default head={HEAD} base={OLD} plan=x seq=1 -->\n"
ANSWER = "<!-- replanner:answer 7 -->\nWhat if?"


# --- figures


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([float(one) for one in range(1, 101)], 99) == 99.0
    assert percentile([5.0], 99) == 5.0
    assert percentile([], 50) == 0.0


@pytest.mark.parametrize(("value", "at_most", "met"), [(10, True, True), (11, True, False), (10, False, True), (9, False, False)])  # fmt: skip  # noqa: E501
def test_a_bar_is_met_or_missed(value: float, at_most: bool, met: bool) -> None:  # noqa: FBT001
    bar = Bar("figure", value, 10, at_most)
    assert bar.met is met
    assert str(bar).startswith("ok: " if met else "MISSED: ")


def test_a_table_shows_what_is_counted_by_kind() -> None:
    shown = table([{"store": "sqlite", "kills": {"web": 2, "worker": 1}, "lost": 0, "ms": 1.25}])
    assert shown.splitlines()[2] == "| sqlite | web 2, worker 1 | 0 | 1.2 |"


# --- senders


@contextmanager
def answering(replies: Sequence[bytes]) -> Iterator[tuple[str, list[int]]]:
    """A server that gives these replies in turn, nothing and a closed door where one is empty; the
    list says which connection each request came by."""
    listener, seen = socket.create_server(("127.0.0.1", 0)), list[int]()
    todo = iter(replies)

    def serve() -> None:
        for number in range(len(replies)):
            wire, _ = listener.accept()
            with wire:
                while wire.recv(65536):
                    seen.append(number)
                    reply = next(todo)
                    wire.sendall(reply)
                    if not reply:
                        break
            if len(seen) == len(replies):
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    thread.join(10)
    listener.close()


def reply(status: str, body: str = '{"delivery":"github-1"}') -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def test_a_connection_is_used_again_and_replaced_when_it_is_lost() -> None:
    with answering([reply("202 OK"), reply("202 OK"), b"", reply("503 X")]) as (url, seen):
        connection = Connection(url)
        delivery = Delivery("one", b"POST / HTTP/1.1\r\n\r\n")
        statuses = [connection.send(delivery).status for _ in range(4)]
        connection.close()
    assert statuses == [202, 202, LOST, 503]
    assert seen == [0, 0, 0, 1]


def test_what_was_put_off_or_lost_is_sent_again_until_it_is_kept() -> None:
    with answering([reply("503 X"), b"", reply("202 OK")]) as (url, _):
        courier = Courier(url)
        with courier.delivering(1):
            courier.send(Delivery("one", b"POST / HTTP/1.1\r\n\r\n"))
            courier.finish()
    assert courier.answers == {503: 1, LOST: 1, 202: 1}
    assert courier.kept == {"one": "github-1"}
    assert not courier.refused


def test_what_is_refused_is_told_and_not_sent_again() -> None:
    with answering([reply("401 X")]) as (url, _):
        courier = Courier(url)
        with courier.delivering(1):
            courier.send(Delivery("one", b"POST / HTTP/1.1\r\n\r\n"))
            courier.finish()
    assert [each.status for each in courier.refused] == [401]
    assert not courier.kept


def test_a_push_weighs_what_githubs_do() -> None:
    request = deliveries.plain_push("http://127.0.0.1:1", 3, 20).request
    assert 8_000 < len(request) < 10_000


# --- the store


def test_a_delivery_is_done_when_a_job_with_it_ended_well(tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415 - this test's alone

    store = Store(f"sqlite:///{tmp_path / 'replanner.db'}")
    with sqlite3.connect(tmp_path / "replanner.db") as made:
        made.execute("CREATE TABLE workflow_status (workflow_uuid, name, status)")
        made.execute("CREATE TABLE workflow_input (workflow_uuid, inputs)")
        for job, status in (("one", "SUCCESS"), ("two", "ERROR"), ("three", "PENDING")):
            told = json.dumps({"positionalArgs": [[{"delivery": f"github-{job}", "events": []}]]})
            made.execute("INSERT INTO workflow_status VALUES (?, 'ingest', ?)", (job, status))
            made.execute("INSERT INTO workflow_input VALUES (?, ?)", (job, told))
    made.close()
    wanted = ["github-one", "github-two", "github-three", "github-four"]
    assert store.not_done(wanted) == ["github-four", "github-three", "github-two"]
    assert store.sound()


# --- the verdict


@dataclass
class Shown:
    """A repository with one proposal (1) and one of people's pull requests (2)."""

    repository: str = REPOSITORY
    proposals: int = 1
    commit: str = NEW
    size: int = 9
    said: list[str] = field(default_factory=lambda: [FINE, ANSWER])

    def pulls(self, _: str) -> list[Any]:
        ours = {"state": "open", "head": {"ref": "replanner/main/acme"}}
        return [ours] * self.proposals + [{"state": "open", "head": {"ref": "topic"}}]

    def comments(self, _: int) -> list[Any]:
        return [{"user": {"login": "acme-bot"}, "body": body} for body in self.said]

    def pull(self, _: int) -> Any:
        return {"head": {"sha": HEAD}}

    def exists(self, _: str, __: str) -> bool:
        return True

    def read(self, _: str, __: str) -> str:
        values = {"workload.concurrency": self.size}
        return json.dumps({"model": {"commit": self.commit}, "inputs": {"profile_values": values}})


def judged(shown: Shown, by: str = "ada") -> tuple[int, int]:
    """How many duplicates, and how many other mistakes were found."""
    github: Any = shown
    one = Repository(github, ("acme/a", "acme/a"), {"chat": 9, "code": 9, "long": 9}, {2: "topic"})
    heads = {"acme/a": NEW}
    asked = [Command(one, 2, 7, by)]
    world = World(github, "", "", random.Random(1), [one], heads, asked)  # noqa: S311
    found = judge(world)
    return len(found.duplicates), len(found.wrong)


def test_what_is_as_it_should_be_is_found_right() -> None:
    assert judged(Shown()) == (0, 0)


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        (Shown(proposals=2), (1, 3)),
        (Shown(proposals=0), (0, 3)),
        (Shown(commit=OLD), (0, 3)),
        (Shown(size=8), (0, 3)),
        (Shown(said=[FINE, FINE, ANSWER]), (1, 1)),
        (Shown(said=[FINE.replace(HEAD, OLD), ANSWER]), (0, 1)),
        (Shown(said=[FINE]), (0, 1)),
        (Shown(said=[ANSWER]), (0, 1)),
        (Shown(said=[FINE, ANSWER, ANSWER]), (1, 1)),
    ],
)
def test_what_is_not_is_noticed(shown: Shown, found: tuple[int, int]) -> None:
    assert judged(shown) == found


def test_an_answer_to_a_stranger_is_noticed() -> None:
    assert judged(Shown(), by="outsider") == (0, 1)
    assert judged(Shown(said=[FINE]), by="outsider") == (0, 0)


# --- load, small, on the real processes


def test_load_measures_a_real_server(tmp_path: Path) -> None:
    words = ["--store", "sqlite", "--warm-up", "5", "--paced-s", "2", "--burst", "60", "--json"]
    told = [sys.executable, str(TOOLS / "load.py"), *words, str(tmp_path / "found.json")]
    ran = subprocess.run(told, check=False, capture_output=True, text=True, timeout=300)
    found = json.loads((tmp_path / "found.json").read_text())
    paced, burst = found["rows"]
    assert (paced["answers"], burst["answers"]) == ({"202": 40}, {"202": 60})
    assert burst["jobs done until then"]["replan"] >= 20
    assert {"web master", "web child", "worker"} <= set(burst["most RSS, MiB"])
    # How fast is another question on a machine that runs tests.
    counted = [bar for bar in found["bars"] if not bar["name"].endswith(("ms", "per second"))]
    assert len(counted) == 4
    assert all(bar["met"] for bar in counted)
    assert ran.returncode == (not all(bar["met"] for bar in found["bars"]))
    assert ran.stdout.startswith("| store | sent |")
