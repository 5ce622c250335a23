"""The key table of docs/server.md, made from the schema; run as a script, it rewrites it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args, get_origin

from replanner.profile.sections import Key, keys
from replanner.server.settings_file import Source, Written

DOC = Path(__file__).parents[2] / "docs" / "server.md"
_MARKED = re.compile(r"(?s)(<!-- settings -->\n).*?(<!-- end -->)")
_NOTHING: tuple[object, ...] = (None, (), {})


def with_table(text: str) -> str:
    """The page with the table between its markers made anew."""
    rows = [
        f"| `{name}` | {_default(key)} | {key.description} |" for name, key in _rows(Written, "")
    ]
    table = "\n".join(["| key | default | meaning |", "|---|---|---|", *rows, ""])
    return _MARKED.sub(lambda m: f"{m[1]}\n{table}\n{m[2]}", text)


def _rows(section: type[NamedTuple], above: str) -> Iterator[tuple[str, Key]]:
    for name, key in keys(section).items():
        hint = get_args(key.hint)[0] if name == "sources" else None
        below = Source if hint is not None and get_origin(hint) else key.section
        place = f"{above}{name}.<source>." if below is Source else f"{above}{name}."
        if below is None:
            yield place[:-1], key
        else:
            yield from _rows(below, place)


def _default(key: Key) -> str:
    if key.required:
        return "*required*"
    if key.default in _NOTHING:
        return ""
    text = key.default if isinstance(key.default, str) else json.dumps(key.default)
    return f"`{text}`"


if __name__ == "__main__":
    DOC.write_text(with_table(DOC.read_text(encoding="utf-8")), encoding="utf-8")
