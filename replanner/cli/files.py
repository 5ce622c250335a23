"""Decides where `generate` and `apply` write, and writes all of their files or none of them."""

import argparse
import os
import posixpath
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from replanner.cli.context import Context
from replanner.cli.profiles import RENDERERS, Asked
from replanner.errors import InputError, did_you_mean
from replanner.planning.record import PlanRecord
from replanner.planning.stored import is_inside
from replanner.propose import Blob, Files
from replanner.render import Artifact
from replanner.replan.artifacts import PLAN_FILE, finished_profile, output_dir, render_files

_FROM_A_PLAN = ("command", "docker", "compose", "k8s")


class Target(NamedTuple):
    """`--output-dir` (a folder per profile in it where there are several) and `--emit`."""

    folder: Path | None
    emit: tuple[str, ...] | None
    folder_per_profile: bool

    @classmethod
    def of(cls, arguments: argparse.Namespace, context: Context, several: bool) -> "Target":  # noqa: FBT001
        folder = context.cwd / arguments.output_dir if arguments.output_dir else None
        emit = None if arguments.emit is None else _emit(arguments.emit)
        return cls(folder, emit, several)

    def folder_of(self, wanted: Asked, root: Path) -> Path:
        if self.folder is None:
            return root / output_dir(wanted.loaded.profile, wanted.place.name)
        return self.folder / wanted.place.name if self.folder_per_profile else self.folder


def _emit(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in RENDERERS:
            raise InputError(
                f"--emit: no renderer is called {name!r}.{did_you_mean(name, RENDERERS)}",
                hint=f"Known: {', '.join(RENDERERS)}.",
            )
    return names


def claim(folder: Path, profile: str, taken: dict[Path, str]) -> None:
    """InputError where another profile of this run has written to that folder already."""
    if folder in taken:
        raise InputError(
            f"{profile}: writes to {folder}, as {taken[folder]} does.",
            hint="Rename one of the files, or give each its own outputs.dir.",
        )
    taken[folder] = profile


def write_plan_files(
    wanted: Asked, record: PlanRecord, root: Path, target: Target
) -> Iterator[str]:
    """Render a profile's plan and write it; yields what was written."""
    folder = target.folder_of(wanted, root)
    written = render_files(
        record,
        names=target.emit or wanted.loaded.profile.outputs.emit,
        folder=_relative(folder, root),
        profile_text=finished_profile(wanted.loaded, record.plan),
    )
    return write_all(folder, written.files)


def write_record(record: PlanRecord, root: Path, target: Target) -> Iterator[str]:
    """The same for a plan that came without its profile."""
    folder = target.folder or root
    names = target.emit or _FROM_A_PLAN
    return write_all(
        folder, render_files(record, names=names, folder=_relative(folder, root)).files
    )


def _relative(folder: Path, root: Path) -> str:
    return posixpath.normpath(os.path.relpath(folder, root))


def write_all(folder: Path, files: Mapping[str, Artifact]) -> Iterator[str]:
    """Every file is complete beside its place before the first one takes it; plan.json is last,
    so that a run cut short is seen by `check`."""
    staged: dict[Path, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in files:
            if (folder / name).is_dir():
                raise InputError(f"{folder / name}: cannot be written: it is a folder.")
        for name, artifact in files.items():
            blob = Blob(artifact.text.encode(), artifact.executable)
            staged[folder / name] = _staged(folder, blob)
        for place, temporary in staged.items():
            temporary.replace(place)
            yield f"{place}: written"
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)


def write_tree(root: Path, files: Files) -> None:
    """The same for files of several folders, by their paths below the root; None deletes."""
    for path, blob in files.items():
        _check_place(root, path, blob)
    staged: dict[Path, Path] = {}
    try:
        for path in sorted(files, key=_plan_last):
            if (blob := files[path]) is not None:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                staged[root / path] = _staged((root / path).parent, blob)
        for place, temporary in staged.items():
            temporary.replace(place)
        for path in sorted(path for path, blob in files.items() if blob is None):
            _delete(root / path)
    except OSError as error:
        raise InputError(f"{root}: cannot be written: {error.strerror}") from None
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)


def overwrite(file: Path, text: str) -> None:
    """One file that is there, complete or as it was; its mode stays, and a link stays a link."""
    place = file.resolve()
    try:
        mode = stat.S_IMODE(place.stat().st_mode)
        staged = _staged(place.parent, Blob(text.encode()))
        try:
            staged.chmod(mode)
            staged.replace(place)
        finally:
            staged.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}.") from None


def _plan_last(path: str) -> tuple[bool, str]:
    return posixpath.basename(path) == PLAN_FILE, path


def _check_place(root: Path, path: str, blob: Blob | None) -> None:
    """A link on the way leads to files that are nobody's artifacts."""
    try:
        inside = (root / path).parent.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # RuntimeError: a link to itself, up to 3.12
        inside = False
    if not inside or not is_inside(path):
        raise InputError(f"{path}: leads out of {str(root)!r}.")
    if blob is not None and (root / path).is_dir():
        raise InputError(f"{path}: cannot be written: it is a folder.")


def _delete(place: Path) -> None:
    """The file, and its folder where nothing else is in it."""
    place.unlink(missing_ok=True)
    with suppress(OSError):
        place.parent.rmdir()


def _staged(folder: Path, blob: Blob) -> Path:
    handle, name = tempfile.mkstemp(dir=folder, prefix=".replanner-")
    with os.fdopen(handle, "wb") as out:
        out.write(blob.data)
    path = Path(name)
    path.chmod(0o755 if blob.executable else 0o644)
    return path
