from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import InputError
from replanner.render.flags import TABLES, FlagTable, canonical, spell, table_for

EXACT = table_for(TABLES[-1])
OTHER = table_for("0.1.0")


def spelled(key: str, value: object, table: FlagTable = EXACT) -> list[str]:
    return spell(key, value, table=table, where="here")


def test_table_holds_every_option_of_vllm_serve() -> None:
    assert len(EXACT.flags) == 321  # and the positional model
    assert EXACT.exact
    assert not OTHER.exact


@pytest.mark.parametrize(
    ("key", "value", "argv"),
    [
        ("seed", 1, ["--seed", "1"]),
        ("seed", -1, ["--seed=-1"]),
        ("seed", "7", ["--seed", "7"]),
        ("seed", None, []),
        ("cpu-offload-gb", 2.5, ["--cpu-offload-gb", "2.5"]),
        ("kv_cache_memory_bytes", "20g", ["--kv-cache-memory-bytes", "20g"]),
        ("enable-prefix-caching", True, ["--enable-prefix-caching"]),
        ("enable_prefix_caching", False, ["--no-enable-prefix-caching"]),
        ("disable-prefix-caching", True, ["--no-enable-prefix-caching"]),
        ("no-enable-prefix-caching", False, ["--enable-prefix-caching"]),
        ("--trust-remote-code", True, ["--trust-remote-code"]),
        ("trust_remote_code", False, ["--no-trust-remote-code"]),
        ("disable-log-stats", True, ["--disable-log-stats"]),
        ("disable-log-stats", False, []),
        ("hf-token", True, ["--hf-token"]),
        ("served-model-name", "a", ["--served-model-name", "a"]),
        ("served-model-name", ("a", "b"), ["--served-model-name", "a", "b"]),
        ("cudagraph-capture-sizes", [1, 2], ["--cudagraph-capture-sizes", "1", "2"]),
        ("middleware", ("a", "b"), ["--middleware", "a", "--middleware", "b"]),
        ("middleware", (), []),
        ("limit-mm-per-prompt", {"image": 2}, ["--limit-mm-per-prompt", '{"image":2}']),
        ("allowed-origins", ("*",), ["--allowed-origins", '["*"]']),
        ("limit-mm-per-prompt.image", 2, ["--limit-mm-per-prompt.image", "2"]),
        ("chat-template", "-x", ["--chat-template=-x"]),
        ("tool-strict-level", "auto", ["--tool-strict-level", "auto"]),
    ],
)
def test_value_is_spelled_as_vllm_reads_it(key: str, value: object, argv: list[str]) -> None:
    assert spelled(key, value) == argv


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("max-num-sequences", 1, r"here: vLLM has no flag '--max-num-sequences'\. Did you mean"),
        ("seed.x", 1, "takes no JSON"),
        ("seed", "x", "takes a whole number, not 'x'"),
        ("seed", 1.5, "takes a whole number"),
        ("seed", True, "takes a value, not true"),
        ("seed", (1, 2), "takes one value, not a list"),
        ("seed", {"a": 1}, "takes a whole number"),
        ("cpu-offload-gb", "nan", "takes a number"),
        ("kv-cache-memory-bytes", "2.5G", "such as 8192 or 8k"),
        ("trust-remote-code", "yes", "takes true or false, not 'yes'"),
        ("hf-token", False, "takes a value, not false"),
        ("runner", "genrate", r"does not know 'genrate'\. Did you mean 'generate'"),
        ("served-model-name", (), "takes values"),
        ("served-model-name", ("a", "-b"), "with a dash first"),
        ("served-model-name", (None,), "takes a plain value, not None"),
        ("served-model-name", (True,), "takes a plain value, not True"),
        ("hf-overrides", {"a": float("nan")}, "cannot be written as JSON"),
        ("hf-overrides", {"a": {1, 2}}, "cannot be written as JSON"),
        ("hf-overrides", {1: 2, "a": 3}, "cannot be written as JSON"),
    ],
)
def test_what_vllm_would_refuse_is_refused_first(key: str, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        spelled(key, value)


def test_known_choices_are_listed() -> None:
    with pytest.raises(InputError) as caught:
        spelled("runner", "x")
    assert caught.value.hint == "Known: auto, draft, generate, pooling."


@pytest.mark.parametrize(
    ("key", "value", "argv"),
    [
        ("brand-new", True, ["--brand-new"]),
        ("brand-new", False, ["--no-brand-new"]),
        ("brand_new", ("a", 1), ["--brand-new", "a", "1"]),
        ("brand-new", {"a": 1}, ["--brand-new", '{"a":1}']),
        ("brand-new.a", "x", ["--brand-new.a", "x"]),
        ("runner", "brand-new", ["--runner", "brand-new"]),
    ],
)
def test_without_a_table_names_and_choices_pass(key: str, value: object, argv: list[str]) -> None:
    assert spelled(key, value, OTHER) == argv


@pytest.mark.parametrize("key", ["", "a b", "é", "a;b", "="])
def test_what_is_no_flag_at_all_never_passes(key: str) -> None:
    for table in (EXACT, OTHER):
        with pytest.raises(InputError, match="has no flag"):
            spelled(key, "x", table)


def test_nested_read_only_mappings_become_json() -> None:
    inner: Mapping[str, Any] = MappingProxyType({"b": (1, 2)})
    assert spelled("hf-overrides", {"a": inner}) == ["--hf-overrides", '{"a":{"b":[1,2]}}']


def test_underscores_after_the_first_dot_are_kept() -> None:
    assert canonical("--kernel_config.moe_backend") == "kernel-config.moe_backend"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


def outcome(key: str, value: object, table: FlagTable) -> list[str] | str:
    try:
        return spelled(key, value, table)
    except InputError as error:
        return error.message


@given(st.sampled_from(sorted(EXACT.flags)) | st.text(max_size=8), anything)
def test_any_value_is_spelled_as_text_or_refused_in_a_sentence(key: str, value: object) -> None:
    for table in (EXACT, OTHER):
        answer = outcome(key, value, table)
        if isinstance(answer, str):
            assert answer.startswith("here: ")
        else:
            assert all(isinstance(item, str) for item in answer)
            assert not answer or answer[0].startswith("--")
