"""Deliveries as senders send them: signed, with the headers that they have."""

import base64
import hashlib
import hmac
import json
from typing import Any

from replanner.webhooks.source import Received, Refusal, Request
from replanner.webhooks.table import SOURCES

SECRET = b"a-secret-of-thirty-two-characters"
NOW_S = 1_795_284_000.0


def body_of(payload: object) -> bytes:
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


def request(
    payload: object, /, *, token: str = "", now_s: float = NOW_S, **headers: str
) -> Request:
    """A JSON delivery; headers are given with underscores for dashes."""
    named = {"content_type": "application/json", **headers}
    pairs = [(name.replace("_", "-"), value) for name, value in named.items()]
    return Request(pairs, body_of(payload), now_s, token)


def hex_of(payload: object, secret: bytes = SECRET) -> str:
    return hmac.new(secret, body_of(payload), hashlib.sha256).hexdigest()


def base64_of(payload: object, secret: bytes = SECRET) -> str:
    digest = hmac.new(secret, body_of(payload), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def standard_headers(
    payload: object, *, secret: bytes = SECRET, at_s: float = NOW_S, name: str = "msg_1"
) -> dict[str, str]:
    signed = f"{name}.{int(at_s)}.".encode() + body_of(payload)
    return {
        "webhook_id": name,
        "webhook_timestamp": str(int(at_s)),
        "webhook_signature": f"v1,{base64_of(signed, secret)}",
    }


def read(source: str, delivery: Request, *secrets: bytes) -> Received | Refusal:
    return SOURCES[source].read(delivery, secrets or (SECRET,))


def received(source: str, delivery: Request) -> Received:
    """What a well signed delivery says."""
    answer = read(source, delivery)
    assert isinstance(answer, Received), answer
    return answer


def github(
    event: str, payload: Any, *, delivery: str = "7d6f9a34-0000-4000-8000-1d240a66f1a6"
) -> Request:
    return request(
        payload,
        x_github_event=event,
        x_github_delivery=delivery,
        x_hub_signature_256=f"sha256={hex_of(payload)}",
    )
