"""The demo runs through, says what it should, and leaves other people's folders alone."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "examples" / "demo" / "run_demo.py"


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--into", str(folder)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def test_the_demo_shows_the_whole_loop_twice_over(tmp_path: Path) -> None:
    for _ in range(2):
        done = run(tmp_path / "demo")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "opened replanner/main/demo-mixtral-8x7b-" in done.stdout
        assert "no longer starts because weights grew by 21.6 GiB" in done.stdout
        assert "Nothing new to propose." in done.stdout.split("The same inputs again")[1]


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "no demo" in done.stderr
    assert (tmp_path / "mine").exists()
