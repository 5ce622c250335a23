"""As much of JSON Schema 2020-12 as our schemas use; an unknown keyword is an error."""

import re
from collections.abc import Iterator
from typing import Any

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "null": type(None),
}
NOTES = {"$schema", "$id", "$defs", "title", "description", "default"}


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
    names = [wanted] if isinstance(wanted, str) else wanted
    if not any(_is(value, name) for name in names):
        yield f"{rest[-1]}: {value!r} is no {wanted}"


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


def _any_of(value: Any, wanted: Any, _: Any, root: Any, at: str) -> Iterator[str]:
    found = [errors(value, one, root=root, at=at) for one in wanted]
    if all(found):
        yield f"{at}: {value!r} is nothing of {found}"


def _required(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{rest[-1]}: no {name}" for name in wanted if name not in value)


def _properties(value: Any, wanted: Any, _: Any, root: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name in wanted.keys() & value.keys():
            yield from _errors(value[name], wanted[name], root, f"{at}.{name}")


def _additional(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for name in value.keys() - schema.get("properties", {}).keys():
        if wanted is False:
            yield f"{at}: unknown key {name}"
        else:
            yield from _errors(value[name], wanted, root, f"{at}.{name}")


def _items(value: Any, wanted: Any, _: Any, root: Any, at: str) -> Iterator[str]:
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _errors(item, wanted, root, f"{at}[{i}]")


def _pattern(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    # Python's $ would let a line break pass, ECMAScript's does not.
    if isinstance(value, str) and not re.search(wanted.replace("$", r"\Z"), value):
        yield f"{rest[-1]}: {value!r} does not match {wanted}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _minimum(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if _is_number(value) and value < wanted:
        yield f"{rest[-1]}: {value} is below {wanted}"


def _above(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if _is_number(value) and value <= wanted:
        yield f"{rest[-1]}: {value} is not above {wanted}"


def _maximum(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if _is_number(value) and value > wanted:
        yield f"{rest[-1]}: {value} is above {wanted}"


def _min_size(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if isinstance(value, str | list) and len(value) < wanted:
        yield f"{rest[-1]}: {value!r} is shorter than {wanted}"


def _max_size(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if isinstance(value, str | list) and len(value) > wanted:
        yield f"{rest[-1]}: {value!r} is longer than {wanted}"


def _enum(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    # True is 1 to Python, and not to JSON.
    if not any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in wanted):
        yield f"{rest[-1]}: {value!r} is none of {wanted}"


_KEYWORDS = {
    "type": _type,
    "anyOf": _any_of,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "pattern": _pattern,
    "minimum": _minimum,
    "exclusiveMinimum": _above,
    "maximum": _maximum,
    "maxItems": _max_size,
    "minItems": _min_size,
    "minLength": _min_size,
    "enum": _enum,
}
