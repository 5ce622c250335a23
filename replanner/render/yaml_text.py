"""Decides how YAML is written: keys in the order given, and no string that a parser may misread."""

import re
from collections.abc import Iterable
from typing import Any

import yaml

# Compose and Helm read YAML with Go parsers that follow 1.2 in part, PyYAML follows 1.1: only
# what no version takes for anything but a string stands without quotes.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and writes no anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 -- PyYAML's signature
        del indentless
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _string(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _string)


def to_yaml(document: object, *, head: Iterable[str] = ()) -> str:
    """The document's text below the given comment lines."""
    body = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=2**31, allow_unicode=True)
    return "".join(f"{line}\n" for line in head) + body
