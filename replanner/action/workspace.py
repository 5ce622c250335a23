"""Files that a run leaves in the workspace or takes from it: only there, whatever links say."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from replanner.errors import InputError


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder that the runner mounts; paths are relative to it."""

    root: Path

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "Workspace":
        return cls(Path(env.get("GITHUB_WORKSPACE") or "."))

    def write(self, path: str, text: str, *, what: str) -> None:
        """Replace a file in one step; it belongs to whom the workspace belongs to."""
        file = self._inside(path, what)
        try:
            self._make_folder(file.parent)
            descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".replanner-")
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as opened:
                opened.write(text)
            Path(name).chmod(0o644)
            self._hand_over(Path(name))
            Path(name).replace(file)
        except OSError as error:
            raise InputError(f"{what} {path!r} cannot be written: {error.strerror}.") from None

    def read(self, path: str, *, what: str, most: int) -> bytes:
        """A file of at most `most` bytes."""
        file = self._inside(path, what)
        try:
            with file.open("rb") as opened:
                data = opened.read(most + 1)
        except OSError as error:
            raise InputError(f"{what} {path!r} cannot be read: {error.strerror}.") from None
        if len(data) > most:
            raise InputError(f"{what} {path!r} is larger than {most // 2**20} MiB.")
        return data

    def file(self, path: str, *, what: str) -> Path:
        """A file that somebody else will read."""
        found = self._inside(path, what)
        if not found.is_file():
            raise InputError(f"{what} {path!r} is no file of the workspace.")
        return found

    def _inside(self, path: str, what: str) -> Path:
        root = self.root.resolve()
        file = root / path
        try:
            # A link that somebody committed must not lead a container's root elsewhere.
            parent = file.parent.resolve()
            leaves = not parent.is_relative_to(root) or file.is_symlink() or file.is_dir()
        except (OSError, ValueError, RuntimeError):  # RuntimeError: a link to itself, up to 3.12
            leaves = True
        if leaves or path.startswith("/"):
            raise InputError(f"{what} {path!r} is no file of the workspace.")
        return file

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir()
        self._hand_over(folder)

    def _hand_over(self, path: Path) -> None:
        """A container runs as root; later steps, which do not, must be able to delete the file."""
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            owner = self.root.stat()
            with suppress(OSError):
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
