"""What a delivery may have told, as plain values, and their JSON both ways (a job keeps them).

They are hints: whoever acts on one reads the truth again, so that lost order, duplicates and lies
cost a look and change nothing.
"""

from collections.abc import Mapping
from types import UnionType
from typing import Final, NamedTuple, cast, get_args, get_type_hints

from replanner.errors import InputError
from replanner.event import Event


class ModelMoved(NamedTuple):
    """A model on the Hub moved: this branch or tag (any, where empty), to this commit if told."""

    model_id: str
    revision: str = ""
    commit: str = ""


class ImageMoved(NamedTuple):
    """An image was pushed; `image` is spelled as in `engine.image`, without tag and digest."""

    image: str
    tag: str = ""
    digest: str = ""


class SubjectMoved(NamedTuple):
    """Something moved that only the configuration can tie to profiles, by globs over its name."""

    subject: str


class RepositoryEvent(NamedTuple):
    """Something happened in a repository on GitHub."""

    event: Event


HookEvent = ModelMoved | ImageMoved | SubjectMoved | RepositoryEvent

_KINDS: Final[Mapping[str, type[HookEvent]]] = {
    "model": ModelMoved,
    "image": ImageMoved,
    "subject": SubjectMoved,
    "repository": RepositoryEvent,
}
_NAMES: Final = {made: kind for kind, made in _KINDS.items()}


def to_json(event: HookEvent) -> dict[str, object]:
    """The event as JSON values; fields that say nothing are left out."""
    return {"kind": _NAMES[type(event)], **_told(event)}


def from_json(values: object) -> HookEvent:
    """The event that `to_json` wrote; InputError for anything else."""
    if not isinstance(values, dict):
        raise InputError("an event is stored as something that is no object.")
    rest = {key: value for key, value in values.items() if key != "kind"}
    kind = values.get("kind")
    made = _KINDS.get(kind) if isinstance(kind, str) else None
    if made is None:
        raise InputError("an event is stored that is of no known kind.")
    return cast("HookEvent", _made(made, rest))


def _told(value: object) -> dict[str, object]:
    defaults: Mapping[str, object] = getattr(value, "_field_defaults", {})
    fields = cast("NamedTuple", value)._asdict()
    return {
        name: _told(inner) if hasattr(inner, "_fields") else inner
        for name, inner in fields.items()
        if name not in defaults or inner != defaults[name]
    }


def _made(made: type, values: Mapping[str, object]) -> object:
    types = get_type_hints(made)
    if unknown := sorted(set(map(str, values)) - set(types)):
        raise InputError(f"a stored event has the unknown field {unknown[0][:40]!r}.")
    defaults: Mapping[str, object] = getattr(made, "_field_defaults", {})
    if missing := [name for name in types if name not in values and name not in defaults]:
        raise InputError(f"a stored event lacks {missing[0]}.")
    return made(**{name: _checked(types[name], name, value) for name, value in values.items()})


def _checked(wanted: object, name: str, value: object) -> object:
    if isinstance(wanted, UnionType):  # with None, which as the default is never stored
        wanted = next(one for one in get_args(wanted) if one is not type(None))
    if hasattr(wanted, "_fields") and isinstance(value, dict):
        return _made(cast("type", wanted), value)
    if type(value) is not wanted:  # exactly: True is no number
        raise InputError(f"a stored event has a {name} of the wrong type.")
    return value
