"""Decides which changes are proposed together, and what their branch is called."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from replanner.planning.diff import Change

GroupBy = Literal["model", "profile", "revision", "all"]
PREFIX = "replanner/"
_LONGEST_NAME = 120
_HEX = 6
# git-check-ref-format(1): what may stand in a branch's name without a second thought.
_UNSAFE = re.compile(r"[^a-z0-9._-]+|\.{2,}|^[.-]+|[.-]+$")


def model_group(model_id: str) -> str:
    """The full id in lower case with `/` as `-`, and six digits that tell ids apart which that
    makes equal."""
    return _named(model_id)


def profile_group(profile_name: str) -> str:
    """The group of one profile alone."""
    return _named(profile_name)


def branch_name(base: str, group: str, *, prefix: str = PREFIX, scope: str = "default") -> str:
    """`<prefix><base>/<group>`, with the scope before the group when it is not the default."""
    middle = "" if scope == "default" else f"{_safe(scope)}/"
    return f"{prefix}{base}/{middle}{group}"


def grouped(changes: Iterable[Change], by: GroupBy = "model") -> dict[str, list[Change]]:
    """The changes of each group, both in the order of their names."""
    key = _KEYS[by]
    found: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda one: one.record.inputs.profile_name):
        found.setdefault(key(change), []).append(change)
    return dict(sorted(found.items()))


def _by_revision(change: Change) -> str:
    model = change.record.plan.model
    return f"{model_group(model.id)}-{(model.commit or 'folder')[:7]}"


_KEYS: Mapping[GroupBy, Callable[[Change], str]] = {
    "model": lambda change: model_group(change.record.plan.model.id),
    "profile": lambda change: profile_group(change.record.inputs.profile_name),
    "revision": _by_revision,
    "all": lambda _change: "all",
}


def _named(name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HEX]
    return f"{_safe(name)}-{digest}"


def _safe(name: str) -> str:
    lowered = name.lower().replace("/", "-")[:_LONGEST_NAME]
    return _UNSAFE.sub("-", lowered).strip("-.") or "x"
