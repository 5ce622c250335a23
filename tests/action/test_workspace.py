"""Files of a run stay in the workspace, whatever paths and links say."""

import os
from pathlib import Path

import pytest

from replanner.action.workspace import Workspace
from replanner.errors import InputError


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    (tmp_path / "work").mkdir()
    (tmp_path / "secret.json").write_text("{}")
    return Workspace(tmp_path / "work")


def test_a_report_is_written_and_replaced_in_folders_made_for_it(space: Workspace) -> None:
    for text in ("one", "two ä"):
        space.write("out/deep/report.json", text, what="report-path")
    assert (space.root / "out/deep/report.json").read_text(encoding="utf-8") == "two ä"
    assert [file.name for file in (space.root / "out/deep").iterdir()] == ["report.json"]
    assert space.read("out/deep/report.json", what="x", most=100) == "two ä".encode()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root hands over")
def test_what_root_writes_belongs_to_the_workspaces_owner(space: Workspace) -> None:
    os.chown(space.root, 1001, 121)
    space.write("out/report.json", "x", what="report-path")
    for path in ("out", "out/report.json"):
        stat = (space.root / path).stat()
        assert (stat.st_uid, stat.st_gid) == (1001, 121)


@pytest.mark.parametrize("path", ["../secret.json", "/etc/passwd", "a/../../secret.json", "out"])
def test_a_path_that_leaves_or_is_a_folder_is_refused(space: Workspace, path: str) -> None:
    (space.root / "out").mkdir()
    for act in (
        lambda: space.write(path, "x", what="report-path"),
        lambda: space.read(path, what="report-path", most=10),
    ):
        with pytest.raises(InputError, match="is no file of the workspace"):
            act()
    assert (space.root.parent / "secret.json").read_text() == "{}"


def test_a_link_that_somebody_committed_leads_nowhere(space: Workspace) -> None:
    (space.root / "link.json").symlink_to("../secret.json")
    (space.root / "folder").symlink_to("..")
    (space.root / "loop").symlink_to("loop")
    for path in ("link.json", "folder/secret.json", "loop/x.json"):
        with pytest.raises(InputError, match="is no file of the workspace"):
            space.write(path, "x", what="sarif-path")
        with pytest.raises(InputError, match="is no file of the workspace"):
            space.read(path, what="report-artifact", most=10)
    assert (space.root.parent / "secret.json").read_text() == "{}"


def test_what_is_missing_or_too_large_is_a_sentence(space: Workspace) -> None:
    with pytest.raises(InputError, match="report-artifact 'x' cannot be read: No such file"):
        space.read("x", what="report-artifact", most=10)
    (space.root / "x").write_bytes(b"1" * 11)
    with pytest.raises(InputError, match="is larger than"):
        space.read("x", what="report-artifact", most=10)
    with pytest.raises(InputError, match="cannot be written"):
        space.write("x/y.json", "", what="report-path")
