"""Decides what editors are told of a setting: which YAML values the configuration may hold for it,
in words of JSON Schema. The forms of free text (paths, branches, addresses) are the loader's."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from replanner.profile.setting_values import BOOLS, LONGEST_WAIT_S, SECONDS, Kind
from replanner.profile.settings import Setting

Node = dict[str, Any]
# Words that YAML takes for truths where they stand without quotes.
_UNQUOTED: Final = {"true": True, "false": False, "off": False}


def shape_of(one: Setting) -> Node:
    """What the file may say; `null` stands for not saying it."""
    return {"anyOf": [*_SHAPES[one.kind](one), {"type": "null"}]}


def default_of(one: Setting) -> Node:
    """What holds where nobody says anything, if that is a value."""
    if one.default == "":
        return {}
    return {"default": [*one.default] if isinstance(one.default, tuple) else one.default}


def _text(one: Setting) -> Iterator[Node]:
    yield {"type": "string"}
    yield from _unquoted(one)


def _unquoted(one: Setting) -> Iterator[Node]:
    """YAML's own numbers and truths, where their text is a value."""
    if _takes(one, "7"):
        yield {"type": "integer", **({} if _takes(one, "-7") else {"minimum": 0})}
    if _takes(one, "true"):
        yield {"type": "boolean"}


def _takes(one: Setting, text: str) -> bool:
    try:
        one.read(text)
    except ValueError:
        return False
    return True


def _choice(one: Setting) -> Iterator[Node]:
    unquoted = [_UNQUOTED[word] for word in one.choices if word in _UNQUOTED]
    yield {"enum": [*one.choices, *unquoted]}
    yield _matching(_any_of(one.choices))


def _bool(_: Setting) -> Iterator[Node]:
    yield {"type": "boolean"}
    yield {"enum": [0, 1]}
    yield _matching(_any_of(BOOLS))


def _int(one: Setting) -> Iterator[Node]:
    yield {"type": "integer", "minimum": 1, "maximum": one.most}
    yield _matching(f"(?=[0-9]{{1,12}}$)0*(?:{_up_to(one.most)})")


def _duration(_: Setting) -> Iterator[Node]:
    most = {unit: LONGEST_WAIT_S // length for unit, length in SECONDS.items()}
    times = [f"0*(?:0|{_up_to(count)}){_any_case(unit)}" for unit, count in most.items()]
    yield {"enum": [0]}
    yield _matching(f"0|(?=[0-9]{{1,6}}[A-Za-z]$)(?:{'|'.join(times)})")


def _list(one: Setting) -> Iterator[Node]:
    if not one.choices:
        yield {"type": "array", "items": _matching(r"[^,\n]*")}
        yield from _text(one)
        return
    word = f"(?:{_any_of(one.choices)})"
    yield {"type": "array", "items": _matching(rf"[^\S\n]*{word}?[^\S\n]*")}
    yield _matching(rf"[\s,]*(?:{word}(?:\s*[,\n][\s,]*{word})*)?[\s,]*")


def _matching(pattern: str) -> Node:
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(_any_case, words))


def _any_case(word: str) -> str:
    """The patterns of JSON Schema have no flag for it."""
    return "".join(f"[{char}{char.upper()}]" if char.isalpha() else char for char in word)


def _up_to(most: int) -> str:
    """A pattern of the whole numbers from 1, without zeros before them."""
    digits = str(most)
    shorter = [f"[1-9][0-9]{{0,{len(digits) - 2}}}"] if most > 9 else []  # noqa: PLR2004 - digits
    lower = [
        f"{digits[:at]}[{int(at == 0)}-{int(digit) - 1}][0-9]{{{len(digits) - at - 1}}}"
        for at, digit in enumerate(digits)
        if int(digit) > int(at == 0)
    ]
    return "|".join([*shorter, *lower, digits])


_SHAPES: Final[Mapping[Kind, Callable[[Setting], Iterator[Node]]]] = {
    "text": _text,
    "choice": _choice,
    "bool": _bool,
    "int": _int,
    "duration": _duration,
    "list": _list,
    "lines": _text,
}
