"""PyGithub for one connection: who it is, whom it trusts, when it tries again, how its failures
become ours. It imports PyGithub, so it is imported late."""

import re
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from github import Auth, GithubException, GithubIntegration
from github.Requester import Requester
from jwt.exceptions import PyJWTError
from pydantic import BaseModel, ValidationError
from requests.exceptions import RequestException

from replanner.errors import InputError, RateLimited, UpstreamError
from replanner.forge.github.refusals import (
    Asked,
    BadAnswer,
    graphql_refusal,
    headers_of,
    kinds_of,
    no_answer,
    refusal,
    words_of,
)
from replanner.forge.github.retries import ATTEMPTS, json_of, retry_at
from replanner.forge.github.session import Connection, Tagged
from replanner.forge.github.trust import merged_bundle

_API_VERSION = "2022-11-28"
_ACCEPT = {"Accept": "application/vnd.github+json"}
_OK = 200
_ERROR_FROM = 300
_UNCHANGED = 304
_NEXT = re.compile(r'[?&]cursor=([^&>]+)[^>]*>;\s*rel="next"')
# Written twice, these are the same object or one that nothing points at.
_CONTENT_ADDRESSED = re.compile(r"/git/(blobs|trees|commits)$")
Shape = TypeVar("Shape", bound=BaseModel)
Result = TypeVar("Result")


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
        settings["auth"] = _counted(auth, self._count) if auth else None
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
            "retry": retry_at(pace),
            "pool_size": 1,
            "seconds_between_requests": pace.between_requests_s,
            "seconds_between_writes": pace.between_writes_s,
            "api_version": _API_VERSION,
        }

    def _auth(self, settings: Mapping[str, Any]) -> Auth.Auth | None:
        token = self.connection.token
        if token is None or isinstance(token, str):
            return Auth.Token(token) if token else None
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

    def as_app(
        self, verb: str, path: str, *, doing: str, query: Mapping[str, str] | None = None
    ) -> object:
        """What only the App itself may ask, none of its installations."""
        return self.as_app_with_next(verb, path, doing=doing, query=query)[0]

    def as_app_with_next(
        self, verb: str, path: str, *, doing: str, query: Mapping[str, str] | None = None
    ) -> tuple[object, str]:
        """The same, and the cursor of the page that follows; empty on the last one."""
        settings = {**self._writer.kwargs, "auth": self._app}
        with self.doing(doing), closing(GithubIntegration(**settings)) as integration:
            asked = dict(query or {})
            headers, found = integration.requester.requestJsonAndCheck(verb, path, asked)
        following = _NEXT.search(str(headers.get("link", "")))
        return found, unquote(following[1]) if following else ""

    def _trusted(self) -> bool | str:
        """certifi's authorities and the bundle's in one file, for as long as this client lives."""
        if self.connection.ca_bundle is None:
            return True
        merged = merged_bundle(self.connection.ca_bundle)
        self._bundle = weakref.finalize(self, merged.unlink, missing_ok=True)
        return str(merged)

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

    def newer(self, path: str, *, etag: str, accept: str, doing: str) -> Tagged | None:
        headers = {"Accept": accept, "If-None-Match": etag}
        with self.doing(doing):
            status, told, text = self._reader.requestJson("GET", path, headers=headers)
        if status >= _ERROR_FROM and status != _UNCHANGED:
            raise refusal(self._told(status, told, json_of(text)), self.asked(doing))
        self.connection.watch.answered(told)
        return None if status == _UNCHANGED else Tagged(told.get("etag", ""), text)

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

    def _told(self, status: int, headers: Mapping[str, str], data: object) -> BadAnswer:
        """What GitHub says, without the token should it say that."""
        token = self.connection.token
        says = words_of(data)
        if isinstance(token, str):
            says = tuple(text.replace(token, "***") for text in says)
        return BadAnswer(status, headers, says)

    def _judged(self, answer: tuple[int, dict[str, Any], str], doing: str) -> Answered:
        status, headers, text = answer
        data = json_of(text) if text else None
        if status >= _ERROR_FROM:
            raise refusal(self._told(status, headers, data), self.asked(doing))
        self.connection.watch.answered(headers)
        if text and data is None:
            raise self._unusable(doing)
        return Answered(headers, data)

    def _repeated(self, call: Callable[[], Result]) -> Result:
        """A POST that may be made twice: after an outage it is."""
        pace, started = self.connection.pace, time.monotonic()
        for attempt in range(ATTEMPTS - 1):
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
