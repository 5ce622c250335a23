"""The schema that editors read says what the loader accepts."""

import json
from typing import Any, NamedTuple

import pytest

from replanner.errors import ProfileError
from replanner.profile import build_profile, json_schema, schema
from replanner.profile.choices import SPELLINGS
from replanner.profile.sections import keys

SECTIONS: list[type[NamedTuple]] = [
    schema.ModelSection,
    schema.HardwareSection,
    schema.WorkloadSection,
    schema.PolicySection,
    schema.SpeculativeSection,
    schema.LoraSection,
    schema.EngineSection,
    schema.OutputsSection,
]


def entries() -> list[tuple[str, str, dict[str, Any]]]:
    made = json_schema()["$defs"]
    return [
        (section, key, entry)
        for section, node in made.items()
        for key, entry in node["properties"].items()
    ]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_there_with_its_description_and_default(section: type[NamedTuple]) -> None:
    node = json_schema()["$defs"][section.__name__]
    assert node["additionalProperties"] is False
    assert list(node["properties"]) == list(section._fields)
    for name, key in keys(section).items():
        assert node["properties"][name]["description"] == key.description
        assert key.description
        if not key.required and "$ref" not in str(node["properties"][name]):
            plain = json.loads(json.dumps(key.default))
            assert node["properties"][name]["default"] == plain


def test_the_schema_says_what_it_is_of() -> None:
    made = json_schema()
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["$id"] == "urn:replanner:profile:1"
    assert made["required"] == ["profile_version", "model"]
    assert list(made["properties"]) == list(schema.Profile._fields)
    assert made["properties"]["profile_version"]["const"] == 1


def test_null_is_allowed_wherever_there_is_a_default() -> None:
    made = json_schema()["$defs"]
    for section, key, entry in entries():
        required = key in made[section].get("required", [])
        allowed = "null" in str(entry.get("type", "")) or {"type": "null"} in entry.get("anyOf", [])
        assert allowed is not required, (section, key)


@pytest.mark.parametrize("key", ["dtype", "quantization", "kv_cache_dtype"])
def test_every_listed_choice_is_accepted_and_no_other(key: str) -> None:
    listed = json_schema()["$defs"]["ModelSection"]["properties"][key]["enum"]
    for choice in listed:
        _with(key, choice)
    assert None in listed
    spelled = [word for word in listed if word in SPELLINGS]
    assert spelled
    with pytest.raises(ProfileError, match="must be one of"):
        _with(key, "nonsense")


@pytest.mark.parametrize(
    ("section", "key", "known"),
    [
        ("HardwareSection", "interconnect", ["pcie", "nvlink", "unknown", None]),
        ("WorkloadSection", "mode", ["throughput", "latency", "balanced", None]),
        ("LoraSection", "max_rank", [1, 8, 16, 32, 64, 128, 256, 320, 512, None]),
    ],
)
def test_other_choices_are_listed(section: str, key: str, known: list[object]) -> None:
    assert json_schema()["$defs"][section]["properties"][key]["enum"] == known


def _with(key: str, value: object) -> None:
    build_profile({"profile_version": 1, "model": {"id": "a/b", key: value}}, name="flags")
