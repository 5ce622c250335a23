"""Opens the repositories that the server may touch: which there are, and as whom it comes."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from replanner.errors import InputError, ReplannerError, UpstreamError
from replanner.registry.memory import Memory
from replanner.run.polite import politely, politely_pinned
from replanner.run.world import World, hugging_face, on_github, registry_of
from replanner.server.rights import Said, of_app, of_scopes
from replanner.server.settings import Settings
from replanner.upstream.manners import Manners

if TYPE_CHECKING:
    from replanner.forge.github.session import Connection, Session

LOG: Final = logging.getLogger(__name__)
# Long waits are the jobs' affair: they hold no place, and outlive the process.
_PATIENCE_S = 20.0
# Connection wants a repository, and an App has none of its own.
_NONE = "-/-"
_MOST_ETAGS: Final = 10_000
# The two of GitHub's limits that we ever come near.
_RESOURCES: Final = ("core", "graphql")


class Gate(Protocol):
    """The way to GitHub."""

    def repositories(self) -> Sequence[str]:
        """Everything that may be touched, as it is called there."""
        ...

    def world(self, repository: str) -> AbstractContextManager[World]: ...

    def still(self, repository: str, heads: Mapping[str, str]) -> bool:
        """Do these branches still stand at these commits? Asked so that it costs nothing if so."""
        ...

    def dispatch(self, repository: str, kind: str, payload: Mapping[str, str]) -> None:
        """Start the workflows of a repository that listen to repository_dispatch."""
        ...

    def redeliver(self) -> int:
        """Ask for the deliveries again that never arrived; how many those are."""
        ...


@dataclass(frozen=True, slots=True)
class GitHubGate:
    """With a token, the repositories that are named; with an App, those that it is installed in,
    narrowed by the named ones if there are any."""

    settings: Settings
    manners: Manners = field(default_factory=Manners)
    _images: Memory = field(default_factory=Memory, init=False)
    _etags: dict[tuple[str, str, str], str] = field(default_factory=dict, init=False)
    _installed: dict[int, tuple[str, ...]] = field(default_factory=dict, init=False)

    def repositories(self) -> Sequence[str]:
        named = self.settings.github.repositories
        if self.settings.github.app is None:
            return named
        allowed = {one.lower() for one in named}
        return [one for one in self._everywhere() if not allowed or one.lower() in allowed]

    def _everywhere(self) -> list[str]:
        from replanner.forge.github.apps import installations  # noqa: PLC0415 - PyGithub

        there = list(installations(self._connection(_NONE)))
        for gone in self._installed.keys() - set(there):
            del self._installed[gone]
        return [name for one in there for name in self._at(one)]

    def _at(self, installation: int) -> tuple[str, ...]:
        """The repositories of one owner. Where they cannot be told they are those of before: a
        limit that one owner's repositories have used up must not keep all the others waiting."""
        from replanner.forge.github.apps import repositories_of  # noqa: PLC0415 - PyGithub

        try:
            self._installed[installation] = tuple(repositories_of(self._as(installation)))
        except UpstreamError as error:
            if installation not in self._installed:
                raise  # nobody knows whom their deliveries concern
            LOG.info("installation %d: %s", installation, error.message)
        except ReplannerError as error:
            LOG.warning("installation %d is left out: %s", installation, error.in_full)
            self._installed.pop(installation, None)
        return self._installed.get(installation, ())

    @contextmanager
    def world(self, repository: str) -> Iterator[World]:
        models = politely(hugging_face, self.manners)
        images = politely_pinned(registry_of(self.settings.registries, self._images), self.manners)
        connection, checks_of = self._connection(repository), self.settings.github.checks_of
        with on_github(connection, models=models, images=images, checks_of=checks_of) as world:
            yield world

    def still(self, repository: str, heads: Mapping[str, str]) -> bool:
        from replanner.forge.github.session import Session  # noqa: PLC0415 - its client

        with Session(self._connection(repository)) as session:
            return all(self._stands(session, *head) for head in heads.items())

    def _stands(self, session: "Session", branch: str, commit: str) -> bool:
        from replanner.forge.github.standing import Standing, stands  # noqa: PLC0415 - its client

        key = (session.repository, branch, commit)
        found = stands(session, Standing(branch, commit, self._etags.get(key, "")))
        if len(self._etags) > _MOST_ETAGS:
            self._etags.clear()
        if found:
            self._etags[key] = found.etag
        return found is not None

    def dispatch(self, repository: str, kind: str, payload: Mapping[str, str]) -> None:
        from replanner.forge.github.session import Session  # noqa: PLC0415 - its client

        body = {"event_type": kind, "client_payload": dict(payload)}
        with Session(self._connection(repository)) as session:
            session.rest("POST", "dispatches", doing="start its workflows", body=body)

    def redeliver(self) -> int:
        if self.settings.github.app is None:
            return 0  # a repository's webhook takes a token that may administrate it
        from replanner.forge.github.apps import redeliver_failed  # noqa: PLC0415 - PyGithub

        return redeliver_failed(self._connection(_NONE))

    def rights(self) -> list[Said]:
        """What is wrong with what we may do, as far as GitHub tells; somebody waits for it."""
        from replanner.forge.github import rights  # noqa: PLC0415 - PyGithub
        from replanner.forge.github.session import Pace  # noqa: PLC0415

        connection = replace(self._connection(_NONE), pace=Pace(patience_s=0, timeout_s=5))
        if self.settings.github.app is None:
            return list(of_scopes(rights.scopes_of(connection)))
        return list(of_app(self.settings.github, rights.granted(connection)))

    def _connection(self, repository: str) -> "Connection":
        from replanner.forge.github.session import App, Connection, Pace  # noqa: PLC0415

        told = self.settings.github
        if told.app is None and told.token is None:
            raise InputError("the server has neither a token nor an App for GitHub.")
        token = told.token.text if told.token else None
        app = App(told.app.id, told.app.private_key.text) if told.app else None
        return Connection(
            repository=repository,
            token=app or token,
            api_url=told.api_url,
            pace=Pace(patience_s=_PATIENCE_S),
            watch=_Watch(self.manners, *self._limit(repository, told.api_url)),
        )

    def _as(self, installation: int) -> "Connection":
        from replanner.forge.github.session import App  # noqa: PLC0415

        connection = self._connection(_NONE)
        if not isinstance(connection.token, App):
            raise InputError("only an App is installed.")
        key = f"{connection.host} installation {installation}"
        return replace(
            connection,
            token=replace(connection.token, installation_id=installation),
            watch=_Watch(self.manners, key, "-"),
        )

    def _limit(self, repository: str, api_url: str) -> tuple[str, str]:
        """What shares one of GitHub's limits, and the owner: a token has one for all that it may
        touch, an App one for each owner that it is installed by."""
        host, owner = urlsplit(api_url).netloc, repository.partition("/")[0]
        return (host if self.settings.github.app is None else f"{host} {owner}"), owner


class _Watch(NamedTuple):
    """Who looks on while GitHub is asked."""

    manners: Manners
    key: str
    owner: str

    def before(self) -> None:
        self.manners.before(self.key)

    def answered(self, headers: Mapping[str, str]) -> None:
        self.manners.fine(self.key)
        left, resource = (
            headers.get("x-ratelimit-remaining", ""),
            headers.get("x-ratelimit-resource"),
        )
        if resource in _RESOURCES and left.isascii() and left.isdigit():
            self.manners.meter.remaining(self.owner, resource, int(left[:9]))

    def failed(self, error: ReplannerError) -> None:
        self.manners.failed("github", self.key, error)


def inputs_of(settings: Settings) -> dict[str, str]:
    """What the server says in every repository, as a workflow's inputs would. Where the Hub is, a
    repository must never say: the server's token goes there."""
    hub = settings.hub
    age = settings.min_revision_age_s
    return {
        "hf-endpoint": hub.endpoint,
        **({"hf-token": hub.token.text} if hub.token else {}),
        **({"min-revision-age": f"{age}s"} if age else {}),
    }
