"""Chaos: the real server with its real work, killed again and again while deliveries come in.

Repositories on an emulated GitHub, models on a Hub and people who change both are real enough to
be compared in the end: what was accepted must have been worked on, everything must stand as its
newest state wants it, and nothing must stand there twice. The regular look at everything is off,
so that it cannot find again what was lost.
"""

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lab.courier import Courier
from lab.figures import save, table
from lab.kills import Killer
from lab.server import SURE_S, TOPOLOGIES, Server
from lab.settings import configure, secret
from lab.stores import KINDS, Absent, Store, store_at
from lab.verdict import judge
from lab.world import World, settings_of, token, world

# How many of the burst are things that happened; the others tell known things once more.
_NEWS = 0.06
# While the burst comes in, and when nothing is sent any more.
_BURST_PAUSE_S = 0.7
_LATE_PAUSE_S = 4.0
# How many sentences about what is wrong are printed; --json has all.
_SHOWN = 30


@dataclass
class Run:
    """One experiment, as it goes on."""

    asked: argparse.Namespace
    world: World
    server: Server
    store: Store
    courier: Courier
    killer: Killer
    sent: int = 0
    figures: dict[str, object] = field(default_factory=dict)

    def everything(self) -> None:
        """A burst, a steady stream, and then silence until all is done."""
        self.figures["sizes first"] = self._sizes()
        killing = self._burst()
        self._pace()
        self.killer.pause_s = _LATE_PAUSE_S
        if self.asked.kills and self.server.topology == "apart":
            self.server.retire()  # others must take over what it had begun
            self.killer.done["worker, for good"] += 1
        ended = time.monotonic()
        killing.join()
        if self.server.await_drained(self.asked.patience_s) is not None:
            # It is seen to be empty for a while before it counts as that.
            self.figures["drained after s"] = round(time.monotonic() - ended - SURE_S, 1)
        self.figures["sizes last"] = self._sizes()

    def _burst(self) -> threading.Thread:
        """Everything that is known and much that is new, at once, while processes die."""
        happened = [self.world.something_happens() for _ in range(round(self.asked.burst * _NEWS))]
        told = [*self.world.known.values(), *happened]
        told += [self.world.told_again() for _ in range(self.asked.burst - len(told))]
        self.world.chance.shuffle(told)
        deliveries = [fact.told(self.server.url, number) for number, fact in enumerate(told)]
        self.sent += len(deliveries)
        began, killing = time.monotonic(), self.killer.start()
        for each in deliveries:
            self.courier.send(each)
        self.courier.finish()
        self.figures["burst took s"] = round(time.monotonic() - began, 1)
        return killing

    def _pace(self) -> None:
        """A steady stream, while things go on happening."""
        per_second = self.asked.per_second
        self.killer.pause_s = self.asked.paced_s / max(1, self.killer.left)
        every = max(1, round(self.asked.news_every_s * per_second))
        began = time.monotonic()
        for number in range(round(self.asked.paced_s * per_second)):
            is_news = number % every == 0
            fact = self.world.something_happens() if is_news else self.world.told_again()
            self.courier.send(fact.told(self.server.url, self.sent))
            self.sent += 1
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        self.courier.finish()

    def _sizes(self) -> dict[str, int]:
        memory = {kind: round(size) for kind, size in self.server.memory("VmRSS").items()}
        store = {f"{name} KiB": size >> 10 for name, size in self.store.sizes().items()}
        return {**{f"{kind} MiB": size for kind, size in memory.items()}, **store}


