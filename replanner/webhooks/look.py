"""Looking into a payload: what is missing or of another type is empty, and names that are to be
compared, kept or shown have the shape that their owners give them."""

import re
from collections.abc import Mapping
from typing import Final

Payload = Mapping[str, object]
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_NO_COMMIT: Final = "0" * 40
# docs.github.com/rest/repos: at most 39 and 100 characters; enterprise logins may hold "_".
_REPOSITORY: Final = re.compile(
    r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}"
)

# huggingface_hub's validate_repo_id: at most 96 characters a part, no "--" and "..".
_MODEL: Final = re.compile(r"(?!.*(--|\.\.))(?:\w[\w.-]{0,95}/)?\w[\w.-]{0,95}", re.ASCII)
# More than any name of a thing; what is longer is text.
_LONGEST_NAME: Final = 500


def at(payload: object, *path: str) -> object:
    for part in path:
        payload = payload.get(part) if isinstance(payload, dict) else None
    return payload


def text(payload: object, *path: str) -> str:
    found = at(payload, *path)
    return found if isinstance(found, str) else ""


def name(payload: object, *path: str) -> str:
    """Text that is short enough to name something."""
    found = text(payload, *path)
    return found if len(found) <= _LONGEST_NAME else ""


def number(payload: object, *path: str) -> int | None:
    found = at(payload, *path)
    right = isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**63
    return found if right and isinstance(found, int) else None


def items(payload: object, *path: str) -> list[object]:
    found = at(payload, *path)
    return found if isinstance(found, list) else []


def commit(payload: object, *path: str) -> str:
    found = text(payload, *path)
    return found if _COMMIT.fullmatch(found) and found != _NO_COMMIT else ""


def is_repository(name: str) -> bool:
    """Is it the name of a repository on GitHub, like owner/name?"""
    return _REPOSITORY.fullmatch(name) is not None


def is_model(name: str) -> bool:
    """Is it the name of a model on the Hub?"""
    return _MODEL.fullmatch(name) is not None
