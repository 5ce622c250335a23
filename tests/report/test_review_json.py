"""The machine-readable report: it says what the review said, and anybody may have written it."""

import json
from dataclasses import replace
from typing import Any, cast

import hostile_reviews as hostile
import pytest
import reviews as of
from hypothesis import given, settings
from hypothesis import strategies as st
from reviews import LOOK, review

from replanner.errors import InputError
from replanner.report.comment import comment
from replanner.report.report_fit import MOST_PROFILES, fitted, text_of
from replanner.report.review import Position, Review, Trouble
from replanner.report.review_json import MAX_BYTES, parse_report, report, report_schema, report_text

SCENES = [of.one_profile, of.twelve_profiles, of.all_states]


def told(given_review: Review) -> dict[str, Any]:
    return json.loads(report_text(given_review, planner_version="1.4.0"))  # type: ignore[no-any-return]


@pytest.mark.parametrize("scene", SCENES)
def test_a_review_comes_back_as_it_was(scene: Any) -> None:
    text = report_text(scene(), planner_version="1.4.0")
    again = parse_report(text.encode())
    assert report_text(again, planner_version="1.4.0") == text
    before, after = scene(), again
    assert [one.change and one.change.verdict for one in before.news] == [
        one.change and one.change.verdict for one in after.news
    ]
    assert comment(after, LOOK).splitlines()[:3] == comment(before, LOOK).splitlines()[:3]


def test_changed_lines_and_the_configuration_come_back() -> None:
    trouble = Trouble("no such key", "Take it out.", 2, Position(7, 3))
    whole = review(config_trouble=trouble, changed_lines=frozenset({("a", 1), ("a", 2)}))
    again = parse_report(report_text(whole, planner_version="1").encode())
    assert again.config_trouble == trouble
    assert again.changed_lines == {("a", 1), ("a", 2)}


def test_the_schema_lists_every_key_of_a_report() -> None:
    schema, found = report_schema(), report(of.twelve_profiles(), planner_version="1.4.0")
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == set(found)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"schema_version": 1e999}',
        b" " * (MAX_BYTES + 1),
    ],
)
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^the report"):
        parse_report(data)


def changed(**values: Any) -> bytes:
    """A true report with some values of its first profile, or of its own, replaced."""
    found = told(of.twelve_profiles())
    for key, value in values.items():
        place = found["profiles"][0] if key in found["profiles"][0] else found
        place[key] = value
    return json.dumps(found).encode()


@pytest.mark.parametrize(
    "values",
    [
        {"verdict": "fine"},
        {"blocked": 1},
        {"exit_code": "0"},
        {"head_commit": "HEAD"},
        {"base": "x" * 501},
        {"notes": ["\x1b[31m"]},
        {"notes": ["\ud800"]},
        {"schema_version": 2},
        {"changed_lines": {"a": [0]}},
        {"extra": 1},
        {"path": "../../etc/passwd"},
        {"path": "/etc/passwd"},
        {"kind": "new"},
        {"kind": "unchanged"},
        {"before": None},
        {"after": {"schema_version": 1}},
        {"after": []},
        {"level": None},
        {"edits": [{"line": 1}]},
        {
            "edits": [
                {
                    **dict.fromkeys(("text", "setting", "value", "effect"), "x"),
                    "path": "../../../evil",
                    "line": 1,
                }
            ]
        },
        {"digest": "x -->\n\n@acme/all"},
        {"places": {"model": [1]}},
        {"trouble": {"message": "x", "hint": "", "exit_code": 9}},
    ],
)
def test_every_wrong_value_is_refused_in_one_sentence(values: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        parse_report(changed(**values))
    assert error.value.message.isprintable()
    assert len(error.value.message) < 400


def test_what_changed_is_worked_out_again() -> None:
    """A report cannot claim figures that its own plans do not show."""
    found = told(of.twelve_profiles())
    one = found["profiles"][0]
    one["before"], one["after"] = one["after"], one["before"]
    again = parse_report(json.dumps(found).encode())
    assert again.profiles[0].change is not None
    assert again.profiles[0].change.verdict.startswith("now starts and fits")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
BASE_REPORT = told(of.all_states())


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path]
    if isinstance(value, dict | list):
        for key, inner in keys:
            found += (
                _paths(inner, (*path, key)) if isinstance(inner, dict | list) else [(*path, key)]
            )
    return found


PLACES = [path for path in _paths(BASE_REPORT) if path]


@given(st.sampled_from(PLACES), json_values)
@settings(max_examples=150)
def test_any_value_anywhere_is_a_review_or_a_sentence(path: tuple[Any, ...], value: Any) -> None:
    found = json.loads(json.dumps(BASE_REPORT))
    place = found
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    try:
        again = parse_report(json.dumps(found).encode())
    except InputError:
        return
    assert len(comment(again, LOOK).encode()) <= LOOK.budget_bytes


@given(hostile.reviews())
@settings(max_examples=30)
def test_every_review_can_be_told(given_review: Review) -> None:
    assert json.loads(report_text(given_review, planner_version="1"))["schema_version"] == 1


def many(count: int) -> Review:
    """A review of so many changed profiles, the worst first."""
    found = of.twelve_profiles().news
    rows = [replace(found[n % len(found)], name=f"p{n}", path=f"{n}.yaml") for n in range(count)]
    return review(*rows)


def test_a_report_that_would_be_too_large_leaves_out_plans_from_the_last_on() -> None:
    text = report_text(many(1_500), planner_version="1")
    assert MAX_BYTES * 0.99 < len(text.encode()) <= MAX_BYTES
    again = parse_report(text.encode())
    assert len(again.profiles) == 1_500
    planned = [one.change is not None for one in again.profiles]
    assert planned == sorted(planned, reverse=True)
    assert "leaves out the plans of" in again.notes[0]
    assert len(comment(again, LOOK).encode()) <= LOOK.budget_bytes


@pytest.mark.parametrize("most", [6_000, 20_000, 60_000])
def test_a_report_fits_where_there_is_room_for_few(most: int) -> None:
    whole = many(20)
    lines = frozenset(("a", n) for n in range(1, 5_000))
    told = report(replace(whole, changed_lines=lines, notes=("news",)), planner_version="1")
    text = text_of(fitted(told, most_bytes=most))
    assert len(text.encode()) <= most
    again = parse_report(text.encode())
    assert [one.name for one in again.profiles] == [f"p{n}" for n in range(len(again.profiles))]
    assert again.notes[1:] == ("news",)


def test_more_profiles_than_a_report_may_list_are_cut() -> None:
    told = report(many(1), planner_version="1")
    rows = cast("list[object]", told["profiles"])
    found = fitted({**told, "profiles": rows * (MOST_PROFILES + 1)}, most_bytes=1 << 30)
    assert len(found["profiles"]) == MOST_PROFILES


def test_plans_that_were_left_out_claim_nothing() -> None:
    again = parse_report(changed(without_plans=True, before=None, after=None))
    assert (again.profiles[0].change, again.profiles[0].record) == (None, None)
    with pytest.raises(InputError, match="which its plans are not"):
        parse_report(changed(without_plans=True))
