"""A repository as one run sees it: its adapters, and what holds on the base it is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from replanner import __version__
from replanner.hub.router import RoutedHub
from replanner.profile import RepoConfig
from replanner.profile.settings import Settings, merged
from replanner.propose.decision import Wish
from replanner.replan.ports import Tree
from replanner.replan.repository import read_config
from replanner.report.look import Charts, Look
from replanner.resolve import Registry
from replanner.run.world import World

_CHARTS: Final[Mapping[str, Charts]] = {"mermaid": "mermaid", "unicode": "unicode", "none": "none"}


@dataclass(frozen=True, slots=True)
class Scene:
    """`inputs` is what the run was told, by name; `settings` and `config` are of the base. `now_s`
    is the time in seconds since 1970. Not `trusted`: whoever set it off is a stranger.
    `hf_endpoint` is where the Hub is if nobody says."""

    world: World
    repository: str
    inputs: Mapping[str, str] = field(repr=False)  # may hold tokens
    settings: Settings
    config: RepoConfig
    now_s: int
    trusted: bool = True
    hf_endpoint: str = ""

    def at(self, tree: Tree) -> "Scene":
        """The same for another base, whose files these are."""
        settings, config = settings_of(tree, self.inputs, hf_endpoint=self.hf_endpoint)
        return replace(self, settings=settings, config=config)

    def hub(self, tree: Tree, *, foreign: bool = False) -> RoutedHub:
        """Models as that tree's profiles may read them; `foreign`: a stranger wrote the tree."""
        return self.world.hub(tree, self.settings, trusted=self.trusted and not foreign)

    def registry(self, *, foreign: bool = False) -> Registry:
        """Images as those profiles may look them up."""
        return self.world.registry(trusted=self.trusted and not foreign)

    def look(self, run_url: str = "") -> Look:
        """What this forge shows, and where things are; `run_url`: where a run can be looked at."""
        return Look(
            scope=self.settings.scope,
            charts=self._charts(),
            alerts=self.world.is_hosted,
            repository_url=f"{self.world.site}/{self.repository}",
            run_url=run_url,
            planner_version=__version__,
        )

    def _charts(self) -> Charts:
        # An Enterprise Server may be older than its Mermaid; text always shows.
        usual: Charts = "mermaid" if self.world.is_hosted else "unicode"
        return _CHARTS.get(self.settings.charts, usual)


def settings_of(
    tree: Tree, inputs: Mapping[str, str], *, hf_endpoint: str = ""
) -> tuple[Settings, RepoConfig]:
    """An input, else the tree's configuration, else what is usual; `hf_endpoint` is where the Hub
    is if neither says."""
    path = merged(inputs).config
    config = read_config(tree, tree.paths(), path)
    settings = merged(inputs, config.settings)
    if hf_endpoint and not settings.hf_endpoint:
        settings = merged({**inputs, "hf-endpoint": hf_endpoint}, config.settings)
    return settings, config


def wish_of(settings: Settings) -> Wish:
    """What the settings ask for beside the event."""
    return Wish(
        mode=settings.mode,
        branch_prefix=settings.branch_prefix,
        bases=settings.base,
        number=settings.pr_number or None,
        base_ref=settings.base_ref,
        head_ref=settings.head_ref,
        artifact=settings.report_artifact,
    )
