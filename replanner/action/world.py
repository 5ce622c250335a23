"""The adapters of one run, and what each may know: which token goes where."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from replanner.hub.look import OneLook
from replanner.hub.router import RoutedHub
from replanner.hub.tree import TreeHub
from replanner.profile.settings import Settings
from replanner.replan.ports import Forge, Pulls, Tree

if TYPE_CHECKING:
    from replanner.forge.github.session import Pace

Models = Callable[[Settings, bool], OneLook]


@dataclass
class World:
    """What a run reads and writes. `models` opens the Hub, with its token or without. `warnings`
    grow while the forge is written to; `signs`: it signs what this token commits."""

    pulls: Pulls
    forge: Forge
    models: Models
    site: str = "https://github.com"
    warnings: Sequence[str] = ()
    signs: Callable[[], bool] = lambda: False
    _trees: dict[str, Tree] = field(default_factory=dict)
    _hubs: dict[bool, OneLook] = field(default_factory=dict)

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

    def hub(self, tree: Tree, settings: Settings, *, trusted: bool) -> RoutedHub:
        """Model folders from the tree, models by name from the Hub, both asked once per run.

        Who is not trusted, a fork's author, must not learn through us what a private model is like.
        """
        with_token = trusted or settings.hf_token_on_forks
        return RoutedHub(TreeHub(tree), lambda: self._open(settings, with_token))

    def _open(self, settings: Settings, with_token: bool) -> OneLook:  # noqa: FBT001 - a key
        if with_token not in self._hubs:
            self._hubs[with_token] = self.models(settings, with_token)
        return self._hubs[with_token]


Connect = Callable[[Settings, str, Path | None], AbstractContextManager[World]]


@contextmanager
def github(
    settings: Settings, repository: str, bundle: Path | None, *, pace: "Pace | None" = None
) -> Iterator[World]:
    """The repository on GitHub, at GitHub's pace where no other is given, and the Hugging Face
    Hub."""
    from replanner.forge.github.proposals import GitHubForge  # noqa: PLC0415 - imports its client
    from replanner.forge.github.pulls import GitHubPulls  # noqa: PLC0415
    from replanner.forge.github.session import PUBLIC_API, Connection, Session  # noqa: PLC0415

    connection = Connection(
        repository=repository,
        token=settings.token or None,
        api_url=settings.github_api_url or PUBLIC_API,
        ca_bundle=bundle,
        **({"pace": pace} if pace else {}),
    )
    with Session(connection) as session:
        forge = GitHubForge(session)
        yield World(
            GitHubPulls(session),
            forge,
            hugging_face,
            site=connection.site_url,
            warnings=forge.warnings,
            signs=lambda: session.signs,
        )


def hugging_face(settings: Settings, with_token: bool) -> OneLook:  # noqa: FBT001 - see Models
    """The Hub that the workflow or the base's configuration names; a profile has no say in it."""
    from replanner.hub.huggingface import HuggingFaceHub  # noqa: PLC0415 - folders need none

    token = settings.hf_token if with_token else ""
    return HuggingFaceHub(token=token or None, endpoint=settings.hf_endpoint or None)
