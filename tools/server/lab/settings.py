"""The settings file of an experiment, with its secrets beside it."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

from sending import GITHUB, HUB

_COMMON = """\
listen: {listen}
store: '{store}'
sources:
  github: {{secrets_file: github}}
  huggingface: {{secrets_file: hub}}
min_free_mb: 0
reconcile_minutes: 0
most_replans_an_hour: 0
"""


def configure(folder: Path, store: str, *more: str) -> tuple[Path, str]:
    """The file, and the address that the web will listen at, which stays the same over kills."""
    address = f"127.0.0.1:{_free_port()}"
    for name, text in (("github", GITHUB), ("hub", HUB)):
        secret(folder / name, text)
    file = folder / "server.yaml"
    file.write_text(_COMMON.format(listen=address, store=store) + _lines(more))
    return file, f"http://{address}"


def secret(file: Path, text: str) -> None:
    file.touch(0o600)
    file.write_text(text)


def _lines(more: Sequence[str]) -> str:
    return "".join(f"{line}{os.linesep}" for line in more)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
