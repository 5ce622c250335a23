"""The adapters of one run in one repository, and what each may know: which token goes where."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from replanner.errors import ReplannerError
from replanner.hub.look import OneLook
from replanner.hub.router import RoutedHub
from replanner.hub.tree import TreeHub
from replanner.profile.settings import Settings
from replanner.registry.access import PUBLIC, Access
from replanner.registry.memory import Memory
from replanner.replan.ports import Checks, Forge, Pulls, Tree
from replanner.resolve import Registry

if TYPE_CHECKING:
    from replanner.forge.github.session import Connection

_OLD_RULES: Final = "The rules that count here may be old ones, those of"

Models = Callable[[Settings, bool], OneLook]
Images = Callable[[bool], Registry]


def registry_of(access: Access, memory: Memory | None = None) -> Images:
    """Registries by their API. For who is not trusted only public ones, as anybody: their profiles
    must neither reach into our network nor learn of private images. `memory` is of who is."""

    def opened(trusted: bool) -> Registry:  # noqa: FBT001 - see Images
        from replanner.registry.oci import OciRegistry  # noqa: PLC0415 - few profiles need one

        return OciRegistry(access, memory or Memory()) if trusted else OciRegistry(Access(PUBLIC))

    return opened


# A workflow's own network is its repository's affair.
_ANY_IMAGE: Final = registry_of(Access(None))


@dataclass
class World:
    """What a run reads and writes. `models` opens the Hub and `images` the registries, with their
    logins or without. `warnings` grow while the forge is written to; `signs`: it signs what this
    token commits. `checks` is None where none are written: GitHub lets only Apps. `doubts` say of
    which branches it is not known where they stand now."""

    pulls: Pulls
    forge: Forge
    models: Models
    site: str = "https://github.com"
    warnings: Sequence[str] = ()
    signs: Callable[[], bool] = lambda: False
    images: Images = _ANY_IMAGE
    checks: Checks | None = None
    doubts: dict[str, str] = field(default_factory=dict)
    _tips: dict[str, str] = field(default_factory=dict)
    _trees: dict[str, Tree] = field(default_factory=dict)
    _hubs: dict[bool, OneLook] = field(default_factory=dict)
    _registries: dict[bool, Registry] = field(default_factory=dict)

    @property
    def is_hosted(self) -> bool:
        """GitHub's own sites, which show what an older Enterprise Server may not."""
        host = urlsplit(self.site).hostname or ""
        return host == "github.com" or host.endswith(".ghe.com")

    def tree(self, commit: str) -> Tree:
        """The files of a commit, listed once."""
        if commit not in self._trees:
            self._trees[commit] = self.pulls.tree(commit)
        return self._trees[commit]

    def tip(self, branch: str, told: str) -> str:
        """The commit that a branch stands at now, asked once. An event tells where it stood at the
        last push to a pull request, and rules that were tightened since then count too; where it
        cannot be seen, what was told has to do, for who has no token may ask but a few times."""
        if branch not in self._tips:
            try:
                self._tips[branch] = self.forge.base(branch).commit
            except ReplannerError as error:
                self._tips[branch] = told
                self.doubts[branch] = f"{_OLD_RULES} {branch} at {told[:12]}: {error.message}"
        return self._tips[branch]

    def hub(self, tree: Tree, settings: Settings, *, trusted: bool) -> RoutedHub:
        """Model folders from the tree, models by name from the Hub, both asked once per run.

        Who is not trusted, a fork's author, must not learn through us what a private model is like.
        """
        with_token = trusted or settings.hf_token_on_forks
        return RoutedHub(TreeHub(tree), lambda: self._open(settings, with_token))

    def registry(self, *, trusted: bool) -> Registry:
        """Where the images that profiles follow are looked up, each once per run."""
        if trusted not in self._registries:
            self._registries[trusted] = self.images(trusted)
        return self._registries[trusted]

    def _open(self, settings: Settings, with_token: bool) -> OneLook:  # noqa: FBT001 - a key
        if with_token not in self._hubs:
            self._hubs[with_token] = self.models(settings, with_token)
        return self._hubs[with_token]


def hugging_face(settings: Settings, with_token: bool) -> OneLook:  # noqa: FBT001 - see Models
    """The Hub that the workflow or the base's configuration names; a profile has no say in it."""
    from replanner.hub.huggingface import HuggingFaceHub  # noqa: PLC0415 - folders need none

    token = settings.hf_token if with_token else ""
    return HuggingFaceHub(token=token or None, endpoint=settings.hf_endpoint or None)


@contextmanager
def on_github(
    connection: "Connection",
    *,
    models: Models = hugging_face,
    images: Images = _ANY_IMAGE,
    checks_of: int | None = None,
) -> Iterator[World]:
    """A repository on GitHub and what its profiles name. An App's token is renewed as it ends.
    `checks_of`: the id of the App of this connection, if it is to write check runs."""
    from replanner.forge.github.checks import GitHubChecks  # noqa: PLC0415 - imports its client
    from replanner.forge.github.proposals import GitHubForge  # noqa: PLC0415
    from replanner.forge.github.pulls import GitHubPulls  # noqa: PLC0415
    from replanner.forge.github.session import Session  # noqa: PLC0415

    with Session(connection) as session:
        forge = GitHubForge(session)
        yield World(
            GitHubPulls(session),
            forge,
            models,
            site=connection.site_url,
            warnings=forge.warnings,
            signs=lambda: session.signs,
            images=images,
            checks=GitHubChecks(session, checks_of) if checks_of is not None else None,
        )
