"""Stands before the emulated GitHub, counts what the server asks of it, and spreads that over
several tokens of the server's account: the emulator, like GitHub, answers 5,000 calls an hour and
token, and an experiment is many hours' work in a few minutes.

usage: relay.py UPSTREAM TOKEN...      prints its address, and ends with its standard input
"""

import http.client
import itertools
import json
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_OF_ONE_HOP = {"connection", "transfer-encoding", "content-length", "host", "accept-encoding"}
COUNTS = "/_relay/counts"


class Relay:
    """`own` is the address that links in answers must have: clients follow no others."""

    def __init__(self, upstream: str, tokens: list[str]) -> None:
        self.upstream, self.own = upstream, ""
        self.counts: Counter[str] = Counter()
        self._tokens = itertools.cycle(tokens)
        self._lock = threading.Lock()
        self._threads = threading.local()

    def token(self, kind: str) -> str:
        with self._lock:
            self.counts[kind] += 1
            return next(self._tokens)

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        kind = "GraphQL" if path.endswith("/graphql") else "reads" if method == "GET" else "writes"
        kept = {name: value for name, value in headers.items() if name.lower() not in _OF_ONE_HOP}
        kept["Authorization"] = f"token {self.token(kind)}"
        connection = self._connection()
        try:
            connection.request(method, path, body or None, kept)
            answer = connection.getresponse()
            data = answer.read()
        except BaseException:
            connection.close()  # it opens again with the next request
            raise
        told = [(n, self._here(v)) for n, v in answer.getheaders() if n.lower() not in _OF_ONE_HOP]
        return answer.status, told, data.replace(self.upstream.encode(), self.own.encode())

    def _here(self, text: str) -> str:
        return text.replace(self.upstream, self.own)

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._threads, "open"):
            place = urlsplit(self.upstream)
            self._threads.open = http.client.HTTPConnection(
                place.hostname or "", place.port, timeout=120
            )
        found: http.client.HTTPConnection = self._threads.open
        return found


def serve(relay: Relay) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path == COUNTS:
                self.answer(200, [], json.dumps(relay.counts).encode())
            else:
                self.answer(*relay.ask(self.command, self.path, dict(self.headers), body))

        def answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
            self.send_response_only(status)
            for name, value in [*headers, ("Content-Length", str(len(data)))]:
                self.send_header(name, value)
            try:
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # who asked was killed

        def log_message(self, *_: object) -> None:
            pass

    for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.do)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # connections of the dead
    relay.own = f"http://127.0.0.1:{server.server_port}"
    return server


def main() -> None:
    relay = Relay(sys.argv[1], sys.argv[2:])
    server = serve(relay)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(relay.own, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
