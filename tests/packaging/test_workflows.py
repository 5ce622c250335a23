"""Our workflows and those that we show: pinned, with no more rights than they use, and true."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from engines import lint
from peers import ROOT

from replanner.event import SUPPORTED
from replanner.profile import starter_files

OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SHOWN = sorted((ROOT / "examples" / "workflows").glob("*.yml"))
ALL = [*OWN, *SHOWN]
ACTIONS = (ROOT / "action.yml", ROOT / "cli" / "action.yml")
OURS = "your_org/replanner"  # GitHub allows no such name: until it is replaced, nothing runs

# Looked up in each repository's tags; a commit that is not here has been read by nobody.
COMMITS = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "actions/create-github-app-token": ("1b10c78c7865c340bc4f6099eb2f838309f1e8c3", "v3.1.1"),
    "actions/attest-build-provenance": ("a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32", "v4.1.0"),
    "docker/build-push-action": ("53b7df96c91f9c12dcc8a07bcb9ccacbed38856a", "v7.3.0"),
    "docker/login-action": ("4907a6ddec9925e35a0a9e82d7399ccc52663121", "v4.1.0"),
    "docker/metadata-action": ("dc802804100637a589fabce1cb79ff13a1411302", "v6.2.0"),
    "docker/setup-buildx-action": ("37fe631027851001ddb9b187196cc803df7f5f0e", "v4.3.0"),
    "docker/setup-qemu-action": ("96fe6ef7f33517b61c61be40b68a1882f3264fb8", "v4.2.0"),
    "pypa/gh-action-pypi-publish": ("81e9d935c883d0b210363ab89cf05f3894778450", "v1.8.14"),
}


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parsed(path: Path) -> dict[str, Any]:
    text = path.read_text()
    return dict(yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506 (strings only: `on` stays `on`)


def steps(path: Path) -> Iterator[Mapping[str, Any]]:
    for job in parsed(path)["jobs"].values():
        yield from job.get("steps", ())


def test_actionlint_finds_nothing() -> None:
    lint("actionlint", *ALL)


def test_zizmor_finds_nothing() -> None:
    lint("zizmor", "--offline", "--pedantic", "--quiet", ".github", *SHOWN, *ACTIONS)


def test_they_are_what_github_reads() -> None:
    lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *ALL)
    lint("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")
    lint("check-jsonschema", "--builtin-schema", "vendor.github-actions", *ACTIONS)


def test_everything_used_is_pinned_to_a_commit_that_was_looked_up() -> None:
    for path in ALL:
        for line in re.findall(r"uses: (.*)", path.read_text()):
            used = re.fullmatch(r"([\w./-]+)@([0-9a-f]{40})  # (v[\d.]+)", line)
            if used:
                assert COMMITS[used[1]] == (used[2], used[3]), f"{names(path)}: {line}"
            else:
                assert line.startswith(("./", f"{OURS}@v", f"{OURS}/cli@v")), f"{path}: {line}"


@pytest.mark.parametrize("path", ALL, ids=names)
def test_a_job_asks_for_its_own_rights_and_ends(path: Path) -> None:
    workflow = parsed(path)
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["cancel-in-progress"]
    for name, job in workflow["jobs"].items():
        assert "permissions" in job, name
        assert "uses" in job or int(job["timeout-minutes"]) <= 30, name


@pytest.mark.parametrize("path", ALL, ids=names)
def test_no_expression_is_pasted_into_a_script(path: Path) -> None:
    assert not [step["run"] for step in steps(path) if "${{" in step.get("run", "")]


@pytest.mark.parametrize("path", SHOWN, ids=names)
def test_what_is_shown_checks_nothing_out_and_only_uses_triggers_we_know(path: Path) -> None:
    used = [step.get("uses", "") for step in steps(path)]
    assert not [each for each in used if each.startswith("actions/checkout")]
    assert any(each.startswith(OURS) for each in used)
    assert set(parsed(path)["on"]) <= set(SUPPORTED)


@pytest.mark.parametrize("path", SHOWN, ids=names)
def test_a_run_that_looks_at_nothing_never_turns_a_red_check_green(path: Path) -> None:
    """A required check that waits for a skipped run, too, waits for ever."""
    workflow = parsed(path)
    if workflow["name"] != "replanner":
        return
    assert set(workflow["on"]) == {"pull_request", "merge_group"}
    types = ["opened", "synchronize", "reopened", "ready_for_review"]
    assert workflow["on"]["pull_request"] == {"types": types}
    assert all("if" not in job for job in workflow["jobs"].values())


@pytest.mark.parametrize("path", SHOWN, ids=names)
def test_what_is_shown_sets_inputs_that_there_are(path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    for step in steps(path):
        if step.get("uses", "").startswith(OURS):
            assert set(step.get("with", {})) <= set(action["inputs"])


def test_everybody_is_told_the_same_repository() -> None:
    texts = [*SHOWN, ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    found = {
        name
        for path in texts
        for name in re.findall(r"uses: ([\w.<>-]+/replanner)(?:/cli)?@", path.read_text())
    }
    assert found == {OURS}


def test_init_writes_the_workflow_that_is_shown() -> None:
    written = starter_files(model_id=None, gpu_name=None)[".github/workflows/replanner.yml"]
    assert written == (ROOT / "examples" / "workflows" / "pull-request.yml").read_text()


def test_the_guide_names_every_workflow_that_is_shown() -> None:
    guide = (ROOT / "docs" / "action.md").read_text()
    assert [path.name for path in SHOWN if f"examples/workflows/{path.name}" not in guide] == []


def test_what_the_readme_shows_is_the_example_with_less_of_it() -> None:
    """Every key that the first workflow in the README has, the example has with the same value."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    shown = next(text for text in blocks if OURS in text)
    readme = yaml.load(shown, Loader=yaml.BaseLoader)  # noqa: S506 (strings only)
    example = parsed(ROOT / "examples" / "workflows" / "pull-request.yml")
    assert readme["jobs"]["plan"]["steps"][0]["uses"].startswith(OURS)
    assert _within(readme, example)


def _within(less: Any, more: Any) -> bool:
    if isinstance(less, dict):
        return all(key in more and _within(value, more[key]) for key, value in less.items())
    if isinstance(less, list) and less and isinstance(less[0], dict):
        return len(less) == len(more) and all(map(_within, less, more))
    return bool(less == more)
