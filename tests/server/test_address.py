"""An address that cannot be had is one sentence, before anything is started."""

import errno
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import configure, running

from replanner.errors import InputError
from replanner.server import address
from replanner.server.settings import Listen


@pytest.fixture
def taken() -> Iterator[Listen]:
    """An address on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield Listen(*other.getsockname())


@pytest.mark.parametrize("command", ["serve", "web"])
def test_nothing_is_started_on_an_address_that_is_in_use(
    command: str, tmp_path: Path, taken: Listen
) -> None:
    config = configure(tmp_path)
    words: list[str | Path] = [sys.executable, "-P", "-m", "replanner", command, "--config", config]
    env = {**os.environ, "REPLANNER_LISTEN": str(taken)}
    ran = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2
    told, hint = ran.stderr.splitlines()
    assert told == f"error: listen: {taken} is in use by another program."
    assert "`listen`" in hint
    assert "REPLANNER_LISTEN" in hint
    assert not (tmp_path / "replanner.db").exists()


@pytest.mark.parametrize(
    ("listen", "told"),
    [
        (Listen("192.0.2.1", 8080), "listen: 192.0.2.1:8080 is no address of this machine."),
        (Listen("nobody.invalid", 80), "listen: nobody.invalid:80 cannot be listened on: "),
        (Listen("a..b", 80), "listen: a..b:80 cannot be listened on: "),
    ],
)
def test_an_address_that_nobody_can_have_is_told_at_once(listen: Listen, told: str) -> None:
    with pytest.raises(InputError) as error:
        address.check(listen, patience_s=3600)
    assert error.value.message.startswith(told)


def test_a_port_that_only_root_may_use_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may be run by root, whom no port is refused."""

    class Refusing(socket.socket):
        def bind(self, _: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "socket", Refusing)
    with pytest.raises(InputError, match=r"127\.0\.0\.1:80 may not be used by this user"):
        address.check(Listen("127.0.0.1", 80))


def test_any_port_will_do_and_is_free_again(taken: Listen) -> None:
    address.check(Listen("127.0.0.1", 0))
    with socket.create_server(("127.0.0.1", 0)) as free:
        found = Listen(*free.getsockname())
    for _ in range(2):
        address.check(found, patience_s=0)
    with pytest.raises(InputError, match="is in use"):
        address.check(taken, patience_s=0)


def test_who_is_just_leaving_is_waited_for() -> None:
    other = socket.create_server(("127.0.0.1", 0))
    found = Listen(*other.getsockname())
    threading.Timer(0.3, other.close).start()
    address.check(found, patience_s=30)


def test_a_server_without_sources_says_that_it_takes_no_webhook(tmp_path: Path) -> None:
    (tmp_path / "server.yaml").write_text("listen: 127.0.0.1:0\n")
    with running("serve", tmp_path / "server.yaml") as served:
        served.address()
        [line] = [one for one in served.lines() if "no source" in str(one["message"])]
        assert line["level"] == "warning"
        assert served.stop() == 0
