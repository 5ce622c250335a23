"""Finds and starts the peers that some tests talk to: real programs outside this repository.

`REPLANNER_PEERS` is their folder. Where a peer is absent, its tests are skipped and say so.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PEERS = (ROOT / (os.environ.get("REPLANNER_PEERS") or "../shared/tools")).resolve()
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
INSTALLED = Path(os.environ.get("REPLANNER_TOOLS") or _CACHE / "replanner-tools")


def peer(name: str, *, needs: Sequence[str] = ()) -> Path:
    """The program `name`, or a skip; `needs` are the paths below INSTALLED that it runs on."""
    program = PEERS / name
    if not program.exists():
        pytest.skip(f"peer {name} is not in {PEERS} (set REPLANNER_PEERS)")
    for part in needs:
        if not (INSTALLED / part).exists():
            pytest.skip(f"peer {name} is not installed: {INSTALLED / part} is missing")
    return program


@contextmanager
def running(program: Path, *args: str | Path) -> Iterator[str]:
    """A server that prints one line when it is ready and ends when its standard input closes."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [program, "--foreground", *args], stdin=pipe, stdout=pipe, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()
            server.wait(10)
