"""Weights & Biases automations (docs.wandb.ai, "Webhook automations"). People write the payload; it
is read as the template in the documentation has it."""

from typing import Final

from replanner.webhooks.events import SubjectMoved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_body
from replanner.webhooks.look import Payload, name
from replanner.webhooks.signatures import any_of, authorization, hmac_base64
from replanner.webhooks.source import Found, Request, Source


def _understand(request: Request) -> Found:
    key = by_body(request)
    subject = _subject(parse_object(request.body))
    return Found(key, (SubjectMoved(subject),)) if subject else Found(key, note="nothing is named")


def _subject(payload: Payload) -> str:
    """entity/project/collection:alias; for a new version, its name as Weights & Biases writes it
    (entity/project/collection:v12)."""
    parts = [name(payload, f"{part}_name") for part in ("entity", "project", "artifact_collection")]
    alias = name(payload, "alias")
    if alias and all(parts):
        return f"{'/'.join(parts)}:{alias}"
    return name(payload, "artifact_version_string")


SOURCE: Final = Source(
    "wandb", any_of(hmac_base64("x-wandb-signature"), authorization()), _understand
)
