"""The start-ups that the project carries are held to the limits, wherever it is checked out."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_carried_start_ups_are_planned_as_they_were_printed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "scoreboard.py", tmp_path / "none"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = re.findall(r"^  ok  (\w+) +median", done.stdout, flags=re.MULTILINE)
    assert {"weights_gib", "kv_cache_gib", "kv_needed_gib"} <= set(lines)
    assert "all 13 as planned" in done.stdout
    assert "no truth folder" in done.stdout
