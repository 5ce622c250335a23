"""Hugging Face: models that moved (huggingface.co/docs/hub/webhooks, version 3).

A delivery has neither a signature nor a name nor a time, only the secret itself.
"""

from typing import Final

from replanner.errors import InputError
from replanner.webhooks.events import HookEvent, ModelMoved
from replanner.webhooks.json_limits import parse_object
from replanner.webhooks.keys import by_body
from replanner.webhooks.look import Payload, at, commit, is_model, items, text
from replanner.webhooks.signatures import verbatim
from replanner.webhooks.source import Found, Request, Source

_VERSION: Final = 3
_REVISIONS: Final = ("refs/heads/", "refs/tags/")


def _understand(request: Request) -> Found:
    payload = parse_object(request.body)
    key = by_body(request)
    if note := _nothing(payload):
        return Found(key, note=note)
    model_id = text(payload, "repo", "name")
    if not is_model(model_id):
        raise InputError("the payload names no model at repo.name.")
    events = _moved(model_id, payload)
    return Found(key, events, "" if events else "no branch or tag of the model moved")


def _nothing(payload: Payload) -> str:
    """Why there is nothing to do; new scopes may appear below those that are known."""
    scope = text(payload, "event", "scope")
    if at(payload, "webhook", "version") != _VERSION:
        return "the delivery is of another version than 3"
    if scope.partition(".")[0] != "repo":
        return "the delivery is not about a repository's content"
    if text(payload, "repo", "type") != "model":
        return "the repository is no model"
    return ""


def _moved(model_id: str, payload: Payload) -> tuple[HookEvent, ...]:
    if isinstance(at(payload, "updatedRefs"), list):
        return tuple(_revisions(model_id, payload))
    new_name = text(payload, "movedTo", "name")
    names = [model_id, new_name] if is_model(new_name) else [model_id]
    return tuple(ModelMoved(name, commit=commit(payload, "repo", "headSha")) for name in names)


def _revisions(model_id: str, payload: Payload) -> list[ModelMoved]:
    """The branches and tags that moved, or went (then without a commit); no proposed changes."""
    return [
        ModelMoved(model_id, text(one, "ref").removeprefix(prefix), commit(one, "newSha"))
        for one in items(payload, "updatedRefs")
        for prefix in _REVISIONS
        if text(one, "ref").startswith(prefix) and at(one, "oldSha") != at(one, "newSha")
    ]


SOURCE: Final = Source("huggingface", verbatim("x-webhook-secret"), _understand)
