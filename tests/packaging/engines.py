"""Finds linters and something that builds and runs images, or says what is missing."""

import functools
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers import INSTALLED, ROOT, peer

TAG = "localhost/replanner:0.0.0"  # a release's form, and no release
_LINTERS = (ROOT / ".venv" / "linters" / "bin", INSTALLED / "bin")


def linter(name: str) -> str:
    """The program, from PATH, from `make packaging` or from the peers; else a skip."""
    for folder in (None, *_LINTERS):
        found = shutil.which(name, path=str(folder) if folder else None)
        if found:
            return found
    pytest.skip(f"{name} is not installed (make packaging installs it)")


def lint(name: str, *arguments: str | Path) -> None:
    ran = subprocess.run(
        [linter(name), *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@dataclass(frozen=True)
class Engine:
    """`docker build` and `docker run`, or peers that do the same without a daemon."""

    building: Sequence[str | Path]
    running: Sequence[str | Path]
    separator: tuple[str, ...] = ()

    def build(self, context: Path, tag: str) -> None:
        command = [str(part).format(context=context, tag=tag) for part in self.building]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3000:]

    def command(
        self, tag: str, *arguments: str, options: Sequence[str] = ()
    ) -> Sequence[str | Path]:
        return [*self.running, *options, *self.separator, tag, *arguments]

    def run(
        self, tag: str, *arguments: str, options: Sequence[str] = ()
    ) -> "subprocess.CompletedProcess[str]":
        command = self.command(tag, *arguments, options=options)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def engine() -> Engine:
    """Docker where a daemon answers, else the peers, else a skip."""
    docker = shutil.which("docker")
    if (
        docker
        and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0
    ):
        build = (docker, "build", "-q", "-t", "{tag}", "{context}")
        return Engine(build, (docker, "run", "--rm", "--network", "host"))
    needs = ("containers/.installed",)
    build_image, run_image = peer("build-image", needs=needs), peer("run-image", needs=needs)
    return Engine((build_image, "{context}", "{tag}"), (run_image,), ("--",))


@functools.cache
def image() -> Engine:
    """An engine that has the image of this tree as `TAG`; built once."""
    builder = engine()
    builder.build(ROOT, TAG)
    return builder
