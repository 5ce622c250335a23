"""What people wrote into a pull request stays; what we wrote can be read back."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from lifecycle_values import NAME, NEWER, OURS, WANTED, shown
from samples import nasty

from replanner.propose import (
    Close,
    DeleteBranch,
    Merge,
    Open,
    Push,
    Remark,
    Say,
    Step,
    compose,
    read_state,
)
from replanner.propose.content import MOST_CHARACTERS, answered, closed
from replanner.propose.steps import branch_of, verb, words


def test_words_around_the_fence_stay() -> None:
    before = shown(body=f"Please review, @bob.\n\n{shown().body}\nThanks")
    now = compose(NEWER, OURS, shown=before)
    assert now.body.startswith("Please review, @bob.")
    assert now.body.endswith("Thanks")
    assert "### fits better" in now.body
    assert "### fits\n" not in now.body


@pytest.mark.parametrize("controls", ["", "\n\n---\n\n- [ ] <!-- replanner:hold --> Hold"])
def test_long_words_of_a_person_crowd_out_our_figures_and_nothing_else(controls: str) -> None:
    theirs = "a word " * 2_000
    before = shown(body=f"{theirs}\n\n{shown().body}")
    long = replace(NEWER, text=f"### fits better\n\n{'| figures |' * 5_000}{controls}")
    now = compose(long, OURS, shown=before)
    assert len(now.body) <= MOST_CHARACTERS
    assert now.body.startswith(theirs)
    assert "### fits better" in now.body
    assert "figures |" not in now.body
    assert controls in now.body
    state = read_state(now.body)
    assert state is not None
    assert state.digest == NEWER.digest


def test_a_title_that_somebody_changed_stays() -> None:
    before = shown(title="Llama goes to production")
    now = compose(replace(NEWER, title="Re-plan llama again"), OURS, shown=before)
    assert now.title == "Llama goes to production"
    again = compose(NEWER, OURS, shown=replace(before, body=now.body))
    assert again.title == "Llama goes to production"


def test_a_title_of_ours_follows_the_content() -> None:
    now = compose(replace(NEWER, title="Re-plan llama again"), OURS, shown=shown())
    assert now.title == "Re-plan llama again"


def test_a_draft_that_somebody_made_ready_stays_ready() -> None:
    draft = replace(WANTED, draft=True)
    before = shown(draft, draft=False)
    assert compose(draft, OURS, shown=before).draft is False
    assert compose(draft, OURS, shown=shown(draft)).draft is True


def test_labels_are_added_and_only_our_own_are_taken_away() -> None:
    before = shown(replace(WANTED, labels=("replanner", "replanner:infeasible")))
    now = compose(NEWER, OURS, shown=replace(before, labels=(*before.labels, "team-a")))
    assert now.labels == ("replanner", "team-a")


def test_closing_says_why_and_that_it_was_us() -> None:
    body = closed(shown(), "nothing is left")
    assert "**Closed:** nothing is left" in body
    state = read_state(body)
    assert state is not None
    assert state.closed


def test_closing_what_cannot_be_read_changes_nothing() -> None:
    assert closed(shown(body="mine"), "x") == "mine"


def encoded(values: object) -> str:
    state = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    return f"<!-- replanner:begin -->\n<!-- replanner:state {state} -->\n<!-- replanner:end -->"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<!-- replanner:begin -->",
        "<!-- replanner:end --><!-- replanner:begin -->",
        "<!-- replanner:begin --><!-- replanner:state ==== --><!-- replanner:end -->",
        "<!-- replanner:begin --><!-- replanner:state AAAA --><!-- replanner:end -->",
        encoded([]),
        encoded({"v": 2}),
        encoded({"v": 1, "group": "", "digest": "", "head": "", "labels": []}),
        encoded({"v": 1, "group": "", "digest": "", "head": "", "title": "", "draft": "yes"}),
        encoded({"v": 1, "group": 1, "digest": "", "head": "", "title": "", "labels": []}),
        encoded({"v": 1, "group": "", "digest": "", "head": "", "title": "", "labels": 3}),
    ],
)
def test_states_that_are_none_are_none(body: str) -> None:
    assert read_state(body) is None


@given(nasty, nasty)
def test_any_title_and_text_leave_the_state_readable(title: str, around: str) -> None:
    content = compose(replace(WANTED, title=title), OURS)
    state = read_state(f"{content.body}\n{around}")
    assert state is not None
    assert (state.title, state.head) == (title, OURS)


@given(nasty)
def test_composing_again_changes_nothing(around: str) -> None:
    before = shown(body=f"{around}\n\n{shown().body}")
    if read_state(before.body) is None:
        return
    assert compose(WANTED, OURS, shown=before).body == before.body


def test_what_cannot_be_read_takes_no_answer() -> None:
    assert answered(shown(body="mine"), "no") == shown(body="mine")


def test_a_body_that_was_emptied_is_written_again() -> None:
    now = compose(WANTED, OURS, shown=shown(body="", title="Mine", labels=("team-a",)))
    assert (now.title, now.labels) == (WANTED.title, ("replanner", "team-a"))
    assert read_state(now.body) is not None


@pytest.mark.parametrize(
    ("step", "name", "done", "would"),
    [
        (Push(WANTED, None), "push", "pushed {}", "would push {}"),
        (Open(WANTED), "open", "opened {}: Re-plan llama", "would open {}: Re-plan llama"),
        (Remark(shown()), "remark", "left a note in {}", "would leave a note in {}"),
        (Merge(WANTED), "merge", "let the forge merge {}", "would let the forge merge {}"),
        (Say(shown(), "x"), "comment", "commented on {}", "would comment on {}"),
        (
            Close(shown(), "it is over"),
            "close",
            "closed {}: it is over",
            "would close {}: it is over",
        ),
        (DeleteBranch(NAME, OURS), "delete", "deleted {}", "would delete {}"),
    ],
)
def test_steps_in_words(step: Step, name: str, done: str, would: str) -> None:
    assert (verb(step), branch_of(step)) == (name, NAME)
    assert (words(step), words(step, would=True)) == (done.format(NAME), would.format(NAME))
