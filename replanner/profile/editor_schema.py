"""Decides what editors know about profiles, and about a repository's configuration: the JSON
Schemas of what `schema` and `repo_config` declare."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import CoreSchema

from replanner.profile.repo_config import config_file
from replanner.profile.schema import Profile
from replanner.profile.sections import BOUNDS, Key, keys, schema_of
from replanner.profile.setting_schema import default_of, shape_of
from replanner.profile.settings import BY_KEY

SCHEMA_ID: Final = "urn:replanner:profile:1"
CONFIG_SCHEMA_ID: Final = "urn:replanner:config:1"

Node = dict[str, Any]


def json_schema() -> Node:
    """The schema of `profile_version: 1`, with the spellings and nulls that a profile may hold."""
    return _document(Profile, id_=SCHEMA_ID, title="replanner profile")


def config_schema() -> Node:
    """The schema of `.github/replanner.yaml`: its own keys, and every setting that it may hold."""
    made = _document(config_file(), id_=CONFIG_SCHEMA_ID, title="replanner configuration")
    for key, setting in BY_KEY.items():
        about = {"description": setting.about}
        made["properties"][key] = {**about, **shape_of(setting), **default_of(setting)}
    return made


def _document(section: type[NamedTuple], *, id_: str, title: str) -> Node:
    below = {one.__name__: _section(one) for one in _below(section)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": id_,
        **_section(section),
        "title": title,
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
    if "anyOf" in shape or not shape:
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
