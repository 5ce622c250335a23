"""Outputs stay within what GitHub takes, however many profiles there are."""

import json

import pytest
import reviews as of

from replanner.action.outputs import TABLE, Done, of_review
from replanner.report.review import Reviewed


@pytest.mark.parametrize(("length", "listed"), [(20, 1_000), (4_000, 74)])
def test_long_lists_of_paths_are_cut_at_a_path(length: int, listed: int) -> None:
    rows = [Reviewed(f"p{n}", f"{n}/".ljust(length, "x"), "new", "ok") for n in range(1_200)]
    outputs = of_review(of.review(*rows))
    paths = json.loads(outputs["changed-profiles"])
    assert paths == [one.path for one in rows[:listed]]
    assert outputs["profiles-changed"] == "1200"
    assert sum(map(len, outputs.values())) < 310_000


def test_a_run_that_has_nothing_to_say_sets_every_output() -> None:
    assert Done().all_outputs().keys() == TABLE.keys()
    assert Done().all_outputs()["verdict"] == "none"
