"""PyGithub for one connection: who it is, whom it trusts, when it tries again, how its failures
become ours. It imports PyGithub, so it is imported late."""

import json
import os
import re
import ssl
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlsplit

import certifi
from github import Auth, GithubException, GithubIntegration
from github.GithubRetry import GithubRetry
from github.Requester import Requester
from jwt.exceptions import PyJWTError
from pydantic import BaseModel, ValidationError
from requests.exceptions import RequestException
from urllib3 import BaseHTTPResponse, HTTPResponse, Retry
from urllib3.connectionpool import ConnectionPool

from replanner.errors import InputError, RateLimited, UpstreamError
from replanner.forge.github.refusals import (
    Asked,
    Told,
    graphql_refusal,
    headers_of,
    is_limit,
    kinds_of,
    no_answer,
    refusal,
    wait_s,
    words_of,
)
from replanner.forge.github.session import Connection, Pace

_API_VERSION = "2022-11-28"
_ACCEPT = {"Accept": "application/vnd.github+json"}
_LIMITING = (403, 429)
_OUTAGES = (500, 502, 503, 504)
_ATTEMPTS = 4
_UNNAMED_WAIT_S = 60.0  # what GitHub asks for where a limit's answer names no time
_LARGEST_BUNDLE = 4 * 1024**2
_OK = 200
_ERROR_FROM = 300
# Written twice, these are the same object or one that nothing points at.
_CONTENT_ADDRESSED = re.compile(r"/git/(blobs|trees|commits)$")
Shape = TypeVar("Shape", bound=BaseModel)
Result = TypeVar("Result")


class PatientRetry(GithubRetry):
    """GithubRetry that never waits longer than `patience_s` in all, knows 429, and does not repeat
    what may have been done.

    GithubRetry (2.10) sleeps for whatever Retry-After says, takes 429 for a final answer, and
    repeats a POST after a 5xx or a lost connection: a second pull request, a second comment.
    """

    def __init__(
        self, *, patience_s: float = 60.0, unnamed_wait_s: float = _UNNAMED_WAIT_S, **more: Any
    ) -> None:
        self.patience_s = patience_s
        self.unnamed_wait_s = unnamed_wait_s
        self.pause_s = 0.0
        super().__init__(**{"allowed_methods": Retry.DEFAULT_ALLOWED_METHODS, **more})

    def new(self, **changes: Any) -> "PatientRetry":
        kept = {"patience_s": self.patience_s, "unnamed_wait_s": self.unnamed_wait_s}
        return super().new(**{**kept, **changes})

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:  # noqa: FBT001, FBT002 - urllib3's signature
        if status_code in _LIMITING:
            return bool(self.total)  # a limit is met before anything is done, whatever the verb
        return super().is_retry(method, status_code, has_retry_after)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> "PatientRetry":
        asked_s = 0.0
        if isinstance(response, HTTPResponse) and response.status in _LIMITING:
            asked_s = self._asked_s(response, url or "")
        after = Retry.increment(self, method, url, response, error, _pool, _stacktrace)
        assert isinstance(after, PatientRetry)  # noqa: S101 - `new` makes it; for mypy
        after.pause_s = max(asked_s, after.get_backoff_time())
        after.patience_s = self.patience_s - after.pause_s
        return after

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        del response  # its Retry-After is counted already
        time.sleep(self.pause_s)

    def _asked_s(self, response: HTTPResponse, url: str) -> float:
        """How long GitHub asks to wait. A 403 that is no limit is raised, as GithubRetry does:
        its body can be read only once."""
        headers = headers_of(response.headers.items())
        data = _json(self.get_content(response, url))
        told = Told(response.status, headers, words_of(data))
        asked = wait_s(headers)
        pause = self.unnamed_wait_s if asked is None else float(asked)
        if not is_limit(told) or pause > self.patience_s:
            raise GithubException(response.status, data, headers)
        return pause


