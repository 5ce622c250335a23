"""Decides which single values a profile may hold: names, folders, revisions, versions, flags."""

import re
from collections.abc import Collection
from typing import Annotated, Any, Final

from pydantic_core.core_schema import ValidationInfo

from replanner.errors import did_you_mean
from replanner.planning.request import FlagScalar, FlagValue, is_folder
from replanner.profile.sections import Mark, after, after_in_context, before, limits, shown
from replanner.profile.source import shorten

MAX_PATH: Final = 1024
MAX_SEGMENT: Final = 255
MAX_REVISION: Final = 255
MAX_FLAG_VALUE: Final = 8192

# huggingface_hub 2.4, utils/_validators.py, validate_repo_id: one or two names of 1..96 characters
# out of [A-Za-z0-9_.-], each beginning and ending with a letter, digit or underscore.
_HUB_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?")
_HUB_ADDRESS: Final = re.compile(r"(?:https?://)?(?:huggingface\.co|hf\.co)/([^/?#]+/[^/?#]+)")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# git-check-ref-format(1): what a branch, tag or commit name may not hold.
_NOT_IN_REF: Final = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|[/.]$|\.lock$|/\.|\.lock/"
)
_VERSION: Final = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}")
# github.com/distribution/reference, grammar in reference.go: name, then :tag and @digest.
_IMAGE: Final = re.compile(
    r"[a-zA-Z0-9][a-zA-Z0-9._/:-]{0,254}?(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(?:@sha256:[0-9a-f]{64})?"
)
_TAG_GLOB: Final = re.compile(r"[A-Za-z0-9_*?\[][A-Za-z0-9_.*?\[\]!-]{0,127}")
_FLAG: Final = re.compile(r"(?:--)?[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
_DRIVE: Final = re.compile(r"[A-Za-z]:")


def check_model_id(value: str) -> str:
    _no_control(value)
    if is_folder(value):
        if len(value) > MAX_PATH:
            raise ValueError(f"must be a path of at most {MAX_PATH} characters")
        return value
    if address := _HUB_ADDRESS.match(value):
        raise ValueError(f"must be a name, not an address: write {shorten(address[1])}")
    names = value.split("/")
    if len(names) > 2 or not all(map(_HUB_NAME.fullmatch, names)):  # noqa: PLR2004 - org/name
        raise ValueError(
            f"must be a Hugging Face id ('org/name', at most 96 letters, digits, '-', '_' or '.'"
            f" each) or a folder beginning with ./ ../ or /, not {shorten(value)}"
        )
    if "--" in value or ".." in value or value.endswith(".git"):
        raise ValueError(f"must not hold '--' or '..' or end with '.git': {shorten(value)}")
    return value


def check_revision(value: str) -> str:
    if not value or len(value) > MAX_REVISION or _NOT_IN_REF.search(value):
        raise ValueError(f"must be a branch, tag or commit, not {shorten(value)}")
    return value


def check_dir(value: str) -> str:
    """A folder inside the root, with `/` between its segments and nothing that git keeps."""
    _no_control(value)
    if value.startswith("/") or _DRIVE.match(value):
        raise ValueError(f"must be relative to the root of the repository, not {shorten(value)}")
    if "\\" in value:
        raise ValueError(f"must be written with '/', not with a backslash: {shorten(value)}")
    parts = [part for part in value.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise ValueError(f"must stay inside the repository; {shorten(value)} leaves it")
    # A file in .git could become a hook, one in .github/workflows a workflow.
    # Windows drops dots and blanks at the end; macOS what is not printable.
    lowered = [part.lower().rstrip(". ") for part in parts]
    kept = {"", ".git", "git~1"}.intersection(lowered)
    if kept or lowered[:2] == [".github", "workflows"] or not value.isprintable():
        raise ValueError(f"must not be a folder of git or of workflows: {shorten(value)}")
    if not parts or len(value) > MAX_PATH or max(map(len, parts)) > MAX_SEGMENT:
        raise ValueError(f"must name a folder, not {shorten(value)}")
    return "/".join(parts)


def check_version(value: object) -> str:
    if isinstance(value, str) and _VERSION.fullmatch(value):
        return value
    quotes = "" if isinstance(value, str) else ", in quotes"
    raise ValueError(f'must be a version like "0.33.0"{quotes}, not {shorten(value)}')


def check_text(value: str) -> str:
    _no_control(value)
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def flag_name(name: str) -> str:
    """`max-num-seqs` for `--max_num_seqs`; after a dot stand JSON keys, which stay as they are."""
    head, dot, rest = name.removeprefix("--").partition(".")
    return head.replace("_", "-") + dot + rest


def check_flag(value: str) -> str:
    if len(value) > MAX_SEGMENT or not _FLAG.fullmatch(value):
        raise ValueError(
            f"must be the long name of a vLLM flag, like max-num-seqs, not {shorten(value)}"
        )
    return value


def check_flag_value(value: object) -> FlagValue:
    if isinstance(value, list):
        return tuple(_flag_scalar(item) for item in value)
    return _flag_scalar(value)


def check_flags(flags: dict[str, FlagValue]) -> dict[str, FlagValue]:
    first: dict[str, str] = {}
    for name in flags:
        if (other := first.setdefault(flag_name(name), name)) != name:
            raise ValueError(f"names one flag twice, as {other!r} and {name!r}")
    return flags


def _flag_scalar(value: object) -> FlagScalar:
    if isinstance(value, str):
        if len(value) > MAX_FLAG_VALUE or _CONTROL.search(
            value.replace("\n", "").replace("\t", "")
        ):
            raise ValueError(f"must be printable text of at most {MAX_FLAG_VALUE} characters")
        return value
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise ValueError(f"must be a finite number, not {value}")
    if value is None or isinstance(value, int | float):
        return value
    raise ValueError(
        "must be a word, number, true, false, null or a list of these; write JSON as quoted text"
    )


def _no_control(value: str) -> None:
    if _CONTROL.search(value):
        raise ValueError(f"must not hold control characters: {shorten(value)}")


def check_renderer(value: str, info: ValidationInfo) -> str:
    """Which renderers there are is the caller's knowledge; without it any name passes."""
    known: Collection[str] | None = (info.context or {}).get("renderers")
    if known is None or value in known:
        return value
    names = ", ".join(sorted(known))
    raise ValueError(f"must be one of {names}, not {value!r}.{did_you_mean(value, known)}")


def each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = [name for index, name in enumerate(names) if name in names[:index]]
    if twice:
        raise ValueError(f"must name each renderer once; {twice[0]!r} stands there twice")
    return names


def check_glob(value: str) -> str:
    """A pattern below the root, as `find_profiles` reads it."""
    _no_control(value)
    if value.startswith(("/", "!")) or "\\" in value or ".." in value.split("/"):
        raise ValueError(f"must be a pattern below the root, with '/' and no '!': {shorten(value)}")
    if not value or len(value) > MAX_SEGMENT:
        raise ValueError(f"must be a pattern of 1 to {MAX_SEGMENT} characters")
    return value.removeprefix("./")


def _matching(pattern: re.Pattern[str], what: str) -> Mark:
    def check(value: str) -> str:
        if pattern.fullmatch(value):
            return value
        raise ValueError(f"must be {what}, not {shorten(value)}")

    return after(check)


ModelId = Annotated[str, after(check_model_id)]
Revision = Annotated[str, after(check_revision)]
OutputDir = Annotated[str, after(check_dir)]
GpuName = Annotated[str, limits(max_length=100), after(check_text)]
Image = Annotated[str, _matching(_IMAGE, 'an image like "vllm/vllm-openai:v0.33.0"')]
TagGlob = Annotated[str, _matching(_TAG_GLOB, 'a tag or tag glob like "v0.33.*"')]
VllmVersion = Annotated[str, before(check_version), shown(pattern=rf"^{_VERSION.pattern}$")]
FlagName = Annotated[str, after(check_flag)]
_SCALAR: Final = ("string", "number", "boolean", "null")
Flag = Annotated[
    Any,  # a FlagValue, once checked
    after(check_flag_value),
    shown(type=[*_SCALAR, "array"], items={"type": [*_SCALAR]}),
]
Tokens = Annotated[int, limits(ge=1, le=1_000_000_000)]
Count = Annotated[int, limits(ge=1, le=1024)]
Requests = Annotated[int, limits(ge=1, le=1_000_000)]
Gib = Annotated[float, limits(ge=0, le=100_000)]
SomeGib = Annotated[float, limits(gt=0, le=100_000)]
RendererName = Annotated[
    str,
    _matching(re.compile(r"[a-z][a-z0-9_-]{0,63}"), 'the name of a renderer, like "compose"'),
    after_in_context(check_renderer),
]
RendererNames = Annotated[tuple[RendererName, ...], limits(max_length=100), after(each_once)]
Glob = Annotated[str, after(check_glob)]
Globs = Annotated[tuple[Glob, ...], limits(min_length=1, max_length=100)]
