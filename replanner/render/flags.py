"""Decides how a flag is spelled for vLLM, and refuses what vLLM's own parser would refuse.

The table of a vLLM version is catalogue data written from that version's parser. For versions
without one the newest table says how a known flag is spelled, and names are not checked.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Literal, NamedTuple

from replanner.catalogue import load
from replanner.errors import InputError, did_you_mean

TABLES = ("0.33.0",)

Kind = Literal["bool", "switch", "int", "float", "size", "str", "json", "json_or_str", "any"]


class Flag(NamedTuple):
    """One option. `off` are the spellings that switch a bool off."""

    name: str
    kind: Kind = "str"
    nargs: str = ""
    choices: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    short: tuple[str, ...] = ()


class FlagTable(NamedTuple):
    """The flags of one version; `exact` is False where another version's table stands in.

    `rows` are the catalogue's: of some 320 flags a command line has a dozen, so each is read when
    it is asked for.
    """

    exact: bool
    rows: Mapping[str, Mapping[str, object]]
    other_spellings: Mapping[str, str]

    def find(self, spelling: str) -> Flag | None:
        """The flag of that name, or of a short or switched-off spelling."""
        name = self.other_spellings.get(spelling, spelling)
        row = self.rows.get(name)
        return None if row is None else _flag(name, row)

    @property
    def flags(self) -> dict[str, Flag]:
        """Every flag by its name."""
        return {name: _flag(name, row) for name, row in self.rows.items()}


@cache
def table_for(vllm_version: str) -> FlagTable:
    exact = vllm_version in TABLES
    rows = load(f"vllm/{vllm_version if exact else TABLES[-1]}")["flags"]
    others = {
        spelling: name
        for name, row in rows.items()
        for spelling in (*row.get("short", ()), *row.get("off", ()))
    }
    return FlagTable(exact, rows, others)


def _flag(name: str, row: Mapping[str, object]) -> Flag:
    def texts(key: str) -> tuple[str, ...]:
        found = row.get(key, ())
        return tuple(map(str, found)) if isinstance(found, list) else ()

    kind: Kind = row["type"]  # type: ignore[assignment]  # our own data, tested against vLLM
    # "known" are what the engine takes, the parser takes any word; a method that the engine has
    # dropped is a finding of the plan.
    choices = texts("choices") or (() if name == "quantization" else texts("known"))
    return Flag(name, kind, str(row.get("nargs", "")), choices, texts("off"), texts("short"))


def canonical(key: str) -> str:
    """The flag a key means: vLLM reads `_` as `-` up to the first dot (a JSON key after it)."""
    name, dot, rest = key.lstrip("-").partition(".")
    return name.replace("_", "-") + dot + rest


def find_flag(key: str, table: FlagTable, *, where: str) -> Flag:
    """The flag of that key, also by its short, its switched-off or its dotted spelling."""
    name, dot, _ = canonical(key).partition(".")
    flag = table.find(name)
    if flag is None:
        if not table.exact and re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9-]*", name):
            return Flag(name, "any", nargs="+")
        near = did_you_mean(name, table.rows)
        raise InputError(f"{where}: vLLM has no flag {('--' + name)!r}.{near}")
    if dot and flag.kind not in ("json", "json_or_str"):
        raise InputError(f"{where}: --{flag.name} takes no JSON, so it has no keys after a dot.")
    return flag


def spell(key: str, value: object, *, table: FlagTable, where: str) -> list[str]:
    """The argv items of one setting; none for null. InputError where vLLM would refuse them."""
    flag, name = find_flag(key, table, where=where), canonical(key)
    if value is None:
        return []
    if "." in name:
        return _valued(name, value if isinstance(value, str) else _json(value, where))
    if isinstance(value, bool):
        return _switched(flag, value, where=where, inverted=name in flag.off)
    if flag.kind in ("bool", "switch"):
        raise InputError(f"{where}: --{flag.name} takes true or false, not {value!r}.")
    return _spelled(flag if table.exact else flag._replace(choices=()), value, where)


def _switched(flag: Flag, value: object, *, where: str, inverted: bool) -> list[str]:
    on = value is not inverted
    if flag.kind in ("bool", "any"):
        return [f"--{flag.name}" if on else f"--no-{flag.name}"]
    if flag.kind == "switch":
        return [f"--{flag.name}"] if on else []
    if flag.nargs == "?" and on:
        return [f"--{flag.name}"]
    raise InputError(f"{where}: --{flag.name} takes a value, not {str(value).lower()}.")


def _spelled(flag: Flag, value: object, where: str) -> list[str]:
    if isinstance(value, Mapping) or (flag.kind.startswith("json") and not isinstance(value, str)):
        return _valued(flag.name, _text(flag, _json(value, where), where))
    if not isinstance(value, list | tuple):
        return _valued(flag.name, _text(flag, value, where))
    texts = [_text(flag, v, where) for v in value]
    if flag.nargs == "append":
        return [item for text in texts for item in _valued(flag.name, text)]
    if flag.nargs != "+":
        raise InputError(f"{where}: --{flag.name} takes one value, not a list.")
    if not texts or any(text.startswith("-") for text in texts):
        raise InputError(f"{where}: --{flag.name} takes values, none of them with a dash first.")
    return [f"--{flag.name}", *texts]


def _valued(name: str, text: str) -> list[str]:
    # A value with a dash first would be read as the next flag.
    return [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]


def _json(value: object, where: str) -> str:
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{where}: this cannot be written as JSON: {error}.") from error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} is no JSON value")


_SHAPES: Mapping[Kind, tuple[str, str]] = {
    "int": ("a whole number", r"[+-]?\d+"),
    "float": ("a number", r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"),
    # vLLM 0.33.0 utils/argparse_utils.py, human_readable_int_or_auto
    "size": ("a whole number such as 8192 or 8k", r"-1|auto|\d+|\d+(\.\d+)?[kmgt]|\d+[KMGT]"),
}


def _text(flag: Flag, value: object, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f"{where}: --{flag.name} takes a plain value, not {value!r}.")
    text = value if isinstance(value, str) else repr(value)
    if flag.kind in _SHAPES and not re.fullmatch(_SHAPES[flag.kind][1], text):
        raise InputError(f"{where}: --{flag.name} takes {_SHAPES[flag.kind][0]}, not {text!r}.")
    if flag.choices and text not in flag.choices:
        raise InputError(
            f"{where}: --{flag.name} does not know {text!r}.{did_you_mean(text, flag.choices)}",
            hint=f"Known: {', '.join(flag.choices)}.",
        )
    return text
