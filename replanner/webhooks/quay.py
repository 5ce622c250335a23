"""Quay (docs.quay.io, "Repository notifications"). It signs nothing, and tells neither a time nor
a digest."""

from typing import Final

from replanner.errors import InputError
from replanner.webhooks.images import image_moved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_body
from replanner.webhooks.look import items, text
from replanner.webhooks.signatures import path_token
from replanner.webhooks.source import Found, Request, Source


def _understand(request: Request) -> Found:
    payload = parse_object(request.body)
    tags = [tag for tag in items(payload, "updated_tags") if isinstance(tag, str)]
    name = text(payload, "docker_url")
    events = tuple(moved for tag in tags or [""] for moved in image_moved(name, tag))
    if not events:
        raise InputError("the payload names no image at docker_url.")
    return Found(by_body(request), events)


SOURCE: Final = Source("quay", path_token(), _understand, in_path=True)
