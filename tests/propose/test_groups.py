"""Groups and branch names: stable, distinct, and safe for git."""

import re
import subprocess

import pytest
from hypothesis import given, settings
from samples import nasty, record

from replanner.planning.diff import Change, diff
from replanner.propose import branch_name, grouped, model_group
from replanner.propose.groups import GroupBy, profile_group


def new(profile: str, model: str = "a/b", revision: str | None = "c" * 40) -> Change:
    change = diff(
        None,
        record(config={"model": model, "revision": revision}, inputs={"profile_name": profile}),
    )
    assert change is not None
    return change


def test_a_models_group_is_its_id_and_six_digits() -> None:
    assert model_group("meta-llama/Llama-3.1-8B-Instruct") == (
        "meta-llama-llama-3.1-8b-instruct-08a20b"
    )


def test_ids_that_look_alike_have_different_groups() -> None:
    assert len({model_group(one) for one in ("a/b-c", "a-b/c", "A/b-c")}) == 3


def test_a_branch_has_its_base_and_a_scope_that_is_not_the_default() -> None:
    assert branch_name("main", "x") == "replanner/main/x"
    assert branch_name("release/1", "x", scope="EU prod") == "replanner/release/1/eu-prod/x"


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("model", [["a", "c"], ["b"]]),
        ("profile", [["a"], ["b"], ["c"]]),
        ("revision", [["a", "c"], ["b"]]),
        ("all", [["a", "b", "c"]]),
    ],
)
def test_changes_are_grouped(by: GroupBy, expected: list[list[str]]) -> None:
    groups = grouped([new("c"), new("b", "x/y", None), new("a")], by)
    names = [[one.record.inputs.profile_name for one in group] for group in groups.values()]
    assert sorted(names) == expected


@given(nasty)
@settings(max_examples=60, deadline=None)
def test_any_id_makes_a_branch_that_git_takes(model_id: str) -> None:
    for group in (model_group(model_id), profile_group(model_id)):
        assert re.fullmatch(r"[a-z0-9_][a-z0-9._-]*-[0-9a-f]{6}", group)
        name = branch_name("main", group)
        subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=True)
