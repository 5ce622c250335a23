"""One run: what set it off, what it was told, what it may touch; every way of running takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from replanner.action.commands import Runner
from replanner.action.workspace import Workspace
from replanner.event import Event
from replanner.profile import RepoConfig
from replanner.profile.settings import Settings
from replanner.report.look import Look
from replanner.run.scene import Scene
from replanner.run.world import World

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

    @property
    def scene(self) -> Scene:
        """What of it is the same wherever it runs."""
        return Scene(
            self.world,
            self.event.repository,
            self.inputs,
            self.settings,
            self.config,
            self.now_s,
            trusted=self.event.name != "pull_request_target",
            hf_endpoint=hf_endpoint(self.env),
        )

    def look(self) -> Look:
        """What this forge shows, and where things are."""
        return self.scene.look(self.run_url)

    @property
    def run_url(self) -> str:
        number = _number(self.env, "GITHUB_RUN_ID")
        home = f"{self.world.site}/{self.event.repository}"
        return f"{home}/actions/runs/{number}" if number else ""


def hf_endpoint(env: Mapping[str, str]) -> str:
    """What huggingface_hub would take; it comes after the base's configuration."""
    return env.get("HF_ENDPOINT", "").strip()


def _number(env: Mapping[str, str], name: str) -> int:
    text = env.get(name, "")
    fits = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if fits else 0
