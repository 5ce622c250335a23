"""The wheel holds the package with its data, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from peers import ROOT

from replanner import __version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_it_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "replanner"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    committed = {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    held = {name for name in wheel.namelist() if name.startswith("replanner/")}
    assert committed - held == set()
    assert "replanner/py.typed" in held
    assert "replanner/catalogue/gpus.json" in held


def test_it_holds_nothing_but_the_package(wheel: zipfile.ZipFile) -> None:
    tops = {Path(name).parts[0] for name in wheel.namelist()}
    assert tops == {"replanner", f"replanner-{__version__}.dist-info"}
    assert not [name for name in wheel.namelist() if name.endswith((".pyc", ".lock", ".env"))]


def test_its_metadata_can_be_published(wheel: zipfile.ZipFile) -> None:
    """By the twine 5.0.0 of the pinned publishing action, which knows metadata up to 2.3."""
    info = f"replanner-{__version__}.dist-info"
    metadata = wheel.read(f"{info}/METADATA").decode()
    assert metadata.startswith(f"Metadata-Version: 2.3\nName: replanner\nVersion: {__version__}\n")
    assert "License: Apache-2.0\n" in metadata
    assert "replanner = replanner.cli:script" in wheel.read(f"{info}/entry_points.txt").decode()
