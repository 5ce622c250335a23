"""Decides how foreign text gets into Markdown: as itself and nothing else.

No link, mention, reference, HTML, emoji code, table or list break comes out of a name, a path or
a message. GitHub looks for mentions and references in the rendered text, where an entity is
already its character again; only a zero-width space stops those.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

MOST_LISTED = 10
BUDGET_BYTES = 60_000  # GitHub documents 65,536 characters; users saw refusals below that
LONGEST_FOREIGN = 300
_LONGEST_NAME = 64
_ROOM_FOR_NOTE = 200

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
_LEADING_MARK = re.compile(r"^([-+]+|\d+\.)(?=\s|$)")
_WEB = re.compile(r"https?://[\w.-]+(:\d+)?(/.*)?")


def escape(text: str, *, longest: int = LONGEST_FOREIGN) -> str:
    """Foreign text as inline Markdown that shows it and does nothing."""
    plain = one_line(text, longest=longest).replace("&", "&amp;")
    plain = _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", plain)
    # Not in one pass with the rest: the entities above hold this character.
    plain = re.sub(r"(?<!&)#", "&#35;", plain)
    for pattern, replacement in _TRIGGERS:
        plain = pattern.sub(replacement, plain)
    return _LEADING_MARK.sub(rf"{_GAP}\1", plain)


def code(text: str, *, longest: int = LONGEST_FOREIGN) -> str:
    """Foreign text in a fixed-width face; HTML, because no backtick can end it."""
    return f"<code>{escape(text, longest=longest)}</code>"


def one_line(text: str, *, longest: int) -> str:
    """Foreign text on one line: nothing unprintable, nothing endless."""
    flat = "".join(char if char.isprintable() else " " for char in text[: longest + 1])
    words = " ".join(flat.split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def middle_cut(text: str) -> str:
    """A name that keeps its beginning and its end, which tell it from its neighbours."""
    flat = one_line(text, longest=1000)
    half = _LONGEST_NAME // 2
    return flat if len(flat) <= _LONGEST_NAME else f"{flat[: half - 1]}…{flat[-half:]}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers_from: int = 1) -> str:
    """A table whose columns from `numbers_from` on stand to the right; cells are Markdown."""
    rules = [":--" if at < numbers_from else "--:" for at in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rules, *rows))


def folded(summary: str, inside: str) -> str:
    """A `<details>`; blank lines around its content, or the Markdown in it is not read."""
    if not inside:
        return ""
    return f"<details><summary>{summary}</summary>\n\n{inside}\n\n</details>"


def link(text: str, url: str) -> str:
    """Markdown that leads to `url`; only the text where that is no address of the web."""
    if not _WEB.fullmatch(url):
        return text
    return f"[{text}]({quote(url, safe=':/?#&=%~')})"


def blob_url(repository_url: str, commit: str, path: str) -> str:
    """Where a forge shows a file at a commit; nothing where the repository has no address."""
    if not repository_url or not commit:
        return ""
    return f"{repository_url.rstrip('/')}/blob/{quote(commit, safe='')}/{quote(path)}"


def fenced(text: str, language: str = "text") -> str:
    """Text in a block of its own, behind a fence that nothing in it can end."""
    plain = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{plain.strip(chr(10))}\n{fence}"


def listed(texts: Sequence[str], *, most: int = MOST_LISTED) -> str:
    """Foreign names in one sentence, and how many more there are."""
    named = ", ".join(code(text) for text in texts[:most])
    more = len(texts) - most
    return named + (f" and {more} more" if more > 0 else "")


def bullets(lines: Sequence[str], *, most: int) -> str:
    """A list of Markdown lines, and how many more there are."""
    more = len(lines) - most
    rest = [f"and {more} more"] if more > 0 else []
    return "\n".join(f"- {line}" for line in [*lines[:most], *rest])


@dataclass(frozen=True, slots=True)
class Section:
    """A whole part of a text; `rank` 0 is never dropped, the highest rank goes first.
    `details`: how many profiles' details are gone with it."""

    text: str
    rank: int = 0
    details: int = 0


def fit(sections: Sequence[Section], *, budget_bytes: int = BUDGET_BYTES) -> str:
    """The sections that fit, in order; only whole ones are dropped, and the text says so."""
    kept, dropped = within(sections, budget_bytes=budget_bytes - _ROOM_FOR_NOTE)
    count = len(dropped)
    parts = f"{count} section{'s' * (count > 1)} left out: too long for one text."
    return joined([*(one.text for one in kept), f"<sub>{parts}</sub>" if count else ""])


def within(
    sections: Iterable[Section], *, budget_bytes: int
) -> tuple[list[Section], list[Section]]:
    """Those that fit together, in order, and those that do not."""
    kept = [section for section in sections if section.text]
    sizes = [len(section.text.encode()) + 2 for section in kept]
    size, gone = sum(sizes), set[int]()
    for at in sorted(range(len(kept)), key=lambda at: (-kept[at].rank, -at)):
        if size <= budget_bytes or not kept[at].rank:
            break
        gone.add(at)
        size -= sizes[at]
    stay = [section for at, section in enumerate(kept) if at not in gone]
    return stay, [kept[at] for at in sorted(gone)]


def joined(texts: Iterable[str]) -> str:
    """Blocks with a blank line between them: HTML blocks need one to end."""
    return "\n\n".join(text for text in texts if text)
