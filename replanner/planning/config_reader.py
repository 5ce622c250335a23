"""Typed, bounded access to a config.json that anybody may have written.

Whatever a key holds, the answer is a value of the asked type or an UnsupportedModel that names
the key. `null` counts as absent, as it does for the Hugging Face configuration classes.
"""

import builtins
import math
from collections.abc import Mapping
from typing import TypeVar

from replanner.errors import UnsupportedModel

LARGEST_INT = 1 << 40
LONGEST_LIST = 100_000
_LONGEST_SHOWN = 60
_Kind = TypeVar("_Kind")


class ConfigReader:
    """One JSON object of a configuration. Several names are aliases: the first present wins."""

    __slots__ = ("_values", "path")

    def __init__(self, values: Mapping[str, object], path: str = "config.json") -> None:
        if not isinstance(values, Mapping):
            raise UnsupportedModel(f"{path} holds {_shown(values)} where an object is expected.")
        self._values = values
        self.path = path

    def value(self, *names: str) -> object:
        """The first of the names that is there and not null, as it is; None if none is."""
        return self._find(names)[1]

    def _find(self, names: tuple[str, ...]) -> tuple[str, object]:
        """The name that is there, and its value."""
        for name in names:
            found = self._values.get(name)
            if found is not None:
                return name, found
        return names[0], None

    @property
    def values(self) -> Mapping[str, object]:
        """The object itself, unchecked."""
        return self._values

    def has(self, *names: str) -> bool:
        return self.value(*names) is not None

    def with_defaults(self, defaults: Mapping[str, object]) -> "ConfigReader":
        """The same object with values for keys that are absent or null; other nulls stay, because
        an explicit one can stand for something else than its absence (`sliding_window`)."""
        if not defaults:
            return self
        stated = {name: value for name, value in self._values.items() if value is not None}
        return ConfigReader({**self._values, **defaults, **stated}, self.path)

    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self._values if isinstance(name, str))

    def int(
        self,
        *names: str,
        default: builtins.int | None = None,
        low: builtins.int = 0,
        high: builtins.int = LARGEST_INT,
    ) -> builtins.int:
        """An integer within bounds; without a default its absence is an UnsupportedModel."""
        name, found = self._find(names)
        if found is None:
            return self._or_missing(default, names)
        return self.checked_int(found, name, low=low, high=high)

    def first_int(
        self,
        *names: str,
        default: builtins.int,
        low: builtins.int = 0,
        high: builtins.int = LARGEST_INT,
    ) -> builtins.int:
        """The first of the names that is neither absent nor 0; of a list for layers the largest."""
        for name in names:
            if isinstance(self.value(name), list):
                found = max(self.ints(name, high=high), default=0)
            else:
                found = self.int(name, default=0, high=high)
            if found:
                return self.checked_int(found, name, low=low, high=high)
        return default

    def checked_int(
        self,
        found: object,
        name: str,
        *,
        low: builtins.int = 0,
        high: builtins.int = LARGEST_INT,
    ) -> builtins.int:
        """`found`, a value under `name`, as an integer within bounds."""
        if isinstance(found, float) and found.is_integer():
            found = int(found)
        if isinstance(found, bool) or not isinstance(found, int):
            raise self.bad(name, found, "an integer")
        if not low <= found <= high:
            raise self.bad(name, found, f"an integer from {low} to {high}")
        return found

    def number(self, *names: str, default: float | None = None) -> float:
        """A finite number."""
        name, found = self._find(names)
        if found is None:
            return self._or_missing(default, names)
        wrong_type = isinstance(found, bool) or not isinstance(found, int | float)
        if wrong_type or abs(found) > LARGEST_INT or not math.isfinite(found):  # type: ignore[arg-type]
            raise self.bad(name, found, "a number")
        return float(found)  # type: ignore[arg-type]

    def text(self, *names: str, default: str | None = None) -> str:
        """A string."""
        name, found = self._find(names)
        if found is None:
            return self._or_missing(default, names)
        if not isinstance(found, str):
            raise self.bad(name, found, "a string")
        return found

    def flag(self, *names: str, default: bool = False) -> bool:
        """A boolean; 0 and 1 are accepted, as Python's own truth is."""
        name, found = self._find(names)
        if found is None:
            return default
        if found in (0, 1) and isinstance(found, bool | builtins.int):
            return bool(found)
        raise self.bad(name, found, "true or false")

    def items(self, *names: str) -> tuple[object, ...]:
        """A list of anything, empty where it is absent."""
        name, found = self._find(names)
        if found is None:
            return ()
        if not isinstance(found, list | tuple) or len(found) > LONGEST_LIST:
            raise self.bad(name, found, f"a list of at most {LONGEST_LIST} entries")
        return tuple(found)

    def ints(
        self, *names: str, low: builtins.int = 0, high: builtins.int = LARGEST_INT
    ) -> tuple[builtins.int, ...]:
        """A list of integers within bounds, empty where it is absent."""
        found = self.items(*names)
        return tuple(self.checked_int(item, names[0], low=low, high=high) for item in found)

    def texts(self, *names: str) -> tuple[str, ...]:
        """A list of strings, empty where it is absent."""
        found = self.items(*names)
        for item in found:
            if not isinstance(item, str):
                raise self.bad(names[0], item, "a list of strings")
        return tuple(item for item in found if isinstance(item, str))

    def section(self, *names: str) -> "ConfigReader":
        """A nested object, an empty one where it is absent."""
        name, found = self._find(names)
        if found is None:
            return ConfigReader({}, f"{self.path}: {name}")
        if not isinstance(found, Mapping):
            raise self.bad(name, found, "an object")
        return ConfigReader(found, f"{self.path}: {name}")

    def sections(self, *names: str) -> tuple["ConfigReader", ...]:
        """A list of nested objects, empty where it is absent."""
        found = enumerate(self.items(*names))
        return tuple(
            ConfigReader(item, f"{self.path}: {names[0]}[{at}]")  # type: ignore[arg-type]
            for at, item in found
        )

    def bad(self, name: str, found: object, expected: str) -> UnsupportedModel:
        """The error to raise for a key that holds something unusable."""
        return UnsupportedModel(f"{self.path}: {name} is {_shown(found)}, expected {expected}.")

    def _or_missing(self, default: _Kind | None, names: tuple[str, ...]) -> _Kind:
        if default is None:
            raise UnsupportedModel(f"{self.path}: {' or '.join(names)} is missing.")
        return default


def _shown(value: object) -> str:
    if isinstance(value, int) and abs(value) > LARGEST_INT:
        return "a number beyond all bounds"  # str() of a huge int is slow, or refused
    if isinstance(value, str) and len(value) > _LONGEST_SHOWN:
        return repr(value[:_LONGEST_SHOWN]) + "..."
    return repr(value) if isinstance(value, int | float | str) else f"a {type(value).__name__}"
