"""Docker Hub (docs.docker.com, "Webhooks"). It signs nothing and tells no digest; the address that
it gives for an answer is never called."""

from typing import Final

from replanner.errors import InputError
from replanner.webhooks.images import image_moved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_body
from replanner.webhooks.look import text
from replanner.webhooks.signatures import path_token
from replanner.webhooks.source import Found, Request, Source

_OFFICIAL: Final = "library/"  # which nobody writes


def _understand(request: Request) -> Found:
    payload = parse_object(request.body)
    name = text(payload, "repository", "repo_name").removeprefix(_OFFICIAL)
    events = image_moved(name, text(payload, "push_data", "tag"))
    if not events:
        raise InputError("the payload names no image at repository.repo_name.")
    return Found(by_body(request, timed=True), events)


SOURCE: Final = Source("dockerhub", path_token(), _understand, in_path=True)
