"""A small one of the experiments with kills; `make chaos` is the whole one."""

import json
import subprocess
import sys
from pathlib import Path

from peers import peer

CHAOS = Path(__file__).parents[2] / "tools" / "server" / "chaos.py"
SMALL = (
    "--store sqlite --burst 60 --paced-s 5 --per-second 10 --kills 3"
    " --repositories 2 --models 2 --pulls 1 --patience-s 300 --seed 7"
)


def test_nothing_is_lost_and_nothing_done_twice_though_processes_are_killed(
    tmp_path: Path,
) -> None:
    peer("hub-server")
    peer("github-emulator", needs=("github/openapi.json",))
    words = [sys.executable, str(CHAOS), *SMALL.split(), "--json", str(tmp_path / "found.json")]
    ran = subprocess.run(words, check=False, capture_output=True, text=True, timeout=600)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["wrong"] == []
    assert ran.returncode == 0
    (row,) = found["rows"]
    assert row["accepted"] == row["deliveries"] == 110
    assert sum(row["kills"].values()) == 3
    # The verdict had something to look at.
    assert all(row["compared"][what] for what in ("plans", "reviews", "commands"))
