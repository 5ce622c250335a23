"""Harbor, in its own format and as CloudEvents (goharbor.io/docs, "Configure webhook
notifications")."""

from typing import Final

from replanner.webhooks.cloudevents import STRUCTURED, key_of
from replanner.webhooks.events import ImageMoved
from replanner.webhooks.images import image_moved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_body
from replanner.webhooks.look import items, text
from replanner.webhooks.signatures import authorization
from replanner.webhooks.source import JSON, Found, Request, Source

# What a push is called, and where its data are.
_PUSHES: Final = {"PUSH_ARTIFACT": "event_data", "harbor.artifact.pushed": "data"}


def _understand(request: Request) -> Found:
    payload = parse_object(request.body)
    named = "specversion" in payload
    key = key_of([payload]) if named else by_body(request, timed=True)
    place = _PUSHES.get(text(payload, "type"))
    if place is None:
        return Found(key, note="nothing was pushed")
    resources = items(payload, place, "resources")
    events = tuple(moved for one in resources for moved in _image(one))
    return Found(key, events, "" if events else "no image was named")


def _image(resource: object) -> tuple[ImageMoved, ...]:
    """The tag of an image that was pushed without one is its digest, which can be no tag."""
    address = text(resource, "resource_url")
    return image_moved(address, text(resource, "tag"), text(resource, "digest"))


SOURCE: Final = Source("harbor", authorization(), _understand, media_types=JSON | {STRUCTURED})
