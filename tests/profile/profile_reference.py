"""The key tables of docs/profile.md, made from the schema; run as a script, it rewrites them."""

import json
import re
from pathlib import Path
from typing import Any

from replanner.profile import json_schema

DOC = Path(__file__).parents[2] / "docs" / "profile.md"
_MARKED = re.compile(r"(?s)(<!-- keys of (\w+) -->\n).*?(<!-- end -->)")


def with_tables(text: str) -> str:
    """The page with every table between its markers made anew."""
    sections = json_schema()["$defs"]
    return _MARKED.sub(lambda m: f"{m[1]}\n{_table(sections[m[2]])}\n{m[3]}", text)


def _table(section: dict[str, Any]) -> str:
    required = section.get("required", [])
    cells = [
        [f"`{key}`", _type(entry), _default(entry, key in required), entry["description"]]
        for key, entry in section["properties"].items()
    ]
    rows = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows, ""])


def _default(entry: dict[str, Any], required: object) -> str:
    value = entry.get("default")
    if required:
        return "*required*"
    return f"`{json.dumps(value) if not isinstance(value, str) else value}`"


def _type(entry: dict[str, Any]) -> str:
    if "enum" in entry:
        return ", ".join(f"`{choice}`" for choice in entry["enum"] if choice is not None)
    shapes = [shape for shape in entry.get("anyOf", [entry]) if shape.get("type") != "null"]
    return " or ".join(_shape(shape) for shape in shapes)


_WORDS = {
    "integer": "whole number",
    "string": "text",
    "boolean": "`true` or `false`",
    "array": "list",
    "object": "mapping",
}


def _shape(shape: dict[str, Any]) -> str:
    if "$ref" in shape:
        return "mapping, see below"
    kind = shape["type"] if isinstance(shape["type"], str) else shape["type"][0]
    return _WORDS.get(kind, kind) + _range(shape)


def _range(shape: dict[str, Any]) -> str:
    lowest = shape.get("minimum", shape.get("exclusiveMinimum"))
    if lowest is None:
        return ""
    above = "above " if "exclusiveMinimum" in shape else ""
    return f", {above}{lowest} to {shape['maximum']}"


if __name__ == "__main__":
    DOC.write_text(with_tables(DOC.read_text(encoding="utf-8")), encoding="utf-8")
