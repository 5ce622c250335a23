"""Decides which profiles a command means: files, flags, or flags on top of files."""

import argparse
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from replanner.cli.context import Context
from replanner.cli.seed import seed_values
from replanner.errors import InputError, ReplannerError
from replanner.planning.request import FlagScalar
from replanner.profile import LoadedProfile, edit_profile, load_profile, parse_profile
from replanner.resolve import Place

_FLAGS = "command line"
_NO_PLACE = re.compile(rf"{_FLAGS}(:\d+:\d+)+")


class KnownRenderers(Collection[str]):
    """The names that outputs.emit may hold, looked up only when a profile names some."""

    def _names(self) -> list[str]:
        from replanner.plugins import names  # noqa: PLC0415 - most profiles emit the default
        from replanner.render import RENDERERS  # noqa: PLC0415

        return names("render", builtin=RENDERERS)

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())


RENDERERS = KnownRenderers()


class Asked(NamedTuple):
    """One profile to plan, and where it stands."""

    loaded: LoadedProfile
    place: Place


def asked(
    arguments: argparse.Namespace, context: Context, root: Path
) -> Iterator[tuple[str, Callable[[], Asked]]]:
    """Each profile's name on the command line, with a way to read it that may fail."""
    values = seed_values(arguments)
    files = [*arguments.profiles, *arguments.profile]
    if not files and "model.id" not in values:
        raise InputError("no profile is named.", hint="Give profile files, or at least --model.")
    if not files:
        yield _FLAGS, partial(_from_flags, values)
    for file in files:
        yield file, partial(_from_file, file, context, root, values)


def _from_flags(values: Mapping[str, FlagScalar]) -> Asked:
    model = values["model.id"]
    # the text is made by the editor, so that `profile.yaml` can be written from flags too
    start = 'profile_version: 1\nmodel:\n  id: "x"\n'
    try:
        loaded = parse_profile(edit_profile(start, values, name=_FLAGS), name=_FLAGS)
    except InputError as error:
        # the lines and columns of that text are nobody's
        raise type(error)(_NO_PLACE.sub(_FLAGS, error.message), hint=error.hint) from None
    return Asked(with_real_gpus(loaded), Place("", str(model).rstrip("/").split("/")[-1]))


def _from_file(file: str, context: Context, root: Path, values: Mapping[str, FlagScalar]) -> Asked:
    path = context.cwd / file
    loaded = load_profile(file, renderers=RENDERERS)
    if values:
        loaded = parse_profile(
            edit_profile(loaded.text, values, name=file), name=file, renderers=RENDERERS
        )
    return Asked(with_real_gpus(loaded), Place(_below(path, root), path.stem))


def _below(path: Path, root: Path) -> str:
    """The path in the repository, or its name where it lies outside."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.name


def with_real_gpus(loaded: LoadedProfile) -> LoadedProfile:
    """The profile with `gpu_name: auto` replaced by this machine's GPUs."""
    hardware = loaded.profile.hardware
    if hardware.gpu_name != "auto":
        return loaded
    from replanner.detect import detect, hardware_from  # noqa: PLC0415 - only where it is asked for

    name, count, vram_gib = hardware_from(detect())
    if hardware.gpus > count:
        raise InputError(
            f"hardware.gpus is {hardware.gpus}; this machine has {count}.",
            hint="Name the GPU in hardware.gpu_name to plan for another machine.",
        )
    values: dict[str, FlagScalar] = {"hardware.gpu_name": name}
    if vram_gib is not None and hardware.vram_gib is None and hardware.vram_gb is None:
        values["hardware.vram_gib"] = vram_gib
    text = edit_profile(loaded.text, values, name=loaded.path)
    return parse_profile(text, name=loaded.path)


def failure(name: str, error: ReplannerError) -> dict[str, object]:
    """The JSON line of a profile that could not be planned."""
    return {"profile": name, "error": error.document()}
