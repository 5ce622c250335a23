"""How senders prove that they know a secret. Every comparison takes the same time wherever the
first difference lies, is done on bytes, and is done with all secrets, so that they can be rotated.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Final

from replanner.webhooks.source import Refusal, Request, Secrets, Verify

UNSIGNED: Final = Refusal(401, "the delivery is not signed with a secret of this source")
# The reference libraries of Standard Webhooks 1.0.0 allow five minutes either way.
TOLERANCE_S: Final = 300
_ID: Final = re.compile(r"[!-\-/-~]{1,256}")  # printable; a dot would move what is signed
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_HASHED: Final = re.compile(rb"sha256:([0-9a-f]{64})")
Key = Callable[[bytes], bytes]


def on_wire(value: str) -> bytes:
    """A header's bytes: WSGI hands them over as Latin-1. What can't have come so equals nothing."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return b""


def _which(given: bytes, proofs: Sequence[bytes]) -> int | Refusal:
    """The place of the proof that was given. All are compared, whichever matches."""
    matching = [
        place for place, proof in enumerate(proofs) if hmac.compare_digest(proof, given) and given
    ]
    return matching[0] if matching else UNSIGNED


def _in_header(header: str, prove: Callable[[bytes, Request], bytes]) -> Verify:
    """The header holds what `prove` makes of secret and delivery."""

    def verify(request: Request, secrets: Secrets) -> int | Refusal:
        proofs = [prove(secret, request) for secret in secrets]
        return _which(on_wire(request.header(header)), proofs)

    return verify


def verbatim(header: str) -> Verify:
    """The header holds the secret itself."""
    return _in_header(header, lambda secret, _request: secret)


def hmac_hex(header: str, *, prefix: bytes = b"") -> Verify:
    """The header holds the HMAC-SHA256 of the body in lower-case hex, after `prefix`."""

    def prove(secret: bytes, request: Request) -> bytes:
        return prefix + _hmac(secret, request.pieces()).hex().encode()

    return _in_header(header, prove)


def hmac_base64(header: str) -> Verify:
    """The header holds the HMAC-SHA256 of the body in base64."""
    return _in_header(
        header, lambda secret, request: base64.b64encode(_hmac(secret, request.pieces()))
    )


def _hmac(secret: bytes, signed: Iterable[bytes]) -> bytes:
    """In pieces: a stranger's body may be as large as the largest, and is never in memory whole."""
    made = hmac.new(secret, digestmod="sha256")
    for piece in signed:
        made.update(piece)
    return made.digest()


def authorization() -> Verify:
    """`Authorization` holds the secret, as a whole (Basic with its scheme) or after a scheme."""

    def verify(request: Request, secrets: Secrets) -> int | Refusal:
        given = on_wire(request.header("authorization"))
        whole, after = _which(given, secrets), _which(given.partition(b" ")[2], secrets)
        return after if isinstance(whole, Refusal) else whole

    return verify


def path_token() -> Verify:
    """The secret stands in the path. It may be configured as `sha256:` and its digest in hex, so
    that nothing at rest opens the door."""

    def verify(request: Request, secrets: Secrets) -> int | Refusal:
        if not request.token:
            return UNSIGNED
        # Unlike a header's, its bytes were read as UTF-8.
        given = hashlib.sha256(request.token.encode("utf-8", "surrogatepass")).hexdigest().encode()
        return _which(given, [_digest(secret) for secret in secrets])

    return verify


def _digest(secret: bytes) -> bytes:
    found = _HASHED.fullmatch(secret)
    return found[1] if found else hashlib.sha256(secret).hexdigest().encode()


def standard(prefix: str = "webhook", *, id_header: str = "", key: Key | None = None) -> Verify:
    """Standard Webhooks: `id.timestamp.body` is signed, and the time must be near. The header holds
    a list, so that the sender too can rotate. `key` makes the HMAC's key of a secret."""
    key_of = key or standard_key

    def verify(request: Request, secrets: Secrets) -> int | Refusal:
        delivery = request.header(id_header or f"{prefix}-id")
        seconds = request.header(f"{prefix}-timestamp")
        if not _ID.fullmatch(delivery) or not _SECONDS.fullmatch(seconds):
            return UNSIGNED
        before = f"{delivery}.{seconds}.".encode()
        made = [_hmac(key_of(secret), chain([before], request.pieces())) for secret in secrets]
        proofs = [b"v1," + base64.b64encode(one) for one in made]
        given = on_wire(request.header(f"{prefix}-signature")).split(b" ")
        found = [_which(one, proofs) for one in given]
        matching = [place for place in found if not isinstance(place, Refusal)]
        return _in_time(matching[0], int(seconds), request.now_s) if matching else UNSIGNED

    return verify


def _in_time(place: int, seconds: int, now_s: float) -> int | Refusal:
    skew_s = round(now_s - seconds)
    if abs(skew_s) <= TOLERANCE_S:
        return place
    return Refusal(401, f"the delivery was signed at another time: skew={skew_s} s")


def standard_key(secret: bytes) -> bytes:
    """`whsec_` and base64, as the specification has it; any other secret is its own key."""
    if not secret.startswith(b"whsec_"):
        return secret
    try:
        return base64.b64decode(secret.removeprefix(b"whsec_"), validate=True) or secret
    except binascii.Error:
        return secret


def any_of(*ways: Verify) -> Verify:
    """The sender may prove itself in any of these ways."""

    def verify(request: Request, secrets: Secrets) -> int | Refusal:
        found = [way(request, secrets) for way in ways]
        proven = [place for place in found if not isinstance(place, Refusal)]
        return proven[0] if proven else next((one for one in found if one != UNSIGNED), UNSIGNED)

    return verify
