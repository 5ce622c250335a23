"""The Hub and registries, asked with manners: what fails again and again is left alone a while."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from replanner.errors import ReplannerError
from replanner.hub.look import OneLook
from replanner.planning.images import image_name
from replanner.planning.model_files import ModelFiles
from replanner.profile.settings import Settings
from replanner.resolve import Registry
from replanner.run.world import Images, Models
from replanner.upstream.manners import Manners

T = TypeVar("T")


@dataclass(eq=False)
class PoliteHub(OneLook):
    """A Hub's models; each question is asked, and counts, once."""

    inner: OneLook
    host: str
    manners: Manners = field(repr=False)

    def _resolve(self, model_id: str, revision: str) -> str | None:
        return self._asked(lambda: self.inner.resolve(model_id, revision))

    def _committed_at(self, model_id: str, commit: str) -> int | None:
        return self._asked(lambda: self.inner.committed_at(model_id, commit))

    def _read(self, model_id: str, commit: str | None) -> ModelFiles:
        return self._asked(lambda: self.inner.fetch(model_id, "", commit=commit))

    def _asked(self, question: Callable[[], T]) -> T:
        return self.manners.ask("hub", self.host, question)


@dataclass(eq=False)
class PoliteRegistry:
    """The port `Registry`; each question is asked, and counts, once."""

    inner: Registry
    manners: Manners = field(repr=False)
    _seen: dict[tuple[str, str], str | ReplannerError] = field(default_factory=dict, repr=False)

    def pin(self, repository: str, track: str) -> str:
        key = (repository, track)
        if key not in self._seen:
            self._seen[key] = self._asked(repository, track)
        seen = self._seen[key]
        if isinstance(seen, ReplannerError):
            raise seen.with_traceback(None)
        return seen

    def _asked(self, repository: str, track: str) -> str | ReplannerError:
        host = image_name(repository).registry
        try:
            return self.manners.ask("registry", host, lambda: self.inner.pin(repository, track))
        except ReplannerError as error:
            return error


def politely(models: Models, manners: Manners) -> Models:
    """The same Hubs."""

    def opened(settings: Settings, with_token: bool) -> OneLook:  # noqa: FBT001 - see Models
        host = urlsplit(settings.hf_endpoint).netloc.rpartition("@")[2]
        return PoliteHub(models(settings, with_token), host or "huggingface.co", manners)

    return opened


def politely_pinned(images: Images, manners: Manners) -> Images:
    """The same registries."""

    def opened(trusted: bool) -> Registry:  # noqa: FBT001 - see Images
        return PoliteRegistry(images(trusted), manners)

    return opened
