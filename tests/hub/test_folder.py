"""Models on disk: folders, local hubs, and what strangers may not reach with them."""

import json
import os
from pathlib import Path

import pytest
from checkpoints import CONFIG, INDEX, LLAMA, TENSOR_BYTES, TENSORS, changed, header

from replanner.errors import InputError, ModelNotFound, UnsupportedModel
from replanner.hub import shelf
from replanner.hub.disk import LISTING, git_digest
from replanner.hub.folder import FolderHub, LocalHub, commit_model

FILES = {"config.json": CONFIG, "model.safetensors.index.json": INDEX, "README.md": b"# tiny\n"}


def folder(root: Path, name: str = "models/tiny", **files: bytes) -> Path:
    made = root / name
    made.mkdir(parents=True)
    for path, data in ({"config_json": CONFIG} | files).items():
        (made / path.replace("_json", ".json")).write_bytes(data)
    return made


def test_a_folder_is_read_relative_to_the_root(tmp_path: Path) -> None:
    folder(tmp_path)
    files = FolderHub(tmp_path).fetch("./models/tiny", "main")
    assert (files.commit, files.revision) == (None, "main")
    assert files.config == LLAMA
    assert [(f.path, f.digest) for f in files.files] == [("config.json", git_digest(CONFIG))]


def test_an_absolute_folder_is_read(tmp_path: Path) -> None:
    made = folder(tmp_path)
    assert FolderHub(Path("/")).fetch(str(made), "main").config == LLAMA


def test_a_folder_has_no_commit(tmp_path: Path) -> None:
    assert FolderHub(tmp_path).resolve("./models/tiny", "main") is None


def test_weights_on_disk_are_measured_and_never_read(tmp_path: Path) -> None:
    made = folder(tmp_path)
    head, size = header(TENSORS)
    (made / "model.safetensors").write_bytes(head)
    os.truncate(made / "model.safetensors", size)
    files = FolderHub(tmp_path).fetch("./models/tiny", "main")
    assert files.checkpoint is not None
    assert files.checkpoint.total_bytes == TENSOR_BYTES
    assert files.checkpoint.tensors == TENSORS
    assert files.files[1].digest == f"size:{size}"


def test_a_header_longer_than_the_first_read_is_read_whole(tmp_path: Path) -> None:
    made = folder(tmp_path)
    tensors = {f"model.layers.{n}.weight": ("BF16", (4, 4)) for n in range(2000)}
    head, size = header(tensors)
    assert len(head) > shelf.FIRST_READ
    (made / "model.safetensors").write_bytes(head)
    os.truncate(made / "model.safetensors", size)
    index = FolderHub(tmp_path).fetch("./models/tiny", "main").checkpoint
    assert index is not None
    assert index.tensors == tensors


def test_a_huge_header_is_left_alone(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "model.safetensors").write_bytes((shelf.MAX_HEADER_READ).to_bytes(8, "little"))
    os.truncate(made / "model.safetensors", 2**30)
    index = FolderHub(tmp_path).fetch("./models/tiny", "main").checkpoint
    assert index is not None
    assert (index.total_bytes, index.tensors) == (2**30, None)


def test_an_index_without_total_is_summed_over_its_files(tmp_path: Path) -> None:
    made = folder(tmp_path)
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (made / "model.safetensors.index.json").write_text(json.dumps(index))
    for name in ("one", "two", "other"):
        (made / f"{name}.safetensors").write_bytes(bytes(10))
    found = FolderHub(tmp_path).fetch("./models/tiny", "main").checkpoint
    assert found is not None
    assert found.total_bytes == 20


def test_an_index_whose_files_are_absent_has_no_total(tmp_path: Path) -> None:
    folder(tmp_path)
    index = {"weight_map": {"a": "one.safetensors"}}
    (tmp_path / "models/tiny/model.safetensors.index.json").write_text(json.dumps(index))
    found = FolderHub(tmp_path).fetch("./models/tiny", "main").checkpoint
    assert found is not None
    assert found.total_bytes is None


def test_gguf_files_beside_a_config_are_measured(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "tiny-Q4_K_M.gguf").write_bytes(bytes(30))
    assert FolderHub(tmp_path).fetch("./models/tiny", "main").gguf_bytes == 30
    (made / "model.safetensors").write_bytes(header({})[0])
    assert FolderHub(tmp_path).fetch("./models/tiny", "main").gguf_bytes is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("params.json", "Mistral"),
        ("adapter_config.json", "adapter"),
        ("model_index.json", "pipeline"),
        ("README.md", "has no config.json"),
    ],
)
def test_a_folder_without_config_says_what_it_holds(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(UnsupportedModel, match=said):
        FolderHub(tmp_path).fetch("./", "main")


def test_a_missing_folder_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="is no folder"):
        FolderHub(tmp_path).fetch("./models/tiny", "main")


@pytest.mark.parametrize("model", ["./a\0b", "./" + "x" * 5000])
def test_a_path_that_cannot_be_is_bad_input(tmp_path: Path, model: str) -> None:
    with pytest.raises(InputError):
        FolderHub(tmp_path).fetch(model, "main")


def test_a_hub_id_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no folder"):
        FolderHub(tmp_path).fetch("acme/tiny", "main")


def test_an_oversized_config_is_not_read(tmp_path: Path) -> None:
    made = folder(tmp_path)
    os.truncate(made / "config.json", 5 * 2**20)
    with pytest.raises(UnsupportedModel, match=r"config\.json of \./models/tiny is larger"):
        FolderHub(tmp_path).fetch("./models/tiny", "main")


