"""A server on loopback that answers as a test says, and remembers what it was asked: for what no
emulator does, such as limits, outages, certificates and proxies."""

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

ABOUT = {
    "data": {
        "viewer": {"login": "bot", "databaseId": 7},
        "repository": {"id": "R_1", "nameWithOwner": "acme/infra"},
    }
}


class Request(NamedTuple):
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any


class Reply(NamedTuple):
    status: int = 200
    body: object = None
    headers: Mapping[str, str] = {}

    def written(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


Answer = Callable[[Request], Reply]


@dataclass
class FakeGitHub:
    """`answers` are tried in order by method and path; a list of replies is used up one by one, the
    last one again and again."""

    url: str = ""
    asked: list[Request] = field(default_factory=list)
    answers: list[tuple[str, re.Pattern[str], Answer]] = field(default_factory=list)

    def on(self, method: str, path: str, *replies: Reply | Answer) -> None:
        waiting = list(replies)

        def answer(request: Request) -> Reply:
            reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            return reply(request) if callable(reply) else reply

        self.answers.insert(0, (method, re.compile(path), answer))

    def reply(self, request: Request) -> Reply:
        self.asked.append(request)
        for method, path, answer in self.answers:
            if method == request.method and path.search(request.path):
                return answer(request)
        return Reply(404, {"message": "Not Found"})

    def paths(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.asked]


@contextmanager
def fake_github(certificate: ssl.SSLContext | None = None) -> Iterator[FakeGitHub]:
    fake = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(size)
            parts = urlsplit(self.path)
            headers = {key.lower(): value for key, value in self.headers.items()}
            body = json.loads(raw) if raw else None
            # A proxy is asked for a whole address.
            where = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
            asked = Request(
                self.command, where + unquote(parts.path), parse_qs(parts.query), headers, body
            )
            reply = fake.reply(asked)
            data = reply.written()
            self.send_response(reply.status)
            for key, value in reply.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.do)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        server.socket = certificate.wrap_socket(server.socket, server_side=True)
    scheme = "http" if certificate is None else "https"
    fake.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
