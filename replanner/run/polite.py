"""The Hub and registries, asked with manners: what fails again and again is left alone a while.

What strangers' profiles name is asked apart from that: as often as a pull request may reasonably
want, and nobody else is kept waiting for what comes of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlsplit

from replanner.errors import InputError, ReplannerError
from replanner.hub.look import OneLook
from replanner.planning.images import image_name
from replanner.planning.model_files import ModelFiles
from replanner.profile.settings import Settings
from replanner.resolve import Registry
from replanner.run.world import Images, Models
from replanner.upstream.manners import Manners

T = TypeVar("T")
# A model takes two or three, of either side of a pull request.
MOST_OF_A_STRANGER: Final = 300
# Limits and outages that a stranger meets, or makes, are not those of who has a token.
_STRANGERS: Final = " for strangers"


@dataclass
class _Ration:
    """How much may still be asked; None: anything."""

    left: int | None = None

    def take(self) -> None:
        if self.left is None:
            return
        if self.left == 0:
            raise InputError(
                "the pull request names more models and images than are looked up for a fork.",
                hint="Split it, or open it from a branch of the repository.",
            )
        self.left -= 1


def _ration(trusted: bool) -> _Ration:  # noqa: FBT001 - see Models
    return _Ration(None if trusted else MOST_OF_A_STRANGER)


def _key(host: str, trusted: bool) -> str:  # noqa: FBT001 - see Models
    return host if trusted else host + _STRANGERS


@dataclass(eq=False)
class PoliteHub(OneLook):
    """A Hub's models; each question is asked, and counts, once."""

    inner: OneLook
    host: str
    manners: Manners = field(repr=False)
    ration: _Ration = field(default_factory=_Ration)

    def _resolve(self, model_id: str, revision: str) -> str | None:
        about = f"{model_id}@{revision}"
        return self._asked(about, lambda: self.inner.resolve(model_id, revision))

    def _committed_at(self, model_id: str, commit: str) -> int | None:
        about = f"{model_id} date {commit}"
        return self._asked(about, lambda: self.inner.committed_at(model_id, commit))

    def _read(self, model_id: str, commit: str | None) -> ModelFiles:
        about = f"{model_id} files {commit}"
        return self._asked(about, lambda: self.inner.fetch(model_id, "", commit=commit))

    def _asked(self, about: str, question: Callable[[], T]) -> T:
        self.ration.take()
        return self.manners.ask("hub", self.host, question, about=about)


@dataclass(eq=False)
class PoliteRegistry:
    """The port `Registry`; each question is asked, and counts, once."""

    inner: Registry
    manners: Manners = field(repr=False)
    trusted: bool = True
    _seen: dict[tuple[str, str], str | ReplannerError] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._ration = _ration(self.trusted)

    def pin(self, repository: str, track: str) -> str:
        key = (repository, track)
        if key not in self._seen:
            self._seen[key] = self._asked(repository, track)
        seen = self._seen[key]
        if isinstance(seen, ReplannerError):
            raise seen.with_traceback(None)
        return seen

    def _asked(self, repository: str, track: str) -> str | ReplannerError:
        host = _key(image_name(repository).registry, self.trusted)
        try:
            self._ration.take()
            return self.manners.ask(
                "registry", host, lambda: self.inner.pin(repository, track), about=repository
            )
        except ReplannerError as error:
            return error


def politely(models: Models, manners: Manners) -> Models:
    """The same Hubs."""

    def opened(settings: Settings, with_token: bool) -> OneLook:  # noqa: FBT001 - see Models
        host = urlsplit(settings.hf_endpoint).netloc.rpartition("@")[2]
        key = _key(host or "huggingface.co", with_token)
        return PoliteHub(models(settings, with_token), key, manners, _ration(with_token))

    return opened


def politely_pinned(images: Images, manners: Manners) -> Images:
    """The same registries."""

    def opened(trusted: bool) -> Registry:  # noqa: FBT001 - see Images
        return PoliteRegistry(images(trusted), manners, trusted)

    return opened
