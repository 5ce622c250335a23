"""A PostgreSQL of our own for the tests that need one, where it is installed."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import until

_PROGRAMS = ("initdb", "postgres", "pg_isready")


class Cluster:
    """A server of our own: `url` is an empty database of it. Only a `durable` one waits for the
    disk, which tests need not, and measurements do."""

    def __init__(
        self, folder: Path, user: str, programs: Sequence[str], *, durable: bool = False
    ) -> None:
        self._folder, self._user, self._port = folder, user, _free_port()
        self._options = () if durable else ("-F",)
        initdb, self._server, self._is_ready = programs
        self._make(initdb)
        self.url = f"postgresql://app@127.0.0.1:{self._port}/postgres"
        self.start()

    def _make(self, initdb: str) -> None:
        subprocess.run(
            [initdb, "-D", self._folder / "data", "-A", "trust", "-U", "app", "--no-sync"],
            check=True, user=self._user, cwd=self._folder, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self) -> None:
        where = ["-D", self._folder / "data", "-p", str(self._port), "-k", self._folder]
        self._process = subprocess.Popen(
            [self._server, *where, "-h", "127.0.0.1", *self._options],
            user=self._user, cwd=self._folder, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ready = [self._is_ready, "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        until(lambda: subprocess.run(ready, check=False).returncode == 0)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """SIGTERM waits until everybody has gone, SIGINT ends their sessions, SIGQUIT ends at once
        as a crash does (postgresql.org, "Shutting Down the Server")."""
        self._process.send_signal(how)
        self._process.wait(60)


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """A server that is started; a skip where none is installed."""
    programs = [shutil.which(name) for name in _PROGRAMS]
    if not all(programs):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            pytest.skip("PostgreSQL is not installed")
        programs = [str(found[-1].with_name(name)) for name in _PROGRAMS]
    # It refuses to run as root.
    user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    with tempfile.TemporaryDirectory(prefix="replanner-pg-") as name:
        if os.getuid() == 0:
            shutil.chown(name, user)
        made = Cluster(Path(name), user, [str(each) for each in programs], durable=durable)
        try:
            yield made
        finally:
            made.stop(signal.SIGINT)


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """The address of an empty database; a skip where no server is installed."""
    with cluster(durable=durable) as made:
        yield made.url


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