def main() -> int:
    asked = _arguments()
    asked.seed = random.SystemRandom().randrange(1 << 32) if asked.seed is None else asked.seed
    rows, wrong = [], []
    for kind in asked.store or KINDS:
        try:
            row, found = _experiment(kind, asked)
        except Absent as why:
            print(f"{kind}: skipped, {why}", file=sys.stderr)
            continue
        rows.append(row)
        wrong += [f"{kind}: {sentence}" for sentence in found]
    if rows:
        print(table(rows))
        print(f"\nseed {asked.seed}")
    print(*wrong[:_SHOWN], sep="\n")
    if len(wrong) > _SHOWN:
        print(f"and {len(wrong) - _SHOWN} more")
    save(asked.json, {"seed": asked.seed, "rows": rows, "wrong": wrong})
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=KINDS, action="append", help="both where none is named")
    parser.add_argument("--topology", choices=TOPOLOGIES, help="serve on SQLite, else apart")
    parser.add_argument("--burst", type=int, default=2000, help="deliveries at once")
    parser.add_argument("--paced-s", type=float, default=60, help="how long the pace is kept")
    parser.add_argument("--per-second", type=float, default=20)
    # GitHub is emulated on the same machine: what people do there takes from what the server gets.
    parser.add_argument("--news-every-s", type=float, default=0.5, help="the rest is told again")
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--repositories", type=int, default=6)
    parser.add_argument("--pulls", type=int, default=2, help="people's, in each repository")
    parser.add_argument("--models", type=int, default=4)
    parser.add_argument("--patience-s", type=float, default=1200, help="for all jobs to be done")
    parser.add_argument("--seed", type=int, help="of what happens and of what is killed")
    parser.add_argument("--keep", type=Path, help="a folder for settings, log and store")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


def _experiment(kind: str, asked: argparse.Namespace) -> tuple[dict[str, object], list[str]]:
    topology = asked.topology or ("serve" if kind == "sqlite" else "apart")
    with (
        _folder(kind, asked) as folder,
        store_at(kind, folder) as store,
        world(folder, asked.seed, repositories=asked.repositories, models=asked.models) as told,
    ):
        told.begin(asked.pulls)
        secret(folder / "token", token())
        config, url = configure(folder, store.url, "debounce_seconds: 2", *settings_of(told))
        server = Server(config, url, topology)
        # Another one than the world's: what happens must not depend on when processes die.
        killer = Killer(server, random.Random(asked.seed + 1), asked.kills, _BURST_PAUSE_S)  # noqa: S311
        run = Run(asked, told, server, store, Courier(url), killer)
        with server.running():
            with run.courier.delivering(asked.connections):
                run.everything()
            return _judged(kind, run)


def _judged(kind: str, run: Run) -> tuple[dict[str, object], list[str]]:
    courier, verdict = run.courier, judge(run.world)
    lost = run.store.not_done(courier.kept.values())
    drained = "drained after s" in run.figures
    wrong = [*verdict.duplicates, *verdict.wrong, *_of_operations(run)]
    wrong += [f"lost: {delivery}" for delivery in lost]
    wrong += [f"{each.name} was answered with {each.status}" for each in courier.refused]
    wrong += [] if drained else ["jobs were left when the patience was over"]
    wrong += [f"GitHub's description: {each}" for each in run.world.violations()]
    row: dict[str, object] = {
        "store": f"{kind}, {run.server.topology}",
        "deliveries": run.sent,
        "accepted": len(courier.kept),
        "answers": {str(status): n for status, n in sorted(courier.answers.items())},
        "kills": dict(run.killer.done),
        "lost": len(lost),
        "duplicates": len(verdict.duplicates),
        "wrong": len(wrong),
        "compared": dict(verdict.looked_at),
        "jobs done": dict(run.store.done_by_stage()),
        "calls on GitHub": run.world.calls(),
    }
    return {**row, **run.figures}, wrong


def _of_operations(run: Run) -> Iterator[str]:
    """What an operator would see: dead letters, a doctor's findings, a database that is hurt."""
    _, letters = run.server.tool("dead", "list", "--json")
    yield from (f"dead letter: {line}" for line in letters.splitlines())
    code, findings = run.server.tool("doctor")
    if code:
        yield from (line for line in findings.splitlines() if not line.startswith("ok"))
    if not run.store.sound():
        yield "the database is hurt"


@contextmanager
def _folder(kind: str, asked: argparse.Namespace) -> Iterator[Path]:
    if asked.keep:
        folder = asked.keep.absolute() / kind
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="replanner-chaos-") as name:
        yield Path(name)


if __name__ == "__main__":
    sys.exit(main())
