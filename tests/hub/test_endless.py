"""A Hub that sends more than it was asked for: what comes beyond is not read."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from replanner.hub.wire import Wire
from replanner.planning.model_files import UpstreamFile

GIB = 2**30


class _Endless(BaseHTTPRequestHandler):
    """It ignores `Range`, says 200 and sends for as long as anybody reads."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:  # the name that http.server calls
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 65536)
        except OSError:
            return


@pytest.fixture
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Endless) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("size", [10, 1000, GIB])
def test_a_body_without_end_is_cut_off_where_it_was_to_end(endpoint: str, size: int) -> None:
    wire = Wire(endpoint=endpoint, token=None, saved_login=False, timeout_s=10, retry_waits_s=())
    file = UpstreamFile("model.safetensors", "git:1", size)
    assert wire.read("acme/tiny", file, commit="c" * 40, limit=1000) == b"x" * 1000
