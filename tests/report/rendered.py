"""What a text becomes once Markdown has read it: links, tags, and the words that people see."""

import re
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

_READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_OURS = re.compile(r"</?(code|details|summary|b|br|sub)>|<!-- replanner:(replan|hold) -->")
_LIVE = re.compile(
    r"@\w|(?<![&\w])#\w|(?i:\bgh-\d)|(?i:\b(https?|ftp|mailto|xmpp):)|(?i:\bwww\.)|:[\w+-]+:"
)


class Rendered(NamedTuple):
    """Links and pictures, all HTML and what of it is not ours, and the words outside of fences."""

    links: list[str]
    html: list[str]
    foreign_tags: list[str]
    words: str
    fences: list[Token]


def read(markdown: str) -> Rendered:
    tokens = [
        token for block in _READER.parse(markdown) for token in (block, *(block.children or ()))
    ]
    html = [one.content for one in tokens if one.type in ("html_block", "html_inline")]
    return Rendered(
        links=[
            str(one.attrs.get("href", one.attrs.get("src")))
            for one in tokens
            if one.type in ("link_open", "image")
        ],
        html=html,
        foreign_tags=[left for one in html if "<" in (left := _OURS.sub("", one))],
        words=" ".join(
            [one.content for one in tokens if one.type in ("text", "code_inline")]
            + [_OURS.sub(" ", one) for one in html]
        ),
        fences=[one for one in tokens if one.type in ("fence", "code_block")],
    )


def alive(markdown: str) -> list[str]:
    """Mentions, references, addresses and emoji codes that a forge would make something of."""
    return [found[0] for found in _LIVE.finditer(read(markdown).words)]


def folds_close(markdown: str) -> bool:
    """Every fold that is opened is closed before the next one; fences hold no tags."""
    depth = 0
    for tag in re.findall(r"</?details>", " ".join(read(markdown).html)):
        depth += 1 if tag == "<details>" else -1
        if depth not in (0, 1):
            return False
    return depth == 0


def is_sound(markdown: str) -> bool:
    """Folds close in order, every row of a table has its cells, no line is a workflow command."""
    blocks = [block for block in markdown.split("\n\n") if block.startswith("|")]
    even = all(len({line.count("|") for line in block.splitlines()}) == 1 for block in blocks)
    return even and folds_close(markdown) and not re.search(r"(?m)^\s*::|##\[", markdown)
