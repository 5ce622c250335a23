"""Runs `replanner web` alone, which answers requests and does no work, and watches its memory."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from sending import fetch

_STARTS_S = 60.0
_REAL = (sys.executable, "-m", "replanner")


class Web:
    """One web process, gunicorn's master and its child."""

    def __init__(self, config: Path, url: str) -> None:
        self.config, self.url = config, url
        place = urlsplit(url)
        self.host, self.port = str(place.hostname), int(place.port or 0)
        self.log = config.with_name("web.log")
        self.seen_mib: list[float] = []
        self._child = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        words = [*_REAL, "migrate", "--config", str(self.config)]
        subprocess.run(words, check=True, timeout=_STARTS_S, capture_output=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*_REAL, "web", "--config", str(self.config)], stdout=log, stderr=log
            )
        try:
            self._await(process)
            yield
        finally:
            process.terminate()
            process.wait(60)

    def _await(self, process: "subprocess.Popen[bytes]") -> None:
        end = time.monotonic() + _STARTS_S
        while time.monotonic() < end and process.poll() is None:
            with suppress(OSError):
                if fetch(f"{self.url}/healthz", 5).status == 200:  # noqa: PLR2004 - HTTP's
                    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
                    self._child = int(children.read_text().split()[0])
                    return
            time.sleep(0.1)
        raise TimeoutError(f"the web did not start: {self.log.read_text()[-2000:]}")

    def mib(self) -> float:
        """What the child holds now; that it is still the same one is a part of the question."""
        status = Path(f"/proc/{self._child}/status").read_text()
        kib = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(kib.split()[1]) / 1024

    def look(self) -> None:
        self.seen_mib.append(self.mib())

    def lines(self) -> list[dict[str, object]]:
        """What the log says; what is no line of its kind is said by Python."""
        found = self.log.read_text().splitlines()
        return [
            json.loads(line) if line[:1] == "{" else {"level": "print", "message": line}
            for line in found
        ]

    def metrics(self) -> str:
        return str(fetch(f"{self.url}/metrics", 30).body["text"])
