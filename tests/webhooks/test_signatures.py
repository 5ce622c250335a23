"""Only who knows a secret gets in, in the one way a sender signs; odd headers are refusals."""

import base64
import hashlib
from collections.abc import Callable

import pytest
from deliveries import (
    NOW_S,
    SECRET,
    base64_of,
    github,
    hex_of,
    read,
    request,
    standard_headers,
)

from replanner.webhooks.signatures import (
    any_of,
    authorization,
    hmac_base64,
    hmac_hex,
    path_token,
    standard,
    verbatim,
)
from replanner.webhooks.source import Received, Refusal, Request, Verify
from replanner.webhooks.table import SOURCES

BODY = b'{"a": 1}'
OTHER = b"another-secret-of-thirty-two-char"


def status(verified: object) -> int:
    return verified.status if isinstance(verified, Refusal) else 0


# RFC 4231, test case 2: HMAC-SHA-256 with the key "Jefe".
RFC_DATA, RFC_KEY = b"what do ya want for nothing?", b"Jefe"
RFC_HEX = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_a_published_vector_is_verified_in_hex_and_base64() -> None:
    hexed = request(RFC_DATA, x_signature=RFC_HEX)
    assert hmac_hex("x-signature")(hexed, [RFC_KEY]) == 0
    text = base64.b64encode(bytes.fromhex(RFC_HEX)).decode()
    assert hmac_base64("x-signature")(request(RFC_DATA, x_signature=text), [RFC_KEY]) == 0


GOOD = f"sha256={hex_of(BODY)}"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        "sha256=é",
        "sha256=\u0100",
        "sha256=\udcff",
        GOOD[:-1],
        GOOD + "0",
        GOOD + " ",
        "sha256=" + hex_of(BODY).upper(),
        "SHA256=" + hex_of(BODY),
        "sha1=" + hex_of(BODY),
        hex_of(BODY),
        f"sha256={hex_of(BODY, OTHER)}",
        f"sha256={hex_of(BODY + b' ')}",
        f"{GOOD},{GOOD}",
    ],
)
def test_a_wrong_signature_is_401_whatever_it_looks_like(header: str) -> None:
    verify = hmac_hex("x-hub-signature-256", prefix=b"sha256=")
    assert status(verify(request(BODY, x_hub_signature_256=header), [SECRET])) == 401


def test_a_header_that_comes_twice_proves_nothing() -> None:
    pairs = [("X-Hub-Signature-256", GOOD), ("x-hub-signature-256", GOOD)]
    delivery = Request([("content-type", "application/json"), *pairs], BODY, NOW_S)
    assert status(read("github", delivery)) == 401


def test_github_counts_no_sha1() -> None:
    delivery = request(BODY, x_github_event="ping", x_hub_signature="sha1=" + "0" * 40)
    assert status(read("github", delivery)) == 401


def test_any_of_several_secrets_opens_and_its_place_is_told() -> None:
    delivery = github("ping", {})
    rotated = read("github", delivery, OTHER, SECRET)
    assert isinstance(rotated, Received)
    assert rotated.secret == 1
    assert status(read("github", delivery, OTHER)) == 401


@pytest.mark.parametrize("source", ["github", "huggingface", "quay"])
def test_no_secret_or_an_empty_one_means_no_source(source: str) -> None:
    unsigned = request({}, x_webhook_secret="")
    assert status(SOURCES[source].read(unsigned, [])) == 404
    assert status(SOURCES[source].read(unsigned, [b""])) == 404


def test_a_secret_that_is_not_ascii_is_compared_in_its_bytes() -> None:
    secret = "geheimnis-über-sechzehn".encode()
    as_wsgi_has_it = secret.decode("latin-1")
    verify = verbatim("x-webhook-secret")
    assert verify(request(BODY, x_webhook_secret=as_wsgi_has_it), [secret]) == 0
    shorter = request(BODY, x_webhook_secret=as_wsgi_has_it[:-1])
    assert status(verify(shorter, [secret])) == 401


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (SECRET.decode(), 0),
        (f"Bearer {SECRET.decode()}", 0),
        (f"Token {SECRET.decode()}", 0),
        (f"Bearer  {SECRET.decode()}", 401),
        (f"Bearer {SECRET.decode()} ", 401),
        (f"x {SECRET.decode()} x", 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        ("", 401),
    ],
)
def test_authorization_holds_the_secret_alone_or_after_its_scheme(header: str, found: int) -> None:
    assert status(authorization()(request(BODY, authorization=header), [SECRET])) == found