def _json(content: str | bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


class Answered(NamedTuple):
    headers: Mapping[str, str]
    data: object


class Client:
    """Raw calls. Everything that goes wrong comes out as one of replanner's errors."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.calls = 0
        self._bundle: weakref.finalize[..., Any] | None = None
        settings = self._settings()
        self._app: Auth.AppAuth | None = None
        with self.doing("find the App's installation"):
            auth = self._auth(settings)
        settings["auth"] = _counted(auth, self._count)
        self._writer = Requester(**settings)
        # GraphQL queries are POSTs too, but write nothing: they keep the pace of reading.
        reading = {"seconds_between_writes": connection.pace.between_requests_s}
        self._reader = Requester(**{**settings, **reading})

    def _settings(self) -> dict[str, Any]:
        """What every client of this connection is made with."""
        pace = self.connection.pace
        return {
            "base_url": self.connection.api_url,
            "timeout": pace.timeout_s,
            "user_agent": self.connection.user_agent,
            "per_page": 100,
            "verify": self._trusted(),
            "retry": _retry(pace),
            "pool_size": 1,
            "seconds_between_requests": pace.between_requests_s,
            "seconds_between_writes": pace.between_writes_s,
            "api_version": _API_VERSION,
        }

    def _auth(self, settings: Mapping[str, Any]) -> Auth.Auth:
        token = self.connection.token
        if isinstance(token, str):
            return Auth.Token(token)
        self._app = Auth.AppAuth(token.app_id, token.private_key)
        with closing(GithubIntegration(auth=self._app, **settings)) as integration:
            installation = token.installation_id
            if installation is None:
                owner, name = self.connection.repository.split("/")
                installation = integration.get_repo_installation(owner, name).id
        return self._app.get_installation_auth(installation)

    def app_login(self) -> str | None:
        """The account of the App whose key we hold; None where we hold only a token."""
        if self._app is None:
            return None
        settings = {**self._writer.kwargs, "auth": self._app}
        with self.doing("read the App"), closing(GithubIntegration(**settings)) as integration:
            return f"{integration.get_app().slug}[bot]"

    def _trusted(self) -> bool | str:
        """certifi's authorities and the bundle's in one file, for as long as this client lives."""
        if self.connection.ca_bundle is None:
            return True
        bundle = _read_bundle(self.connection.ca_bundle)
        handle, name = tempfile.mkstemp(prefix="replanner-ca-", suffix=".pem")
        with os.fdopen(handle, "wb") as out:
            out.write(Path(certifi.where()).read_bytes() + b"\n" + bundle)
        self._bundle = weakref.finalize(self, Path(name).unlink, missing_ok=True)
        return name

    def _count(self) -> None:
        self.calls += 1

    def rest(
        self,
        verb: str,
        path: str,
        *,
        doing: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Answered:
        def call() -> Answered:
            with self.doing(doing):
                answer = self._writer.requestJson(
                    verb, path, dict(query or {}), headers=dict(_ACCEPT), input=body
                )
            return self._judged(answer, doing)

        harmless = verb == "POST" and _CONTENT_ADDRESSED.search(path)
        return self._repeated(call) if harmless else call()

    def pages(
        self,
        shape: type[Shape],
        path: str,
        *,
        doing: str,
        query: Mapping[str, str] | None = None,
    ) -> Iterator[Shape]:
        now: Mapping[str, str] | None = query or {}
        while now is not None:
            answer = self.rest("GET", path, doing=doing, query=now)
            if not isinstance(answer.data, list):
                raise self._unusable(doing)
            for item in answer.data:
                yield self.checked(shape, item)
            now = _next_page(answer.headers.get("link", ""))

    def graphql(self, query: str, variables: Mapping[str, object], *, doing: str) -> object:
        return self._repeated(lambda: self._graphql(self._reader, query, variables, doing))

    def mutate(self, name: str, given: Mapping[str, object], *, doing: str, answer: str) -> object:
        kind = f"{name[0].upper()}{name[1:]}Input!"
        text = f"mutation($input: {kind}) {{ {name}(input: $input) {{ {answer} }} }}"
        data = self._graphql(self._writer, text, {"input": dict(given)}, doing)
        return data.get(name) if isinstance(data, dict) else None

    def _graphql(
        self, requester: Requester, query: str, variables: Mapping[str, object], doing: str
    ) -> object:
        body = {"query": query, "variables": dict(variables)}
        with self.doing(doing):
            answer = requester.requestJson("POST", requester.graphql_url, input=body)
        headers, data = self._judged(answer, doing)
        if not isinstance(data, dict):
            raise self._unusable(doing)
        if data.get("errors"):
            told = self._told(_OK, headers, data)
            raise graphql_refusal(told, kinds_of(data["errors"]), self.asked(doing))
        return data.get("data")

    def _told(self, status: int, headers: Mapping[str, str], data: object) -> Told:
        """What GitHub says, without the token should it say that."""
        token = self.connection.token
        says = words_of(data)
        if isinstance(token, str):
            says = tuple(text.replace(token, "***") for text in says)
        return Told(status, headers, says)

    def _judged(self, answer: tuple[int, dict[str, Any], str], doing: str) -> Answered:
        status, headers, text = answer
        data = _json(text) if text else None
        if status >= _ERROR_FROM:
            raise refusal(self._told(status, headers, data), self.asked(doing))
        if text and data is None:
            raise self._unusable(doing)
        return Answered(headers, data)

    def _repeated(self, call: Callable[[], Result]) -> Result:
        """A POST that may be made twice: after an outage it is."""
        pace, started = self.connection.pace, time.monotonic()
        for attempt in range(_ATTEMPTS - 1):
            try:
                return call()
            except RateLimited:
                raise  # it was waited for already
            except UpstreamError:
                if time.monotonic() - started > pace.patience_s:
                    raise
                time.sleep(pace.first_wait_s * 2**attempt)
        return call()

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        asked = self.asked(what)
        try:
            yield
        except GithubException as error:
            headers = headers_of((error.headers or {}).items())
            raise refusal(self._told(error.status, headers, error.data), asked) from None
        except RequestException as error:
            raise no_answer(error, asked) from None
        except PyJWTError:
            raise InputError("the GitHub App's private key cannot be read as PEM.") from None
        except (RuntimeError, AssertionError):
            # PyGithub refuses so to follow a redirect or a link to another host.
            raise UpstreamError(f"{asked.host} leads elsewhere when asked to {what}.") from None

    def asked(self, doing: str) -> Asked:
        where = self.connection
        return Asked(where.host, where.site_url, where.repository, doing)

    def checked(self, shape: type[Shape], data: object) -> Shape:
        try:
            return shape.model_validate(data)
        except ValidationError as error:
            at = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise UpstreamError(
                f"{self.connection.host} gave an answer that cannot be understood (at {at!r})."
            ) from None

    def _unusable(self, doing: str) -> UpstreamError:
        return UpstreamError(
            f"{self.connection.host} gave no usable answer when asked to {doing}.",
            hint="Is that the address of a GitHub API, and does no proxy answer in its place?",
        )

    def close(self) -> None:
        self._writer.close()
        self._reader.close()
        if self._bundle is not None:
            self._bundle()


def _retry(pace: Pace) -> PatientRetry:
    return PatientRetry(
        patience_s=pace.patience_s,
        unnamed_wait_s=min(_UNNAMED_WAIT_S, pace.patience_s),
        total=_ATTEMPTS - 1,
        other=0,  # a certificate that is not trusted will not be in a second
        status_forcelist=list(_OUTAGES),
        backoff_factor=pace.first_wait_s,
        backoff_jitter=pace.first_wait_s / 2,
        raise_on_status=False,
    )


def _counted(auth: Auth.Auth, count: Callable[[], None]) -> Auth.Auth:
    """PyGithub asks for the credential once for each request it makes."""
    add = auth.authentication

    def authentication(headers: dict[str, str]) -> None:
        count()
        add(headers)

    auth.authentication = authentication  # type: ignore[method-assign]  # the one hook it has
    return auth


def _next_page(link: str) -> Mapping[str, str] | None:
    """The query of the page that comes next: only that, so that no answer sends us elsewhere."""
    for part in link.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return dict(parse_qsl(urlsplit(address.strip(" <>")).query))
    return None


def _read_bundle(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            data = opened.read(_LARGEST_BUNDLE + 1)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=data.decode("ascii"))
    except (OSError, ValueError):
        data = b""
    if not data or len(data) > _LARGEST_BUNDLE:
        raise InputError(
            f"{str(path)[:200]!r} holds no certificates that can be read.",
            hint="ca-bundle is a PEM file of certificates.",
        )
    return data
