"""A comment above a key: there once, indented like the key, and nothing else moved."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sample_profiles import SEED

from replanner.profile import comment_above

START = "profile_version: 1\nmodel: {id: a/b}\n"


def test_a_comment_stands_above_its_key_with_its_indentation() -> None:
    text = f"{START}policy:\n  headroom_gb: 1\n  overhead_gb: 2  # mine\n"
    assert comment_above(text, "policy.overhead_gb", "Measured by me.") == (
        f"{START}policy:\n  headroom_gb: 1\n  # Measured by me.\n  overhead_gb: 2  # mine\n"
    )


def test_in_a_flow_mapping_it_stands_above_the_line() -> None:
    text = f"{START}policy: {{overhead_gb: 2}}\n"
    assert comment_above(text, "policy.overhead_gb", "Measured by me.") == (
        f"{START}# Measured by me.\npolicy: {{overhead_gb: 2}}\n"
    )


def test_its_older_self_is_replaced_and_other_comments_stay() -> None:
    text = f"{START}policy:\n  # keep this\n  overhead_gb: 2\n"
    once = comment_above(text, "policy.overhead_gb", "Measured by me, " + "long " * 40)
    assert once.count("\n  # ") > 2
    twice = comment_above(once, "policy.overhead_gb", "Measured by you.")
    assert twice == f"{START}policy:\n  # keep this\n  # Measured by you.\n  overhead_gb: 2\n"


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    text = "\ufeff" + START.replace("\n", "\r\n")
    assert comment_above(text, "model", "Measured by me.") == (
        "\ufeffprofile_version: 1\r\n# Measured by me.\r\nmodel: {id: a/b}\r\n"
    )


@pytest.mark.parametrize("key", ["policy.overhead_gb", "nothing", "model.id.x"])
def test_a_key_that_is_not_there_gets_none(key: str) -> None:
    assert comment_above(START, key, "Measured by me.") == START


def test_where_a_line_is_part_of_a_text_no_comment_is_put() -> None:
    text = 'profile_version: 1\nmodel: {revision: "x\n  y", id: a/b}\n'
    assert comment_above(text, "model.id", "Measured by me.") == text


@given(st.text(max_size=300), st.sampled_from(["model", "model.id", "policy", "hardware.gpus"]))
def test_no_sentence_changes_what_the_text_says(sentence: str, key: str) -> None:
    assert yaml.safe_load(comment_above(SEED, key, sentence)) == yaml.safe_load(SEED)
