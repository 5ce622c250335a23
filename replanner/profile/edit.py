"""Decides how a value is changed in a profile's text: its characters only, the rest stays."""

import copy
import re
from collections.abc import Mapping
from typing import Final

import yaml

from replanner.errors import InputError
from replanner.profile.load import shape, split_key
from replanner.profile.scalars import Scalar, write_scalar
from replanner.profile.schema import Profile
from replanner.profile.source import Path, Place, Source, failure, path_text, read_source, resolve

_NEWLINE: Final = re.compile(r"\r\n|\n|\r")


def edit_profile(text: str, changes: Mapping[str, Scalar], *, name: str = "profile") -> str:
    """The text with each dotted key set to its value; InputError, and nothing done, if that fails.

    Comments, order, quotes and line ends stay. A missing key is added at the end of its section.
    """
    before = _read(text, name)
    shape(before, Profile, context={})
    now = before
    for key, value in changes.items():
        now = _read(_changed(now, split_key(key), value), name)
    _verify(before, now, changes)
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    return bom + now.text


def _read(text: str, name: str) -> Source:
    source = read_source(text, name=name)
    if source.problems:
        raise failure(name, source.problems)
    return source


def _verify(before: Source, after: Source, changes: Mapping[str, Scalar]) -> None:
    """Read back, the text must say what was asked for and nothing else."""
    expected = copy.deepcopy(before.document)
    for key, value in changes.items():
        _put(expected, split_key(key), value)
    # repr tells 1 from 1.0 and true, and sees the order.
    if repr(after.document) != repr(expected):
        keys = ", ".join(changes)
        raise InputError(f"{before.name}: {keys} cannot be changed in place; edit the file by hand")
    shape(after, Profile, context={})


def _put(document: object, path: Path, value: Scalar) -> None:
    at = document
    for part in path[:-1]:
        if not isinstance(at, dict):
            return
        if at.get(part) is None:
            at[part] = {}
        at = at[part]
    if isinstance(at, dict):
        at[path[-1]] = value


def _changed(source: Source, path: Path, value: Scalar) -> str:
    place = source.places.get(path)
    return _replaced(source, path, place, value) if place else _inserted(source, path, value)


def _replaced(source: Source, path: Path, place: Place, value: Scalar) -> str:
    event = place.first
    if not isinstance(event, yaml.ScalarEvent) or event.style in {"|", ">"}:
        raise InputError(f"{source.name}: {path_text(path)} is no single value; edit it by hand")
    start, end = place.start, place.end
    written = write_scalar(value, style=event.style or "", flow=_in_flow(source, path))
    if start == end:
        start = end = _after_colon(source, place)
        written = f" {written}"
    return source.text[:start] + written + source.text[end:]


def _after_colon(source: Source, place: Place) -> int:
    return source.text.find(":", place.key_end) + 1 or place.key_end


def _in_flow(source: Source, path: Path) -> bool:
    above = (source.places[path[:end]].first for end in range(len(path)))
    return any(getattr(event, "flow_style", False) for event in above)


def _inserted(source: Source, path: Path, value: Scalar) -> str:
    known = next(end for end in range(len(path) - 1, -1, -1) if path[:end] in source.places)
    parent, rest = path[:known], path[known:]
    event = source.places[parent].first
    if isinstance(event, yaml.MappingStartEvent):
        into = _into_flow if event.flow_style else _into_block
        return into(source, parent, rest, value)
    if isinstance(event, yaml.ScalarEvent) and not event.style and resolve(event.value) is None:
        return _into_null(source, parent, rest, value)
    raise InputError(f"{source.name}: {path_text(parent)} is no section; edit it by hand")


def _into_flow(source: Source, parent: Path, rest: Path, value: Scalar) -> str:
    children = _children(source, parent)
    entry = _flow_entry(rest, value)
    if not children:
        at = source.places[parent].start + 1
        return source.text[:at] + entry + source.text[at:]
    at = _content_end(source, children[-1])
    return f"{source.text[:at]}, {entry}{source.text[at:]}"


def _into_block(source: Source, parent: Path, rest: Path, value: Scalar) -> str:
    children = _children(source, parent)
    column = source.places[children[0]].line_column[1] - 1
    at = _content_end(source, children[-1])
    return _new_lines(source, at, _block_entry(rest, value, column=column))


def _into_null(source: Source, parent: Path, rest: Path, value: Scalar) -> str:
    """A section without content: `key:` gets lines below it, `key: null` gets a flow mapping."""
    place = source.places[parent]
    start, end = place.start, place.end
    if start != end:
        return f"{source.text[:start]}{{{_flow_entry(rest, value)}}}{source.text[end:]}"
    at = _after_colon(source, place)
    if _in_flow(source, parent):
        return f"{source.text[:at]} {{{_flow_entry(rest, value)}}}{source.text[at:]}"
    column = place.line_column[1] + 1
    return _new_lines(source, at, _block_entry(rest, value, column=column))


def _children(source: Source, parent: Path) -> list[Path]:
    depth = len(parent)
    return [p for p in source.places if len(p) == depth + 1 and p[:depth] == parent]


def _content_end(source: Source, path: Path) -> int:
    """Where the entry's last character stands; a block collection's own end lies after comments."""
    place = source.places[path]
    children = _children(source, path)
    if children and not getattr(place.first, "flow_style", False):
        return _content_end(source, children[-1])
    return place.end


def _flow_entry(rest: Path, value: Scalar) -> str:
    entry = write_scalar(value, flow=True)
    for depth, part in enumerate(reversed(rest)):
        entry = f"{_key(part)}: {'{' + entry + '}' if depth else entry}"
    return entry


def _block_entry(rest: Path, value: Scalar, *, column: int) -> list[str]:
    lines = [f"{' ' * (column + 2 * depth)}{_key(part)}:" for depth, part in enumerate(rest)]
    return [*lines[:-1], f"{lines[-1]} {write_scalar(value)}"]


def _key(part: str | int) -> str:
    return write_scalar(str(part), flow=True)


def _new_lines(source: Source, at: int, lines: list[str]) -> str:
    """The lines, put below the one that `at` stands in."""
    text = source.text
    newline = found[0] if (found := _NEWLINE.search(text)) else "\n"
    block = "".join(line + newline for line in lines)
    if at and text[at - 1] in "\r\n":  # a block scalar ends behind its line
        return text[:at] + block + text[at:]
    if end := _NEWLINE.search(text, at):
        return text[: end.end()] + block + text[end.end() :]
    return text + newline + block.removesuffix(newline)
