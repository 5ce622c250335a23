"""The CNCF's Distribution registry (github.com/distribution/distribution, docs "notifications").

One envelope holds events that need not belong together, one for each blob. A registry that is not
answered with success keeps its queue and sends it again, so whatever is no image of ours is taken.
"""

from typing import Final

from replanner.webhooks.events import ImageMoved
from replanner.webhooks.images import image_moved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_body, digest_of
from replanner.webhooks.look import items, text
from replanner.webhooks.signatures import authorization
from replanner.webhooks.source import JSON, Found, Request, Source

_ENVELOPE: Final = "application/vnd.docker.distribution.events.v{}+json"


def _understand(request: Request) -> Found:
    pushed = [one for one in items(parse_object(request.body), "events") if _is_tagged_push(one)]
    names = [text(one, "id") for one in pushed]
    key = digest_of(*names) if names and all(names) else by_body(request)
    events = tuple(moved for one in pushed for moved in _image(one))
    return Found(key, events, "" if events else "no tag was pushed")


def _is_tagged_push(event: object) -> bool:
    """Layers and other blobs have no tag."""
    return text(event, "action") == "push" and text(event, "target", "tag") != ""


def _image(event: object) -> tuple[ImageMoved, ...]:
    address = f"{text(event, 'request', 'host')}/{text(event, 'target', 'repository')}"
    return image_moved(address, text(event, "target", "tag"), text(event, "target", "digest"))


SOURCE: Final = Source(
    "docker_distribution",
    authorization(),
    _understand,
    media_types=JSON | {_ENVELOPE.format(version) for version in (1, 2)},
)
