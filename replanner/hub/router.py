"""Decides which hub a model.id means: a folder by how it begins, else a Hub's id."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from replanner.hub.look import OneLook
from replanner.planning.model_files import ModelFiles
from replanner.planning.request import is_folder


@dataclass(eq=False)
class RoutedHub:
    """Folders from disk or a commit; ids from the hub that `open_models` opens when first asked."""

    folders: OneLook
    open_models: Callable[[], OneLook]

    @cached_property
    def models(self) -> OneLook:
        return self.open_models()

    def fetch(self, model_id: str, revision: str, *, commit: str | None = None) -> ModelFiles:
        return self._of(model_id).fetch(model_id, revision, commit=commit)

    def resolve(self, model_id: str, revision: str) -> str | None:
        return self._of(model_id).resolve(model_id, revision)

    def committed_at(self, model_id: str, commit: str) -> int | None:
        return self._of(model_id).committed_at(model_id, commit)

    def _of(self, model_id: str) -> OneLook:
        return self.folders if is_folder(model_id) else self.models
