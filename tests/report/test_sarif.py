"""What code scanners are told: the shape of SARIF 2.1.0, its limits, and stable fingerprints."""

import json
from typing import Any

import hostile_reviews as hostile
import reviews as of
from hypothesis import given, settings
from reviews import review
from test_annotations import failed

from replanner.report.review import Review
from replanner.report.sarif import MOST_RESULTS, sarif


def results(given_review: Review) -> list[dict[str, Any]]:
    found: Any = sarif(given_review, planner_version="1.4.0")
    return found["runs"][0]["results"]  # type: ignore[no-any-return]


def test_results_name_their_rule_and_place() -> None:
    found: Any = sarif(of.twelve_profiles(), planner_version="1.4.0")
    (run,) = found["runs"]
    assert found["version"] == "2.1.0"
    for one in run["results"]:
        assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "profiles/code-70b.yaml"
    assert place["region"] == {"startLine": 9, "startColumn": 3}


def test_fingerprints_outlive_lines_and_figures_and_differ() -> None:
    first = [one["partialFingerprints"] for one in results(review(failed(1, 3), failed(2, 3)))]
    later = [one["partialFingerprints"] for one in results(review(failed(1, 9), failed(2, 4)))]
    assert first == later
    assert first[0] != first[1]


def test_there_are_never_more_results_than_are_shown() -> None:
    many = review(*(failed(n) for n in range(MOST_RESULTS + 9)))
    assert len(results(many)) == MOST_RESULTS


@given(hostile.reviews())
@settings(max_examples=30)
def test_every_review_is_a_document(given_review: Review) -> None:
    found = sarif(given_review, planner_version="1")
    json.dumps(found, allow_nan=False)
    for one in results(given_review):
        assert one["message"]["text"]
        assert one["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
