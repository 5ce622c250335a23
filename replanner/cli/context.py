"""The process as the commands see it: environment, streams, folders; the only reader of them."""

import io
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from replanner.errors import InputError, ReplannerError

if TYPE_CHECKING:
    from replanner.hub.look import OneLook
    from replanner.hub.router import RoutedHub
    from replanner.registry.access import Login
    from replanner.registry.oci import OciRegistry
    from replanner.report.terminal import Style


class Context(NamedTuple):
    """What a command may read and write."""

    env: Mapping[str, str]
    out: TextIO
    err: TextIO
    cwd: Path

    @classmethod
    def from_process(cls) -> "Context":
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A profile's path may hold what the terminal's encoding cannot show.
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            cwd = Path.cwd()
        except OSError:
            raise InputError("the working folder is gone.", hint="Change to another one.") from None
        return cls(os.environ, sys.stdout, sys.stderr, cwd)

    def root(self, repo: str | None) -> Path:
        """`--repo`, else the nearest parent with .git, else the working folder."""
        if repo is not None:
            folder = (self.cwd / repo).resolve()
            if not folder.is_dir():
                raise InputError(f"--repo {repo!r} is no folder.")
            return folder
        for folder in (self.cwd, *self.cwd.parents):
            if (folder / ".git").exists():
                return folder
        return self.cwd

    def hub(self, root: Path, local: str | None = None) -> "RoutedHub":
        """Folders below the root; ids from the local hub `local`, else from a Hugging Face Hub."""
        from replanner.hub.folder import FolderHub  # noqa: PLC0415 - only plans read models
        from replanner.hub.router import RoutedHub  # noqa: PLC0415

        return RoutedHub(FolderHub(root), self.models(local))

    def models(self, local: str | None = None) -> "Callable[[], OneLook]":
        """What opens the hub that models by name are read from."""
        from replanner.hub.folder import LocalHub  # noqa: PLC0415 - only plans read models

        if local is None:
            return self._hugging_face
        folder = self.cwd / local
        if not folder.is_dir():
            raise InputError(f"--hub {local!r} is no folder.")
        return lambda: LocalHub(folder)

    def _hugging_face(self) -> "OneLook":
        from replanner.hub.huggingface import HuggingFaceHub  # noqa: PLC0415 - folders need none

        env = self.env
        cache = env.get("XDG_CACHE_HOME")
        home = Path(cache) if cache else Path.home() / ".cache"
        kept = env.get("HF_HUB_CACHE")
        return HuggingFaceHub(
            token=env.get("HF_TOKEN") or None,
            endpoint=env.get("HF_ENDPOINT") or None,
            cache_dir=home / "replanner" / "hub",
            offline=env.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"),
            hub_cache_dir=Path(kept) if kept else None,
            saved_login=True,
        )

    @property
    def registry(self) -> "LateRegistry":
        """Any registry that a profile names: whoever runs a command chose the profile. The logins
        are those of `docker login`."""
        return LateRegistry(self._registry)

    def _registry(self) -> "OciRegistry":
        from replanner.registry.access import Access  # noqa: PLC0415 - only plans follow images
        from replanner.registry.oci import OciRegistry  # noqa: PLC0415

        return OciRegistry(Access(None, logins=self._logins()))

    def _logins(self) -> "Mapping[str, Login]":
        from replanner.registry.access import MOST_CONFIG_BYTES, logins_of  # noqa: PLC0415

        folder = self.env.get("DOCKER_CONFIG")
        path = (Path(folder) if folder else Path.home() / ".docker") / "config.json"
        try:
            with path.open("rb") as file:
                return logins_of(file.read(MOST_CONFIG_BYTES), name=str(path))
        except (OSError, RuntimeError, InputError):  # who has none is anybody
            return {}

    @property
    def style(self) -> "Style":
        """What the terminal can show: its width (COLUMNS first), its characters, colour."""
        from replanner.report.terminal import Style  # noqa: PLC0415 - JSON needs none of it

        return Style(
            width=shutil.get_terminal_size().columns,
            unicode=(self.out.encoding or "ascii").lower().startswith("utf"),
            colour=self.out.isatty() and not self.env.get("NO_COLOR"),
        )

    def print(self, text: str) -> None:
        try:
            self.out.write(text if text.endswith("\n") else text + "\n")
            self.out.flush()
        except BrokenPipeError:
            raise
        except OSError as error:  # a full disk, say
            raise InputError(f"standard output cannot be written: {error.strerror}.") from None

    def complain(self, error: ReplannerError) -> int:
        """Tell an error and return its exit code."""
        hint = f"hint: {error.hint}\n" if error.hint else ""
        self.err.write(f"error: {error.message}\n{hint}")
        return error.exit_code


class LateRegistry:
    """A registry client that is made when the first image is looked up: most plans follow none."""

    def __init__(self, make: "Callable[[], OciRegistry]") -> None:
        self._make = make
        self._made: OciRegistry | None = None

    def pin(self, repository: str, track: str) -> str:
        if self._made is None:
            self._made = self._make()
        return self._made.pin(repository, track)
