"""A release's commit names its own image and changes nothing else; its tag never moves."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from emulated import GitHub, emulated
from peers import ROOT

TOOL = ROOT / "tools" / "release_action.py"
DIGEST = "sha256:" + "a" * 64
ACTION = """\
name: replanner
inputs:
  image: {description: Dockerfile}
runs:
  using: docker
  image: Dockerfile
"""
TREE = {
    "action.yml": ACTION,
    "replanner/__init__.py": '__version__ = "1.4.2"\n',
    "CHANGELOG.md": "\n## [1.4.2] - 2026-11-30\n\n### Fixed\n\n- It.\n\n## [1.4.1]\n\n- Old.\n",
    "README.md": "uses: acme/replanner@v1\n",
    "docs/action.md": "uses: acme/replanner/cli@v1\n",
}


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path, TREE)
    return tmp_path


def tool(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, TOOL, "--root", root, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("image", ["ghcr.io/acme/replanner:1.4.2", f"x.io/r:1.4.2@{DIGEST}"])
def test_one_line_of_action_yml_changes(tree: Path, image: str) -> None:
    assert tool(tree, "write", image).returncode == 0
    text = (tree / "action.yml").read_text()
    assert text == ACTION.replace("  image: Dockerfile\n", f"  image: docker://{image}\n")
    assert yaml.safe_load(text)["runs"] == {"using": "docker", "image": f"docker://{image}"}


@pytest.mark.parametrize("image", ["ghcr.io/acme/replanner", "r:1.4.2\n  args: x", "r:latest"])
def test_an_image_without_a_version_is_refused(tree: Path, image: str) -> None:
    ran = tool(tree, "write", image)
    assert (ran.returncode, "is not NAME:VERSION" in ran.stderr) == (1, True)
    assert (tree / "action.yml").read_text() == ACTION


def test_what_is_released_already_is_not_rewritten(tree: Path) -> None:
    tool(tree, "write", "r:1.4.2")
    ran = tool(tree, "write", "r:1.4.3")
    assert (ran.returncode, "0 times" in ran.stderr) == (1, True)


def test_a_tree_that_agrees_with_itself_may_be_released(tree: Path) -> None:
    ran = tool(tree, "check", "acme/replanner")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert tool(tree, "version").stdout == "1.4.2\n"
    assert tool(tree, "notes").stdout == "### Fixed\n\n- It.\n"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"CHANGELOG.md": "# Changelog\n"}, "has no section for 1.4.2"),
        ({"replanner/__init__.py": '__version__ = "1.4.2.dev1"\n'}, "not MAJOR.MINOR.PATCH"),
        ({"docs/action.md": "uses: other/replanner@v1\n"}, "docs/action.md tells people to use"),
        (
            {"examples/server/compose.yaml": "image: ghcr.io/other/replanner:1.4.2\n"},
            "examples/server/compose.yaml tells people to use",
        ),
        ({"action.yml": ACTION.replace("Dockerfile", "docker://x")}, "does not say"),
    ],
)
def test_a_tree_that_would_mislead_people_may_not(
    tree: Path, files: Mapping[str, str], reason: str
) -> None:
    write(tree, files)
    ran = tool(tree, "check", "acme/replanner")
    assert (ran.returncode, reason in ran.stderr) == (1, True)


def test_action_yml_on_the_default_branch_builds_what_lies_there() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert action["runs"]["using"] == "docker"
    assert action["runs"]["image"] == "Dockerfile"
    composite = (ROOT / "cli" / "action.yml").read_text()
    assert yaml.safe_load(composite)["runs"]["using"] == "composite"


# --- tags, on an emulated GitHub


@pytest.fixture(scope="module")
def _github() -> Iterator[GitHub]:
    with emulated() as github:
        yield github


@pytest.fixture
def github(_github: GitHub) -> GitHub:
    _github.reset()
    _github.push(TREE, message="prepared")
    return _github


def tag(github: GitHub, tree: Path, digest: str = DIGEST) -> "subprocess.CompletedProcess[str]":
    """release_tags.py, as the workflow runs it: from a checkout of the released commit."""
    write(tree, {f"tools/{name}": (ROOT / "tools" / name).read_text() for name in TOOLS})
    image = f"ghcr.io/acme/replanner:1.4.2@{digest}"
    tags = tree / "tools" / "release_tags.py"
    command = [sys.executable, tags, github.repository, github.head(), image]
    env = {**os.environ, "GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.token}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


TOOLS = ("release_action.py", "release_tags.py")


def tagged(github: GitHub, name: str) -> str:
    return str(github.repo("GET", f"/git/ref/tags/{name}")["object"]["sha"])


def test_the_tagged_commit_differs_in_the_image_alone(github: GitHub, tree: Path) -> None:
    ran = tag(github, tree)
    assert ran.returncode == 0, ran.stderr
    commit = github.repo("GET", f"/git/commits/{ran.stdout.strip()}")
    assert [parent["sha"] for parent in commit["parents"]] == [github.head()]
    assert tagged(github, "v1.4.2") == tagged(github, "v1") == commit["sha"]
    image = f"docker://ghcr.io/acme/replanner:1.4.2@{DIGEST}"
    expected = ACTION.replace("  image: Dockerfile\n", f"  image: {image}\n")
    assert github.read("action.yml", "v1.4.2") == expected
    assert github.read("README.md", "v1.4.2") == TREE["README.md"]
    assert github.read("action.yml", "main") == ACTION
    assert github.violations() == []


def test_a_run_that_broke_off_is_carried_on(github: GitHub, tree: Path) -> None:
    first = tag(github, tree).stdout
    github.repo("DELETE", "/git/refs/tags/v1")
    assert tag(github, tree).stdout == first
    assert tagged(github, "v1") == first.strip()


def test_the_tag_of_a_version_never_moves(github: GitHub, tree: Path) -> None:
    first = tag(github, tree).stdout.strip()
    ran = tag(github, tree, digest="sha256:" + "b" * 64)
    assert (ran.returncode, "names another image" in ran.stderr) == (1, True)
    assert tagged(github, "v1.4.2") == first


@pytest.mark.parametrize(("newest", "follows"), [("v1.4.1", True), ("v1.10.0", False)])
def test_the_major_tag_follows_the_newest_version(
    github: GitHub, tree: Path, *, newest: str, follows: bool
) -> None:
    for name in (newest, "v1", "v10.0.0"):
        github.repo("POST", "/git/refs", {"ref": f"refs/tags/{name}", "sha": github.head()})
    commit = tag(github, tree).stdout.strip()
    assert (tagged(github, "v1") == commit) is follows
