"""The wire between the Action and the emulated GitHub: records every call, and can cut a run off
before or after any one write, or lose the answer of a write that was done."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Moment = Literal["before", "after"]
_DROPPED = {"connection", "transfer-encoding", "content-length", "host", "accept-encoding"}


@dataclass(frozen=True)
class Sent:
    """One request of the Action, as it went over the wire."""

    method: str
    path: str
    body: str
    status: int

    @property
    def writes(self) -> bool:
        if self.path.endswith("/graphql"):
            return '"mutation' in self.body.replace('"query": "', '"').replace('"query":"', '"')
        return self.method not in ("GET", "HEAD")

    @property
    def name(self) -> str:
        if not self.path.endswith("/graphql"):
            return f"{self.method} {urlsplit(self.path).path}"
        words = json.loads(self.body)["query"].split()
        return f"graphql {' '.join(words[:2])[:60]}"


@dataclass
class Wire:
    """`url` is what the Action is given as GitHub's address."""

    upstream: str
    url: str = ""
    sent: list[Sent] = field(default_factory=list)
    # Called with the number of the write (from 1) and the moment; True: drop the connection.
    cut: Callable[[int, Moment], bool] = lambda _number, _moment: False
    # GitHub Enterprise Server has its REST API below this path.
    prefix: str = ""
    # The numbers of the writes whose answer is lost in a 502, though they are done.
    lose: frozenset[int] = frozenset()
    # What a path's answer is turned into.
    altered: Callable[[str, bytes], bytes] = lambda _path, data: data
    # What GitHub has and the emulator has not: the JSON that is answered, by path.
    lacking: dict[str, object] = field(default_factory=dict)
    _writes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        self.sent.clear()
        self._writes = 0
        self.cut = lambda _number, _moment: False
        self.lose = frozenset()
        self.altered = lambda _path, data: data

    @property
    def writes(self) -> list[Sent]:
        return [one for one in self.sent if one.writes]

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("content-length") or 0)
        body = handler.rfile.read(length)
        probe = Sent(handler.command, handler.path, body.decode("utf-8", "replace"), 0)
        number = self._numbered(writes=probe.writes)
        if number and self.cut(number, "before"):
            handler.close_connection = True
            return
        status, headers, data = self._forward(handler, body)
        with self._lock:
            self.sent.append(Sent(probe.method, probe.path, probe.body, status))
        if number and self.cut(number, "after"):
            handler.close_connection = True
            return
        if number in self.lose:
            status, data = 502, b'{"message": "Bad Gateway"}'
        self._answer(handler, status, headers, data)

    def _numbered(self, *, writes: bool) -> int:
        with self._lock:
            self._writes += writes
            return self._writes if writes else 0

    def _forward(
        self, handler: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        target = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=120)
        kept = {k: v for k, v in handler.headers.items() if k.lower() not in _DROPPED}
        path = handler.path.removeprefix(self.prefix)
        connection.request(handler.command, path, body or None, kept)
        answer = connection.getresponse()
        shown = self.url + self.prefix
        data = answer.read().replace(self.upstream.encode(), shown.encode())
        headers = [
            (k, v.replace(self.upstream, shown))
            for k, v in answer.getheaders()
            if k.lower() not in _DROPPED
        ]
        connection.close()
        if answer.status == HTTPStatus.NOT_FOUND and urlsplit(path).path in self.lacking:
            return 200, headers, json.dumps(self.lacking[urlsplit(path).path]).encode()
        data = self.altered(path, data)
        return answer.status, headers, data

    def _answer(
        self,
        handler: BaseHTTPRequestHandler,
        status: int,
        headers: list[tuple[str, str]],
        data: bytes,
    ) -> None:
        try:
            handler.send_response_only(status)
            for key, value in headers:
                handler.send_header(key, value)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True  # the Action is gone, which is what was wanted


@contextmanager
def wired(upstream: str) -> Iterator[Wire]:
    wire = Wire(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            wire.handle(self)

        def log_message(self, *_: object) -> None:
            pass

    for method in ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"):
        setattr(Handler, f"do_{method}", Handler.do)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wire.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
