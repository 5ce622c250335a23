"""`replanner ready` says with its exit code what /readyz says, for a container's healthcheck."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from processes import configure

from replanner.cli import main


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a web that answers /readyz with `status`, and all else with 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(b'{"ready":"told"}\n')

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_it_asks_where_the_web_listens(
    status: int,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with answering(status) as port:
        monkeypatch.setenv("REPLANNER_LISTEN", f"0.0.0.0:{port}")
        assert main(["ready", "--config", str(configure(tmp_path))]) == code
    assert capsys.readouterr().out == '{"ready":"told"}\n'


def test_nobody_there_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(200) as port:
        pass
    monkeypatch.setenv("REPLANNER_LISTEN", f"127.0.0.1:{port}")
    assert main(["ready", "--config", str(configure(tmp_path))]) != 0
    assert f"nobody answers at 127.0.0.1:{port}" in capsys.readouterr().err
