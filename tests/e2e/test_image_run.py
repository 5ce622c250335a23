"""The image as a workflow's step: a container in the runner's folder and environment."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from action_run import Step, pull_event
from emulated import GitHub
from engines import Engine, engine
from models_hub import Hub
from peers import ROOT
from stories import profile
from wire import wired

TAG = "localhost/replanner:stepped"
CHAT = "profiles/chat.yaml"
PLANTED = "raise SystemExit('run by the workspace')\n"


@dataclass
class ImageStep(Step):
    """A step of which only the folder and the environment are the runner's."""

    engine: Engine | None = None

    def command(self, env: Mapping[str, str]) -> tuple[Sequence[str | Path], Mapping[str, str]]:
        assert self.engine is not None
        given = [f"{name}={text}" for name, text in env.items() if name != "PATH"]
        options = [part for one in given for part in ("-e", one)]
        place = ("--network", "host", "-v", f"{self.folder}:{self.folder}", "-w", str(self.folder))
        return self.engine.command(TAG, options=[*place, *options]), os.environ


@pytest.fixture(scope="module")
def built() -> Engine:
    builder = engine()
    builder.build(ROOT, TAG)
    return builder


@pytest.fixture
def step(built: Engine, github: GitHub, hub: Hub, tmp_path: Path) -> Iterator[Step]:
    folder = tmp_path / "workspace"
    folder.mkdir()
    with wired(github.url) as wire:
        yield ImageStep(github, wire, folder, hub.url, engine=built)


def test_the_image_comments_and_imports_nothing_of_the_workspace(
    step: Step, github: GitHub
) -> None:
    for name in ("yaml.py", "json.py", "sitecustomize.py", "github.py"):
        (step.folder / name).write_text(PLANTED)
    github.push({CHAT: profile()})
    github.push({CHAT: profile(concurrency=16)}, branch="change", start="main")
    number = github.open_pull("change")
    ran = step.run("pull_request", pull_event(github, number, "opened"))
    assert ran.outputs["comment-operation"] == "created"
    assert "run by the workspace" not in ran.log
    assert step.run("pull_request", pull_event(github, number)).writes == []


def test_the_image_leaves_files_to_the_workspaces_owner(step: Step, github: GitHub) -> None:
    """As root it could leave files that the job's later steps cannot remove."""
    os.chown(step.folder, 10001, 10001)
    github.push({CHAT: profile()})
    github.push({CHAT: profile(concurrency=16)}, branch="change", start="main")
    number = github.open_pull("change")
    step.run("pull_request", pull_event(github, number, "opened"))
    assert (step.folder / "replanner-report.json").stat().st_uid == 10001
