"""Turns measurements into the few figures that are shown, and those into a table."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Bar(NamedTuple):
    """A figure and what it must not miss."""

    name: str
    value: float
    bound: float
    at_most: bool = True

    @property
    def met(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def __str__(self) -> str:
        sign = "<=" if self.at_most else ">="
        return (
            f"{'ok' if self.met else 'MISSED'}: {self.name} {self.value:g} ({sign} {self.bound:g})"
        )


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(percent * 100) // 10_000) - 1)] if ordered else 0.0


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """A Markdown table; the first row names the columns."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names)]
    lines += [[_shown(row.get(name, "")) for name in names] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(each)}" for key, each in value.items()) or "0"
    return f"{value:,.1f}" if isinstance(value, float) else str(value)


def save(file: Path | None, found: object) -> None:
    if file:
        file.write_text(json.dumps(found, indent=1) + "\n")
