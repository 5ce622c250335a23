"""Reads the JSON of a delivery within limits of depth, number of values and digits, so that nothing
that comes later recurses, eats the memory or meets what JSON does not have.

What a stranger can write into an honest sender's payload (a title with a NUL or half an emoji) is
mended, since it must not stop the sender's events; what only a broken sender writes is refused.
"""

import json
import math
import re
from typing import Any, Final

from replanner.errors import InputError

MOST_DEPTH: Final = 64
# A push lists at most 2,048 commits of some 20 values each (docs.github.com, "Webhook events and
# payloads"); an object or a number costs up to 100 bytes of memory, whatever it costs in text.
MOST_VALUES: Final = 500_000
_MOST_QUOTES: Final = 4 * MOST_VALUES  # a key and a text for each value
_MOST_DIGITS: Final = 40
# To the end where no quote ends it: else a text of open quotes takes time with its square.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?', re.DOTALL)
_NO_STRUCTURE: Final = bytes(set(range(256)) - set(b"[]{},"))
_ODD: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNKEPT: Final = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL and UTF-8 can't hold them


def parse(body: bytes) -> object:
    """The JSON value in `body`; InputError for what is none or beyond the limits."""
    _check_structure(body)
    try:
        found: object = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except UnicodeDecodeError:
        raise InputError("the body is not UTF-8 text.") from None
    except ValueError as error:
        said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise InputError(f"the body is no JSON: {said}.") from None
    return _all_mended(found) if _ODD.search(body) else found


def parse_object(body: bytes) -> dict[str, object]:
    """The JSON object in `body`."""
    found = parse(body)
    if not isinstance(found, dict):
        raise InputError("the body is no JSON object.")
    return found


def _check_structure(body: bytes) -> None:
    """Counts brackets and commas outside strings, before anything is made of them."""
    too_many = body.count(b'"') > _MOST_QUOTES
    structure = b"" if too_many else _STRING.sub(b"", body).translate(None, _NO_STRUCTURE)
    if too_many or len(structure) > MOST_VALUES:
        raise InputError(f"the body holds more than {MOST_VALUES} values.")
    depth = 0
    for sign in structure:
        depth += _STEP[sign]
        if depth > MOST_DEPTH:
            raise InputError(f"the body is nested deeper than {MOST_DEPTH} levels.")


_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1, ord(","): 0}


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is given twice")
    return made


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number has more than {_MOST_DIGITS} digits")
    return int(digits)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def mended(text: str) -> str:
    """With U+FFFD for what no store keeps."""
    return _UNKEPT.sub("\ufffd", text)


def _all_mended(root: object) -> object:
    """All its strings, mended; keys stay, since none that is looked for is odd."""
    whole = [root]
    waiting: list[Any] = [whole]  # lists and dictionaries: places and what is in them
    while waiting:
        container = waiting.pop()
        places = container.items() if isinstance(container, dict) else enumerate(container)
        for place, value in list(places):
            if isinstance(value, str):
                container[place] = mended(value)
            elif isinstance(value, dict | list):
                waiting.append(value)
    return whole[0]
