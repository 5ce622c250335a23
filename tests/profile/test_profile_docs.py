"""docs/profile.md and the schema say the same."""

import re

from profile_reference import DOC, with_tables

from replanner.profile import json_schema, parse_profile, parse_repo_config


def test_the_reference_lists_every_key_as_the_schema_has_it() -> None:
    text = DOC.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run: python tests/profile/profile_reference.py"
    named = set(re.findall(r"<!-- keys of (\w+) -->", text))
    assert named == set(json_schema()["$defs"])


def test_the_examples_load() -> None:
    blocks = re.findall(r"(?s)```yaml\n(.*?)```", DOC.read_text(encoding="utf-8"))
    profiles = [block for block in blocks if "profile_version" in block]
    configs = [block for block in blocks if "profile_version" not in block]
    assert profiles
    assert configs
    for text in profiles:
        parse_profile(text, name="docs")
    for text in configs:
        parse_repo_config(text, name="docs")
