"""Decides how a comment is put above a key of a profile's text, in the place of its older self."""

import re
import textwrap
from typing import Final

from replanner.profile.load import split_key
from replanner.profile.source import read_source

_WIDTH: Final = 96
_NEWLINE: Final = re.compile(r"\r\n|\n|\r")
# Lines as YAML 1.1's readers count them.
_LINE: Final = re.compile("[^\n\r\x85\u2028\u2029]*(?:\r\n|[\n\r\x85\u2028\u2029])|.+$")


def comment_above(text: str, key: str, sentence: str, *, name: str = "profile") -> str:
    """The text with the sentence above the line of `key`; as it was where no comment can stand.

    A comment there that begins with the same two words is replaced.
    """
    before = read_source(text, name=name)
    place = before.places.get(split_key(key))
    if place is None or place.key is None or before.problems:
        return text
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    lines = _LINE.findall(before.text)
    at = place.line_column[0] - 1
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip(" "))]
    told = _comment(sentence, indent, _newline(before.text))
    begins = _older(lines, at, " ".join(sentence.split()[:2]))
    changed = "".join([*lines[:begins], *told, *lines[at:]])
    after = read_source(changed, name=name)
    same = not after.problems and repr(after.document) == repr(before.document)
    return bom + changed if same else text


def _comment(sentence: str, indent: str, newline: str) -> list[str]:
    clean = "".join(char if char.isprintable() else " " for char in sentence)
    lead = f"{indent}# "
    wrapped = textwrap.wrap(
        clean,
        max(_WIDTH, len(lead) + 40),
        initial_indent=lead,
        subsequent_indent=lead,
        break_on_hyphens=False,
    )
    return [line + newline for line in wrapped]


def _newline(text: str) -> str:
    found = _NEWLINE.search(text)
    return found[0] if found else "\n"


def _older(lines: list[str], at: int, words: str) -> int:
    """Where the older comment begins among those right above the line; else the line itself."""
    for above in range(at - 1, -1, -1):
        line = lines[above].strip()
        if not line.startswith("#"):
            break
        if line.startswith(f"# {words} "):
            return above
    return at
