"""Load on the real server: how fast it answers, at a pace and in a burst, on either store.

Web, store, worker and stages are the real ones; only what a job does is a pause (lab/recording.py),
since an emulated GitHub on the same two cores would be what is measured.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from lab.deliveries import plain_push
from lab.figures import Bar, percentile, save, table
from lab.server import Server
from lab.settings import configure
from lab.stores import KINDS, Absent, Store, store_at
from lab.wire import Answer, Delivery, burst, paced

REPOSITORIES = 20
KEPT = 202
PUT_OFF = 503
_DRAINS_S = 600.0
_LAUNCHER = Path(__file__).parent / "lab" / "recording.py"


class Shape(NamedTuple):
    """One way of sending, and what it measured."""

    name: str
    answers: list[Answer]
    took_s: float
    cpu_s: float
    drained_s: float | None

    @property
    def milliseconds(self) -> list[float]:
        return [each.seconds * 1000 for each in self.answers]

    @property
    def statuses(self) -> Counter[int]:
        return Counter(each.status for each in self.answers)

    @property
    def rate(self) -> float:
        return len(self.answers) / self.took_s

    @property
    def others(self) -> int:
        return sum(n for status, n in self.statuses.items() if status not in (KEPT, PUT_OFF))


def main() -> int:
    asked = _arguments()
    rows: list[dict[str, object]] = []
    bars: list[Bar] = []
    for kind in asked.store or KINDS:
        try:
            found = list(_on_store(kind, asked))
        except Absent as why:
            print(f"{kind}: skipped, {why}", file=sys.stderr)
            continue
        rows += [row for row, _ in found]
        bars += [bar for _, more in found for bar in more]
    if rows:
        print(table(rows))
    print(*bars, sep="\n")
    save(asked.json, {"rows": rows, "bars": [{**each._asdict(), "met": each.met} for each in bars]})
    return 0 if all(each.met for each in bars) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=KINDS, action="append", help="both where none is named")
    parser.add_argument("--paced-s", type=float, default=60, help="how long the pace is kept")
    parser.add_argument("--per-second", type=float, default=20)
    parser.add_argument("--burst", type=int, default=2000, help="deliveries at once")
    # Imports, connections and the store's cache are then warm.
    parser.add_argument("--warm-up", type=int, default=100, help="sent before the clock starts")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


def _on_store(
    kind: str, asked: argparse.Namespace
) -> Iterator[tuple[dict[str, object], list[Bar]]]:
    with tempfile.TemporaryDirectory(prefix="replanner-load-") as name:
        folder = Path(name)
        with store_at(kind, folder) as store:
            config, url = configure(folder, store.url, "debounce_seconds: 2")
            server = Server(config, url, program=[sys.executable, str(_LAUNCHER)])
            with server.running():
                for shape in _shapes(server, asked):
                    row = _row(kind, shape, server, store)
                    yield row, list(_bars(kind, shape))


def _shapes(server: Server, asked: argparse.Namespace) -> Iterator[Shape]:
    number = round(asked.paced_s * asked.per_second)
    total = asked.warm_up + number + asked.burst
    every = iter([plain_push(server.url, each, REPOSITORIES) for each in range(total)])
    warm, slow, fast = (list(islice(every, size)) for size in (asked.warm_up, number, asked.burst))
    paced(server.url, warm, asked.per_second, asked.connections)
    server.await_drained(_DRAINS_S)
    yield _measured(f"paced {asked.per_second:g}/s", server, slow, asked)
    yield _measured(f"burst of {asked.burst:,}", server, fast, asked)


def _measured(
    name: str, server: Server, deliveries: Sequence[Delivery], asked: argparse.Namespace
) -> Shape:
    began, cpu = time.monotonic(), time.process_time()
    if name.startswith("paced"):
        answers = paced(server.url, deliveries, asked.per_second, asked.connections)
    else:
        answers = burst(server.url, deliveries, asked.connections)
    took, used = time.monotonic() - began, time.process_time() - cpu
    return Shape(name, answers, took, used, server.await_drained(_DRAINS_S))


def _row(kind: str, shape: Shape, server: Server, store: Store) -> dict[str, object]:
    times = shape.milliseconds
    statuses: Mapping[str, int] = {str(key): n for key, n in sorted(shape.statuses.items())}
    return {
        "store": kind,
        "sent": shape.name,
        "answers": statuses,
        "per second": round(shape.rate, 1),
        "p50 ms": round(percentile(times, 50), 1),
        "p99 ms": round(percentile(times, 99), 1),
        "max ms": round(max(times, default=0), 1),
        "drained after s": "never" if shape.drained_s is None else round(shape.drained_s, 1),
        "jobs done until then": dict(store.done_by_stage()),
        "most RSS, MiB": {key: round(size) for key, size in server.memory("VmHWM").items()},
        "sender's CPU": f"{shape.cpu_s / shape.took_s:.0%}",
    }


def _bars(kind: str, shape: Shape) -> Iterator[Bar]:
    name = f"{kind}, {shape.name}:"
    times = shape.milliseconds
    if shape.name.startswith("paced"):
        yield Bar(f"{name} p50 ms", round(percentile(times, 50), 1), 10)
        yield Bar(f"{name} p99 ms", round(percentile(times, 99), 1), 300)
    else:
        yield Bar(f"{name} per second", round(shape.rate, 1), 150, at_most=False)
    yield Bar(f"{name} answers that are neither 202 nor 503", shape.others, 0)
    yield Bar(f"{name} jobs that never ended", int(shape.drained_s is None), 0)


if __name__ == "__main__":
    sys.exit(main())
