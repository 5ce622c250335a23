"""Decides how foreign text gets into Markdown: as itself and nothing else.

No link, mention, reference, HTML, emoji code, table or list break comes out of a name, a path or
a message. GitHub looks for mentions and references in the rendered text, where an entity is
already its character again; only a zero-width space stops those.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BUDGET_BYTES = 60_000  # GitHub documents 65,536 characters; users saw refusals below that
LONGEST_FOREIGN = 300

_SPECIAL = re.compile(r"[\\`*_\[\]{}()<>|~$^=!\"']")
_GAP = "&#8203;"
_TRIGGERS = (
    (re.compile(r"(?<=@)"), _GAP),  # mentions, mail addresses
    (re.compile(r"(?<=&#35;)"), _GAP),  # references like #12
    (re.compile(r"(?i)\b(gh)-(?=\d)"), rf"\1{_GAP}-"),
    (re.compile(r"(?i)\b(https?|ftp|mailto|xmpp):"), rf"\1{_GAP}:"),
    (re.compile(r"(?i)\b(www)\."), rf"\1{_GAP}."),
    (re.compile(r":(?=[\w+-]+:)"), f":{_GAP}"),
)
_LEADING_MARK = re.compile(r"^([-+]|\d+\.)(?=\s|$)")


def escape(text: str) -> str:
    """Foreign text as inline Markdown that shows it and does nothing."""
    plain = one_line(text, longest=LONGEST_FOREIGN).replace("&", "&amp;")
    plain = _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", plain)
    # Not in one pass with the rest: the entities above hold this character.
    plain = re.sub(r"(?<!&)#", "&#35;", plain)
    for pattern, replacement in _TRIGGERS:
        plain = pattern.sub(replacement, plain)
    return _LEADING_MARK.sub(rf"{_GAP}\1", plain)


def code(text: str) -> str:
    """Foreign text in a fixed-width face; HTML, because no backtick can end it."""
    return f"<code>{escape(text)}</code>"


def one_line(text: str, *, longest: int) -> str:
    """Foreign text on one line: nothing unprintable, nothing endless."""
    flat = "".join(char if char.isprintable() else " " for char in text[: longest + 1])
    words = " ".join(flat.split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers_from: int = 1) -> str:
    """A table whose columns from `numbers_from` on stand to the right; cells are Markdown."""
    rules = [":--" if at < numbers_from else "--:" for at in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rules, *rows))


def folded(summary: str, inside: str) -> str:
    """A `<details>`; blank lines around its content, or the Markdown in it is not read."""
    return f"<details><summary>{summary}</summary>\n\n{inside}\n\n</details>"


@dataclass(frozen=True, slots=True)
class Section:
    """A whole part of a text; `rank` 0 is never dropped, the highest rank goes first."""

    text: str
    rank: int = 0


def fit(sections: Sequence[Section], *, budget_bytes: int = BUDGET_BYTES) -> str:
    """The sections that fit, in order; only whole ones are dropped, and the text says so."""
    kept = [section for section in sections if section.text]
    dropped = 0
    while _size(kept) > budget_bytes - _ROOM and any(section.rank for section in kept):
        last = max(range(len(kept)), key=lambda at: (kept[at].rank, at))
        del kept[last]
        dropped += 1
    note = [f"<sub>{dropped} sections left out: too long for one text.</sub>"] if dropped else []
    return "\n\n".join([*(section.text for section in kept), *note])


_ROOM = 200


def _size(sections: Iterable[Section]) -> int:
    return sum(len(section.text.encode()) + 2 for section in sections)
