"""Decides whether a text is a profile: every problem of a file is told at once, with its place."""

from collections.abc import Collection, Mapping
from pathlib import Path as FilePath
from typing import NamedTuple

from pydantic_core import ValidationError

from replanner.errors import ProfileError, did_you_mean
from replanner.profile.problems import schema_problems
from replanner.profile.schema import Profile
from replanner.profile.sections import Shape, validator
from replanner.profile.source import MAX_BYTES, Path, Problem, Source, failure, read_source


class LoadedProfile(NamedTuple):
    """A profile with the text it was read from, so that findings can name their line."""

    path: str
    text: str
    profile: Profile
    source: Source

    def position(self, key: str) -> tuple[int, int] | None:
        """Line and column (from 1) of a key like `hardware.tp_size`; None if it is not written."""
        return self.source.position(split_key(key))


def load_profile(
    path: str | FilePath,
    text: str | bytes | None = None,
    *,
    renderers: Collection[str] | None = None,
) -> LoadedProfile:
    """The profile in a file, or in `text` if the file's content is already at hand.

    `renderers` are the names that `outputs.emit` may hold; None lets any name pass.
    """
    content = read_file(FilePath(path)) if text is None else text
    return parse_profile(content, name=str(path), renderers=renderers)


def parse_profile(
    text: str | bytes, *, name: str, renderers: Collection[str] | None = None
) -> LoadedProfile:
    """The profile that a text holds; `name` is what errors call it."""
    source = read_source(text, name=name)
    if source.document is None and not source.problems:
        raise ProfileError(
            f"{name}: is empty; a profile needs at least profile_version and model.id",
            hint="`replanner init` writes a profile to start from.",
        )
    profile = shape(source, Profile, context={"renderers": renderers})
    return LoadedProfile(path=name, text=source.text, profile=profile, source=source)


def build_profile(
    document: Mapping[str, object], *, name: str, renderers: Collection[str] | None = None
) -> Profile:
    """A profile from values that stand in no file, like command-line flags."""
    source = Source(name=name, text="", document=dict(document), places={})
    return shape(source, Profile, context={"renderers": renderers})


def shape(source: Source, section: type[Shape], *, context: Mapping[str, object]) -> Shape:
    """The document as that section; ProfileError with all problems of source and schema."""
    problems = list(source.problems)
    try:
        shaped: Shape = validator(section).validate_python(source.document, context=dict(context))
    except ValidationError as error:
        problems += schema_problems(error, source, section)
    else:
        if not problems:
            return shaped
    raise failure(source.name, problems or [Problem(0, 0, "is not valid")])


def split_key(key: str) -> Path:
    """A dotted key as a path; the flags below outputs.vllm_args may hold dots themselves."""
    flags = "outputs.vllm_args."
    if key.startswith(flags):
        return ("outputs", "vllm_args", key.removeprefix(flags))
    return tuple(key.split("."))


def read_file(path: FilePath) -> bytes:
    """The bytes of a file, never more than may be read of it."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ProfileError(f"{path}: no such file.{_near_file(path)}") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProfileError(f"{path}: cannot be read: {reason}") from None
    except ValueError:
        raise ProfileError(f"{str(path)!r}: is not a file name") from None


def _near_file(path: FilePath) -> str:
    try:
        return did_you_mean(path.name, sorted(entry.name for entry in path.parent.iterdir()))
    except OSError:
        return ""
