"""Throws hostile, broken and honest requests at a real `replanner web` with all sources, and says
whether anybody got in, anything broke, the figures agree, the memory grew, or a secret was told."""

import argparse
import json
import re
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import urlsplit

from lab.hostile import Case, Stage, any_case
from lab.settings import configure, secret
from lab.sockets import Heard, Line, Wrong
from lab.webs import Web

from replanner.webhooks.table import SOURCES

MOST_GROWTH_MIB: Final = 20.0
# Until here its modules, connections and caches are still coming.
WARM_UP: Final = 2000
_SHOWN: Final = 10
_EXPECTED: Final = "requests were broken or late"
_SENTENCES: Final = frozenset(
    {
        "the request is broken", "not signed by a known secret", "no such source",
        "the body is too large", "a body of this type is not taken", "the body was not understood",
        "refused too often; come back later", "this is no request", "not found",
        "the request did not come in time", "the address is too long", "the head is too large",
        "method not allowed", "bad request",
    }
)  # fmt: skip
_DELIVERY: Final = re.compile(r"[a-z_]+-[0-9a-f]{40}")
_COUNTED: Final = re.compile(r"^replanner_deliveries_total\{[^}]*\} ([0-9.e+]+)$", re.MULTILINE)


@dataclass
class Tally:
    """What happened so far, told by all threads."""

    most: int
    sent: int = 0
    deliveries: int = 0
    unsure: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def another(self) -> bool:
        with self.lock:
            return self.sent < self.most and len(self.wrong) < _SHOWN

    def told(self, case: Case, heard: list[Heard], problem: str) -> None:
        with self.lock:
            self.sent += max(1, case.answers)
            self.statuses.update((case.kind, one.status) for one in heard)
            if case.ours and case.leaves:
                self.unsure += 1
            elif case.ours:
                self.deliveries += sum(one.by_app for one in heard)
            if problem:
                self.wrong.append(f"{case.kind}: {problem}\n  sent {case.raw[:600]!r}")


