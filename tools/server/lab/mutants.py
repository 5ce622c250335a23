"""Spoils JSON and headers in ways that have broken receivers before, and at random."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from random import Random
from typing import Any, Final

_DEEP: Final = 20_000
# Written as they stand, since json.dumps would refuse them or make them harmless.
_RAW: Final = (
    "NaN",
    "-Infinity",
    "1e999",
    "9" * 5000,
    "-" + "9" * 41,
    "1" + "0" * 40,
    "0.1e-400",
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"a\\u0000b"',
    '"\\u202e"',
    "[" * 70 + "]" * 70,
    '{"a":1,"a":2}',
    "01",
    "+1",
    "tru",
    "'a'",
    '"\t"',
    "[1,]",
    '"\\x41"',
)
_VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    2**64,
    10**39,
    1.5,
    "",
    " ",
    "x" * 600,
    "../../etc/passwd",
    "acme/../x",
    "http://169.254.169.254/latest",
    "file:///etc/passwd",
    "a/b@evil",
    "é/ü",
    "acme%2f..",
    "$(id)",
    "{{7*7}}",
    "%s%n",
    "refs/heads/",
    "refs/pr/1",
    "0" * 40,
    "Z" * 40,
    "sha256:" + "g" * 64,
    "\u202egpj",
    "\ufeff",
    [],
    {},
    [[]],
    [None],
    {"": ""},
    ["x"] * 50,
)
_MARK: Final = "\u2603 here"  # where a raw value goes; no sample holds it


def spoiled(chance: Random, payload: Mapping[str, Any]) -> bytes:
    """A body made of the payload: other values, or other bytes, or both."""
    body = _other_values(chance, payload) if chance.random() < 0.7 else json.dumps(payload).encode()  # noqa: PLR2004
    return chance.choice(_BYTES)(chance, body) if chance.random() < 0.4 else body  # noqa: PLR2004


def _other_values(chance: Random, payload: Mapping[str, Any]) -> bytes:
    copy = json.loads(json.dumps(payload))
    for _ in range(chance.randint(1, 4)):
        place, key = _somewhere(chance, copy)
        if place is None:
            continue
        value = deepcopy(chance.choice((*_VALUES, _MARK, _MARK, _MARK)))
        if isinstance(place, dict) and chance.random() < 0.15:  # noqa: PLR2004
            del place[key]
        else:
            place[key] = value
    text = json.dumps(copy, ensure_ascii=chance.random() < 0.5)  # noqa: PLR2004
    for mark in (json.dumps(_MARK), json.dumps(_MARK, ensure_ascii=False)):
        text = text.replace(mark, chance.choice(_RAW))
    return text.encode()


def _somewhere(chance: Random, root: Any) -> tuple[Any, Any]:
    """A container and a place in it, at any depth."""
    found: tuple[Any, Any] = (None, None)
    inside = root
    while isinstance(inside, dict | list) and inside:
        key = chance.choice(list(inside)) if isinstance(inside, dict) else 0
        found = (inside, key)
        if chance.random() < 0.3:  # noqa: PLR2004
            break
        inside = inside[key]
    return found


def _flip(chance: Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(chance: Random, body: bytes) -> bytes:
    return body[: chance.randrange(len(body))]


def _insert(chance: Random, body: bytes) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + chance.randbytes(chance.randint(1, 20)) + body[at:]


def _twice(chance: Random, body: bytes) -> bytes:
    del chance
    return b'{"action":"x",' + body[1:].replace(b"{", b'{"id":1,"id":2,', 1)


_BYTES: Final[tuple[Callable[[Random, bytes], bytes], ...]] = (
    _flip,
    _cut,
    _insert,
    _twice,
    lambda _c, body: b"\xef\xbb\xbf" + body,
    lambda _c, body: body.decode("utf-8", "replace").encode("utf-16"),
    lambda _c, body: body + body,
    lambda _c, body: b"[" * _DEEP + body,
    lambda _c, body: b'{"a":' * _DEEP + body,
    lambda _c, body: b"\xed\xa0\x80" + body,
    lambda _c, body: body.replace(b'"', b"'"),
    lambda _c, _b: b"",
    lambda _c, _b: b"null",
    lambda _c, _b: b'"' * 3000,
    lambda _c, _b: b"\x00" * 100,
)

# Headers that everybody may add, whose meaning is somebody else's or nobody's.
ODD_HEADERS: Final = (
    ("X-Forwarded-For", "1.2.3.4"),
    ("X-Forwarded-For", "127.0.0.1, ::1,,x, 999.9.9.9"),
    ("X-Forwarded-For", "," * 4000),
    ("X-Forwarded-For", "'; DROP TABLE inbox; --"),
    ("X-Forwarded-Proto", "https"),
    ("Forwarded", "for=_x"),
    ("X-Real-IP", "\xff\xfe"),
    ("X-Original-URL", "/healthz"),
    ("X-HTTP-Method-Override", "GET"),
    ("X-Rewrite-URL", "/metrics"),
    ("Cookie", "a=b; " * 200),
    ("Range", "bytes=0-"),
    ("If-None-Match", "*"),
    ("TE", "trailers"),
    ("Upgrade", "h2c"),
    ("Connection", "Upgrade, HTTP2-Settings"),
    ("X-GitHub-Event", "\xe9\xe9"),
    ("X-GitHub-Delivery", "x" * 4000),
    ("X-GitHub-Delivery", "' OR 1=1"),
    ("Accept", "*/*" * 500),
    ("Content-Type", "application/json; charset=utf-7"),
    ("Content-Type", "text/plain"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Content-Type", ";" * 4000),
    ("Content-Type", "multipart/form-data; boundary=\xff"),
    ("Content-Encoding", "gzip"),
    ("Content-Encoding", "br, identity"),
    ("ce-id", "%00%ff%zz"),
    ("ce-subject", "%" * 2000),
    ("X-Odd", "\x7f"),
    ("X_Webhook_Secret", "x"),
    ("Host", "evil.example"),
)
