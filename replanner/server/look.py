"""The regular look: finds what moved while nobody told us, and asks little where nothing did.

It is three-valued: moved, not moved, not known. What is not known keeps its place, is asked again
by the next look, and starts nothing.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from replanner.errors import ReplannerError, UpstreamError
from replanner.profile.settings import Settings
from replanner.resolve import Hub, Registry
from replanner.run.world import World
from replanner.server.gate import Gate
from replanner.server.index import Followed, Index

LOG: Final = logging.getLogger(__name__)
# Even where nothing that is followed moved, a repository is looked at this often: a revision has
# come of age, somebody changed one of our pull requests.
ANEW_S: Final = 3600.0


class _Seen(NamedTuple):
    """What a base followed stood for when it was last told, and when a job was last sent for it.
    `owed`: that job could not know everything."""

    since_s: float
    stood: Mapping[str, str]
    owed: bool = False


@dataclass
class _Eyes:
    """The upstreams as one look sees them: what many repositories follow is asked once."""

    _hubs: dict[tuple[str, str], Hub] = field(default_factory=dict)
    _registries: list[Registry] = field(default_factory=list)

    def hub(self, world: World, settings: Settings) -> Hub:
        key = (settings.hf_endpoint, settings.hf_token)
        if key not in self._hubs:
            self._hubs[key] = world.models(settings, True)  # noqa: FBT003 - see Models
        return self._hubs[key]

    def registry(self, world: World) -> Registry:
        if not self._registries:
            self._registries.append(world.images(True))  # noqa: FBT003 - see Images
        return self._registries[0]


@dataclass
class Look:
    """Remembers, for as long as the process lives, what each base stood for: another process looks
    with fresh eyes, which costs a job in vain and loses nothing."""

    gate: Gate
    index: Index
    clock: Callable[[], float] = time.time
    _seen: dict[tuple[str, str], _Seen] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def moved(self, repositories: Collection[str]) -> Iterator[tuple[str, str]]:
        """Repository and base of everything that has to be planned again."""
        with self._lock:
            for gone in {key for key in self._seen if key[0] not in repositories}:
                del self._seen[gone]
        self.index.keep_only(repositories)
        eyes = _Eyes()
        for repository in repositories:
            try:
                yield from ((repository, base) for base in self._bases(repository, eyes))
            except ReplannerError as error:
                # The next round asks again; the others must not wait for it.
                LOG.warning("%s: %s", repository, error.in_full)
            except Exception:
                # Nor for what nobody thought of: what was told of them already would be lost.
                LOG.exception("%s cannot be looked at, by a bug", repository)

    def owe(self, repository: str, base: str) -> None:
        """A job for this base could not know everything."""
        with self._lock:
            seen = self._seen.get((repository, base))
            if seen:
                self._seen[repository, base] = seen._replace(owed=True)

    def _bases(self, repository: str, eyes: _Eyes) -> list[str]:
        known = self.index.known(repository)
        with self.gate.world(repository) as world:
            hub, registry = eyes.hub(world, known.settings), eyes.registry(world)
            told = [(one.base, _stands(one, hub, registry)) for one in known.bases]
        with self._lock:
            return [base for base, stands in told if self._is_due((repository, base), stands)]

    def _is_due(self, key: tuple[str, str], stands: Mapping[str, str | None]) -> bool:
        seen = self._seen.get(key, _Seen(0.0, {}))
        now = {what: told for what, told in stands.items() if told is not None}
        before = {what: seen.stood[what] for what in stands if what in seen.stood}
        everything = len(now) == len(stands)
        due = (
            any(before.get(what) != told for what, told in now.items())
            or (seen.owed and everything)
            or self.clock() - seen.since_s > ANEW_S
        )
        since_s = self.clock() if due else seen.since_s
        self._seen[key] = _Seen(since_s, before | now, owed=seen.owed and not due)
        return due


def _stands(followed: Followed, hub: Hub, registry: Registry) -> dict[str, str | None]:
    """What everything that a base follows stands for now; None where that cannot be told."""
    asked: dict[str, Callable[[], str | None]] = {"base": lambda: followed.commit}
    for model in sorted(followed.models):
        asked[f"model {'@'.join(model)}"] = partial(hub.resolve, *model)
    for image in sorted(followed.images):
        asked[f"image {':'.join(image)}"] = partial(registry.pin, *image)
    # In another order each time: those that never can be told must not be asked first for ever,
    # since after a few of them the others are not asked.
    mixed = random.sample(sorted(asked), len(asked))
    return {what: _told(asked[what]) for what in mixed}


def _told(ask: Callable[[], str | None]) -> str | None:
    """A refusal (gated, gone) is an answer: it is looked into once, not in every round."""
    try:
        return ask() or ""
    except UpstreamError:
        return None
    except ReplannerError as error:
        return error.code