def main() -> int:
    asked = _arguments()
    seed = asked.seed if asked.seed is not None else secrets.randbelow(2**32)
    print(f"seed {seed}, {asked.requests} requests, {asked.connections} connections", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        return _run(Path(folder), asked, seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seed", type=int)
    return parser.parse_args()


def _run(folder: Path, asked: argparse.Namespace, seed: int) -> int:
    known = {source: f"canary-{source}-{secrets.token_hex(24)}" for source in SOURCES}
    web = Web(*_configure(folder, known))
    stage = Stage(_chance(seed), known, lambda: int(time.time()))
    with web.running():
        warm = _throw(web, stage, min(WARM_UP, asked.requests // 3), asked.connections)
        first = web.mib()
        web.seen_mib.clear()
        tally = _throw(web, stage, asked.requests - warm.sent, asked.connections, known)
        problems = [*warm.wrong, *tally.wrong, *_figures(web, warm, tally)]
        grown = max(web.seen_mib) - first
        print(f"memory of the web: {first:.1f} MiB first, {grown:.1f} more at most; over the time:")
        print(*(f"{mib:.0f}" for mib in web.seen_mib[:: len(web.seen_mib) // 20 + 1]), flush=True)
        if grown > MOST_GROWTH_MIB:
            problems.append(f"the memory grew by {grown:.1f} MiB")
    warned = Counter(
        str({key: one[key] for key in ("logger", "message", "outcome", "reason") if key in one})
        for one in web.lines()
        if one["level"] != "info" and one["message"] != _EXPECTED
    )
    problems += [f"the log warns {number} times: {text}" for text, number in warned.items()]
    problems += [
        f"the log tells the secret of {name}" for name in _told(web.log.read_text(), known)
    ]
    return _report(tally, problems)


def _chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same again is what is wanted


def _configure(folder: Path, known: Mapping[str, str]) -> tuple[Path, str]:
    """All sources; the file of one path holds its digest only, which no filter of logs knows."""
    config, url = configure(folder, "sqlite:///replanner.db", "most_queued: 1000000")
    lines = [
        f"listen: {urlsplit(url).netloc}",
        "min_free_mb: 0",
        "most_queued: 1000000",
        "sources:",
    ]
    for name, text in known.items():
        in_path = "path_tokens_file" if SOURCES[name].in_path else "secrets_file"
        hashed = f"sha256:{sha256(text.encode()).hexdigest()}"
        secret(folder / f"{name}.secret", hashed if name == "quay" else text)
        lines.append(f"  {name}: {{{in_path}: {name}.secret}}")
    config.write_text("\n".join([*lines, "trusted_proxies: [10.0.0.0/8]", ""]))
    return config, url


# --- sending


def _throw(
    web: Web,
    stage: Stage,
    number: int,
    connections: int,
    known: Mapping[str, str] | None = None,
) -> Tally:
    tally = Tally(number)
    canaries = tuple(text.encode() for text in (known or {}).values())
    threads = [
        threading.Thread(
            target=_talk, args=[web, stage._replace(chance=_chance(seed)), tally, canaries]
        )
        for seed in [stage.chance.getrandbits(64) for _ in range(connections)]
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.5)
        web.look()
    took = time.monotonic() - began
    print(f"{tally.sent} requests in {took:.1f} s, {tally.sent / took:.0f}/s", flush=True)
    return tally


def _talk(web: Web, stage: Stage, tally: Tally, canaries: tuple[bytes, ...]) -> None:
    """One sender, which connects anew where it has to and sometimes where it has not."""
    line: Line | None = None
    before = b""
    while tally.another():
        case = any_case(stage)
        if line is None or stage.chance.random() < 0.02:  # noqa: PLR2004 - an address each 50
            if line:
                line.close()
            line = Line(web.host, web.port, stage.chance)
        heard: list[Heard] = []
        problem = ""
        try:
            line.send(case.raw)
            _hear(line, case, heard)
            problem = _judged(case, heard, canaries)
        except (Wrong, OSError, ValueError) as error:
            problem = f"{type(error).__name__}: {error}; before it {before!r}"
        before = case.raw[:600]
        tally.told(case, heard, problem)
        if problem or case.last or (heard and heard[-1].closes):
            line.close()
            line = None
    if line:
        line.close()


def _hear(line: Line, case: Case, heard: list[Heard]) -> None:
    if case.leaves:
        return
    if case.last:
        heard.extend(line.remaining(head=case.head))
        return
    for _ in range(case.answers):
        heard.append(line.answer(head=case.head))
        if heard[-1].closes:
            return


# --- judging


def _judged(case: Case, heard: list[Heard], canaries: tuple[bytes, ...]) -> str:
    """What is wrong with the answers, if anything is."""
    for one in heard:
        if one.status not in case.allowed:
            return f"answered with {one.status} {one.body[:200]!r}"
        if not case.head and not _is_ours(one):
            return f"an answer that is none of ours: {one.body[:200]!r}"
        if any(canary in one.body for canary in canaries):
            return "an answer tells a secret"
    return ""


def _is_ours(heard: Heard) -> bool:
    if heard.body.startswith(b"# HELP replanner_"):
        return True
    try:
        told = json.loads(heard.body)
    except ValueError:
        return False
    if heard.status == 200:  # noqa: PLR2004 - HTTP's
        return set(told) in ({"alive"}, {"ready", "problems", "workers"})
    if heard.status == 202:  # noqa: PLR2004 - HTTP's
        return set(told) == {"delivery"} and bool(_DELIVERY.fullmatch(told["delivery"]))
    return set(told) == {"error"} and told["error"] in _SENTENCES


def _figures(web: Web, *tallies: Tally) -> list[str]:
    """Whether /metrics counted each delivery once. Who left before an answer came may or may not
    have been one."""
    counted = sum(float(number) for number in _COUNTED.findall(web.metrics()))
    least = sum(one.deliveries for one in tallies)
    most = least + sum(one.unsure for one in tallies)
    print(f"deliveries: {counted:.0f} counted by the server, {least} to {most} answered here")
    return [] if least <= counted <= most else ["the server's figures are not what was answered"]


def _told(log: str, known: Mapping[str, str]) -> list[str]:
    return [name for name, text in known.items() if text in log or text.upper() in log]


def _report(tally: Tally, problems: list[str]) -> int:
    for kind in sorted({kind for kind, _ in tally.statuses}):
        found = {status: n for (name, status), n in sorted(tally.statuses.items()) if name == kind}
        print(f"{kind:>14}: {', '.join(f'{status} x {n}' for status, n in found.items())}")
    for problem in problems[:_SHOWN]:
        print(f"FAILED {problem}")
    print("FAILED" if problems else "ok: nobody got in, nothing broke, every delivery was counted")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
