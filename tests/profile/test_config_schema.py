"""The schema that editors read says of `.github/replanner.yaml` what the loader says."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from json_schema import errors

from replanner.errors import ProfileError
from replanner.profile import RepoConfig, config_schema, parse_repo_config, starter_files
from replanner.profile.settings import BY_KEY, Setting
from replanner.profile.starter import CONFIG_SCHEMA_PATH

SCHEMA = config_schema()
# Of free text the schema knows the type only.
FREE = [
    one for one in BY_KEY.values() if one.kind == "text" or (one.kind == "list" and not one.choices)
]
CLOSED = [one for one in BY_KEY.values() if one not in FREE]
WORDS = sorted({word for one in CLOSED for word in one.choices})

words = st.sampled_from(
    [*WORDS, "true", "Yes", "NO", "1", "0", "24h", "7D", "366d", "367d", "999w"]
)
texts = st.one_of(
    words,
    words.map(str.upper),
    st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), max_size=12),
    st.from_regex(r"[0-9]{1,8}[smhdw]?", fullmatch=True),
    st.lists(words, max_size=3).map(", ".join),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-5, 2_000), texts)
# JSON Schema cannot tell 1.0 from 1; the loader can.
fractions = st.floats(0.1, 0.9)
values = st.one_of(
    scalars,
    fractions,
    st.lists(st.one_of(texts, words.map("{} ".format), st.integers(0, 3)), max_size=3),
    st.dictionaries(words, scalars, max_size=1),
)


def refused(document: object) -> bool:
    try:
        parse_repo_config(json.dumps(document))
    except ProfileError:
        return True
    return False


def told(document: object) -> list[str]:
    return errors(document, SCHEMA, root=SCHEMA)


@given(st.sampled_from(CLOSED), values)
@settings(max_examples=600)
@example(BY_KEY["min_revision_age"], "367d")
@example(BY_KEY["min_revision_age"], "00366d")
@example(BY_KEY["open_prs_limit"], "1001")
@example(BY_KEY["open_prs_limit"], "0999")
@example(one=BY_KEY["draft"], value=True)
@example(BY_KEY["signoff"], 2)
@example(BY_KEY["revision_classes"], " docs ,\n Weights")
@example(BY_KEY["revision_classes"], ["docs, weights"])
def test_of_choices_switches_numbers_and_times_both_say_the_same(one: Setting, value: Any) -> None:
    document = {one.key: value}
    assert bool(told(document)) == refused(document)


@given(st.sampled_from(FREE), values)
@settings(max_examples=300)
def test_no_text_that_is_accepted_is_marked(one: Setting, value: Any) -> None:
    document = {one.key: value}
    if not refused(document):
        assert not told(document)
    elif not isinstance(value, str | int | list):
        assert told(document)


limits = st.one_of(st.none(), st.booleans(), st.integers(-1, 2_000_000), fractions, words)
POLICY = ("min_concurrency", "max_throughput_drop", "min_headroom_gib", "min_latency")
policies = st.one_of(st.dictionaries(st.sampled_from(POLICY), limits, max_size=3), scalars)
globs = st.one_of(st.lists(st.sampled_from(["a/**", "b/*.yaml"]), max_size=2), scalars)
overrides = st.fixed_dictionaries({}, optional={"profiles": globs, "policy": policies, "x": words})


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "profiles": globs,
            "policy": policies,
            "overrides": st.one_of(st.lists(overrides, max_size=2), scalars),
            "ignore_revisions": st.one_of(st.lists(st.just("0123abc"), max_size=2), scalars),
        },
    )
)
@settings(max_examples=400)
def test_of_profiles_and_limits_both_say_the_same(document: dict[str, Any]) -> None:
    assert bool(told(document)) == refused(document)


@given(st.one_of(st.sampled_from([*BY_KEY, "token", "pr-number", "group-by"]), texts), st.none())
def test_a_key_that_there_is_not_is_marked(key: str, value: None) -> None:
    known = key in BY_KEY or key in RepoConfig._fields[:-1]
    assert bool(told({key: value})) is refused({key: value}) is not known


@pytest.mark.parametrize("key", SCHEMA["properties"])
def test_every_key_says_what_it_is_and_its_default_is_accepted(key: str) -> None:
    entry = SCHEMA["properties"][key]
    assert entry["description"]
    if "default" in entry:
        assert not told({key: entry["default"]})
        assert not refused({key: entry["default"]})


def test_what_init_writes_names_the_schema_that_it_writes() -> None:
    files = starter_files(model_id=None, gpu_name=None)
    assert json.loads(files[CONFIG_SCHEMA_PATH]) == SCHEMA
    first = files[".github/replanner.yaml"].splitlines()[0]
    assert f".github/{first.rpartition('=')[2]}" == CONFIG_SCHEMA_PATH
