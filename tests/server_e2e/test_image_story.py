"""A story of the image: stopped right after an answer, started again with the same volume, done."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emulated import OWNER, REPOSITORY
from engines import TAG, image
from models_hub import SMALL
from processes import Process
from sending import HUB, model_moved, post
from server_stage import Stage, until
from stories import profile

STORE = "/var/lib/replanner"
CONFINED = ("--user", "10001:10001", "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp")  # noqa: S108 (in the container)

# Events are gathered for so long that the first container is gone before anything is done.
SETTINGS = """\
listen: 127.0.0.1:0
github: {{api_url: '{github}', token_file: token, repositories: [{repository}]}}
hub: {{endpoint: '{hub}'}}
sources: {{huggingface: {{secrets_file: senders}}}}
debounce_seconds: 5
reconcile_minutes: 0
min_free_mb: 0
"""


@dataclass
class Contained:
    """The stage's server in a container, with a folder for its store."""

    stage: Stage

    def __post_init__(self) -> None:
        self.config, self.store = self.stage.folder / "config", self.stage.folder / "store"
        self.config.mkdir()
        self.store.mkdir()
        self.store.chmod(0o777)  # the container's user is not ours
        text = SETTINGS.format(
            github=self.stage.github.url, hub=self.stage.hub.url, repository=REPOSITORY
        )
        for name, content in {"server.yaml": text, "token": OWNER, "senders": HUB}.items():
            (self.config / name).write_text(content)

    @contextmanager
    def running(self) -> Iterator[Process]:
        mounts = ("-v", f"{self.config}:/etc/replanner:ro", "-v", f"{self.store}:{STORE}")
        told = ("-e", f"REPLANNER_STORE=sqlite:///{STORE}/replanner.db")
        start = ("--entrypoint", "/opt/replanner/bin/replanner")
        command = image().command(
            TAG,
            *("serve", "--config", "/etc/replanner/server.yaml"),
            options=[*CONFINED, *mounts, *told, *start],
        )
        log = self.stage.folder / "log"
        with log.open("ab") as output:
            process = subprocess.Popen(command, stderr=output)
        try:
            yield Process(process, log, Path(self.store))
        finally:
            process.terminate()
            process.wait(60)


def test_a_delivery_outlives_the_container_that_answered_it(stage: Stage) -> None:
    image()
    stage.github.push({"profiles/chat.yaml": profile(SMALL)})
    contained = Contained(stage)
    with contained.running() as first:
        assert post(first.address(), "huggingface", model_moved(SMALL)).status == 202
        assert first.stop() == 0
    assert stage.github.pulls() == []
    with contained.running():
        (pull,) = until(stage.github.pulls)
    assert stage.github.exists("deploy/chat/plan.json", pull["head"]["ref"])
    assert stage.github.violations() == []
