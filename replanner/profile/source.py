"""Decides what a YAML text says and where: plain values with the place of every key.

The text is hostile: anchors, aliases, merge keys and tags are refused before anything is expanded,
and size, depth and number of values are bounded, so the work is bounded too.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, cast

import yaml

from replanner.errors import ProfileError

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 16
MAX_VALUES: Final = 10_000
MAX_PROBLEMS: Final = 20

Path = tuple[str | int, ...]

# libyaml is ten times faster; PyYAML is also distributed without it.
PARSER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# YAML 1.2's core schema, plus YAML 1.1's yes/no/on/off, which older profiles may hold. What the
# two versions read differently (010, 1:30, 1_000, dates) stays text, never another number.
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"], True),
    **dict.fromkeys(["false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"], False),
}
_INT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,39})")
_FLOAT: Final = re.compile(
    r"[-+]?(?:(?:[0-9]{1,40}\.[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,4})?"
    r"|[0-9]{1,40}[eE][-+]?[0-9]{1,4}|\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
)
_NUMBER_START: Final = frozenset("+-.0123456789")

# YAML 1.2.2, production 1, c-printable: what a YAML text may hold.
_UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


class Problem(NamedTuple):
    """One thing wrong with a file; line and column count from 1, and 0 means no place."""

    line: int
    column: int
    text: str


class Place(NamedTuple):
    """The events of one entry: its key (None in a list), and its value's first and last."""

    key: yaml.ScalarEvent | None
    first: yaml.Event
    last: yaml.Event

    @property
    def line_column(self) -> tuple[int, int]:
        return _line_and_column(self.key or self.first)

    @property
    def start(self) -> int:
        """Index of the value's first character."""
        return cast("yaml.Mark", self.first.start_mark).index

    @property
    def end(self) -> int:
        """Index behind the value's last character; behind comments too for block collections."""
        return cast("yaml.Mark", self.last.end_mark).index

    @property
    def key_end(self) -> int:
        return cast("yaml.Mark", self.key.end_mark).index if self.key else self.start


@dataclass(eq=False, repr=False)
class Source:
    """A text, what it says, where each entry stands, and what could not be accepted."""

    name: str
    text: str
    document: object
    places: dict[Path, Place]
    problems: list[Problem] = field(default_factory=list)
    refused: set[Path] = field(default_factory=set)

    def position(self, path: Path) -> tuple[int, int] | None:
        place = self.places.get(path)
        return place.line_column if place else None


def read_source(text: str | bytes, *, name: str) -> Source:
    """The values and places of one YAML document; ProfileError where it is not one."""
    plain = decode(text, name=name)
    try:
        return _Reader(plain, name).read()
    except yaml.YAMLError as error:
        raise failure(name, [_syntax_problem(error, plain)]) from None


def decode(text: str | bytes, *, name: str) -> str:
    """The text without its byte order mark, if it is UTF-8 and of bearable size."""
    if len(text) > MAX_BYTES:
        raise ProfileError(f"{name}: larger than {MAX_BYTES} bytes; nothing of that size is read")
    plain = _utf8(text, name) if isinstance(text, bytes) else text
    plain = plain.removeprefix("\ufeff")
    if found := _UNPRINTABLE.search(plain):
        line, column = _line_column(plain, found.start())
        what = f"a character that YAML does not allow (U+{ord(found[0]):04X})"
        raise failure(name, [Problem(line, column, f"holds {what}; is this a text file?")])
    return plain


def resolve(word: str) -> str | int | float | bool | None:
    """What an unquoted word means."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in _NUMBER_START:
        return word
    if _INT.fullmatch(word):
        return int(word)
    return (
        float(word.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if _FLOAT.fullmatch(word)
        else word
    )


def failure(name: str, problems: list[Problem]) -> ProfileError:
    """One error for a file: every problem on its own line, in the order of the lines."""
    ordered = sorted(set(problems))
    shown = [_show(name, problem) for problem in ordered]
    left = len(shown) - MAX_PROBLEMS
    more = [f"{name}: {left} more problem{'s' * (left > 1)}"] if left > 0 else []
    placed = ((problem.line, problem.column) for problem in ordered if problem.line)
    return ProfileError("\n".join(shown[:MAX_PROBLEMS] + more), position=next(placed, None))


def path_text(path: Path) -> str:
    """`outputs.emit[1]` for ("outputs", "emit", 1)."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(
        "."
    )


