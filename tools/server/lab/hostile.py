"""Requests as strangers, broken senders and honest ones make them, with the answers that each may
have. Nothing but `chance` decides, so that a seed gives the same again."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, NamedTuple
from urllib.parse import unquote

from honest import SENDERS, Delivery, delivery

from lab.mutants import ODD_HEADERS, spoiled
from lab.odd import CHUNKS, JUNK, LENGTHS, METHODS, TARGETS

Header = tuple[str, str]
_REFUSED: Final = frozenset({400, 401, 404, 405, 408, 413, 414, 415, 417, 429, 431})
_UNPROVEN: Final = frozenset({401, 429})
_KEPT: Final = frozenset({202})
_READ: Final = frozenset({202, 415, 422, 429})
_OFTEN: Final = 0.5
_STALE_S: Final = (301, 3600, 10**6, -400, -(10**9))


class Case(NamedTuple):
    """What is sent at once, how many answers it has, and which statuses they may have. `ours`: the
    requests that are counted as deliveries if the application answers them; `last`: nothing can
    follow on the connection; `leaves`: nobody reads the answers."""

    kind: str
    raw: bytes
    allowed: frozenset[int]
    answers: int = 1
    ours: bool = True
    last: bool = False
    leaves: bool = False
    head: bool = False


class Stage(NamedTuple):
    """What the requests are made with."""

    chance: Random
    secrets: Mapping[str, str]
    now: Callable[[], int]


def raw(method: str, target: str, headers: Sequence[Header], body: bytes = b"") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: replanner"]
    lines += [f"{name}: {value}" for name, value in headers]
    if method not in ("GET", "HEAD") or body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def any_case(stage: Stage) -> Case:
    makers, weights = zip(*_MAKERS, strict=True)
    made: Case = stage.chance.choices(makers, weights)[0](stage)
    return made


# --- who knows the secret


def _honest(stage: Stage) -> Delivery:
    source = stage.chance.choice(list(SENDERS))
    return _delivery(stage, source)


def _delivery(stage: Stage, source: str, body: bytes | None = None, late_s: int = 0) -> Delivery:
    sender = SENDERS[source]
    return delivery(
        source,
        stage.secrets[source],
        now=stage.now() - late_s,
        name=f"{stage.chance.getrandbits(60):x}",
        sample=stage.chance.randrange(len(sender.samples)),
        way=stage.chance.randrange(max(1, len(sender.proofs))),
        body=body,
    )


def _case(kind: str, sent: Delivery, allowed: frozenset[int], more: Sequence[Header] = ()) -> Case:
    headers = [*sent.headers.items(), *more]
    return Case(kind, raw("POST", sent.path, headers, sent.body), allowed)


def honest(stage: Stage) -> Case:
    return _case("honest", _honest(stage), _KEPT)


def replayed(stage: Stage) -> Case:
    one = honest(stage).raw
    times = stage.chance.randint(2, 8)
    return Case("replayed", one * times, _KEPT, times)


def escaped(stage: Stage) -> Case:
    """The same path written in another way."""
    sent = _honest(stage)
    marks = "".join(
        f"%{ord(sign):02X}" if sign != "/" and stage.chance.random() < _OFTEN else sign
        for sign in sent.path
    )
    return _case("escaped", sent._replace(path=marks), _KEPT)


def signed(stage: Stage) -> Case:
    """Proven, and made of anything."""
    source = stage.chance.choice(list(SENDERS))
    payload = stage.chance.choice(SENDERS[source].samples).payload
    sent = _delivery(stage, source, spoiled(stage.chance, payload))
    odd = [stage.chance.choice(ODD_HEADERS)] if stage.chance.random() < _OFTEN else []
    fit = [one for one in odd if one[0] not in ("Content-Type", "Host", "X-Odd")]
    return _case("signed", sent, _READ, fit)


# --- who does not


def unsigned(stage: Stage) -> Case:
    sent = _honest(stage)
    proven = _proofs(sent)
    spoil = stage.chance.choice(_SPOIL_HEADERS if proven else _SPOIL_PATHS)
    path, headers = spoil(stage, sent, proven)
    names = {name.lower() for name, _ in headers}
    odd = [one for one in ODD_HEADERS if one[0].lower() not in {*names, "content-encoding", "host"}]
    more = stage.chance.sample(odd, stage.chance.randint(0, 3))
    body = sent.body if stage.chance.random() < _OFTEN else spoiled(stage.chance, {"a": sent.path})
    whole = raw("POST", path, [*headers, *dict(more).items()], body)
    # What takes the right proof from another body is no case where the body is the same.
    if proven and spoil is _other_body and body == sent.body:
        whole = raw("POST", path, headers, sent.body + b" ")
    parts = unquote(path.partition("?")[0]).split("/")
    plain = len(parts) <= 4 and all(parts[1:])  # noqa: PLR2004 - a route's
    http = not any(sign in whole.partition(b"\r\n\r\n")[0] for sign in b"\x0b\x7f")
    allowed = _UNPROVEN if plain and http else _REFUSED
    return Case("unsigned", whole, allowed, ours=is_delivery(path))


def _proofs(sent: Delivery) -> list[str]:
    """The header that holds the secret, or what it made."""
    parts = ("authorization", "secret", "signature", "auth", "token", "key")
    return [name for name in sent.headers if any(part in name.lower() for part in parts)]


_Spoilt = tuple[str, list[Header]]


def _with(sent: Delivery, name: str, value: str) -> _Spoilt:
    return sent.path, list({**sent.headers, name: value}.items())


def _other_value(stage: Stage, sent: Delivery, proven: list[str]) -> _Spoilt:
    right = sent.headers[proven[0]]
    wrong = (
        right[:-1],
        right + "0",
        right[1:],
        right.swapcase(),
        right[::-1],
        "",
        " ",
        "\xe9" * 32,
        "sha1=" + "0" * 40,
        "sha256=",
        "sha256=\xe9",
        "sha256=" + "0" * 64,
        "v1,",
        "v1",
        "Bearer",
        "Bearer ",
        "Basic Og==",
        "null",
        "0",
        "x" * 8000,
        "," * 4000,
        f"{right},{right}",
        f"{right}\x0b",
        "\x7f" + right,
        right.replace("=", "=="),
        f'"{right}"',
        right[: len(right) // 2],
    )
    word = right.split(" ")[-1]  # after whatever scheme
    chosen = stage.chance.choice([one for one in wrong if one.split(" ")[-1] != word])
    return _with(sent, proven[0], chosen)


def _twice(_stage: Stage, sent: Delivery, proven: list[str]) -> _Spoilt:
    again = (proven[0].swapcase(), sent.headers[proven[0]])
    return sent.path, [*sent.headers.items(), again]


def _none(_stage: Stage, sent: Delivery, proven: list[str]) -> _Spoilt:
    return sent.path, [one for one in sent.headers.items() if one[0] not in proven]


def _elsewhere(stage: Stage, sent: Delivery, proven: list[str]) -> _Spoilt:
    """The right proof in a header where no source looks, or in the address."""
    right = sent.headers[proven[0]]
    path, headers = _none(stage, sent, proven)
    if stage.chance.random() < _OFTEN:
        return f"{path}?secret={right.split(' ')[-1]}", headers
    return path, [*headers, ("X-Secret", right)]


def _other_secret(stage: Stage, sent: Delivery, _proven: list[str]) -> _Spoilt:
    source = sent.path.split("/")[2]
    other = stage._replace(secrets={source: f"{stage.chance.getrandbits(256):064x}"})
    return sent.path, list(_delivery(other, source, sent.body).headers.items())


def _late(stage: Stage, sent: Delivery, proven: list[str]) -> _Spoilt:
    source = sent.path.split("/")[2]
    late = _delivery(stage, source, sent.body, stage.chance.choice(_STALE_S))
    if not any(name.lower().endswith("timestamp") for name in late.headers):
        return _other_value(stage, sent, proven)
    return sent.path, list(late.headers.items())


def _other_body(stage: Stage, sent: Delivery, proven: list[str]) -> _Spoilt:
    """The right proof, of another body."""
    source = sent.path.split("/")[2]
    ways = [way for way, one in enumerate(SENDERS[source].proofs) if one.signs]
    if not ways:
        return _other_value(stage, sent, proven)
    other = delivery(
        source, stage.secrets[source], now=stage.now(), way=stage.chance.choice(ways), body=b"{ }"
    )
    return sent.path, list(other.headers.items())


def _other_path(stage: Stage, sent: Delivery, _proven: list[str]) -> _Spoilt:
    base, _, token = sent.path.rpartition("/")
    wrong = (
        base,
        f"{base}/",
        f"{base}/{token[:-1]}",
        f"{base}/{token}x",
        f"{base}/{token.upper()}",
        f"{base}/%00{token}",
        f"{base}/{token}%00",
        f"{base}/{token}%20",
        f"{base}/..%2f{token}",
        f"{base}?token={token}",
        f"{base}/{token[::-1]}",
        f"{base}/%ff%fe",
        f"{base}/*",
        f"{base}/sha256:{token}",
        f"{base}/{token};x",
        f"{base}/{token}/",
        f"{base}//{token}",
        f"/webhooks/github/{token}",
        f"{base}/" + "x" * 1500,
    )
    return stage.chance.choice(wrong), list(sent.headers.items())


def _path_in_header(_stage: Stage, sent: Delivery, _proven: list[str]) -> _Spoilt:
    base, _, token = sent.path.rpartition("/")
    return base, [*sent.headers.items(), ("Authorization", f"Bearer {token}"), ("X-Token", token)]


_SPOIL_HEADERS: Final = (
    _other_value,
    _other_value,
    _twice,
    _none,
    _elsewhere,
    _other_secret,
    _late,
    _other_body,
)
_SPOIL_PATHS: Final = (_other_path, _other_path, _path_in_header)

# --- other places


def is_delivery(target: str) -> bool:
    """Whether the application takes the request for a delivery."""
    path = unquote(target.partition("?")[0].partition("#")[0], "latin-1")
    return ("/" + path.lstrip("/")).startswith("/webhooks/")


_PUBLIC: Final = ("/healthz", "/readyz", "/metrics")


def elsewhere(stage: Stage) -> Case:
    """Methods and paths that nobody serves, some of them with a proof that is right elsewhere."""
    method, target = stage.chance.choice(METHODS), stage.chance.choice(TARGETS)
    headers: list[Header] = []
    if not is_delivery(target):
        headers = list(_honest(stage).headers.items())
    sent = raw(method, target, headers, b"" if method in ("GET", "HEAD") else b"{}")
    broken = not target.isascii()
    return Case(
        "elsewhere",
        sent,
        _REFUSED,
        ours=is_delivery(target),
        last=broken,
        head=method == "HEAD",
    )


def other_method(stage: Stage) -> Case:
    """Everything right but the method."""
    sent, method = _honest(stage), stage.chance.choice(METHODS[:6])
    body = b"" if method in ("GET", "HEAD") else sent.body
    made = raw(method, sent.path, list(sent.headers.items()), body)
    return Case("other method", made, _REFUSED, head=method == "HEAD")


def public(stage: Stage) -> Case:
    made = raw("GET", stage.chance.choice(_PUBLIC), [])
    return Case("public", made, frozenset({200}), ours=False)


def several(stage: Stage) -> Case:
    """Strangers one after the other, not waiting for answers."""
    cases = [unsigned(stage) for _ in range(stage.chance.randint(2, 12))]
    sent = [one for one in cases if one.ours and one.allowed == _UNPROVEN] or [cases[0]]
    whole = b"".join(one.raw for one in sent)
    return Case("several", whole, _REFUSED, len(sent), ours=sent[0].ours)


# --- what is no HTTP


def junk(stage: Stage) -> Case:
    sent = stage.chance.choice(JUNK)
    if stage.chance.random() < 0.3:  # noqa: PLR2004
        whole = bytearray(unsigned(stage).raw)
        whole[stage.chance.randrange(min(80, len(whole)))] = stage.chance.choice(b"\x00\r\n\x80: ")
        # Whatever it has become: no proof was in it before.
        target = bytes(whole).split(b" ", 2)[1].decode("latin-1")
        return Case("junk", bytes(whole), _REFUSED, answers=0, ours=is_delivery(target), last=True)
    return Case("junk", sent, _REFUSED, answers=0, ours=False, last=True)


def framing(stage: Stage) -> Case:
    """Bodies whose length is told wrongly, twice or not at all."""
    sent = _none(stage, _honest(stage), [])[1]
    head = ["POST /webhooks/github HTTP/1.1", "Host: x"]
    told = stage.chance.choice(LENGTHS)
    chunked = "chunked" in told or stage.chance.random() < 0.3  # noqa: PLR2004
    lines = [*head, *(f"{name}: {value}" for name, value in sent if "ype" in name)]
    lines.append("Transfer-Encoding: chunked" if chunked and "chunked" not in told else told)
    body = stage.chance.choice(CHUNKS) if chunked else b"hello"
    whole = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body
    return Case("framing", whole, _REFUSED, answers=0, last=True)


def short(stage: Stage) -> Case:
    """A delivery that ends before its end."""
    sent = honest(stage).raw
    end = sent.index(b"\r\n\r\n") + 4
    cut = stage.chance.randrange(end, len(sent)) if stage.chance.random() < _OFTEN else 0
    return Case("short", sent[: cut or stage.chance.randrange(1, end)], _REFUSED, 0, last=True)


def chunked(stage: Stage) -> Case:
    """An honest body in pieces."""
    sent = _honest(stage)
    size = stage.chance.randint(1, 400)
    pieces = [sent.body[at : at + size] for at in range(0, len(sent.body), size)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"
    lines = [f"POST {sent.path} HTTP/1.1", "Host: x", "Transfer-Encoding: chunked"]
    lines += [f"{name}: {value}" for name, value in sent.headers.items()]
    return Case("chunked", "\r\n".join([*lines, "", ""]).encode() + body, _KEPT)


def gone(stage: Stage) -> Case:
    """Who does not wait for an answer."""
    made = unsigned(stage)
    cut = stage.chance.randrange(1, len(made.raw) + 1)
    return made._replace(kind="gone", raw=made.raw[:cut], leaves=True, last=True)


_MAKERS: Final = (
    (honest, 2),
    (replayed, 0.3),
    (escaped, 0.5),
    (chunked, 0.5),
    (signed, 22),
    (unsigned, 36),
    (several, 2),
    (elsewhere, 10),
    (other_method, 4),
    (public, 1),
    (junk, 8),
    (framing, 6),
    (short, 4),
    (gone, 2),
)
