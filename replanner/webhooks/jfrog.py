"""JFrog Artifactory (jfrog.com/help, "Webhooks"). Its header holds the secret, or the body's HMAC
where that was chosen; images are named as by its repository-path method (host/repository/image)."""

from typing import Final

from replanner.webhooks.events import HookEvent, SubjectMoved
from replanner.webhooks.images import image_moved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_body
from replanner.webhooks.look import Payload, name, text
from replanner.webhooks.signatures import any_of, hmac_hex, verbatim
from replanner.webhooks.source import Found, Request, Source

_AUTH: Final = "x-jfrog-event-auth"


def _understand(request: Request) -> Found:
    payload = parse_object(request.body)
    read = _READ.get((text(payload, "domain"), text(payload, "event_type")))
    events = read(payload) if read else ()
    return Found(by_body(request), events, "" if events else "no image or artifact came")


def _image(payload: Payload) -> tuple[HookEvent, ...]:
    """The file that was pushed is the manifest, whose SHA-256 is the image's digest."""
    host = text(payload, "jpd_origin").partition("://")[2].partition("/")[0]
    parts = (host, text(payload, "data", "repo_key"), text(payload, "data", "image_name"))
    digest = f"sha256:{text(payload, 'data', 'sha256')}"
    return image_moved("/".join(parts), text(payload, "data", "tag"), digest)


def _artifact(payload: Payload) -> tuple[HookEvent, ...]:
    path = name(payload, "data", "path")
    return (SubjectMoved(f"{name(payload, 'data', 'repo_key')}/{path}"),) if path else ()


_READ: Final = {
    ("docker", "pushed"): _image,
    ("docker", "promoted"): _image,
    ("artifact", "deployed"): _artifact,
    ("artifact", "moved"): _artifact,
    ("artifact", "copied"): _artifact,
}

SOURCE: Final = Source("jfrog", any_of(verbatim(_AUTH), hmac_hex(_AUTH)), _understand)
