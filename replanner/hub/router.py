"""Decides which hub a model.id means: a folder by how it begins, else a Hub's id."""

from dataclasses import dataclass

from replanner.hub.folder import FolderHub, LocalHub
from replanner.hub.huggingface import HuggingFaceHub
from replanner.hub.names import is_folder
from replanner.planning.model_files import ModelFiles


@dataclass(eq=False)
class RoutedHub:
    """Folders from disk; ids from a local hub or a Hugging Face Hub."""

    folders: FolderHub
    models: LocalHub | HuggingFaceHub

    def fetch(self, model_id: str, revision: str, *, commit: str | None = None) -> ModelFiles:
        return self._of(model_id).fetch(model_id, revision, commit=commit)

    def resolve(self, model_id: str, revision: str) -> str | None:
        return self._of(model_id).resolve(model_id, revision)

    def _of(self, model_id: str) -> FolderHub | LocalHub | HuggingFaceHub:
        return self.folders if is_folder(model_id) else self.models
