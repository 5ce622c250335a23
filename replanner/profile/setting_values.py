"""Decides which texts are values of settings: words, lists, numbers, times, paths, addresses."""

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from replanner.errors import did_you_mean

Kind = Literal["text", "choice", "bool", "list", "lines", "int", "duration"]
Value = str | bool | int | tuple[str, ...]
Check = Callable[[str], str]

_LONGEST: Final = 1024
_MOST_WORDS: Final = 100
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TOKEN: Final = re.compile(r"[!-~]{1,8192}")
_SCOPE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
# git-check-ref-format(1), narrowed to what every forge takes.
_REF: Final = re.compile(
    r"(?![-/.])(?!.*(?:\.\.|//|@\{|/\.|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\]+"
)
_PREFIX: Final = re.compile(r"(?![-/.])(?!.*(\.\.|//|/\.|\.lock/))[A-Za-z0-9._/-]{1,99}/")
_LOGIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_./-]{0,98}[A-Za-z0-9_])?(?:\[bot\])?")
_DURATION: Final = re.compile(r"([0-9]{1,6})([smhdw]?)")
SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
BOOLS: Final = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
_LONGEST_LABEL: Final = 50  # GitHub's own limit
LONGEST_WAIT_S: Final = 366 * 86_400


class Shape(NamedTuple):
    """What narrows a kind: the words to choose from, what each must be, the largest number."""

    choices: tuple[str, ...]
    check: Check
    most: int


def shown(text: str) -> str:
    """A refused text, short enough for a sentence."""
    return repr(text if len(text) <= 60 else f"{text[:59]}…")  # noqa: PLR2004 - a line's worth


def check_line(text: str) -> str:
    if len(text) > _LONGEST or _CONTROL.search(text):
        raise ValueError(f"must be one line of at most {_LONGEST} characters, not {shown(text)}")
    return text


def check_secret(text: str) -> str:
    """A token's form is its maker's affair; whatever it is, it is never shown."""
    if not _TOKEN.fullmatch(text):
        raise ValueError("must be a token: printable characters without spaces")
    return text


def check_path(text: str) -> str:
    """A path below the root or the workspace."""
    check_line(text)
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or "\\" in text or ".." in parts or not parts or ":" in parts[0]:
        raise ValueError(f"must be a path below the root, with '/' and no '..', not {shown(text)}")
    return "/".join(parts)


def check_pattern(text: str) -> str:
    """A glob below the root, or one that excludes."""
    return "!" + check_path(text[1:]) if text.startswith("!") else check_path(text)


def check_ref(text: str) -> str:
    if not _REF.fullmatch(text) or len(text) > 255 or text.endswith(("/", ".")):  # noqa: PLR2004 - git's
        raise ValueError(f"must be a branch, tag or commit, not {shown(text)}")
    return text


def check_prefix(text: str) -> str:
    """The beginning of a branch's name; without a slash it would catch other people's branches."""
    if not _PREFIX.fullmatch(text):
        raise ValueError(
            "must be up to 100 letters, digits, '-', '_', '.' and '/', the last of them '/',"
            f" not {shown(text)}"
        )
    return text


def check_scope(text: str) -> str:
    if not _SCOPE.fullmatch(text) or ".." in text:
        raise ValueError(f"must be up to 64 letters, digits, '-', '_' or '.', not {shown(text)}")
    return text


def check_label(text: str) -> str:
    check_line(text)
    if len(text) > _LONGEST_LABEL:
        raise ValueError(f"must name labels of at most 50 characters, not {shown(text)}")
    return text


def check_login(text: str) -> str:
    if not _LOGIN.fullmatch(text.removeprefix("@")):
        raise ValueError(f"must name people or teams of the forge, not {shown(text)}")
    return text.removeprefix("@")


def check_url(text: str) -> str:
    """An http(s) address without a password in it, which would end up in logs."""
    try:
        url = urlsplit(check_line(text))
        url.port  # noqa: B018 - asking for it is what checks it
    except ValueError:
        raise ValueError("must be an address like https://example.org") from None
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
        raise ValueError("must be an address like https://example.org")
    if url.username is not None or url.password is not None:
        raise ValueError("must be an address without a user name or password in it")
    return text.rstrip("/")


def _text(text: str, shape: Shape) -> Value:
    return shape.check(text)


def _choice(text: str, shape: Shape) -> Value:
    word = text.lower()
    if word in shape.choices:
        return word
    near = did_you_mean(word[:40], shape.choices)
    raise ValueError(f"must be one of {', '.join(shape.choices)}, not {shown(text)}.{near}")


def _bool(text: str, shape: Shape) -> Value:
    del shape
    found = BOOLS.get(text.lower())
    if found is None:
        raise ValueError(f"must be true or false, not {shown(text)}")
    return found


def _int(text: str, shape: Shape) -> Value:
    number = int(text) if re.fullmatch(r"\d{1,12}", text, re.ASCII) else 0
    if not 1 <= number <= shape.most:
        raise ValueError(f"must be a whole number from 1 to {shape.most}, not {shown(text)}")
    return number


def _duration(text: str, shape: Shape) -> Value:
    del shape
    found = _DURATION.fullmatch(text.lower())
    if not found or (not found[2] and found[1] != "0"):
        raise ValueError(f"must be a time like 24h, 90m or 7d, not {shown(text)}")
    seconds = int(found[1]) * SECONDS.get(found[2], 1)
    if seconds > LONGEST_WAIT_S:
        raise ValueError(f"must be at most 366d, not {shown(text)}")
    return seconds


def _list(text: str, shape: Shape) -> Value:
    return _words(re.split(r"[,\n]", text), shape)


def _lines(text: str, shape: Shape) -> Value:
    return _words(text.split("\n"), shape)


def _words(parts: list[str], shape: Shape) -> Value:
    words = dict.fromkeys(word for part in parts if (word := part.strip()))
    if len(words) > _MOST_WORDS:
        raise ValueError(f"must have at most {_MOST_WORDS} entries, not {len(words)}")
    if shape.choices:
        return tuple(str(_choice(word, shape)) for word in words)
    return tuple(shape.check(word) for word in words)


READERS: Final[Mapping[Kind, Callable[[str, Shape], Value]]] = {
    "text": _text,
    "choice": _choice,
    "bool": _bool,
    "int": _int,
    "duration": _duration,
    "list": _list,
    "lines": _lines,
}


def as_text(value: object, kind: Kind) -> str:
    """A YAML value as the text that an input would hold; ValueError where no input could."""
    if isinstance(value, list | tuple):
        if kind not in ("list", "lines") or not all(isinstance(one, str) for one in value):
            what = "a list of texts" if kind in ("list", "lines") else "a single value"
            raise ValueError(f"must be {what}")
        if any("\n" in one or ("," in one and kind == "list") for one in value):
            raise ValueError("must hold neither commas nor line breaks in its entries")
        return "\n".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | str):
        return str(value)
    raise ValueError("must be a text, a number, true, false or a list of texts")
