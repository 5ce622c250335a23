"""A folder as the files of one revision: lists them with digests, and reads small ones.

A folder may hold less than the revision did: `.replanner.json` in it then lists all files (this is
how the cache keeps a model of 400 GB in 20 kB)."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from replanner.errors import InputError
from replanner.planning.model_files import UpstreamFile, matters

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from replanner.hub.kept import Kept

LISTING = ".replanner.json"
WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".gguf", ".onnx", ".h5", ".msgpack")
_MAX_HASHED_BYTES = 64 * 2**20
_MAX_FILES = 10_000
# huggingface_hub's cache links each file to blobs/<git sha1 or, for large files, sha256>.
_BLOB_KINDS = {40: "git", 64: "sha256"}
_HEX = re.compile(r"[0-9a-f]+")


def git_digest(data: bytes) -> str:
    """The id git gives these bytes, which is how a Hub names small files."""
    head = b"blob %d\0" % len(data)
    return "git:" + hashlib.sha1(head + data, usedforsecurity=False).hexdigest()


@contextmanager
def readable(what: object) -> Iterator[None]:
    """Turns what the file system says into a sentence about the user's folder."""
    try:
        yield
    except (OSError, ValueError) as error:
        # ValueError: a path with a null byte
        reason = (error.strerror if isinstance(error, OSError) else None) or "no such path"
        raise InputError(f"{str(what)!r} cannot be read: {reason}") from error


class DiskShelf(NamedTuple):
    """`inside` is the folder that no link may leave; None trusts the links."""

    folder: Path
    inside: Path | None = None

    def listing(self) -> tuple[UpstreamFile, ...]:
        with readable(self.folder):
            kept = _kept_listing(self.folder)
            return kept if kept is not None else tuple(self._scan())

    def read(self, path: str, limit: int) -> bytes:
        with readable(self.folder / path), self._checked(path).open("rb") as file:
            return file.read(limit)

    def _scan(self) -> Iterator[UpstreamFile]:
        for count, path in enumerate(_file_names(self.folder)):
            if count == _MAX_FILES:
                raise InputError(f"{str(self.folder)!r} holds more than {_MAX_FILES} files")
            if matters(path):
                yield self._described(path)

    def _described(self, path: str) -> UpstreamFile:
        file = self._checked(path)
        size = file.stat().st_size
        if digest := _linked_digest(file):
            return UpstreamFile(path, digest, size)
        if size > _MAX_HASHED_BYTES or path.endswith(WEIGHTS):
            return UpstreamFile(path, f"size:{size}", size)
        return UpstreamFile(path, git_digest(file.read_bytes()), size)

    def _checked(self, path: str) -> Path:
        file = self.folder / path
        if self.inside is not None and not file.resolve().is_relative_to(self.inside.resolve()):
            raise InputError(
                f"{path!r} in {str(self.folder)!r} is a link that leaves the repository"
            )
        return file


def _file_names(folder: Path) -> Iterator[str]:
    """Regular files (never a pipe or a device) here and one folder below, with / as separator."""
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if entry.is_file():
            yield entry.name
        elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            below = sorted(os.scandir(entry.path), key=lambda e: e.name)
            yield from (f"{entry.name}/{e.name}" for e in below if e.is_file())


def _linked_digest(file: Path) -> str | None:
    if not file.is_symlink():
        return None
    name = file.readlink().name
    kind = _BLOB_KINDS.get(len(name))
    return f"{kind}:{name}" if kind and _HEX.fullmatch(name) else None


def _kept(folder: Path) -> "Kept | None":
    file = folder / LISTING
    if not file.is_file():
        return None
    from pydantic import ValidationError  # noqa: PLC0415 - only the cache needs it

    from replanner.hub.kept import Kept  # noqa: PLC0415

    try:
        return Kept.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise InputError(
            f"{str(file)!r} is damaged", hint=f"Delete {str(folder)!r}; it is read anew"
        ) from error


def _kept_listing(folder: Path) -> tuple[UpstreamFile, ...] | None:
    kept = _kept(folder)
    return (
        None if kept is None else tuple(UpstreamFile(f.path, f.digest, f.size) for f in kept.files)
    )


def kept_move(folder: Path) -> str | None:
    """The name the model had moved to when this revision was kept."""
    with readable(folder):
        kept = _kept(folder)
    return kept.moved_to if kept else None


def keep(
    folder: Path,
    contents: Mapping[str, bytes],
    *,
    listing: tuple[UpstreamFile, ...],
    moved_to: str | None,
) -> None:
    """Keep a revision: what was read of it, and the list of all its files."""
    from replanner.hub.kept import Kept, KeptFile  # noqa: PLC0415 - only the cache needs it

    rows = [KeptFile(path=f.path, digest=f.digest, size=f.size) for f in listing]
    document = Kept(moved_to=moved_to, files=rows).model_dump_json(indent=1).encode()
    write_folder(folder, {**contents, LISTING: document})


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """All of the folder or nothing; a folder that is there already has the same content."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _fresh_folder(folder.parent) as fresh:
        for path, data in contents.items():
            target = Path(fresh, "files", path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        if not folder.exists():
            Path(fresh, "files").rename(folder)


def write_file(file: Path, text: str) -> None:
    """Replace a small file in one step."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _fresh_folder(file.parent) as fresh:
        Path(fresh, "file").write_text(text, encoding="utf-8")
        Path(fresh, "file").replace(file)


def _fresh_folder(parent: Path) -> "TemporaryDirectory[str]":
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - planning writes nothing

    return TemporaryDirectory(dir=parent, prefix=".new-")
