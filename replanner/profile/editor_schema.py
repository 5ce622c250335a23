"""Decides what editors know about profiles: the JSON Schema of the format, made from the models."""

from typing import Any, Final

from replanner.profile.schema import Profile

SCHEMA_ID: Final = "urn:replanner:profile:1"

Node = dict[str, Any]


def json_schema() -> Node:
    """The schema of `profile_version: 1`, with the spellings and nulls that a profile may hold."""
    made = Profile.model_json_schema()
    sections = {name: _section(node) for name, node in made.pop("$defs").items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **_section(made),
        "title": "replanner profile",
        "$defs": sections,
    }


def _section(node: Node) -> Node:
    required = set(node.get("required", ()))
    entries = {
        name: _entry(entry, optional=name not in required)
        for name, entry in node["properties"].items()
    }
    return {**node, "properties": entries}


def _entry(node: Node, *, optional: bool) -> Node:
    entry = {k: v for k, v in node.items() if k not in {"title", "x-spellings"}}
    if "x-spellings" in node:
        entry["enum"] = [*entry["enum"], *node["x-spellings"]]
    if "$ref" in entry:
        entry.pop("default", None)
    return _or_null(entry) if optional else entry


def _or_null(entry: Node) -> Node:
    """`null` stands for the default of every key that has one."""
    if "$ref" in entry:
        described = {k: v for k, v in entry.items() if k != "$ref"}
        return {**described, "anyOf": [{"$ref": entry["$ref"]}, {"type": "null"}]}
    if "anyOf" in entry:
        return entry
    nullable = {**entry, "type": [entry["type"], "null"]}
    return {**nullable, "enum": [*entry["enum"], None]} if "enum" in entry else nullable
