"""A Hub on loopback that speaks the requests the adapter makes, with its tools under /_tools/.

Shapes and error headers are those the public Hub answers with (docs/models.md); the same tests run
against a second, independent server where it is at hand, so that the two keep each other honest.
"""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from replanner.hub.disk import git_digest

# path -> (the bytes that are stored, the size of the whole file)
Files = dict[str, tuple[bytes, int]]
Reply = tuple[int, dict[str, str], bytes]
LARGE = 100_000


class Stub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.refs: dict[str, dict[str, str]] = {}
        self.commits: dict[str, dict[str, Files]] = {}
        self.faults: dict[str, dict[str, Any]] = {}
        self.calls: list[dict[str, Any]] = []

    def add(self, model: str, files: Files, *refs: str) -> str:
        known = self.commits.setdefault(model, {})
        content = repr((sorted(known), sorted(files.items()))).encode()
        sha = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        known[sha] = files
        self.refs.setdefault(model, {}).update(dict.fromkeys(refs, sha))
        return sha


class _Refused(Exception):
    def __init__(
        self, status: int, code: str = "", message: str = "", body: str = "{}", **more: str
    ) -> None:
        pairs = {"X-Error-Code": code, "X-Error-Message": message}
        headers = {name: value for name, value in pairs.items() if value}
        self.reply: Reply = (status, {**headers, **more}, body.encode())


def _failure(kind: str, fault: dict[str, Any]) -> _Refused | None:
    wait = str(fault.get("retry_after", 2))
    return {
        "missing": _Refused(401, "RepoNotFound", "Invalid username or password."),
        "disabled": _Refused(403, "", "Access to this resource is disabled."),
        "limited": _Refused(429, "", "slow down", RateLimit=f'"api";r=0;t={wait}'),
        "later": _Refused(429, "", "slow down", **{"Retry-After": wait}),
        "error": _Refused(fault.get("status", 500), "", "Internal Error"),
        "bad-token": _Refused(401, "", "Invalid credentials in Authorization header"),
    }.get(kind)


class _Handler(BaseHTTPRequestHandler):
    server: Stub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    do_PUT = do_POST = do_GET  # noqa: N815 -- the names that http.server calls

    def _answer(self) -> None:
        try:
            status, headers, body = self._reply()
        except _Refused as refused:
            status, headers, body = refused.reply
        if not self.path.startswith("/_tools/"):
            call = {
                "path": self.path,
                "range": self.headers["Range"],
                "status": status,
                "token": "Authorization" in self.headers,
            }
            self.server.calls.append(call)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _reply(self) -> Reply:
        path = urlsplit(self.path).path
        if path.startswith("/_tools/"):
            return self._tools(path)
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/([^/]+)", path):
            return self._model(match[1], unquote(match[2]))
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commits/([^/]+)", path):
            return self._history(match[1], match[2])
        match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if match:
            return self._file(match[1], match[2], unquote(match[3]))
        match = re.fullmatch(r"/(?:api/resolve-cache/models|_cdn)/([^/]+/[^/]+)/(\w+)/(.+)", path)
        if match:
            return self._bytes(match[1], match[2], unquote(match[3]))
        raise _Refused(404)

    def _tools(self, path: str) -> Reply:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        answer: object = {}
        if path == "/_tools/log":
            answer = self.server.calls
        elif path == "/_tools/faults":
            self.server.faults = json.loads(body)
        else:
            asked = json.loads(body)
            model = asked["model"]
            files = dict(self.server.commits[model][self.server.refs[model]["main"]])
            files |= {name: (t.encode(), len(t.encode())) for name, t in asked["files"].items()}
            answer = {"sha": self.server.add(model, files, "main")}
        return 200, {}, json.dumps(answer).encode()

    def _source(self, model: str, *, files: bool) -> str:
        fault = self.server.faults.get(model, {})
        kind = fault.get("kind", "")
        if "times" in fault:
            fault["times"] -= 1
            kind = kind if fault["times"] >= 0 else ""
        if kind == "slow":
            time.sleep(fault["seconds"])
        if kind == "raw":
            raise _Refused(fault["status"], body=fault["body"])
        if kind == "moved":
            where = self.path.replace(model, fault["to"], 1)
            raise _Refused(307, Location=where)
        if failure := _failure(kind, fault):
            raise failure
        if kind == "gated" and files:
            self._gate(fault)
        source = str(fault.get("of", model))
        if source not in self.server.commits:
            raise _Refused(401, "RepoNotFound", "Invalid username or password.")
        return source

    def _gate(self, fault: dict[str, Any]) -> None:
        token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        if token not in fault.get("granted", []):
            raise _Refused(403 if token else 401, "GatedRepo", "Access is restricted.")

    def _commit(self, model: str, revision: str) -> str:
        known = [self.server.refs[model].get(revision, "")]
        known += [sha for sha in self.server.commits[model] if sha.startswith(revision)]
        if not any(known):
            raise _Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return next(filter(None, known))

    def _model(self, model: str, revision: str) -> Reply:
        source = self._source(model, files=False)
        sha = self._commit(source, revision)
        answer: dict[str, object] = {"id": model, "sha": sha, "gated": False, "private": False}
        if "blobs" in self.path:
            found = self.server.commits[source][sha].items()
            answer["siblings"] = [_sibling(path, *held) for path, held in found]
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def _history(self, model: str, revision: str) -> Reply:
        """The commits up to this one, the newest first, a minute apart."""
        source = self._source(model, files=False)
        sha = self._commit(source, revision)
        made = list(self.server.commits[source])
        rows = [
            {"id": one, "title": "x", "date": f"2026-11-19T08:{number:02}:00.000Z"}
            for number, one in enumerate(made[: made.index(sha) + 1])
        ]
        return 200, {"Content-Type": "application/json"}, json.dumps(rows[::-1]).encode()

    def _file(self, model: str, sha: str, path: str) -> Reply:
        source = self._source(model, files=True)
        held = self.server.commits[source][self._commit(source, sha)].get(path)
        if held is None:
            raise _Refused(404, "EntryNotFound", "Entry not found")
        if held[1] > LARGE:
            host = self.headers["Host"].replace("127.0.0.1", "localhost")
            return 302, {"Location": f"http://{host}/_cdn/{source}/{sha}/{path}"}, b""
        return 307, {"Location": f"/api/resolve-cache/models/{source}/{sha}/{path}"}, b""

    def _bytes(self, model: str, sha: str, path: str) -> Reply:
        data, size = self.server.commits[model][sha][path]
        if match := re.fullmatch(r"bytes=0-(\d+)", self.headers["Range"] or ""):
            end = min(int(match[1]) + 1, size)
            part = data[:end].ljust(end, b"\0")
            return 206, {"Content-Range": f"bytes 0-{end - 1}/{size}"}, part
        return 200, {}, data


def _sibling(path: str, data: bytes, size: int) -> dict[str, object]:
    row: dict[str, object] = {"rfilename": path, "size": size}
    row["blobId"] = git_digest(data).removeprefix("git:")
    if size > LARGE:
        row["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": size, "pointerSize": 135}
    return row


@contextmanager
def serving() -> Iterator[Stub]:
    with Stub() as stub:
        thread = Thread(target=stub.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield stub
        finally:
            stub.shutdown()
            thread.join()
