"""GitHub: what happens in repositories, and container images in its registry.

Repetitions have the same X-GitHub-Delivery. It is not signed, and neither is the event's name: who
replays a captured delivery under other ones makes us look again, and no more.
"""

from collections.abc import Callable, Mapping
from typing import Final

from replanner.webhooks.events import HookEvent, RepositoryEvent
from replanner.webhooks.github_payload import parse_event
from replanner.webhooks.images import image_moved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_header
from replanner.webhooks.look import Payload, at, is_repository, items, text
from replanner.webhooks.signatures import hmac_hex
from replanner.webhooks.source import MIB, Found, Request, Source

_Read = Callable[[str, Payload], tuple[HookEvent, ...]]


def _understand(request: Request) -> Found:
    name, key = request.header("x-github-event"), by_header(request, "x-github-delivery")
    payload = parse_object(request.body)
    wanted = _WANTED.get(name)
    if wanted is None:
        return Found(key, note=_UNWANTED.get(name, "nothing to do for an event of this name"))
    actions, read = wanted
    if actions and text(payload, "action") not in actions:
        return Found(key, note=f"nothing to do for this action of {name}")
    events = read(name, payload)
    return Found(key, events, "" if events else f"nothing to do for this {name}")


def _repository(name: str, payload: Payload) -> tuple[HookEvent, ...]:
    return (RepositoryEvent(parse_event(name, payload)),)


def _comment(name: str, payload: Payload) -> tuple[HookEvent, ...]:
    """Only what people write below pull requests: bots that answer bots never end."""
    event = parse_event(name, payload)
    if event.pull is None or text(payload, "comment", "user", "type") == "Bot":
        return ()
    return (RepositoryEvent(event),)


def _check(name: str, payload: Payload) -> tuple[HookEvent, ...]:
    """Buttons are for people. That a check is run again may be asked by anybody whom GitHub lets:
    it only makes us look again."""
    pressed = text(payload, "action") == "requested_action"
    if pressed and text(payload, "sender", "type") == "Bot":
        return ()
    return _repository(name, payload)


def _installation(name: str, payload: Payload) -> tuple[HookEvent, ...]:
    """One event for each repository that came or went."""
    action, lists = text(payload, "action"), _REPOSITORY_LISTS[name]
    named = [text(one, "full_name") for key in lists for one in items(payload, key)]
    actor = {"action": action, "sender": at(payload, "sender")}
    return tuple(
        RepositoryEvent(parse_event(name, actor, repository=one))
        for one in dict.fromkeys(named)
        if is_repository(one)
    )


def _package(name: str, payload: Payload) -> tuple[HookEvent, ...]:
    """An image in GitHub's container registry. That it is one is told by its metadata: the type is
    not always. Its address may end in a colon, where the digest was pushed without a tag."""
    version = at(payload, name, "package_version")
    image = at(version, "container_metadata", "tag")
    if not isinstance(image, dict):
        return ()
    owner, package = text(payload, name, "owner", "login"), text(payload, name, "name")
    address = text(version, "package_url") or f"ghcr.io/{owner}/{package}"
    return image_moved(address.lower(), text(image, "name"), text(image, "digest"))


_REPOSITORY_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "installation": ("repositories",),
    "installation_repositories": ("repositories_added", "repositories_removed"),
}

# The event's actions that are worth a job (all where none is named), and how it is read.
_WANTED: Final[Mapping[str, tuple[frozenset[str], _Read]]] = {
    "push": (frozenset(), _repository),
    "pull_request": (frozenset(), _repository),
    "merge_group": (frozenset({"checks_requested"}), _repository),
    "issue_comment": (frozenset({"created"}), _comment),
    "check_run": (frozenset({"requested_action", "rerequested"}), _check),
    # Not "requested", which every push brings: a commit is checked as a pull request's head, of
    # which GitHub tells too, from forks as well, where there are no suites.
    "check_suite": (frozenset({"rerequested"}), _check),
    "release": (frozenset({"published"}), _repository),
    "repository_dispatch": (frozenset(), _repository),
    "installation": (
        frozenset({"created", "deleted", "suspend", "unsuspend"}),
        _installation,
    ),
    "installation_repositories": (frozenset({"added", "removed"}), _installation),
    "package": (frozenset({"published", "updated"}), _package),
    "registry_package": (frozenset({"published", "updated"}), _package),
}
_UNWANTED: Final[Mapping[str, str]] = {
    "ping": "a ping",
    "": "the delivery names no event",
    "workflow_dispatch": "a workflow of the repository's own was started",
}

SOURCE: Final = Source(
    "github",
    hmac_hex("x-hub-signature-256", prefix=b"sha256="),
    _understand,
    most_bytes=25 * MIB,  # docs.github.com, "Webhook events and payloads"
)
