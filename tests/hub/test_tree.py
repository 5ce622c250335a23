"""Models in the repository: read from a commit, as the same folder on disk would be."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from checkpoints import CONFIG, INDEX, changed

from replanner.errors import InputError, ModelNotFound, UnsupportedModel
from replanner.hub.folder import FolderHub
from replanner.hub.tree import TreeHub

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"


@dataclass
class FakeTree:
    """Files of a commit that never existed."""

    files: dict[str, bytes]
    expected: list[str] = field(default_factory=list)

    def paths(self) -> Collection[str]:
        return self.files

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise InputError(f"{path}: no such file")
        return self.files[path]

    def expect(self, paths: Iterable[str]) -> None:
        self.expected += paths


FILES = {
    "models/tiny/config.json": CONFIG,
    "models/tiny/model.safetensors.index.json": INDEX,
    "models/tiny/tokenizer/vocab.txt": b"a\n",
    "models/tiny/.hidden/config.json": b"{}",
    "models/tiny2/config.json": changed(vocab_size=7),
    "config.json": changed(vocab_size=9),
}


@pytest.mark.parametrize("model_id", ["./models/tiny", "./models/../models/tiny/", "./"])
def test_a_folder_is_read_as_on_disk(tmp_path: Path, model_id: str) -> None:
    for path, data in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    here = TreeHub(FakeTree(FILES)).fetch(model_id, "main")
    disk = FolderHub(tmp_path).fetch(model_id, "main")
    assert (here.config, here.checkpoint) == (disk.config, disk.checkpoint)
    assert here.commit is None
    if model_id != "./":  # on disk, the root's folders are looked into only one level deep
        assert here.files == disk.files


def test_its_files_are_expected_together() -> None:
    tree = FakeTree(FILES)
    TreeHub(tree).fetch("./models/tiny", "main")
    assert sorted(tree.expected) == [
        path for path in sorted(FILES) if "/tiny/" in path and ".h" not in path
    ]


@pytest.mark.parametrize(
    "model_id", ["/etc/models", "../other", "./..", "./models/../../other", "././../x"]
)
def test_nothing_outside_the_repository_is_read(model_id: str) -> None:
    with pytest.raises(InputError, match="leaves the repository"):
        TreeHub(FakeTree(FILES)).fetch(model_id, "main")


def test_a_folder_that_is_not_there_or_holds_no_model_is_told() -> None:
    with pytest.raises(ModelNotFound, match="no such folder"):
        TreeHub(FakeTree(FILES)).fetch("./models/big", "main")
    with pytest.raises(UnsupportedModel, match=r"has no config\.json"):
        TreeHub(FakeTree({"m/x.json": b"{}"})).fetch("./m", "main")
    with pytest.raises(InputError, match="is no folder"):
        TreeHub(FakeTree(FILES)).fetch("acme/tiny", "main")


def test_large_files_that_git_lfs_keeps_count_with_their_real_size() -> None:
    pointer = POINTER % (b"0a" * 32, 5_000_000_000)
    shards = {f"m/model-0000{n}-of-00002.safetensors": pointer for n in (1, 2)}
    files = {"m/config.json": CONFIG, "m/tokenizer.json": pointer, **shards}
    model = TreeHub(FakeTree(files)).fetch("./m", "main")
    assert model.checkpoint is not None
    assert model.checkpoint.total_bytes == 10_000_000_000
    digests = {one.path: one.digest for one in model.files}
    assert digests["tokenizer.json"] == "sha256:" + "0a" * 32
    assert digests["model-00001-of-00002.safetensors"] == "size:5000000000"


def test_a_config_that_git_lfs_keeps_is_told_as_that() -> None:
    files = {"m/config.json": POINTER % (b"0a" * 32, 700)}
    with pytest.raises(UnsupportedModel, match=r"m/config\.json is kept by git-lfs"):
        TreeHub(FakeTree(files)).fetch("./m", "main")