def shorten(value: object, *, limit: int = 60) -> str:
    """A value as the user may recognise it, at most `limit` characters."""
    text = (
        {True: "true", False: "false"}[value] if isinstance(value, bool) else _plain(value, limit)
    )
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _plain(value: object, limit: int) -> str:
    if isinstance(value, str):
        return repr(value[:limit])
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return "null" if value is None else repr(value)


def _show(name: str, problem: Problem) -> str:
    at = f"{name}:{problem.line}:{problem.column}" if problem.line else name
    return f"{at}: {problem.text}"


def _utf8(data: bytes, name: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ProfileError(f"{name}: is UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProfileError(
            f"{name}:{line}: not UTF-8 text; save the file as UTF-8", position=(line, 1)
        ) from None


def _line_and_column(event: yaml.Event) -> tuple[int, int]:
    # The type stubs allow events without marks; both parsers always set them.
    mark = cast("yaml.Mark", event.start_mark)
    return mark.line + 1, mark.column + 1


def _line_column(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    mark = isinstance(error, yaml.MarkedYAMLError) and (error.problem_mark or error.context_mark)
    if isinstance(error, yaml.MarkedYAMLError) and mark:
        said = error.problem or error.context
        tab = " (indent with spaces, not tabs)" if _is_tab(text, mark.index) else ""
        return Problem(mark.line + 1, mark.column + 1, f"not valid YAML: {said}{tab}")
    return Problem(0, 0, "not valid YAML")


def _is_tab(text: str, index: int) -> bool:
    return text[index : index + 1] == "\t"


class _Reader:
    """Builds the document from parser events, so that nothing is expanded before it is judged."""

    def __init__(self, text: str, name: str) -> None:
        self.source = Source(name=name, text=text, document=None, places={})
        self.events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=PARSER))
        self.values = 0

    def read(self) -> Source:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return self.source
        first = next(self.events)
        document = self._value(first, (), None)
        next(self.events)  # the end of the document
        after = next(self.events)
        if isinstance(after, yaml.DocumentStartEvent):
            self._problem(after, (), "a second document starts here; one file holds one document")
        return Source(
            name=self.source.name,
            text=self.source.text,
            document=document,
            places=self.source.places,
            problems=self.source.problems,
            refused=self.source.refused,
        )

    def _problem(self, event: yaml.Event, path: Path, text: str) -> None:
        self.source.problems.append(Problem(*_line_and_column(event), text))
        self.source.refused.add(path)

    def _stop(self, event: yaml.Event, text: str) -> ProfileError:
        self._problem(event, (), text)
        return failure(self.source.name, self.source.problems)

    def _value(self, first: yaml.Event, path: Path, key: yaml.ScalarEvent | None) -> object:
        self._check(first, path)
        value: object = None
        last = first
        if isinstance(first, yaml.ScalarEvent):
            value = first.value if first.style else resolve(first.value)
        elif isinstance(first, yaml.MappingStartEvent):
            value, last = self._mapping(path)
        elif isinstance(first, yaml.SequenceStartEvent):
            value, last = self._sequence(path)
        self.source.places[path] = Place(key, first, last)
        return value

    def _check(self, event: yaml.Event, path: Path) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            raise self._stop(event, f"more than {MAX_VALUES} values; a profile has a few dozen")
        if len(path) > MAX_DEPTH:
            raise self._stop(event, f"nested more than {MAX_DEPTH} levels deep")
        if getattr(event, "anchor", None) is not None:
            self._problem(
                event, path, "anchors (&) and aliases (*) are not read; write the value out"
            )
        elif (tag := getattr(event, "tag", None)) is not None:
            self._problem(event, path, f"tags ({shorten(tag)}) are not read; write a plain value")

    def _mapping(self, path: Path) -> tuple[dict[str, object], yaml.Event]:
        found: dict[str, object] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, path)
            inner = (*path, key.value)
            before = self.source.places.get(inner)
            found[key.value] = self._value(next(self.events), inner, key)
            if before:
                line = before.line_column[0]
                self._problem(
                    key, inner, f"{shorten(key.value)} stands here twice, first in line {line}"
                )
        return found, event

    def _key(self, event: yaml.Event, path: Path) -> yaml.ScalarEvent:
        self._check(event, path)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._stop(event, "a key must be a word")
        if event.value == "<<" and not event.style:
            self._problem(
                event, (*path, "<<"), "merge keys (<<) are not read; write the values out"
            )
        return event

    def _sequence(self, path: Path) -> tuple[list[object], yaml.Event]:
        found: list[object] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self._value(event, (*path, len(found)), None))
        return found, event
