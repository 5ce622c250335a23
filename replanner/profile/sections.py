"""Decides how a section is declared: a named tuple whose keys become a schema of pydantic's engine.

A key stands in one place, as `name: Annotated[type, "what it means"] = default`. Defaults, unknown
keys, the editors' schema and the typed result all come from there. The type may carry marks, which
narrow it (`Count = Annotated[int, limits(ge=1, le=1024)]`).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NamedTuple,
    TypedDict,
    TypeVar,
    Union,
    Unpack,
    cast,
    get_args,
    get_origin,
)

from pydantic_core import CoreSchema, SchemaValidator
from pydantic_core import core_schema as core

Shape = TypeVar("Shape", bound=NamedTuple)
Check = Callable[[Any], object]  # returns the value to keep, or raises ValueError with the demand
Mark = Callable[[CoreSchema], CoreSchema]

REQUIRED: Final = object()
_RANGE: Final = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum"}
# The bounds that each type of pydantic_core takes, and JSON Schema's word for each.
BOUNDS: Final[Mapping[str, Mapping[str, str]]] = {
    "int": _RANGE,
    "float": _RANGE,
    "str": {"min_length": "minLength", "max_length": "maxLength"},
    "list": {"min_length": "minItems", "max_length": "maxItems"},
    "dict": {"min_length": "minProperties", "max_length": "maxProperties"},
}


class Key(NamedTuple):
    """One key of a section."""

    hint: Any
    description: str
    default: object

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def section(self) -> type[NamedTuple] | None:
        """The section that stands below this key, alone or in a list."""
        return _section_in(self.hint)


@lru_cache
def keys(section: type[NamedTuple]) -> Mapping[str, Key]:
    """The section's declaration, key by key."""
    return {
        name: Key(hint, _description(hint), section._field_defaults.get(name, REQUIRED))
        for name, hint in section.__annotations__.items()
    }


@lru_cache
def validator(section: type[NamedTuple]) -> SchemaValidator:
    """What makes the section of a document: strict, closed, `null` for a key is its default."""
    return SchemaValidator(schema_of(section))


def changed(section: NamedTuple) -> dict[str, object]:
    """The values that differ from their defaults, nested as in the file."""
    defaults = keys(type(section))
    return {
        name: changed(value) if _is_section(type(value)) else value
        for name, value in section._asdict().items()
        if value != defaults[name].default
    }


class Limits(TypedDict, total=False):
    """Bounds by the names that pydantic_core gives them."""

    ge: float
    gt: float
    le: float
    min_length: int
    max_length: int


def limits(**bounds: Unpack[Limits]) -> Mark:
    """Bounds of what the file says, wherever the mark stands among others."""

    def mark(schema: CoreSchema) -> CoreSchema:
        if "schema" in schema:  # a check, or "or null", around the type
            return {**schema, "schema": mark(schema["schema"])}
        # pydantic_core would pass over what it does not know, and a limit be none.
        if not bounds.keys() <= BOUNDS.get(schema["type"], {}).keys():
            raise TypeError(f"{schema['type']} takes no {', '.join(bounds)}")
        return {**schema, **bounds}

    return mark


def before(check: Check) -> Mark:
    """Judges or replaces what the file says, before its type is looked at."""
    return lambda schema: core.no_info_before_validator_function(check, schema)


def after(check: Check) -> Mark:
    """Judges or replaces a value of the right type."""
    return lambda schema: core.no_info_after_validator_function(check, schema)


def after_in_context(check: Callable[[Any, core.ValidationInfo], object]) -> Mark:
    """As `after`, for a check that asks for what only the caller knows."""
    return lambda schema: core.with_info_after_validator_function(check, schema)


def shown(**words: object) -> Mark:
    """What editors are told of a value beyond its type, in words of JSON Schema."""
    return lambda schema: {**schema, "metadata": words}


def schema_of(hint: Any) -> CoreSchema:
    """The schema of a type, changed by each mark that stands on it."""
    base, *said = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    marks: list[Mark] = [each for each in said if not isinstance(each, str)]
    return reduce(lambda schema, mark: mark(schema), marks, _unmarked(base))


def _unmarked(base: Any) -> CoreSchema:
    if base in _PLAIN:
        return _PLAIN[base]
    if make := _MADE.get(get_origin(base)):
        return make(*get_args(base))
    if _is_section(base):
        return _section(base)
    raise TypeError(f"a key cannot be declared as {base}")


def _nullable(*types: Any) -> CoreSchema:
    [wanted] = (each for each in types if each is not NoneType)
    return core.nullable_schema(schema_of(wanted))


_PLAIN: Final[Mapping[Any, CoreSchema]] = {
    bool: core.bool_schema(),
    int: core.int_schema(),
    float: core.float_schema(allow_inf_nan=False),
    str: core.str_schema(),
    Any: core.any_schema(),  # all that is said of such a value stands in its marks
}
_MADE: Final[Mapping[Any, Callable[..., CoreSchema]]] = {
    Literal: lambda *names: core.literal_schema(list(names)),
    tuple: lambda item, _: after(tuple)(core.list_schema(schema_of(item))),
    Mapping: lambda key, value: core.dict_schema(schema_of(key), schema_of(value)),
    Union: _nullable,
    UnionType: _nullable,
}


def _section(section: Any) -> CoreSchema:
    fields = {
        name: core.typed_dict_field(schema_of(key.hint), required=key.required)
        for name, key in keys(section).items()
    }
    closed = core.typed_dict_schema(
        fields, cls=section, extra_behavior="forbid", config=core.CoreConfig(strict=True)
    )
    made = core.no_info_after_validator_function(lambda values: section(**values), closed)
    return core.no_info_before_validator_function(_null_means_default(section), made)


def _null_means_default(section: type[NamedTuple]) -> Check:
    known = keys(section)

    def drop(data: object) -> object:
        if not isinstance(data, dict) or None not in data.values():
            return data
        return {k: v for k, v in data.items() if v is not None or k not in known}

    return drop


def _description(hint: Any) -> str:
    said = get_args(hint) if get_origin(hint) is Annotated else ()
    return next((each for each in said if isinstance(each, str)), "")


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "_field_defaults")


def _section_in(hint: Any) -> type[NamedTuple] | None:
    if _is_section(hint):
        return cast("type[NamedTuple]", hint)
    return next(filter(None, map(_section_in, get_args(hint))), None)
