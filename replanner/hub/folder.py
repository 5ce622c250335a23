"""Models on disk: a folder with a config.json, and a local hub, a folder of models with revisions:

HUB/org/name/refs/main          the commit that the branch stands for
HUB/org/name/<commit>/...       the files of that commit
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from replanner.errors import InputError, ModelNotFound, did_you_mean
from replanner.hub.disk import DiskShelf, kept_move, readable, write_file, write_folder
from replanner.hub.look import OneLook
from replanner.hub.names import check_commit, check_model_id, check_revision, is_commit
from replanner.hub.shelf import CONFIG, assemble
from replanner.planning.model_files import ModelFiles
from replanner.planning.request import is_folder


@dataclass(eq=False)
class FolderHub(OneLook):
    """`model.id` as a folder, relative to `root`. `confined` is for profiles of strangers: it
    refuses absolute paths and everything, links included, that leaves the root."""

    root: Path
    confined: bool = field(default=False, kw_only=True)

    def _resolve(self, model_id: str, revision: str) -> str | None:
        del model_id, revision  # a folder has no revisions
        return None

    def _read(self, model_id: str, commit: str | None) -> ModelFiles:
        del commit
        folder = self._folder(model_id)
        return assemble(model_id, None, DiskShelf(folder, self.root if self.confined else None))

    def _folder(self, model_id: str) -> Path:
        if not is_folder(model_id):
            raise InputError(f"{model_id[:100]!r} is no folder: it starts with ./, ../ or /")
        with readable(model_id):
            folder = (self.root / model_id).resolve()
            outside = not folder.is_relative_to(self.root.resolve())
            if self.confined and (outside or model_id.startswith("/")):
                raise InputError(f"model.id {model_id!r} leaves the repository")
            if not folder.is_dir():
                raise ModelNotFound(f"model.id {model_id!r}: {str(folder)!r} is no folder")
        return folder


@dataclass(eq=False)
class LocalHub(OneLook):
    """A folder of models with revisions; the cache of what was read from a Hub is one too."""

    root: Path

    def _resolve(self, model_id: str, revision: str) -> str | None:
        check_model_id(model_id)
        check_revision(revision)
        if is_commit(revision):
            return revision
        with readable(self._refs(model_id) / revision):
            return self._ref(model_id, revision)

    def _ref(self, model_id: str, revision: str) -> str:
        refs = self._refs(model_id)
        if not refs.is_dir():
            near = did_you_mean(model_id, self._model_ids())
            raise ModelNotFound(f"{str(self.root)!r} has no model {model_id!r}.{near}")
        if not (refs / revision).is_file():
            near = did_you_mean(revision, (f.relative_to(refs).as_posix() for f in refs.rglob("*")))
            raise ModelNotFound(f"{model_id} has no branch or tag {revision!r}.{near}")
        commit = (refs / revision).read_text(encoding="utf-8").strip()
        check_commit(commit)
        return commit

    def _model_ids(self) -> list[str]:
        return [
            path.parent.relative_to(self.root).as_posix() for path in self.root.glob("*/*/refs")
        ]

    def has(self, model_id: str, commit: str) -> bool:
        """Whether this commit can be read here."""
        check_model_id(model_id)
        check_commit(commit)
        with readable(self.root):
            return self.commit_folder(model_id, commit).is_dir()

    def _read(self, model_id: str, commit: str | None) -> ModelFiles:
        if commit is None or not self.has(model_id, commit):
            raise ModelNotFound(f"{str(self.root)!r} has no commit {commit} of {model_id}")
        folder = self.commit_folder(model_id, commit)
        files = assemble(model_id, commit, DiskShelf(folder))
        return files._replace(moved_to=kept_move(folder))

    def _committed_at(self, model_id: str, commit: str) -> int | None:
        """When its folder was written."""
        if not self.has(model_id, commit):
            return None
        with readable(self.root):
            return int(self.commit_folder(model_id, commit).stat().st_mtime)

    def _refs(self, model_id: str) -> Path:
        return self.root / _model_folder(model_id) / "refs"

    def commit_folder(self, model_id: str, commit: str) -> Path:
        return self.root / _model_folder(model_id) / commit

    def point(self, model_id: str, revision: str, *, commit: str) -> None:
        """Let a branch or tag stand for `commit`."""
        write_file(self._refs(model_id) / revision, commit + "\n")


def _model_folder(model_id: str) -> str:
    """`-` cannot be an organization, so old Hub ids without one (gpt2) have their own place."""
    return model_id if "/" in model_id else f"-/{model_id}"


@dataclass(eq=False)
class HubCache(LocalHub):
    """huggingface_hub's own cache, read only: what `hf download` or vLLM left on this machine."""

    def has(self, model_id: str, commit: str) -> bool:
        """Whoever filled the cache may have wanted the tokenizer only."""
        if not super().has(model_id, commit):
            return False
        with readable(self.root):
            return (self.commit_folder(model_id, commit) / CONFIG).is_file()

    def _refs(self, model_id: str) -> Path:
        return self._repository(model_id) / "refs"

    def commit_folder(self, model_id: str, commit: str) -> Path:
        return self._repository(model_id) / "snapshots" / commit

    def _repository(self, model_id: str) -> Path:
        return self.root / ("models--" + model_id.replace("/", "--"))


def commit_model(
    hub_dir: Path, model_id: str, files: Mapping[str, bytes], *, revision: str = "main"
) -> str:
    """Make `files` the next revision of a model in a local hub, and return its commit: a hash of
    the files and the commit before. The same files again are no new revision."""
    check_model_id(model_id)
    check_revision(revision)
    for path in files:
        _check_path(path)
    hub = LocalHub(hub_dir)
    try:
        parent = hub.resolve(model_id, revision) or ""
    except ModelNotFound:
        parent = ""
    if parent and _contents(hub.commit_folder(model_id, parent)) == dict(files):
        return parent
    commit = _commit_id(parent, files)
    with readable(hub_dir):
        write_folder(hub.commit_folder(model_id, commit), files)
        hub.point(model_id, revision, commit=commit)
    return commit


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or path.startswith("/") or "\0" in path:
        raise InputError(f"{path!r} is no path within a model")


def _contents(folder: Path) -> dict[str, bytes]:
    with readable(folder):
        found = (file for file in folder.rglob("*") if file.is_file())
        return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def _commit_id(parent: str, files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha1(parent.encode(), usedforsecurity=False)
    for path, data in sorted(files.items()):
        digest.update(
            b"\0%s\0%s" % (path.encode(), hashlib.sha1(data, usedforsecurity=False).digest())
        )
    return digest.hexdigest()