def test_a_pipe_that_calls_itself_config_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(UnsupportedModel, match=r"has no config\.json"):
        FolderHub(tmp_path).fetch("./", "main")


@pytest.mark.parametrize("model", ["../secret", "./../secret", "./link", "/etc"])
def test_a_strangers_folder_stays_within_the_root(tmp_path: Path, model: str) -> None:
    folder(tmp_path, "secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="leaves the repository"):
        FolderHub(root, confined=True).fetch(model, "main")


def test_a_strangers_file_stays_within_the_root(tmp_path: Path) -> None:
    folder(tmp_path, "secret")
    made = folder(tmp_path, "root/model")
    (made / "config.json").unlink()
    (made / "config.json").symlink_to(tmp_path / "secret/config.json")
    with pytest.raises(InputError, match="a link that leaves"):
        FolderHub(tmp_path / "root", confined=True).fetch("./model", "main")
    assert FolderHub(tmp_path / "root").fetch("./model", "main").config == LLAMA


def test_a_commit_of_a_local_hub_is_read(tmp_path: Path) -> None:
    commit = commit_model(tmp_path, "acme/tiny", FILES)
    files = LocalHub(tmp_path).fetch("acme/tiny", "main")
    assert files.commit == commit
    assert files.checkpoint is not None
    assert files.checkpoint.total_bytes == 6_553_612_288
    assert {f.path for f in files.files} == set(FILES)


def test_each_change_is_a_new_commit_and_the_old_one_stays(tmp_path: Path) -> None:
    one = commit_model(tmp_path, "acme/tiny", FILES)
    two = commit_model(tmp_path, "acme/tiny", {**FILES, "config.json": changed(vocab_size=512)})
    back = commit_model(tmp_path, "acme/tiny", FILES)
    assert len({one, two, back}) == 3
    hub = LocalHub(tmp_path)
    assert hub.resolve("acme/tiny", "main") == back
    assert hub.fetch("acme/tiny", "main", commit=two).config["vocab_size"] == 512
    assert hub.fetch("acme/tiny", one).commit == one


def test_the_same_files_again_are_no_new_commit(tmp_path: Path) -> None:
    commit = commit_model(tmp_path, "acme/tiny", FILES)
    assert commit_model(tmp_path, "acme/tiny", FILES) == commit


def test_equal_histories_have_equal_commits(tmp_path: Path) -> None:
    made = [commit_model(tmp_path / n, "acme/tiny", FILES) for n in ("a", "b")]
    assert made[0] == made[1]


def test_branches_move_on_their_own(tmp_path: Path) -> None:
    main = commit_model(tmp_path, "acme/tiny", FILES)
    side = commit_model(tmp_path, "acme/tiny", {"config.json": CONFIG}, revision="feature/x")
    hub = LocalHub(tmp_path)
    assert hub.resolve("acme/tiny", "main") == main
    assert hub.resolve("acme/tiny", "feature/x") == side


def test_near_names_are_offered(tmp_path: Path) -> None:
    commit_model(tmp_path, "acme/tiny", FILES)
    hub = LocalHub(tmp_path)
    with pytest.raises(ModelNotFound, match="Did you mean 'acme/tiny'"):
        hub.resolve("acme/tinny", "main")
    with pytest.raises(ModelNotFound, match="Did you mean 'main'"):
        hub.resolve("acme/tiny", "mian")


def test_a_commit_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    commit_model(tmp_path, "acme/tiny", FILES)
    with pytest.raises(ModelNotFound, match="has no commit"):
        LocalHub(tmp_path).fetch("acme/tiny", "main", commit="a" * 40)


def test_a_ref_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    commit_model(tmp_path, "acme/tiny", FILES)
    (tmp_path / "acme/tiny/refs/main").write_text("../../../etc")
    with pytest.raises(InputError, match="is no commit"):
        LocalHub(tmp_path).fetch("acme/tiny", "main")


@pytest.mark.parametrize("model", ["../x", "acme/../x", "/etc", "a/b/c", ".git/x"])
def test_no_model_id_leaves_the_hub(tmp_path: Path, model: str) -> None:
    with pytest.raises(InputError, match="is no model id"):
        LocalHub(tmp_path).fetch(model, "main")
    with pytest.raises(InputError, match="is no model id"):
        commit_model(tmp_path, model, FILES)


@pytest.mark.parametrize("path", ["", "../x", "/etc/x", "a/../../x", "a\0b"])
def test_no_file_leaves_its_commit(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match="is no path within a model"):
        commit_model(tmp_path, "acme/tiny", {path: b""})


def test_an_old_id_without_organization_has_its_own_place(tmp_path: Path) -> None:
    commit = commit_model(tmp_path, "gpt2", FILES)
    assert LocalHub(tmp_path).fetch("gpt2", "main").commit == commit


def test_a_damaged_listing_says_what_to_delete(tmp_path: Path) -> None:
    commit_model(tmp_path, "acme/tiny", {**FILES, LISTING: b"{"})
    with pytest.raises(InputError, match="is damaged") as caught:
        LocalHub(tmp_path).fetch("acme/tiny", "main")
    assert "Delete" in caught.value.hint


def test_a_commits_date_is_when_its_folder_was_written(tmp_path: Path) -> None:
    commit = commit_model(tmp_path, "acme/tiny", FILES)
    hub = LocalHub(tmp_path)
    os.utime(hub.commit_folder("acme/tiny", commit), (1_700_000_000, 1_700_000_000))
    assert hub.committed_at("acme/tiny", commit) == 1_700_000_000
    assert hub.committed_at("acme/tiny", "b" * 40) is None
    assert FolderHub(tmp_path).committed_at("./acme", "b" * 40) is None
