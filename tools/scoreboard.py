"""Hold plans to their limits: against the start-ups that the project carries and, by its scorers,
against a truth folder.

usage: scoreboard.py TRUTH_FOLDER

Exit 0 where every limit holds; 1 otherwise. That the folder is absent is said in one line.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from startups import score as startups


@dataclass(frozen=True)
class Board:
    """One scorer, its arguments, and per figure (a path into its JSON) what it may be at worst."""

    title: str
    script: str
    arguments: tuple[str, ...]
    at_most: Mapping[str, float]
    at_least: Mapping[str, float]


BOARDS = (
    Board(
        "engine: vLLM 0.33.0's own planning code",
        "score_engine.py",
        ("engine.open.jsonl", "--faithful-only"),
        {
            "weights.mean": 1.5,
            "request.mean": 2.0,
            "weights.unanswered": 0,
            "request.unanswered": 0,
            "params.unanswered": 0,
        },
        {
            "weights.within_1_percent": 95,
            "request.within_1_percent": 93,
            "params.within_1_percent": 97,
            "refusals.agreed_percent": 92,
        },
    ),
    Board(
        "memory: what real servers printed at start-up",
        "score_memory.py",
        ("memory.open.jsonl", "--configs", "configs"),
        {
            "metrics.weights.unanswered": 0,
            "metrics.weights.median": 0.5,
            "metrics.weights.mean": 2,
            "metrics.activation.median": 20,
            "metrics.kv.median": 2,
            "metrics.kv.mean": 5,
            "metrics.tokens.median": 2,
            "metrics.tokens.mean": 6,
            "metrics.concurrency.median": 2,
            "metrics.concurrency.mean": 6,
            "metrics.kv_needed.median": 0.5,
        },
        {"verdict.started.share": 98, "verdict.refused.share": 95},
    ),
    Board(
        "speed: what was measured",
        "score_performance.py",
        ("performance.open.jsonl", "--configs", "configs"),
        {
            "metrics.tpot.median": 14,
            "metrics.throughput.median": 12,
            "metrics.ttft.median": 45,
            "metrics.decode.median": 13,
            "metrics.decode.unanswered": 0,
        },
        {},
    ),
)


def main() -> int:
    truth, carried = Path(sys.argv[1]), startups.board()
    if not (truth / "score_engine.py").exists():
        print(f"the others skipped: no truth folder at {truth} (make truth TRUTH=FOLDER)")
        return carried
    return max([carried, *(_run(board, truth) for board in BOARDS)])


def figures_of(board: Board, truth: Path) -> Any:
    """What its scorer says; none where it says nothing, with the reason on stderr."""
    command = [sys.executable, board.script, *board.arguments, "--json"]
    done = subprocess.run(command, cwd=truth, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        print(f"{board.title}: no figures\n{done.stderr[-2000:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout)


def _run(board: Board, truth: Path) -> int:
    figures = figures_of(board, truth)
    if figures is None:
        return 1
    print(f"\n{board.title}")
    bad = [_line(figures, path, limit, most=True) for path, limit in board.at_most.items()]
    bad += [_line(figures, path, limit, most=False) for path, limit in board.at_least.items()]
    return int(any(bad))


def _line(figures: object, path: str, limit: float, *, most: bool) -> bool:
    value = figures
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    number = float(value) if isinstance(value, int | float) else float("nan")
    good = number <= limit if most else number >= limit
    sign = "<=" if most else ">="
    print(f"  {'ok ' if good else 'BAD'} {path:28} {number:8.2f}  ({sign} {limit:g})")
    return not good


if __name__ == "__main__":
    sys.exit(main())
