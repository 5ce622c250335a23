"""Events are stored as JSON and come back as they were; what was tampered with is a sentence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.errors import InputError
from replanner.event import Event, PullFacts
from replanner.webhooks.events import (
    HookEvent,
    ImageMoved,
    ModelMoved,
    RepositoryEvent,
    SubjectMoved,
    from_json,
    to_json,
)

PUSH = {"name": "push", "repository": "acme/infra"}
TEXT = st.text(max_size=20)
EVENTS = st.one_of(
    st.builds(ModelMoved, TEXT, TEXT, TEXT),
    st.builds(ImageMoved, TEXT, TEXT, TEXT),
    st.builds(SubjectMoved, TEXT),
    st.from_type(Event).map(RepositoryEvent),
)


@given(EVENTS)
def test_an_event_comes_back_as_it_was(event: HookEvent) -> None:
    back = from_json(json.loads(json.dumps(to_json(event))))
    assert (type(back), back) == (type(event), event)


def test_what_an_event_does_not_say_is_not_stored() -> None:
    assert to_json(ModelMoved("acme/llm", commit="a" * 40)) == {
        "kind": "model",
        "model_id": "acme/llm",
        "commit": "a" * 40,
    }
    comment = Event("issue_comment", "acme/infra", pull=PullFacts(7, body="text"), comment_id=3)
    assert to_json(RepositoryEvent(comment)) == {
        "kind": "repository",
        "event": {
            "name": "issue_comment",
            "repository": "acme/infra",
            "pull": {"number": 7, "body": "text"},
            "comment_id": 3,
        },
    }


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ([], "no object"),
        ({}, "no known kind"),
        ({"kind": ["model"]}, "no known kind"),
        ({"kind": "model"}, "lacks model_id"),
        ({"kind": "model", "model_id": "a", "more": 1}, "unknown field 'more'"),
        ({"kind": "model", "model_id": 7}, "model_id of the wrong type"),
        ({"kind": "repository", "event": []}, "event of the wrong type"),
        ({"kind": "repository", "event": {"name": "push"}}, "lacks repository"),
        ({"kind": "repository", "event": {**PUSH, "comment_id": True}}, "comment_id"),
        ({"kind": "repository", "event": {**PUSH, "pull": {"number": "7"}}}, "number"),
        ({"kind": "repository", "event": {**PUSH, "deleted": None}}, "deleted"),
    ],
)
def test_what_is_no_event_is_a_sentence(stored: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        from_json(stored)


KEYS = st.sampled_from(["kind", "event", "name", "repository", "pull", "number", "model_id"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@given(JSON)
def test_any_json_is_an_event_or_a_sentence(stored: object) -> None:
    try:
        event = from_json(stored)
    except InputError:
        return
    assert from_json(to_json(event)) == event
