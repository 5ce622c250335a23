"""Reads JSON that anybody may have written into the plan's own values, guided by their types.

Whatever a value is, the answer is a value of the declared type or an InputError that names the
path in the document.
"""

import functools
import re
import types
import typing
from collections.abc import Mapping

from replanner.errors import InputError, did_you_mean

LARGEST_INT = 1 << 62
LARGEST_FLOAT = 1e30  # the longest queue that a profile may describe takes 1e20 ms
LONGEST_TEXT = 64 * 1024
MOST_ENTRIES = 20_000
_LONGEST_SHOWN = 60
# Text that no terminal, YAML or UTF-8 encoder should meet: NUL, escapes, lone surrogates.
_UNUSABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def decode(kind: typing.Any, value: object, path: str, *, exact: bool = False) -> typing.Any:
    """`value` as `kind`: a NamedTuple, scalar, Literal, union, tuple[X, ...] or Mapping[str, X].

    With `exact`, keys that the NamedTuple does not know are errors.
    """
    if _is_record(kind):
        return _fields(kind, value, path, exact=exact)
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _union(kind, value, path, exact=exact)
    if origin is not None:
        return _CONTAINERS[origin](typing.get_args(kind), value, path)
    return _scalar(kind, value, path)


def wrong(path: str, value: object, expected: str) -> InputError:
    """The error for a value that cannot be used."""
    return InputError(f"the plan's {path} is {shown(value)}, expected {expected}.")


def section(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A nested object of the document, by its dotted path's last word."""
    if name not in document:
        raise InputError(f"the plan has no {name}.")
    return json_object(document[name], name)


def json_object(value: object, path: str) -> Mapping[str, object]:
    """A JSON object of bearable size with text keys."""
    if not isinstance(value, Mapping) or len(value) > MOST_ENTRIES:
        raise wrong(path, value, "an object")
    if not all(isinstance(key, str) and not _UNUSABLE.search(key) for key in value):
        raise wrong(path, value, "an object with plain text keys")
    return value


def shown(value: object) -> str:
    """A value as an error message may show it: short, and never expensive."""
    if isinstance(value, int) and abs(value) > LARGEST_INT:
        return "a number beyond all bounds"
    if isinstance(value, str):
        return ascii(value[:_LONGEST_SHOWN]) + ("..." if len(value) > _LONGEST_SHOWN else "")
    if value is None:
        return "null"
    return repr(value) if isinstance(value, int | float) else f"a {type(value).__name__}"


def _is_record(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


@functools.cache
def _hints(kind: type) -> dict[str, typing.Any]:
    return typing.get_type_hints(kind)


def _fields(kind: typing.Any, value: object, path: str, *, exact: bool) -> object:
    found = json_object(value, path)
    hints = _hints(kind)
    if exact:
        _refuse_unknown(found, hints, path)
    needed = set(kind._fields) - kind._field_defaults.keys()
    for name in sorted(needed - found.keys()):
        raise InputError(f"the plan has no {path}.{name}.")
    return kind(
        **{
            name: decode(hint, found[name], f"{path}.{name}", exact=exact)
            for name, hint in hints.items()
            if name in found
        }
    )


def _refuse_unknown(found: Mapping[str, object], known: Mapping[str, object], path: str) -> None:
    for name in sorted(found.keys() - known.keys()):
        short = name[:_LONGEST_SHOWN]
        raise InputError(f"the plan's {path} has no key {short!r}.{did_you_mean(short, known)}")


def _union(kind: typing.Any, value: object, path: str, *, exact: bool) -> object:
    members = typing.get_args(kind)
    if value is None and types.NoneType in members:
        return None
    fitting = [member for member in members if _may_hold(member, value)]
    if not fitting:
        names = " or ".join(dict.fromkeys(_expected(member) for member in members))
        raise wrong(path, value, names)
    return decode(fitting[0], value, path, exact=exact)


def _may_hold(kind: typing.Any, value: object) -> bool:
    """Is `value` of the JSON type that `kind` is written as?"""
    origin = typing.get_origin(kind) or kind
    if _is_record(kind) or origin is Mapping:
        return isinstance(value, Mapping)
    if origin is tuple:
        return isinstance(value, list | tuple)
    if origin in (bool, str):
        return isinstance(value, origin)
    return origin in (int, float) and _is_number(value, origin)


def _is_number(value: object, kind: type) -> bool:
    accepted = (int,) if kind is int else (int, float)
    return isinstance(value, accepted) and not isinstance(value, bool)


_NAMES: dict[object, str] = {
    str: "text",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    types.NoneType: "null",
    tuple: "a list",
    Mapping: "an object",
}


def _expected(kind: typing.Any) -> str:
    return _NAMES.get(typing.get_origin(kind) or kind, "an object")


def _scalar(kind: typing.Any, value: object, path: str) -> object:
    if not _may_hold(kind, value):
        raise wrong(path, value, _expected(kind))
    if isinstance(value, str):
        return text(value, path)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(kind, value, path)
    return value


def text(value: object, path: str) -> str:
    """Text of bearable length without control characters (tab and newline may stand)."""
    if not isinstance(value, str):
        raise wrong(path, value, "text")
    if len(value) > LONGEST_TEXT or _UNUSABLE.search(value):
        raise wrong(path, value, f"plain text of at most {LONGEST_TEXT} characters")
    return value


def _number(kind: type, value: float, path: str) -> float:
    largest = LARGEST_FLOAT if kind is float else LARGEST_INT
    if not -largest <= value <= largest:  # a NaN fails too
        raise wrong(path, value, "a number of bearable size")
    return kind(value)  # type: ignore[no-any-return]  # int or float, as declared


def _literal(allowed: tuple[object, ...], value: object, path: str) -> object:
    if not isinstance(value, str) or value not in allowed:
        raise wrong(path, value, "one of " + ", ".join(map(str, allowed)))
    return value


def _tuple(arguments: tuple[typing.Any, ...], value: object, path: str) -> object:
    if not isinstance(value, list | tuple) or len(value) > MOST_ENTRIES:
        raise wrong(path, value, "a list")
    return tuple(decode(arguments[0], item, f"{path}[{at}]") for at, item in enumerate(value))


def _mapping(arguments: tuple[typing.Any, ...], value: object, path: str) -> object:
    found = json_object(value, path)
    return {key: decode(arguments[1], item, f"{path}.{key[:40]}") for key, item in found.items()}


_CONTAINERS: dict[typing.Any, typing.Any] = {
    typing.Literal: _literal,
    tuple: _tuple,
    Mapping: _mapping,
}
