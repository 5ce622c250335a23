"""docs/server.md, examples/server and what the server reads say the same."""

import re
from pathlib import Path

import yaml
from peers import ROOT
from settings_reference import DOC, with_table

from replanner.profile.globs import matches
from replanner.report.check_run import APPLY, IGNORE, NAME, REPLAN
from replanner.server.settings import read_settings
from replanner.webhooks.table import SOURCES

EXAMPLE = ROOT / "examples" / "server" / "server.yaml"
KNOWN = {one.name: one.in_path for one in SOURCES.values()}
SECRET = "a-secret-of-thirty-two-characters"  # noqa: S105 - made up


def _with_secrets(folder: Path, text: str) -> Path:
    """The settings in a folder where every file that they name is."""
    file = folder / "server.yaml"
    file.write_text(text)
    for name in re.findall(r"_file: ([\w./-]+)", text):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{SECRET}\n")
    return file


def test_the_example_is_read(tmp_path: Path) -> None:
    file = _with_secrets(tmp_path, EXAMPLE.read_text(encoding="utf-8"))
    found = read_settings(file, {}, folder=tmp_path, known=KNOWN)
    assert found.github.token is not None
    assert found.github.repositories == ("acme/deployments",)
    assert "registry.acme.example" in (found.registries.hosts or ())
    assert set(found.sources) == set(yaml.safe_load(file.read_text())["sources"])


def test_the_examples_map_finds_what_mlflow_sends(tmp_path: Path) -> None:
    file = _with_secrets(tmp_path, EXAMPLE.read_text(encoding="utf-8"))
    found = read_settings(file, {}, folder=tmp_path, known=KNOWN)
    [(subject, profiles)] = found.sources["mlflow"].map.items()
    assert matches("summaries/3", subject)
    assert matches("profiles/summaries-eu.yaml", profiles)


def test_the_pages_settings_are_read(tmp_path: Path) -> None:
    blocks = re.findall(r"(?s)```yaml\n(.*?)```", DOC.read_text(encoding="utf-8"))
    files = [one for one in blocks if "sources:" in one]
    assert files
    for text in files:
        read_settings(_with_secrets(tmp_path, text), {}, folder=tmp_path, known=KNOWN)


def test_the_reference_lists_every_key() -> None:
    text = DOC.read_text(encoding="utf-8")
    assert with_table(text) == text, "run: python tests/server/settings_reference.py"


def test_the_page_has_a_row_for_every_source() -> None:
    text = DOC.read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| `(\w+)` \| (?:header|signature|path)", text)
    assert rows == list(SOURCES)


def test_the_page_names_the_check_and_its_buttons_as_people_see_them() -> None:
    text = DOC.read_text(encoding="utf-8")
    assert f"`{NAME}`" in text
    rows = re.findall(r"(?m)^\| ([A-Z][\w -]+) \| .* \| .* \|$", text)
    assert [one.label for one in (REPLAN, APPLY, IGNORE)] == rows
