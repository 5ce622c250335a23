"""CloudEvents 1.0 over HTTP, from any sender: in one document, in headers, or several in a list.

The specification signs nothing: a secret in `Authorization`, or Standard Webhooks on top of it.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote

from replanner.errors import InputError
from replanner.webhooks.events import SubjectMoved
from replanner.webhooks.json_limits import mended, parse, parse_object
from replanner.webhooks.keys import digest_of
from replanner.webhooks.look import name, text
from replanner.webhooks.signatures import any_of, authorization, on_wire, standard
from replanner.webhooks.source import Found, Request, Source, media_type

STRUCTURED: Final = "application/cloudevents+json"
_BATCH: Final = "application/cloudevents-batch+json"
# "REQUIRED attributes" of the specification, and the one that we look at.
_REQUIRED: Final = ("id", "source", "type", "specversion")
_READ: Final = (*_REQUIRED, "subject")
_Attributes = Mapping[str, object]


def _understand(request: Request) -> Found:
    events = _attributes(request)
    for one in events:
        if not all(text(one, required) for required in _REQUIRED):
            raise InputError("a CloudEvent lacks id, source, type or specversion.")
    # A thing without a name of its own is what its source says it is.
    subjects = [name(one, "subject") or name(one, "source") for one in events]
    moved = tuple(SubjectMoved(subject) for subject in dict.fromkeys(filter(None, subjects)))
    return Found(key_of(events), moved, "" if moved else "nothing has a subject")


def _attributes(request: Request) -> Sequence[_Attributes]:
    kind = media_type(request)
    if kind == STRUCTURED:
        return [parse_object(request.body)]
    if kind == _BATCH:
        return _batch(parse(request.body))
    return [{attribute: _in_header(request, attribute) for attribute in _READ}]


def _batch(found: object) -> Sequence[_Attributes]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InputError("the batch is no list of CloudEvents.")
    return found


def _in_header(request: Request, attribute: str) -> str:
    """Headers are ASCII; what is beyond is UTF-8 with percent signs (HTTP binding, 3.1.3.2)."""
    given = on_wire(request.header(f"ce-{attribute}")).decode("ascii", "replace")
    return mended(unquote(given, errors="replace"))


def key_of(events: Sequence[_Attributes]) -> str:
    """Of each event, source and id together are unique."""
    return digest_of(*(text(one, part) for one in events for part in ("source", "id")))


SOURCE: Final = Source(
    "cloudevents",
    any_of(authorization(), standard()),
    _understand,
    media_types=frozenset(),  # an event in headers may have any body
)
