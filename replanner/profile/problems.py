"""Decides how a refused value is put into words: what was given, and what would be right."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import ValidationError

from replanner.errors import did_you_mean
from replanner.profile.choices import SPELLINGS
from replanner.profile.sections import keys
from replanner.profile.source import (
    MAX_PROBLEMS,
    Path,
    Problem,
    Source,
    path_text,
    resolve,
    shorten,
)

_WANTED: Final = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping (key: value)",
}
_RANGE: Final = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be a finite number",
    "string_too_long": "must be at most {max_length} characters long",
    "too_short": "must have at least {min_length} entry",
    "too_long": "must have at most {max_length} entries",
}


def schema_problems(
    error: ValidationError, source: Source, root: type[NamedTuple]
) -> list[Problem]:
    """What the schema found, but for values that were refused before it saw them."""
    found = [_Found(each, source) for each in error.errors(include_url=False)]
    kept = sorted((f for f in found if not _refused(f.path, source)), key=lambda f: f.at)
    versions = [f for f in kept if f.path == ("profile_version",) and f.kind != "missing"]
    # Of a file in another version nothing else can be said.
    return [Problem(*f.at, f.sentence(root)) for f in (versions or kept)[: MAX_PROBLEMS + 1]]


def _refused(path: Path, source: Source) -> bool:
    return any(path[: len(r)] == r or r[: len(path)] == path for r in source.refused)


class _Found:
    """One finding of pydantic_core, with its place in the file."""

    def __init__(self, error: Mapping[str, Any], source: Source) -> None:
        self.kind: str = error["type"]
        self.given: object = error["input"]
        self.details: Mapping[str, Any] = error.get("ctx", {})
        self.message: str = error["msg"]
        # pydantic_core marks a finding about a key, not its value, by a last part "[key]".
        self.path: Path = tuple(part for part in error["loc"] if part != "[key]")
        self.at = _nearest(self.path, source)

    def sentence(self, root: type[NamedTuple]) -> str:
        name = path_text(self.path)
        if self.kind == "missing":
            return f"{name} is required"
        if self.kind == "extra_forbidden":
            return _unknown_key(self.path, root)
        return f"{name or 'the file'} {self._demand()}"

    def _demand(self) -> str:
        if self.kind == "value_error":
            return str(self.details["error"])
        if self.kind == "literal_error":
            return _not_a_choice(self.given, self.details["expected"])
        if self.kind in _RANGE:
            return f"{_RANGE[self.kind].format(**self.details)}, not {_size(self)}"
        if self.kind in _WANTED:
            return (
                f"{_WANTED[self.kind]}, not {shorten(self.given)}{_quotes(self.kind, self.given)}"
            )
        return f"is refused: {self.message}"


def _size(found: _Found) -> str:
    return str(found.details.get("actual_length") or shorten(found.given))


def _nearest(path: Path, source: Source) -> tuple[int, int]:
    """Where the entry stands; for one that is missing, the section it is missing from."""
    for end in range(len(path), -1, -1):
        if at := source.position(path[:end]):
            return at
    return 0, 0


def _quotes(kind: str, given: object) -> str:
    """Numbers in quotes and words without are the usual slip."""
    if kind == "string_type" and isinstance(given, bool | int | float):
        return " (write it in quotes)"
    number = resolve(given) if isinstance(given, str) and given else given
    if kind in {"int_type", "float_type"} and isinstance(given, str) and number != given:
        return " (write it without quotes)"
    return ""


def _not_a_choice(given: object, expected: str) -> str:
    known = re.findall(r"'([^']*)'", expected)
    one_of = ", ".join(known) or expected
    demand = f"must be {'one of ' * (not one_of.isalnum())}{one_of}, not {shorten(given)}"
    if not isinstance(given, str):
        return demand
    spelled = [spelling for spelling, name in SPELLINGS.items() if name in known]
    near = did_you_mean(given[:60], [*known, *spelled])
    return f"{demand}.{near}" if near else demand


def _unknown_key(path: Path, root: type[NamedTuple]) -> str:
    key = str(path[-1])
    known = keys(_section_at(path[:-1], root))
    where = f" in {path_text(path[:-1])}" if path[:-1] else ""
    near = did_you_mean(key[:60], known)
    home = "" if near else _home(key, root)
    others = "" if near or home else f" Known: {', '.join(known)}."
    return f"unknown key {shorten(key)}{where}.{near}{home}{others}"


def _home(key: str, root: type[NamedTuple]) -> str:
    for name, candidate in keys(root).items():
        if candidate.section and key in keys(candidate.section):
            return f" It belongs in {name}."
    return ""


def _section_at(path: Path, root: type[NamedTuple]) -> type[NamedTuple]:
    section = root
    for part in path:
        below = keys(section).get(str(part))
        section = (below and below.section) or section
    return section
