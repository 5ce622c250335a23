"""The spelling of model.id decides where a model is looked for, and nothing else does."""

from pathlib import Path

from checkpoints import CONFIG, changed

from replanner.hub.folder import FolderHub, LocalHub, commit_model
from replanner.hub.router import RoutedHub


def test_a_folder_and_a_model_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "acme/tiny").mkdir(parents=True)
    (tmp_path / "acme/tiny/config.json").write_bytes(changed(vocab_size=7))
    commit = commit_model(tmp_path / "hub", "acme/tiny", {"config.json": CONFIG})
    places = RoutedHub(folders=FolderHub(tmp_path), open_models=lambda: LocalHub(tmp_path / "hub"))
    assert places.resolve("acme/tiny", "main") == commit
    assert places.fetch("acme/tiny", "main").config["vocab_size"] == 256
    assert places.resolve("./acme/tiny", "main") is None
    assert places.fetch("./acme/tiny", "main").config["vocab_size"] == 7
    assert (places.committed_at("acme/tiny", commit) or 0) > 0
    assert places.committed_at("./acme/tiny", commit) is None
