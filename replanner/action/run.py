"""One run: what set it off, what it was told, what it may touch; every way of running takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from replanner import __version__
from replanner.action.commands import Runner
from replanner.action.workspace import Workspace
from replanner.action.world import World
from replanner.hub.router import RoutedHub
from replanner.profile import RepoConfig
from replanner.profile.settings import Settings, merged
from replanner.propose.event import Event
from replanner.replan.ports import Tree
from replanner.replan.repository import read_config
from replanner.report.look import Charts, Look

CHECKS_WAIT: Final = (
    "Checks on what a workflow's own token pushes wait for somebody's approval; a GitHub App's"
    " token has no such limit."
)
_ATTEMPTS: Final = 1000
_LONGEST_NUMBER: Final = 14


@dataclass(frozen=True, slots=True)
class Run:
    """`settings` and `config` are of the base that the run is about. `inputs` are what the workflow
    said, `env` the runner's word on the run itself, `now_s` the time in seconds since 1970."""

    event: Event
    inputs: Mapping[str, str]
    settings: Settings
    config: RepoConfig
    world: World
    runner: Runner
    space: Workspace
    env: Mapping[str, str]
    now_s: int

    @property
    def anonymous(self) -> bool:
        return not self.settings.token

    @property
    def seq(self) -> int:
        """Grows from run to run and from attempt to attempt; GitHub never gives an id twice."""
        number = _number(self.env, "GITHUB_RUN_ID") or _number(self.env, "GITHUB_RUN_NUMBER")
        return number * _ATTEMPTS + min(_number(self.env, "GITHUB_RUN_ATTEMPT"), _ATTEMPTS - 1)

    def settings_of(self, tree: Tree) -> tuple[Settings, RepoConfig]:
        """What holds for a base whose files these are."""
        return settings_of(tree, self.inputs, self.env)

    def hub(self, tree: Tree, *, foreign: bool) -> RoutedHub:
        """Models as that tree's profiles may read them; `foreign`: a stranger wrote the tree."""
        trusted = not foreign and self.event.name != "pull_request_target"
        return self.world.hub(tree, self.settings, trusted=trusted)

    def look(self) -> Look:
        """What this forge shows, and where things are."""
        number = _number(self.env, "GITHUB_RUN_ID")
        repository_url = f"{self.world.site}/{self.event.repository}"
        return Look(
            scope=self.settings.scope,
            charts=self._charts(),
            alerts=self.world.is_hosted,
            repository_url=repository_url,
            run_url=f"{repository_url}/actions/runs/{number}" if number else "",
            planner_version=__version__,
        )

    def _charts(self) -> Charts:
        # An Enterprise Server may be older than its Mermaid; text always shows.
        usual: Charts = "mermaid" if self.world.is_hosted else "unicode"
        named: Mapping[str, Charts] = {"mermaid": "mermaid", "unicode": "unicode", "none": "none"}
        return named.get(self.settings.charts, usual)


def settings_of(
    tree: Tree, inputs: Mapping[str, str], env: Mapping[str, str]
) -> tuple[Settings, RepoConfig]:
    """An input, else the tree's configuration, else the environment, else what is usual."""
    path = merged(inputs).config
    config = read_config(tree, tree.paths(), path)
    settings = merged(inputs, config.settings)
    endpoint = env.get("HF_ENDPOINT", "").strip()
    if endpoint and not settings.hf_endpoint:
        settings = merged({**inputs, "hf-endpoint": endpoint}, config.settings)
    return settings, config


def _number(env: Mapping[str, str], name: str) -> int:
    text = env.get(name, "")
    fits = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if fits else 0
