"""Decides who is asked for a model: the folders for `./models/x`, the hub for everything else."""

from dataclasses import dataclass

from replanner.hub.look import OneLook
from replanner.hub.names import is_folder
from replanner.planning.model_files import ModelFiles


@dataclass(frozen=True, slots=True)
class Places:
    """Both kinds of model.id behind one port."""

    folders: OneLook
    models: OneLook

    def fetch(self, model_id: str, revision: str, *, commit: str | None = None) -> ModelFiles:
        return self._place(model_id).fetch(model_id, revision, commit=commit)

    def resolve(self, model_id: str, revision: str) -> str | None:
        return self._place(model_id).resolve(model_id, revision)

    def _place(self, model_id: str) -> OneLook:
        return self.folders if is_folder(model_id) else self.models
