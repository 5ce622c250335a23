"""Which repository follows what: read from the repositories themselves, kept while their bases
stand where they stood. Whether they do is asked in a way that costs nothing while they do."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from replanner.errors import ReplannerError, UpstreamError
from replanner.planning.images import USUAL_IMAGES, follows, image_name, repository_of
from replanner.planning.request import is_folder
from replanner.profile import Profile, RepoConfig
from replanner.profile.globs import matches
from replanner.profile.settings import Settings
from replanner.replan.ports import Base
from replanner.replan.repository import read_repository
from replanner.resolve import DRAFT_REVISION
from replanner.run.scene import settings_of
from replanner.run.world import World
from replanner.server.gate import Gate
from replanner.webhooks.events import HookEvent, ImageMoved, ModelMoved, SubjectMoved

# A storm of events looks at a repository this often at most.
_FRESH_S: Final = 20.0
# What the bases' commits do not tell, such as which branch is the default one, is this old at most.
_READ_S: Final = 3600.0


class Followed(NamedTuple):
    """What one base follows: (model, revision), (image, track), and the paths of its profiles."""

    base: str
    commit: str
    models: frozenset[tuple[str, str]]
    images: frozenset[tuple[str, str]]
    profiles: tuple[str, ...]

    def concerns(self, event: HookEvent, subjects: Mapping[str, str]) -> bool:
        """Is the event about something that is followed here?"""
        match event:
            case ModelMoved(model_id, revision):
                return any(
                    model.lower() == model_id.lower() and revision in ("", at)
                    for model, at in self.models
                )
            case ImageMoved(image, tag):
                name = str(image_name(image))
                return any(
                    str(image_name(followed)) == name and (not tag or follows(track, tag))
                    for followed, track in self.images
                )
            case SubjectMoved(subject):
                globs = [glob for named, glob in subjects.items() if matches(subject, named)]
                return any(matches(path, glob) for glob in globs for path in self.profiles)
            case _:
                return False


class Known(NamedTuple):
    """A repository: what its default branch says, and what each base follows."""

    settings: Settings
    config: RepoConfig
    bases: tuple[Followed, ...]


class _Kept(NamedTuple):
    """When it was last asked whether it still holds, when it was read, and the commits it was read
    from, by branch."""

    looked_s: float
    read_s: float
    known: Known
    heads: Mapping[str, str]


@dataclass
class Index:
    """`inputs` are what the server says in every repository."""

    gate: Gate
    inputs: Mapping[str, str] = field(repr=False)  # may hold a token
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, _Kept] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def known(self, repository: str) -> Known:
        """What the repository follows; asked again once that is a while ago."""
        with self._lock(repository):
            kept = self._known.get(repository)
            if kept is None or self.clock() - kept.looked_s > _FRESH_S:
                kept = self._anew(repository, kept)
                self._known[repository] = kept
            return kept.known

    def bases(self, repository: str) -> tuple[str, ...]:
        """Those that it had when it was last read, however long ago that is; the default one, which
        has no name here, where it never was."""
        kept = self._known.get(repository)
        return tuple(one.base for one in kept.known.bases) if kept else ("",)

    def forget(self, repository: str) -> None:
        """Something changed there: the next question is asked of the repository."""
        with self._lock(repository):
            kept = self._known.get(repository)
            if kept:
                self._known[repository] = kept._replace(looked_s=self.clock() - 2 * _FRESH_S)

    def keep_only(self, repositories: Collection[str]) -> None:
        """The others are gone: nothing of them is kept."""
        with self._guard:
            for gone in self._known.keys() - set(repositories):
                self._known.pop(gone, None)
                self._locks.pop(gone, None)

    def _lock(self, repository: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(repository, threading.Lock())

    def _anew(self, repository: str, kept: _Kept | None) -> _Kept:
        if kept and self.clock() - kept.read_s <= _READ_S and self._holds(repository, kept):
            return kept._replace(looked_s=self.clock())
        with self.gate.world(repository) as world:
            known, heads = self._read(world, kept.known if kept else None)
        return _Kept(self.clock(), self.clock(), known, heads)

    def _holds(self, repository: str, kept: _Kept) -> bool:
        try:
            return self.gate.still(repository, kept.heads)
        except UpstreamError:
            raise
        except ReplannerError:
            return False  # a branch is gone, say: reading it all tells what is wrong

    def _read(self, world: World, before: Known | None) -> tuple[Known, Mapping[str, str]]:
        first = world.forge.base(None)
        settings, config = settings_of(first.tree, self.inputs)
        kept = {(one.base, one.commit): one for one in before.bases} if before else {}
        named = [first if name == first.name else world.forge.base(name) for name in settings.base]
        bases = tuple(
            kept.get((one.name, one.commit)) or _followed(one, self.inputs)
            for one in named or [first]
        )
        heads = {one.name: one.commit for one in (first, *named)}
        return Known(settings, config, bases), heads


def _followed(base: Base, inputs: Mapping[str, str]) -> Followed:
    settings, config = settings_of(base.tree, inputs)
    at = settings.config
    found = read_repository(base.tree, config=config, globs=settings.profiles, config_path=at)
    profiles = [one.loaded.profile for one in found.profiles if one.loaded]
    return Followed(
        base.name,
        base.commit,
        frozenset(model for one in profiles for model in _models(one)),
        frozenset(image for one in profiles for image in _images(one)),
        tuple(one.path for one in found.profiles),
    )


def _models(profile: Profile) -> list[tuple[str, str]]:
    draft = profile.engine.speculative.model if profile.engine.speculative else None
    named = [(profile.model.id, profile.model.revision)]
    named += [(draft, DRAFT_REVISION)] if draft else []
    return [(model, revision) for model, revision in named if not is_folder(model)]


def _images(profile: Profile) -> list[tuple[str, str]]:
    """Where no image is named it is one of the usual ones; which, only a plan knows."""
    engine = profile.engine
    if engine.image_track is None:
        return []
    images = [repository_of(engine.image)] if engine.image else list(USUAL_IMAGES.values())
    return [(image, engine.image_track) for image in images]
