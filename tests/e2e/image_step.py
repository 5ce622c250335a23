"""The image as a workflow's step: a container in the runner's folder and environment."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from action_run import Step
from engines import TAG, Engine


@dataclass
class ImageStep(Step):
    """A step of which only the folder and the environment are the runner's."""

    engine: Engine | None = None

    def command(self, env: Mapping[str, str]) -> tuple[Sequence[str | Path], Mapping[str, str]]:
        assert self.engine is not None
        given = [f"{name}={text}" for name, text in env.items() if name != "PATH"]
        options = [part for one in given for part in ("-e", one)]
        place = ("-v", f"{self.folder}:{self.folder}", "-w", str(self.folder))
        return self.engine.command(TAG, options=[*place, *options]), os.environ
