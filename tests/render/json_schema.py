"""As much of JSON Schema 2020-12 as the values schema uses; an unknown keyword is an error."""

import re
from collections.abc import Iterator
from typing import Any

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
NOTES = {"$schema", "$id", "$defs", "title", "description"}


def errors(value: Any, schema: dict[str, Any], *, root: dict[str, Any], at: str = "$") -> list[str]:
    return list(_errors(value, schema, root, at))


def _errors(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    for keyword, wanted in schema.items():
        if keyword in NOTES:
            continue
        if keyword == "$ref":
            name = wanted.removeprefix("#/$defs/")
            yield from _errors(value, root["$defs"][name], root, at)
        else:
            yield from _KEYWORDS[keyword](value, wanted, schema, root, at)


def _type(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    kind = TYPES[wanted]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        yield f"{rest[-1]}: {value!r} is no {wanted}"


def _required(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    yield from (f"{rest[-1]}: no {name}" for name in wanted if name not in value)


def _properties(value: Any, wanted: Any, _: Any, root: Any, at: str) -> Iterator[str]:
    for name in wanted.keys() & value.keys():
        yield from _errors(value[name], wanted[name], root, f"{at}.{name}")


def _additional(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    for name in value.keys() - schema.get("properties", {}).keys():
        if wanted is False:
            yield f"{at}: unknown key {name}"
        else:
            yield from _errors(value[name], wanted, root, f"{at}.{name}")


def _items(value: Any, wanted: Any, _: Any, root: Any, at: str) -> Iterator[str]:
    for i, item in enumerate(value):
        yield from _errors(item, wanted, root, f"{at}[{i}]")


def _pattern(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if not re.search(wanted, value):
        yield f"{rest[-1]}: {value!r} does not match {wanted}"


def _minimum(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if value < wanted:
        yield f"{rest[-1]}: {value} is below {wanted}"


def _maximum(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if value > wanted:
        yield f"{rest[-1]}: {value} is above {wanted}"


def _min_size(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if len(value) < wanted:
        yield f"{rest[-1]}: {value!r} is shorter than {wanted}"


def _enum(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if value not in wanted:
        yield f"{rest[-1]}: {value!r} is none of {wanted}"


_KEYWORDS = {
    "type": _type,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "pattern": _pattern,
    "minimum": _minimum,
    "maximum": _maximum,
    "minItems": _min_size,
    "minLength": _min_size,
    "enum": _enum,
}
