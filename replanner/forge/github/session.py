"""One connection to one repository of a GitHub: REST and GraphQL calls whose failures are our own
errors, and who we are there. PyGithub is imported with the first call."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from replanner import __version__
from replanner.errors import InputError, ReplannerError
from replanner.forge.github.hosts import api_address, site_address

if TYPE_CHECKING:
    from replanner.forge.github.client import Client

PUBLIC_API = "https://api.github.com"
ACTIONS_LOGIN = "github-actions[bot]"
_REPOSITORY = re.compile(r"(?!\.)[A-Za-z0-9_.-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")
# What one run reads of files: a push of 2 GB may unpack to a thousand times that.
_MOST_READ_BYTES = 1024**3
_TOKEN = re.compile(r"[!-~]+")
_ABOUT = """query($owner: String!, $name: String!) {
  viewer { login databaseId } repository(owner: $owner, name: $name) { id nameWithOwner }
}"""
Shape = TypeVar("Shape", bound=BaseModel)
Verb = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]


class Answer(BaseModel):
    """What we read of one of GitHub's answers; it may hold more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App. Without `installation_id`, the installation that covers the repository."""

    app_id: int | str
    private_key: str = field(repr=False)
    installation_id: int | None = None

    def __post_init__(self) -> None:
        if not self.private_key.strip():
            raise InputError("the GitHub App's private key is empty.")


class Pace(NamedTuple):
    """How fast we go, and how long we wait. GitHub asks for requests one after another and for a
    second between those that write, not for pauses between reads (docs.github.com, "Best practices
    for using the REST API"). `patience_s` is the most that one call may wait for it in all."""

    between_requests_s: float = 0
    between_writes_s: float = 1.0
    patience_s: float = 60.0
    first_wait_s: float = 1.0
    timeout_s: int = 15  # GitHub itself gives up after 10


class Watch(Protocol):
    """Who looks on while a GitHub is asked."""

    def before(self) -> None:
        """Raises where nothing shall be asked now."""
        ...

    def answered(self, headers: Mapping[str, str]) -> None:
        """An answer came; the headers' names are in lower case."""
        ...

    def failed(self, error: ReplannerError) -> None:
        """No answer came, or one that refuses, after all that was tried."""
        ...


class Nobody:
    """Nobody looks on."""

    def before(self) -> None: ...

    def answered(self, headers: Mapping[str, str]) -> None: ...

    def failed(self, error: ReplannerError) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where and who: `repository` is `owner/name`, `ca_bundle` a PEM file whose certificates are
    trusted beside the usual ones. Without a token public repositories can be read, slowly."""

    repository: str
    token: str | App | None = field(repr=False)
    api_url: str = PUBLIC_API
    ca_bundle: Path | None = None
    pace: Pace = field(default_factory=Pace)
    watch: Watch = field(default_factory=Nobody, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not _REPOSITORY.fullmatch(self.repository):
            raise InputError(
                f"{self.repository[:100]!r} is no repository.", hint="Write it as owner/name."
            )
        object.__setattr__(self, "api_url", api_address(self.api_url))
        if isinstance(self.token, str):
            object.__setattr__(self, "token", self.token.strip())
            if not _TOKEN.fullmatch(self.token.strip()):
                raise InputError("the GitHub token is empty or holds characters no token has.")

    @property
    def host(self) -> str:
        return urlsplit(self.api_url).hostname or ""

    @property
    def site_url(self) -> str:
        """Where people look at it."""
        return site_address(self.api_url)

    @property
    def user_agent(self) -> str:
        return f"replanner/{__version__}"


class Me(NamedTuple):
    """Whose token this is. `actions`: a workflow's own GITHUB_TOKEN."""

    login: str
    kind: Literal["actions", "app", "user"]

    @classmethod
    def of(cls, login: str) -> "Me":
        if login == ACTIONS_LOGIN:
            return cls(login, "actions")
        return cls(login, "app" if login.endswith("[bot]") else "user")


class Tagged(NamedTuple):
    """An answer's text, and the ETag by which to ask whether it is still the same."""

    etag: str
    text: str


class Viewer(Answer):
    login: str
    databaseId: int | None = None  # noqa: N815 - GraphQL's own name


class Named(Answer):
    id: str
    nameWithOwner: str  # noqa: N815 - GraphQL's own name


class About(Answer):
    """What a query for `viewer { login databaseId }` and `repository { id nameWithOwner }` says."""

    viewer: Viewer
    repository: Named


