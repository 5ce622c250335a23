"""The job summary: the comment, then everything in full, within a megabyte."""

import hostile_reviews as hostile
import reviews as of
from hypothesis import given, settings
from hypothesis import strategies as st
from rendered import alive, folds_close, is_sound, read
from reviews import LOOK
from test_comment import many

from replanner.report.review import Review
from replanner.report.summary import BUDGET_BYTES, Extras, summary

WIDE = LOOK._replace(budget_bytes=BUDGET_BYTES)
SERVE = "vllm serve meta-llama/Llama-2-70b-chat-hf \\\n  --tensor-parallel-size 1"


def test_every_profile_is_there_with_its_command_and_inputs() -> None:
    extras = Extras({"profiles/code-70b.yaml": SERVE}, ["Comment 7 was updated."])
    told = summary(of.twelve_profiles(), WIDE, extras)
    assert told.startswith("### ❌ 2 of 12 profiles break")
    assert f"```sh\n{SERVE}\n```" in told
    assert "#### Written\n\n- Comment 7 was updated." in told
    assert told.count("</code></b> in full</summary>") == 11
    assert "| config.json | <code>git:1</code> | digest |" in told
    assert is_sound(told)


def test_what_a_dry_run_would_write_is_listed() -> None:
    told = summary(of.one_profile(), WIDE, Extras({}, ["x"] * 300, dry_run=True))
    assert "#### Would be written" in told
    assert "- and 100 more" in told


def test_every_problem_of_a_profile_is_told() -> None:
    told = summary(of.all_states(), WIDE, Extras())
    assert "- Write 32768." in told


def test_a_thousand_profiles_fit() -> None:
    told = summary(many(1000), WIDE, Extras())
    assert len(told.encode()) <= BUDGET_BYTES
    assert "parts were left out" in told
    assert is_sound(told)


@given(hostile.reviews(), st.lists(hostile.words, max_size=3), hostile.words)
@settings(max_examples=30)
def test_nothing_foreign_comes_alive(given_review: Review, writes: list[str], serve: str) -> None:
    commands = {one.path: f"{serve}\n```\n<b>x</b>" for one in given_review.profiles}
    told = summary(given_review, WIDE, Extras(commands, writes))
    assert len(told.encode()) <= BUDGET_BYTES
    seen = read(told)
    assert seen.foreign_tags == []
    assert alive(told) == []
    assert folds_close(told)
