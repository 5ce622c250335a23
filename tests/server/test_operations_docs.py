"""docs/operations.md: each row of its two tables names what shows it, and that is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from peers import ROOT

TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ROWS = re.findall(r"(?m)^\| ([SR]\d+) \| (.+?) \| (.+?) \| (.+?) \|$", TEXT)
EXPERIMENTS = {"load", "chaos", "soak", "fuzz"}
LEVELS = {"warning", "error", "exception"}


@cache
def _tests_in(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(each.name for each in tree.body if isinstance(each, ast.FunctionDef))


def test_every_row_is_there_once_and_in_order() -> None:
    wanted = [f"{letter}{number}" for letter in "SR" for number in range(1, 23)]
    assert [name for name, *_ in ROWS] == wanted


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_a_row_names_is_there(row: tuple[str, str, str, str]) -> None:
    _, promised, shown, result = row
    assert promised
    assert result
    named = shown.split("<br>")
    for each in named:
        found = re.fullmatch(r"`(?:make (\w+)|([\w/]+\.py)::(test_\w+))`", each)
        assert found, each
        experiment, file, test = found.groups()
        if experiment:
            assert experiment in EXPERIMENTS
            assert re.search(rf"(?m)^{experiment}:", (ROOT / "Makefile").read_text())
        else:
            assert test in _tests_in(ROOT / "tests" / file), each
    assert len(set(named)) == len(named)


def _warnings(file: Path) -> list[str]:
    """The literal part of each line that this module logs to warn of something."""
    calls = [one for one in ast.walk(ast.parse(file.read_text())) if isinstance(one, ast.Call)]
    texts = [
        str(one.args[0].value)
        for one in calls
        if isinstance(one.func, ast.Attribute)
        and ast.unparse(one.func.value) == "LOG"
        and one.func.attr in LEVELS
        and isinstance(one.args[0], ast.Constant)
    ]
    return [max(re.split("%[sd]", text), key=len).strip(" :") for text in texts]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "replanner" / "server").glob("*.py")), ids=lambda path: path.stem
)
def test_what_the_log_warns_of_is_explained(file: Path) -> None:
    assert [text for text in _warnings(file) if text and text not in TEXT] == []
