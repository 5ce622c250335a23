"""Where a workflow's step runs: on GitHub, with the token and certificates that it was given."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from replanner.profile.settings import Settings
from replanner.run.world import World, on_github

if TYPE_CHECKING:
    from replanner.forge.github.session import Pace

Connect = Callable[[Settings, str, Path | None], AbstractContextManager[World]]


@contextmanager
def github(
    settings: Settings, repository: str, bundle: Path | None, *, pace: "Pace | None" = None
) -> Iterator[World]:
    """The repository on GitHub, at GitHub's pace where no other is given, and the Hugging Face
    Hub."""
    from replanner.forge.github.session import PUBLIC_API, Connection, Pace  # noqa: PLC0415

    connection = Connection(
        repository=repository,
        token=settings.token or None,
        api_url=settings.github_api_url or PUBLIC_API,
        ca_bundle=bundle,
        pace=pace or Pace(),
    )
    with on_github(connection) as world:
        yield world
