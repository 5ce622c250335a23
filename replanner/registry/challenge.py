"""Decides what a registry asks for in `WWW-Authenticate` (RFC 9110, and the distribution project's
token specification)."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

_SCHEME: Final = re.compile(r"\s*(Bearer|Basic)(?=\s|$)", re.IGNORECASE)
_PARAMETER: Final = re.compile(r'\s*,?\s*([A-Za-z][\w-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_LONGEST: Final = 8192


class Challenge(NamedTuple):
    """What is asked for; a realm is where tokens are handed out."""

    scheme: str
    realm: str = ""
    service: str = ""


def challenge_of(headers: Iterable[str]) -> Challenge | None:
    """The first that we can answer; Bearer goes before Basic."""
    found = [one for text in headers if (one := _challenge(text[:_LONGEST]))]
    return min(found, key=lambda one: one.scheme != "bearer", default=None)


def _challenge(text: str) -> Challenge | None:
    scheme = _SCHEME.match(text)
    if scheme is None:
        return None
    given: dict[str, str] = {}
    at = scheme.end()
    while found := _PARAMETER.match(text, at):
        name, quoted, bare = found.groups()
        given.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted else bare or "")
        at = found.end()
    return Challenge(scheme[1].lower(), given.get("realm", ""), given.get("service", ""))
