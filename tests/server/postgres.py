"""A PostgreSQL of our own for the tests that need one, where it is installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import until


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database; a skip where no server is installed."""
    programs = [shutil.which(name) for name in ("initdb", "postgres", "pg_isready")]
    if not all(programs):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            pytest.skip("PostgreSQL is not installed")
        programs = [str(found[-1].with_name(name)) for name in ("initdb", "postgres", "pg_isready")]
    initdb, server, is_ready = map(str, programs)
    # It refuses to run as root.
    user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    with tempfile.TemporaryDirectory(prefix="replanner-pg-") as name:
        if os.getuid() == 0:
            shutil.chown(name, user)
        data, port = Path(name) / "data", _free_port()
        subprocess.run(
            [initdb, "-D", data, "-A", "trust", "-U", "app", "--no-sync"],
            check=True, user=user, cwd=name, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with subprocess.Popen(
            [server, "-D", data, "-p", str(port), "-k", name, "-h", "127.0.0.1", "-F"],
            user=user, cwd=name, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            try:
                ready = [is_ready, "-q", "-h", "127.0.0.1", "-p", str(port)]
                until(lambda: subprocess.run(ready, check=False).returncode == 0)
                yield f"postgresql://app@127.0.0.1:{port}/postgres"
            finally:
                process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