class Session:
    """Calls to one repository. Close it, or use it in a `with`: it holds sockets, and with a CA
    bundle a temporary file.

    Every failure is one of replanner's errors (see refusals.py). A call that writes is never
    repeated after an answer that leaves open whether it was done: the caller looks first.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._opened: Client | None = None
        self.blobs: dict[str, bytes] = {}  # by git id, shared by the trees of this session
        self.room_bytes = _MOST_READ_BYTES

    @property
    def _client(self) -> "Client":
        from replanner.forge.github.client import Client  # noqa: PLC0415 - imports PyGithub

        if self._opened is None:
            self._opened = Client(self.connection)
        return self._opened

    @property
    def repository(self) -> str:
        return self.connection.repository

    @property
    def anonymous(self) -> bool:
        """Nobody may then write, nor ask in GraphQL."""
        return self.connection.token is None

    @property
    def calls(self) -> int:
        """Requests made so far, without repetitions and those for an App's own token."""
        return self._opened.calls if self._opened else 0

    def rest(
        self,
        verb: Verb,
        path: str,
        *,
        doing: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> object:
        """The answer's JSON. `path` is below the repository unless it starts with `/`."""
        path = self._path(path)
        with self._watched():
            return self._client.rest(verb, path, doing=doing, query=query, body=body).data

    def newer(self, path: str, *, etag: str, accept: str, doing: str) -> "Tagged | None":
        """The answer where it is not the one of this ETag any more. GitHub does not count what it
        need not answer: docs.github.com, "Best practices for using the REST API"."""
        with self._watched():
            return self._client.newer(self._path(path), etag=etag, accept=accept, doing=doing)

    def get(
        self, shape: type[Shape], path: str, *, doing: str, query: Mapping[str, str] | None = None
    ) -> Shape:
        """One object, checked."""
        return self._client.checked(shape, self.rest("GET", path, doing=doing, query=query))

    def pages(
        self,
        shape: type[Shape],
        path: str,
        *,
        doing: str,
        query: Mapping[str, str] | None = None,
    ) -> Iterator[Shape]:
        """Every item of a list, however many pages it has. Ask for `per_page` where the list
        takes it."""
        with self._watched():
            yield from self._client.pages(shape, self._path(path), doing=doing, query=query)

    def graphql(
        self, shape: type[Shape], query: str, variables: Mapping[str, object], *, doing: str
    ) -> Shape:
        """A reading query's data, checked. Values go into `variables`, never into the text."""
        with self._watched():
            data = self._client.graphql(query, variables, doing=doing)
        return self._client.checked(shape, data)

    def mutate(
        self,
        name: str,
        given: Mapping[str, object],
        *,
        doing: str,
        answer: str = "clientMutationId",
    ) -> object:
        """One mutation, done once at most; what it answers."""
        with self._watched():
            return self._client.mutate(name, given, doing=doing, answer=answer)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        watch = self.connection.watch
        watch.before()
        try:
            yield
        except ReplannerError as error:
            watch.failed(error)
            raise

    def checked(self, shape: type[Shape], data: object) -> Shape:
        """An answer as the shape it should have; UpstreamError where it has not."""
        return self._client.checked(shape, data)

    def owner_and_name(self) -> dict[str, object]:
        """The variables `owner` and `name` of most queries."""
        owner, name = self.repository.split("/")
        return {"owner": owner, "name": name}

    def remember(self, about: About) -> None:
        """Another query told it: spares one for `me` and `repository_id`."""
        self.__dict__["_about"] = self._same_name(about)

    @cached_property
    def _about(self) -> About:
        return self._same_name(
            self.graphql(About, _ABOUT, self.owner_and_name(), doing="look around")
        )

    def _same_name(self, about: About) -> About:
        """GraphQL follows a renamed repository, REST answers with redirects that PyGithub follows
        without the query: half the calls would then read something else."""
        if about.repository.nameWithOwner.lower() != self.repository.lower():
            raise InputError(
                f"{self.repository} is now called {about.repository.nameWithOwner[:200]}.",
                hint="Name the repository as it is called now.",
            )
        return about

    @cached_property
    def me(self) -> Me:
        """Asked by GraphQL: a workflow's token is refused `GET /user`."""
        return Me.of(self._client.app_login() or self._about.viewer.login)

    @property
    def repository_id(self) -> str:
        """The repository's GraphQL id."""
        return self._about.repository.id

    @property
    def signer(self) -> str:
        """`Name <mail>` of what a bot commits by API; a person's address is not for us to see."""
        viewer, login = self._about.viewer, self.me.login
        if self.me.kind == "user" or viewer.login != login or viewer.databaseId is None:
            return ""
        site = urlsplit(self.connection.site_url).hostname
        return f"{login} <{viewer.databaseId}+{login}@users.noreply.{site}>"

    @property
    def signs(self) -> bool:
        """Whether GitHub signs the commits that this token makes by API: it does for bots, on its
        own sites; an Enterprise Server need not be set up for it."""
        host = self.connection.host
        hosted = host == "api.github.com" or host.endswith(".ghe.com")
        return hosted and self.me.kind != "user"

    def _path(self, path: str) -> str:
        if path.startswith("/"):
            return path
        return f"/repos/{self.repository}/{path}" if path else f"/repos/{self.repository}"

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
