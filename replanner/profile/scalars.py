"""Decides how one value is written in YAML so that YAML 1.1 and 1.2 readers both read it back."""

import json
import math
import re
from typing import Final

from replanner.errors import InputError
from replanner.profile.source import resolve, shorten

Scalar = str | int | float | bool | None

# Text that needs no quotes in any YAML version: begins like a word or path, no indicators.
_PLAIN: Final = re.compile(r"[A-Za-z./](?:[A-Za-z0-9_./@+-]|:(?=[A-Za-z0-9_]))*")
_BOOLEANS_OF_1_1: Final = frozenset({"y", "n"})


def write_scalar(value: Scalar, *, style: str = "", flow: bool = False) -> str:
    """The value as YAML; text keeps the quotes (`style`) that stood there where it can."""
    if isinstance(value, str):
        return _write_text(value, style=style, flow=flow)
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, float) and math.isfinite(value):
        return _write_float(value)
    raise InputError(f"{shorten(value)} is no word, number, true, false or null")


def _write_float(value: float) -> str:
    # YAML 1.1 wants a point in a number with an exponent: 1.0e-05, not 1e-05.
    digits, e, exponent = repr(value).partition("e")
    return digits + (".0" if e and "." not in digits else "") + e + exponent


def _write_text(value: str, *, style: str, flow: bool) -> str:
    if not style and _is_plain(value, flow=flow):
        return value
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join(map(_escape, value)) + '"'


def _is_plain(value: str, *, flow: bool) -> bool:
    if not _PLAIN.fullmatch(value) or (flow and ":" in value):
        return False
    return value.lower() not in _BOOLEANS_OF_1_1 and isinstance(resolve(value), str)


def _escape(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - the surrogates
        raise InputError("text with half a character pair cannot be written as UTF-8")
    return f"\\x{code:02x}" if code < 0x100 else f"\\U{code:08x}"  # noqa: PLR2004 - two hex digits
