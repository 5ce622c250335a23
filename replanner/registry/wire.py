"""Speaks the distribution API (github.com/opencontainers/distribution-spec) to registries: bounded
in size, time and repetition, following no redirect. It imports urllib3, so it is imported late."""

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from urllib3.exceptions import HTTPError

from replanner import __version__
from replanner.errors import AccessDenied, InputError, RateLimited, UpstreamError
from replanner.planning.images import ImageName
from replanner.registry.access import Access, is_local
from replanner.registry.challenge import Challenge, challenge_of
from replanner.registry.memory import Answer, Memory

MOST_BYTES: Final = 4 * 2**20  # what registries take as a manifest: distribution-spec, "Pull"
_TOKEN_BYTES: Final = 256 * 2**10
_AGENT: Final = {"User-Agent": f"replanner/{__version__}"}
_OK, _UNCHANGED, _UNAUTHORIZED, _NOT_FOUND, _LIMITED = 200, 304, 401, 404, 429
_FORBIDDEN: Final = frozenset({_UNAUTHORIZED, 403})


class Limits(NamedTuple):
    """How long one answer may take, and how often an attempt that failed is repeated."""

    timeout_s: float = 10.0
    retry_waits_s: tuple[float, ...] = (0.5, 1.5)


@dataclass(eq=False)
class Wire:
    """One client for all registries; it keeps the tokens that they handed out. `memory` may outlive
    it: answers that registries need not repeat."""

    access: Access
    limits: Limits
    memory: Memory = field(default_factory=Memory, repr=False)
    _headers: dict[ImageName, str] = field(default_factory=dict, repr=False)
    _pools: dict[str, urllib3.PoolManager] = field(default_factory=dict, repr=False)

    def ask(self, method: str, image: ImageName, path: str, *, accept: str) -> Answer:
        """An answer with status 200; `path` is below the image, with its query."""
        url = f"{self.access.base_url(image.registry)}/v2/{image.path}/{path}"
        known = self.memory.of(url) if method == "GET" else None
        answer = self._identified_answer(method, url, image, accept=accept, known=known)
        if known and answer.status == _UNCHANGED:
            return known
        _check(answer, image)
        if method == "GET":
            self.memory.keep(url, answer)
        return answer

    def _identified_answer(
        self, method: str, url: str, image: ImageName, *, accept: str, known: Answer | None
    ) -> Answer:
        told = {"If-None-Match": known.headers["etag"]} if known else {}
        answer = self._patiently(method, url, self._identified(image, accept) | told)
        if answer.status == _UNAUTHORIZED:
            self._headers[image] = self._authorization(image, challenge_of(answer.challenges))
            answer = self._patiently(method, url, self._identified(image, accept) | told)
        return answer

    def _identified(self, image: ImageName, accept: str) -> dict[str, str]:
        known = self._headers.get(image)
        told = {"Authorization": known} if known else {}
        return {**_AGENT, "Accept": accept, **told}

    def _authorization(self, image: ImageName, asked: Challenge | None) -> str:
        login = self.access.logins.get(image.registry)
        if asked is None or (asked.scheme == "basic" and login is None):
            raise _denied(image)
        if asked.scheme == "basic" and login is not None:
            return login.header
        scope = {"scope": f"repository:{image.path}:pull"}
        query = {**({"service": asked.service} if asked.service else {}), **scope}
        url = f"{_realm(asked.realm, image)}?{urlencode(query)}"
        headers = {**_AGENT, **({"Authorization": login.header} if login else {})}
        answer = self._patiently("GET", url, headers, most=_TOKEN_BYTES)
        _check(answer, image)
        return f"Bearer {_token(answer.body, image)}"

    def _patiently(
        self, method: str, url: str, headers: Mapping[str, str], *, most: int = MOST_BYTES
    ) -> Answer:
        """Failures of the registry and of the way to it are tried again."""
        for wait_s in self.limits.retry_waits_s:
            try:
                return self._once(method, url, headers, most)
            except UpstreamError:
                time.sleep(wait_s)
        return self._once(method, url, headers, most)

    def _once(self, method: str, url: str, headers: Mapping[str, str], most: int) -> Answer:
        host = urlsplit(url).netloc
        try:
            response = self._pool(url).request(
                method,
                url,
                headers=dict(headers),
                retries=False,
                redirect=False,
                preload_content=False,
                timeout=self.limits.timeout_s,
            )
            try:
                body = _bounded(response, host, most, time.monotonic() + self.limits.timeout_s)
            finally:
                # Not given back: what is left unread would be taken for the next answer.
                response.close()
        except HTTPError as error:
            # The client's own text may hold a proxy's address with its password.
            raise UpstreamError(f"{host} could not be reached ({type(error).__name__}).") from None
        if response.status >= 500:  # noqa: PLR2004 - the server's own failures
            raise UpstreamError(f"{host} failed ({response.status}).")
        names = {name.lower(): value for name, value in response.headers.items()}
        asked = tuple(response.headers.getlist("WWW-Authenticate"))
        return Answer(response.status, names, asked, body)

    def _pool(self, url: str) -> urllib3.PoolManager:
        """Straight, or by the proxy that the environment names for such addresses."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        proxies = getproxies()
        skipped = is_local(host) or proxy_bypass(host)
        proxy = "" if skipped else proxies.get(parts.scheme, "")
        if proxy not in self._pools:
            self._pools[proxy] = _pool_of(proxy)
        return self._pools[proxy]


def _pool_of(proxy: str) -> urllib3.PoolManager:
    trusted = ssl.get_default_verify_paths().cafile or certifi.where()  # SSL_CERT_FILE goes first
    return (
        urllib3.ProxyManager(proxy, ca_certs=trusted)
        if proxy
        else urllib3.PoolManager(ca_certs=trusted)
    )


def _bounded(response: urllib3.BaseHTTPResponse, host: str, most: int, until: float) -> bytes:
    """The body, which neither grows nor trickles without end."""
    data = bytearray()
    while chunk := response.read(64 * 1024, decode_content=False):
        data += chunk
        if len(data) > most:
            raise UpstreamError(f"{host} answered with more than {most >> 10} KiB.")
        if time.monotonic() > until:
            raise UpstreamError(f"{host} did not answer in time.")
    return bytes(data)


def _realm(url: str, image: ImageName) -> str:
    """Where tokens are handed out: the registry's word counts, but never in plain text, unless
    it is this machine's own as well."""
    parts = urlsplit(url)
    plain = parts.scheme == "http" and is_local(parts.netloc) and is_local(image.registry)
    is_bare = not (parts.query or parts.fragment or parts.username or parts.password)
    if not parts.hostname or not is_bare or not (parts.scheme == "https" or plain):
        raise UpstreamError(f"{image.registry} names no usable address for tokens.")
    return url


def _token(body: bytes, image: ImageName) -> str:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    given = found if isinstance(found, dict) else {}
    token = given.get("token") or given.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise UpstreamError(f"{image.registry} handed out no token.")
    return token


def _check(answer: Answer, image: ImageName) -> None:
    """One of our errors for every answer but 200."""
    status = answer.status
    if status == _OK:
        return
    if status == _LIMITED:
        after = answer.headers.get("retry-after", "")
        wait_s = int(after) if after.isascii() and after.isdigit() and len(after) < 7 else None  # noqa: PLR2004 - days
        raise RateLimited(f"{image.registry} asks to slow down.", retry_after_s=wait_s)
    if status in _FORBIDDEN:
        raise _denied(image)
    if status == _NOT_FOUND:
        raise InputError(
            f"{image.registry} knows no such image: {image.path}.",
            hint="Check engine.image and engine.image_track.",
        )
    raise UpstreamError(f"{image.registry} answered {status}, which no registry should.")


def _denied(image: ImageName) -> AccessDenied:
    return AccessDenied(
        f"{image.registry} lets nobody read {image.path} without another login.",
        hint="Check the image's name, and the login that replanner was given.",
    )
