"""Files of a commit and of a folder: read in bulk, never through links to the outside."""

from pathlib import Path

import pytest
from gitting import Repo

from replanner.errors import InputError
from replanner.forge import files, trees
from replanner.forge.git import Git
from replanner.forge.trees import WorkingTree, tree_at


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.new(tmp_path / "repo")


def test_a_commits_files_are_read_whatever_lies_on_disk(repo: Repo) -> None:
    first = repo.commit({"a/x.yaml": "one", "a/y.yaml": b"\x00\xff\n", "a/same": "one", "b": ""})
    repo.commit({"a/x.yaml": "two"})
    tree = tree_at(Git.at(repo.root), first)
    assert sorted(tree.paths()) == ["a/same", "a/x.yaml", "a/y.yaml", "b"]
    assert tree.read("a/x.yaml") == b"one"
    assert tree.read("a/y.yaml") == b"\x00\xff\n"
    assert tree.read("a/same") == b"one"
    assert tree.read("b") == b""


def test_tags_branches_and_ids_name_a_commit(repo: Repo) -> None:
    first = repo.commit({"a": "one"})
    repo.git("tag", "-a", "v1", "-m", "x")
    repo.commit({"a": "two"})
    git = Git.at(repo.root)
    assert [tree_at(git, one).read("a") for one in ("v1", first[:8], "main")] == [
        b"one",
        b"one",
        b"two",
    ]


@pytest.mark.parametrize("revision", ["nope", "-h", "HEAD:a", "", "HEAD~9"])
def test_revisions_that_are_none_are_told(repo: Repo, revision: str) -> None:
    repo.commit({"a": "one"})
    with pytest.raises(InputError, match="no revision"):
        tree_at(Git.at(repo.root), revision)


def test_links_and_submodules_are_no_files(repo: Repo) -> None:
    (repo.root / "link").symlink_to("a")
    repo.commit({"a": "one"})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    repo.git("commit", "-q", "-m", "sub")
    tree = tree_at(Git.at(repo.root), "main")
    assert list(tree.paths()) == ["a"]
    with pytest.raises(InputError, match="no such file"):
        tree.read("link")


def test_large_files_are_refused(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (files, trees):
        monkeypatch.setattr(module, "LARGEST_FILE", 3)
    repo.commit({"a": "four"})
    with pytest.raises(InputError, match="larger than"):
        tree_at(Git.at(repo.root), "main").read("a")
    with pytest.raises(InputError, match="larger than"):
        WorkingTree(repo.root).read("a")


def test_only_neighbours_that_are_small_are_read_ahead(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "_AHEAD_FILE", 3)
    monkeypatch.setattr(trees, "_AHEAD_TOTAL", 5)
    repo.commit({"a/1": "aaa", "a/2": "bbb", "a/3": "cccc", "b/1": "d"})
    tree = tree_at(Git.at(repo.root), "main")
    assert tree.read("a/1") == b"aaa"
    assert len(tree._kept) == 1  # two of three bytes each would be one too many
    assert tree.read("a/3") == b"cccc"


def test_a_broken_repository_is_told(repo: Repo) -> None:
    commit = repo.commit({"a": "one"})
    tree = repo.git("rev-parse", "main^{tree}")
    (repo.root / ".git/objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        tree_at(Git.at(repo.root), commit)


def test_a_folders_files_are_read(tmp_path: Path) -> None:
    repo = Repo.new(tmp_path / "r")
    repo.write({"profiles/a.yaml": "x", ".github/replanner.yaml": "", ".venv/lib/y": ""})
    tree = WorkingTree(repo.root)
    assert sorted(tree.paths()) == [".github/replanner.yaml", "profiles/a.yaml"]
    assert tree.read("profiles/a.yaml") == b"x"


def test_links_in_a_folder_are_no_files_either(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("secret")
    (root / "inside").write_text("fine")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "in").symlink_to("inside")
    (root / "loop").symlink_to("loop")
    (root / "folder").symlink_to(tmp_path)
    tree = WorkingTree(root)
    assert sorted(tree.paths()) == ["inside"]
    for path in ("out", "../secret", "folder/secret", "loop", "/etc/hostname"):
        with pytest.raises(InputError):
            tree.read(path)


@pytest.mark.parametrize("path", ["nope", "folder", "a\x00b"])
def test_what_cannot_be_read_is_told(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError):
        WorkingTree(tmp_path).read(path)
