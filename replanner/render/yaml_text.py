"""Decides how YAML is written: keys in the order given, and no string that a parser may misread.

libyaml writes it where PyYAML was built with it, four times as fast; both emitters give the same
bytes for what artifacts hold (tests/render/test_yaml_text.py), so no machine's files are stale on
another.
"""

import re
from collections.abc import Iterable
from typing import Any

import yaml

# Compose and Helm read YAML with Go parsers that follow 1.2 in part, PyYAML follows 1.1: only
# what no version takes for anything but a string stands without quotes.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_UNBROKEN = 2**30  # no line is folded


def dumper(base: Any) -> Any:
    """A dumper that writes no anchors and quotes what is not plain."""

    class Dumper(base):  # type: ignore[misc]  # one of PyYAML's two, which share no typed base
        def ignore_aliases(self, data: object) -> bool:
            del data
            return True

    def string(self: Any, text: str) -> Any:
        plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')

    Dumper.add_representer(str, string)
    return Dumper


_DUMPER = dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper))


def to_yaml(document: object, *, head: Iterable[str] = (), using: Any = _DUMPER) -> str:
    """The document's text below the given comment lines."""
    body = yaml.dump(document, Dumper=using, sort_keys=False, width=_UNBROKEN, allow_unicode=True)
    return "".join(f"{line}\n" for line in head) + body
