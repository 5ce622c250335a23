"""One look at the world: an instance answers the same question the same way, so that all profiles
of a run see a model at one commit, and asks upstream only once."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

from replanner.errors import ReplannerError
from replanner.hub.names import check_commit
from replanner.planning.model_files import ModelFiles

T = TypeVar("T")


@dataclass(eq=False)
class OneLook(ABC):
    """What adapters share; they say how to resolve and how to read. Make a new instance per run."""

    _seen: dict[tuple[str, ...], object] = field(default_factory=dict, init=False, repr=False)

    def fetch(self, model_id: str, revision: str, *, commit: str | None = None) -> ModelFiles:
        """The model at `commit`, or at the commit its `revision` stands for now."""
        if commit is not None:
            check_commit(commit)
        pinned = commit or self.resolve(model_id, revision)
        files = self._once(("files", model_id, pinned or ""), lambda: self._read(model_id, pinned))
        return files._replace(revision=revision)

    def resolve(self, model_id: str, revision: str) -> str | None:
        """The commit that `revision` stands for now; None where a folder has no revisions."""
        return self._once(("commit", model_id, revision), lambda: self._resolve(model_id, revision))

    def committed_at(self, model_id: str, commit: str) -> int | None:
        """When the commit was made, in seconds since 1970; None where nobody knows."""
        return self._once(("date", model_id, commit), lambda: self._committed_at(model_id, commit))

    def _once(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """Failures are remembered too: a hundred profiles of a missing model ask once."""
        if key not in self._seen:
            try:
                self._seen[key] = make()
            except ReplannerError as error:
                self._seen[key] = error
        seen = self._seen[key]
        if isinstance(seen, ReplannerError):
            raise seen.with_traceback(None)
        return cast(T, seen)

    @abstractmethod
    def _resolve(self, model_id: str, revision: str) -> str | None: ...

    def _committed_at(self, model_id: str, commit: str) -> int | None:
        """A folder has no history."""
        del model_id, commit
        return None

    @abstractmethod
    def _read(self, model_id: str, commit: str | None) -> ModelFiles: ...