def test_a_path_may_be_kept_hashed() -> None:
    kept = b"sha256:" + hashlib.sha256(SECRET).hexdigest().encode()
    verify = path_token()
    assert verify(request(BODY, token=SECRET.decode()), [kept]) == 0
    assert verify(request(BODY, token=SECRET.decode()), [SECRET]) == 0
    for wrong in ("", kept.decode(), OTHER.decode(), "é", "\u0100"):
        assert status(verify(request(BODY, token=wrong), [kept])) == 401


# --- Standard Webhooks


def test_the_specifications_example_is_verified() -> None:
    """github.com/standard-webhooks/standard-webhooks, libraries' tests: id, time, body, secret."""
    secret = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    delivery = request(
        b'{"test": 2432232314}',
        now_s=1614265330,
        webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        webhook_timestamp="1614265330",
        webhook_signature="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    )
    assert standard()(delivery, [secret]) == 0


@pytest.mark.parametrize(
    ("skew_s", "found"), [(0, 0), (299, 0), (-299, 0), (301, 401), (-301, 401)]
)
def test_only_deliveries_signed_within_five_minutes_count(skew_s: int, found: int) -> None:
    delivery = request(BODY, now_s=NOW_S + skew_s, **standard_headers(BODY))
    verified = standard()(delivery, [SECRET])
    assert status(verified) == found
    if isinstance(verified, Refusal):
        assert f"skew={skew_s} s" in verified.reason


def test_the_clock_is_told_only_to_who_signed() -> None:
    late = request(BODY, now_s=NOW_S + 9999, **standard_headers(BODY, secret=OTHER))
    verified = standard()(late, [SECRET])
    assert isinstance(verified, Refusal)
    assert "skew" not in verified.reason


def test_one_good_signature_in_the_list_is_enough() -> None:
    headers = standard_headers(BODY)
    good = headers["webhook_signature"]
    for listed in (f"v1,AAAA {good}", f"{good} v1a,AAAA", f"nonsense {good}", f" {good} "):
        delivery = request(BODY, **{**headers, "webhook_signature": listed})
        assert standard()(delivery, [OTHER, SECRET]) == 1


def _changed(**values: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda headers: {**headers, **values}


@pytest.mark.parametrize(
    "change",
    [
        _changed(webhook_id=""),
        _changed(webhook_id="msg.1"),
        _changed(webhook_id="msg 1"),
        _changed(webhook_id="é"),
        _changed(webhook_id="x" * 257),
        _changed(webhook_timestamp=""),
        _changed(webhook_timestamp="soon"),
        _changed(webhook_timestamp="-1"),
        _changed(webhook_timestamp="1" * 13),
        _changed(webhook_timestamp="\u0661"),
        _changed(webhook_timestamp=str(int(NOW_S) + 1)),
        _changed(webhook_signature=""),
        _changed(webhook_signature="v1"),
        _changed(webhook_signature="v1,"),
        _changed(webhook_signature="," * 4000),
        _changed(webhook_signature="v1a," + base64_of(b"msg_1.1795284000." + BODY)),
    ],
)
def test_anything_else_is_401(change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    delivery = request(BODY, **change(standard_headers(BODY)))
    assert status(standard()(delivery, [SECRET])) == 401


def test_a_dot_in_the_id_cannot_move_what_is_signed() -> None:
    """`a` at 1 with the body `2.x` and `a.1` at 2 with the body `x` sign the same text."""
    signature = f"v1,{base64_of(b'a.1.2.x')}"
    moved = request(
        b"x", now_s=2, webhook_id="a.1", webhook_timestamp="2", webhook_signature=signature
    )
    assert status(standard()(moved, [SECRET])) == 401


@pytest.mark.parametrize("secret", [b"whsec_", b"whsec_!!", b"whsec_QQ"])
def test_a_secret_that_only_looks_encoded_is_its_own_key(secret: bytes) -> None:
    delivery = request(BODY, **standard_headers(BODY, secret=secret))
    assert standard()(delivery, [secret]) == 0


def test_several_ways_are_alternatives() -> None:
    both: Verify = any_of(authorization(), standard())
    assert both(request(BODY, authorization=SECRET.decode()), [SECRET]) == 0
    assert both(request(BODY, **standard_headers(BODY)), [SECRET]) == 0
    late = both(request(BODY, now_s=NOW_S + 9999, **standard_headers(BODY)), [SECRET])
    assert isinstance(late, Refusal)
    assert "skew" in late.reason
    assert status(both(request(BODY), [SECRET])) == 401
