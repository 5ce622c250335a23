"""A registry on loopback that speaks the distribution API, with tokens where it is told to."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"


def manifest(seed: str) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "x": seed}).encode()


def digest(seed: str) -> str:
    return f"sha256:{hashlib.sha256(manifest(seed)).hexdigest()}"


@dataclass
class Registry:
    """`images` are seeds of manifests by tag, by path. `auth`: none, bearer or basic; `users` may
    then read (without any, everybody may fetch a token). `fail` answers that status instead.
    `tells_etags`: lists of tags need not be sent twice."""

    url: str = ""
    images: dict[str, dict[str, str]] = field(default_factory=dict)
    auth: str = "none"
    users: dict[str, str] = field(default_factory=dict)
    realm: str = ""
    fail: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    tells_digests: bool = True
    tells_etags: bool = False
    unchanged: int = 0
    page: int = 1000
    calls: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def push(self, path: str, tag: str, seed: str) -> str:
        self.images.setdefault(path, {})[tag] = seed
        return digest(seed)


class _Handler(BaseHTTPRequestHandler):
    registry: Registry
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        del format, args

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        one = self.registry
        one.calls.append(f"{self.command} {self.path}")
        parts = urlsplit(self.path)
        if one.fail:
            self._send(one.fail, b"{}", one.headers)
        elif parts.path == "/token":
            self._token(parse_qs(parts.query))
        elif not self._is_let_in(parts.path):
            self._send(401, b"{}", {"WWW-Authenticate": self._challenge()})
        elif parts.path.endswith("/tags/list"):
            self._tags(parts.path, parse_qs(parts.query))
        else:
            self._manifest(parts.path)

    def _token(self, query: dict[str, list[str]]) -> None:
        if self.registry.users and not self._knows_login():
            self._send(401, b"{}", {})
            return
        self._send(200, json.dumps({"token": f"for {query['scope'][0]}"}).encode(), {})

    def _knows_login(self) -> bool:
        users = self.registry.users.items()
        known = {base64.b64encode(f"{user}:{word}".encode()).decode() for user, word in users}
        return self.headers.get("Authorization", "").removeprefix("Basic ") in known

    def _is_let_in(self, path: str) -> bool:
        if self.registry.auth == "none":
            return True
        if self.registry.auth == "basic":
            return self._knows_login()
        image = path.removeprefix("/v2/").rpartition("/")[0].rpartition("/")[0]
        return self.headers.get("Authorization") == f"Bearer for repository:{image}:pull"

    def _challenge(self) -> str:
        if self.registry.auth == "basic":
            return 'Basic realm="images"'
        realm = self.registry.realm or f"{self.registry.url}/token"
        return f'Bearer realm="{realm}",service="images",scope="repository:x:pull"'

    def _tags(self, path: str, query: dict[str, list[str]]) -> None:
        image = path.removeprefix("/v2/").removesuffix("/tags/list")
        tags = sorted(self.registry.images.get(image, {}))
        if image not in self.registry.images:
            self._send(404, b"{}", {})
            return
        last = query.get("last", [""])[0]
        rest = [tag for tag in tags if tag > last]
        shown, size = rest[: self.registry.page], self.registry.page
        more = {}
        if len(rest) > size:
            following = urlencode({"last": shown[-1], "n": size})
            more = {"Link": f'<http://169.254.169.254{path}?{following}>; rel="next"'}
        body = json.dumps({"name": image, "tags": shown}).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        if self.registry.tells_etags:
            more["ETag"] = etag
        if self.registry.tells_etags and self.headers.get("If-None-Match") == etag:
            self.registry.unchanged += 1
            self._send(304, b"", more)
            return
        self._send(200, body, more)

    def _manifest(self, path: str) -> None:
        image, _, tag = path.removeprefix("/v2/").partition("/manifests/")
        seed = self.registry.images.get(image, {}).get(tag)
        if seed is None:
            self._send(404, b"{}", {})
            return
        told = {"Docker-Content-Digest": digest(seed)} if self.registry.tells_digests else {}
        self._send(200, manifest(seed), {"Content-Type": INDEX, **told})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def serving() -> Iterator[Registry]:
    registry = Registry()
    handler = type("Handler", (_Handler,), {"registry": registry})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        registry.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
