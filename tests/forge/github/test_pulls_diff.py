"""Which lines of a file a unified diff shows: only those take a review comment."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replanner.forge.github.pulls import new_lines


@pytest.mark.parametrize(
    ("patch", "lines"),
    [
        pytest.param("", [], id="a binary or too large file"),
        pytest.param("@@ -0,0 +1,2 @@\n+a\n+b", [1, 2], id="a new file"),
        pytest.param("@@ -1 +0,0 @@\n-a", [], id="a removed file"),
        pytest.param("@@ -4,3 +4,3 @@ def f():\n a\n-b\n+c\n d", [4, 5, 6], id="with context"),
        pytest.param("@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file", [1], id="no newline"),
        pytest.param("@@ -1 +1 @@\n-a\n+b\n@@ -9,2 +9,2 @@\n c\n-d\n+e", [1, 9, 10], id="hunks"),
        pytest.param("@@ -1 +1 @@\n--- a\n+++ b", [1], id="lines that look like headers"),
        pytest.param("@@ -1 +1,2 @@\n+a\u2028b\n+c\x0c", [1, 2], id="other line ends"),
        pytest.param("+a\n b", [], id="no diff at all"),
        pytest.param("@@ nonsense @@\n+a", [], id="a header that is none"),
    ],
)  # fmt: skip
def test_lines_of_a_patch(patch: str, lines: list[int]) -> None:
    assert list(new_lines(patch)) == lines


files = st.lists(st.sampled_from(["a: 1", "b: 2", "", "- x", "+ y", "@@ -1 +7 @@"]), max_size=12)


@given(files, files)
def test_every_line_that_git_shows_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("diff")
    shown = list(new_lines(_diff(folder, old, new)))

    assert shown == sorted(set(shown))
    assert all(1 <= line <= len(new) for line in shown)
    changed = {at for at, line in enumerate(new, start=1) if at > len(old) or line != old[at - 1]}
    if len(old) == len(new):
        assert set(shown) >= {at for at in changed if new.count(new[at - 1]) == 1}


def _diff(folder: Path, old: list[str], new: list[str]) -> str:
    """The hunks alone, as GitHub's API gives them."""
    for name, lines in (("old", old), ("new", new)):
        (folder / name).write_text("".join(f"{line}\n" for line in lines))
    command = ["git", "diff", "--no-index", "--no-color", "old", "new"]
    out = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    return out[out.find("@@") :].rstrip("\n") if "@@" in out else ""
