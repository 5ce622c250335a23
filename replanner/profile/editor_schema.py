"""Decides what editors know about profiles: the JSON Schema of what `schema` declares."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import CoreSchema

from replanner.profile.schema import Profile
from replanner.profile.sections import BOUNDS, Key, keys, schema_of

SCHEMA_ID: Final = "urn:replanner:profile:1"

Node = dict[str, Any]


def json_schema() -> Node:
    """The schema of `profile_version: 1`, with the spellings and nulls that a profile may hold."""
    below = {section.__name__: _section(section) for section in _below(Profile)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **_section(Profile),
        "title": "replanner profile",
        "$defs": dict(sorted(below.items())),
    }


def _below(section: type[NamedTuple]) -> Iterator[type[NamedTuple]]:
    for key in keys(section).values():
        if key.section:
            yield key.section
            yield from _below(key.section)


def _section(section: type[NamedTuple]) -> Node:
    known = keys(section)
    required = [name for name, key in known.items() if key.required]
    return {
        "title": section.__name__,
        "description": section.__doc__,
        "type": "object",
        "properties": {name: _entry(key) for name, key in known.items()},
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _entry(key: Key) -> Node:
    described = {"description": key.description} if key.description else {}
    shape = _shape(schema_of(key.hint))
    return {**described, **(shape if key.required else _with_default(shape, key.default))}


def _with_default(shape: Node, default: object) -> Node:
    """`null` stands for the default of every key that has one."""
    if "$ref" in shape:
        return {"anyOf": [shape, _NULL]}
    plain = [*default] if isinstance(default, tuple) else default
    if "anyOf" in shape:
        return {**shape, "default": plain}
    choices = {"enum": [*shape["enum"], None]} if "enum" in shape else {}
    return {**shape, **choices, "type": [shape["type"], "null"], "default": plain}


def _shape(schema: CoreSchema) -> Node:
    """What a schema of pydantic_core lets through, in words of JSON Schema."""
    kind = schema["type"]
    words = BOUNDS.get(kind, {})
    bounds = {word: schema[bound] for bound, word in words.items() if bound in schema}
    return {**_SHAPES[kind](schema), **bounds, **schema.get("metadata", {})}


def _choice(schema: CoreSchema) -> Node:
    names = schema["expected"]
    kind = "string" if isinstance(names[0], str) else "integer"
    return {"type": kind, **({"enum": [*names]} if names[1:] else {"const": names[0]})}


def _checked(schema: CoreSchema) -> Node:
    return _shape(schema["schema"])


_NULL: Final = {"type": "null"}
_SHAPES: Final[Mapping[str, Callable[[CoreSchema], Node]]] = {
    "any": lambda _: {},
    "bool": lambda _: {"type": "boolean"},
    "int": lambda _: {"type": "integer"},
    "float": lambda _: {"type": "number"},
    "str": lambda _: {"type": "string"},
    "literal": _choice,
    "nullable": lambda schema: {"anyOf": [_shape(schema["schema"]), _NULL]},
    "list": lambda schema: {"type": "array", "items": _shape(schema["items_schema"])},
    "dict": lambda schema: {
        "type": "object",
        "additionalProperties": _shape(schema["values_schema"]),
    },
    "typed-dict": lambda schema: {"$ref": f"#/$defs/{schema['cls'].__name__}"},
    "function-before": _checked,
    "function-after": _checked,
}
