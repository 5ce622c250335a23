"""Decides which profiles a command means: files, flags, or flags on top of files."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from replanner.cli.context import Context, with_real_gpus
from replanner.errors import InputError, ReplannerError
from replanner.profile import LoadedProfile, Profile, build_profile, load_profile
from replanner.render import RENDERERS
from replanner.resolve import Place

_FLAGS = "command line"


@dataclass(frozen=True, slots=True)
class Asked:
    """One profile to plan; `loaded` is None where only flags were given."""

    profile: Profile
    place: Place
    loaded: LoadedProfile | None


def asked(
    arguments: argparse.Namespace, context: Context, root: Path, values: Mapping[str, object]
) -> Iterator[tuple[str, Callable[[], Asked]]]:
    """Each profile's name on the command line, with a way to read it that may fail."""
    files = [*arguments.profiles, *arguments.profile]
    if not files and "model.id" not in values:
        raise InputError("no profile is named.", hint="Give profile files, or at least --model.")
    if not files:
        yield _FLAGS, lambda: _from_flags(values)
    for file in files:
        yield file, lambda file=file: _from_file(file, context, root, values)


def _from_flags(values: Mapping[str, object]) -> Asked:
    document = _with_values({"profile_version": 1}, values)
    profile = build_profile(document, name=_FLAGS, renderers=RENDERERS)
    return Asked(with_real_gpus(profile), Place("", "plan"), None)


def _from_file(file: str, context: Context, root: Path, values: Mapping[str, object]) -> Asked:
    path = context.cwd / file
    loaded = load_profile(file, renderers=RENDERERS)
    profile = loaded.profile
    if values:
        document = _with_values(loaded.source.document, values)
        profile = build_profile(document, name=file, renderers=RENDERERS)
    return Asked(with_real_gpus(profile), Place(_below(path, root), path.stem), loaded)


def _below(path: Path, root: Path) -> str:
    """The path in the repository, or as it is where it lies outside."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.name


def _with_values(document: object, values: Mapping[str, object]) -> dict[str, object]:
    merged: dict[str, object] = dict(document) if isinstance(document, Mapping) else {}
    for key, value in values.items():
        section, name = key.split(".")
        part = merged.get(section)
        merged[section] = {**(part if isinstance(part, Mapping) else {}), name: value}
    return merged


_SEVERITY = {4: 4, 2: 3, 3: 2, 1: 1, 0: 0}


def worst(codes: list[int]) -> int:
    """The exit code of several profiles: 4, then 2, 3, 1, 0."""
    return max(codes, key=lambda code: _SEVERITY.get(code, 4), default=0)


def failure(name: str, error: ReplannerError) -> dict[str, object]:
    """The JSON line of a profile that could not be planned."""
    return {"profile": name, "error": error.document()}
