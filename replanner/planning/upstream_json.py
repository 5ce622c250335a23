"""Reads JSON that strangers wrote: only objects, of bounded size, depth and numbers, so that later
code never meets NaN, infinity or a document that eats the memory."""

import json
import math
import re

from replanner.errors import UnsupportedModel

_Container = dict[str, object] | list[object]

MAX_CONFIG_BYTES = 4 * 2**20
_MAX_DEPTH = 32
# tokenizer files hold 10**30 for "unlimited" (31 digits); more is an attack on arithmetic.
_MAX_DIGITS = 40
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_json_object(
    data: bytes, label: str, *, max_bytes: int = MAX_CONFIG_BYTES
) -> dict[str, object]:
    """The object in `data`; `label` says in the error which file of which model it was."""
    if len(data) > max_bytes:
        raise UnsupportedModel(f"{label} is larger than the {max_bytes // 2**20} MiB that are read")
    try:
        found: object = json.loads(
            data.decode("utf-8"),
            parse_int=_bounded_int,
            parse_float=_finite_float,
            parse_constant=_nothing,
        )
    except RecursionError as error:
        raise UnsupportedModel(f"{label} is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise UnsupportedModel(f"{label} is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise UnsupportedModel(
            f"{label} is not valid JSON: {error.msg} (line {error.lineno})"
        ) from error
    except ValueError as error:
        raise UnsupportedModel(f"{label} holds a number that is out of range") from error
    if not isinstance(found, dict):
        raise UnsupportedModel(f"{label} holds no JSON object")
    _check_depth(found, label)
    if _SURROGATE.search(data):
        _check_text(found, label)
    return found


def _bounded_int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError
    return int(digits)


def _nothing(_constant: str) -> None:
    """NaN and Infinity are no JSON, but published state-space models write time_step_limit as
    [0.0, Infinity]: read as null, which is what every reader here takes for "not given"."""


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _check_depth(root: dict[str, object], label: str) -> None:
    """Level by level, without recursion: what comes later may recurse."""
    level: list[_Container] = [root]
    for _ in range(_MAX_DEPTH):
        level = [child for value in level for child in _containers(value)]
        if not level:
            return
    raise UnsupportedModel(f"{label} is nested deeper than {_MAX_DEPTH} levels")


def _containers(value: _Container) -> list[_Container]:
    inner = value.values() if isinstance(value, dict) else value
    return [child for child in inner if isinstance(child, dict | list)]


def _check_text(root: dict[str, object], label: str) -> None:
    """Half a surrogate pair is valid JSON, and breaks whoever writes it out."""
    try:
        json.dumps(root, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnsupportedModel(
            f"{label} holds text that is no Unicode (a lone surrogate)"
        ) from error
