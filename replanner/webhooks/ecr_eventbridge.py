"""Amazon ECR, through an EventBridge API destination whose connection holds the secret: as API key
named X-Replanner-Key, or in `Authorization` (docs.aws.amazon.com, "Amazon ECR events")."""

import re
from typing import Final

from replanner.webhooks.images import image_moved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_body, digest_of
from replanner.webhooks.look import Payload, text
from replanner.webhooks.signatures import any_of, authorization, verbatim
from replanner.webhooks.source import Found, Request, Source

_WANTED: Final = {
    ("source",): "aws.ecr",
    ("detail-type",): "ECR Image Action",
    ("detail", "action-type"): "PUSH",
    ("detail", "result"): "SUCCESS",
}
_CHINA: Final = re.compile(r"cn-[a-z0-9-]+")


def _understand(request: Request) -> Found:
    payload = parse_object(request.body)
    named = text(payload, "id")
    key = digest_of(named) if named else by_body(request)
    if any(text(payload, *path) != wanted for path, wanted in _WANTED.items()):
        return Found(key, note="no image was pushed")
    tag, digest = (text(payload, "detail", part) for part in ("image-tag", "image-digest"))
    events = image_moved(_address(payload), tag, digest)
    return Found(key, events, "" if events else "no image was named")


def _address(payload: Payload) -> str:
    account, region = text(payload, "account"), text(payload, "region")
    site = "amazonaws.com.cn" if _CHINA.fullmatch(region) else "amazonaws.com"
    return f"{account}.dkr.ecr.{region}.{site}/{text(payload, 'detail', 'repository-name')}"


SOURCE: Final = Source(
    "ecr_eventbridge", any_of(verbatim("x-replanner-key"), authorization()), _understand
)
