"""Titles follow the repository's habit, and what tells them apart is never cut off."""

import pytest
from hypothesis import given
from samples import nasty

from replanner.propose.titles import LONGEST, is_conventional, styled


@pytest.mark.parametrize(
    ("subjects", "expected"),
    [
        ([], False),
        (["feat: a", "fix(core)!: b", "Update c"], True),
        (["feat: a", "Update b"], False),
        (["Note: this is prose with a colon", "build(deps): bump", "chore: x"], True),
        (["fix: a", *["Merge pull request #1 from x/y"] * 9], True),
        (["Update a", "fix:no space", "fix : b", "12: c"], False),
        ([""], False),
    ],
)
def test_habits_are_seen(subjects: list[str], *, expected: bool) -> None:
    assert is_conventional(subjects) is expected


@pytest.mark.parametrize(
    ("title", "conventional", "scope", "expected"),
    [
        ("Plan chat", False, "default", "Plan chat"),
        ("Plan chat", True, "default", "chore(vllm): plan chat"),
        ("Plan chat", False, "eu", "[eu] Plan chat"),
        ("Plan chat", True, "eu", "chore(vllm): [eu] plan chat"),
        (
            "Re-plan Llama-3.3-70B for revision a1b2c3d",
            True,
            "default",
            "chore(vllm): re-plan Llama-3.3-70B for revision a1b2c3d",
        ),
        (
            "Re-plan Llama-3.3-70B-Instruct-quantized.w8a8-very-long for revision a1b2c3d",
            True,
            "default",
            "chore(vllm): re-plan Llama-3.3-70B-Instruct-quanti… for revision a1b2c3d",
        ),
    ],
)
def test_styles(title: str, conventional: bool, scope: str, expected: str) -> None:  # noqa: FBT001 - a row
    assert styled(title, conventional=conventional, scope=scope) == expected


def test_what_has_no_room_for_its_name_stays_whole() -> None:
    title = f"Re-plan x for revision a1b2c3d: does not fit 8x {'NVIDIA ' * 9}"
    assert styled(title, conventional=False) == title


@given(nasty)
def test_the_end_of_a_title_survives(name: str) -> None:
    title = styled(f"Re-plan {name * 3} for revision a1b2c3d", conventional=True)
    assert title.endswith(" for revision a1b2c3d")
    assert len(title) <= LONGEST
