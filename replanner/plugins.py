"""Decides where an extension comes from: the built-in table first, then entry points.

The group of a kind is `replanner.<kind>`, so a renderer from outside is an entry point in
`replanner.render`.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from replanner.errors import InputError, did_you_mean

T = TypeVar("T")


def find(kind: str, name: str, *, builtin: Mapping[str, T]) -> T:
    """The extension of that name; InputError with the nearest known name where there is none."""
    if name in builtin:
        return builtin[name]
    outside = _entry_points(kind)
    if name in outside:
        found: T = outside[name]()
        return found
    known = sorted({*builtin, *outside})
    raise InputError(
        f"no {kind} is called {name!r}.{did_you_mean(name, known)}",
        hint=f"Known: {', '.join(known)}.",
    )


def names(kind: str, *, builtin: Mapping[str, object]) -> list[str]:
    """Every name `find` would accept, built-in ones first."""
    return [*builtin, *sorted(set(_entry_points(kind)) - set(builtin))]


def _entry_points(kind: str) -> dict[str, Callable[[], T]]:
    # importlib.metadata costs more than a plan, so it is loaded only for a name not built in.
    from importlib.metadata import entry_points  # noqa: PLC0415

    return {point.name: point.load for point in entry_points(group=f"replanner.{kind}")}
