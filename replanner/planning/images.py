"""Decides what a container image's name means, and which of its tags is the newest that a profile
follows."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

USUAL_IMAGES = {"nvidia": "vllm/vllm-openai", "amd": "vllm/vllm-openai-rocm"}
DOCKER_HUB = "docker.io"
# Where Docker Hub answered before, and still does.
_DOCKER_HUBS = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)(?:[.\-_]?post(\d+))?(.*)")
# PEP 440's early releases, and what projects call their builds of the day.
_EARLY = re.compile(r"[.\-_+]?(a|b|c|rc|alpha|beta|dev|pre|preview|nightly)(?![a-z])")
_VLLM_RELEASE = re.compile(r"v?([0-9]{1,3})\.([0-9]{1,3})\.[0-9]{1,3}(?![0-9])")
_DIGITS = re.compile(r"(\d+)")
_LONGEST_NUMBER = 18


class ImageName(NamedTuple):
    """A repository of images: whose registry holds it, and what it is called there."""

    registry: str
    path: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}"


def image_name(repository: str) -> ImageName:
    """`vllm/vllm-openai` is docker.io's, `debian` is docker.io/library/debian: as Docker reads
    names (github.com/distribution/reference, normalize.go)."""
    first, slash, rest = repository.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    host, path = (first.lower(), rest) if is_host else (DOCKER_HUB, repository)
    if host in _DOCKER_HUBS:
        return ImageName(DOCKER_HUB, path if "/" in path else f"library/{path}")
    return ImageName(host, path)


def repository_of(reference: str) -> str:
    """An image reference without its tag and digest."""
    bare = reference.partition("@")[0]
    head, slash, last = bare.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def tag_of(reference: str) -> str:
    """The tag of an image reference; empty where it has none."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[2]


def release_of(reference: str) -> tuple[int, int] | None:
    """The vLLM release, major and minor, that an image is of by name and tag; None where they do
    not tell. Others number their images by the month (25.09) or by versions of their own."""
    name = repository_of(reference).rpartition("/")[2]
    found = _VLLM_RELEASE.match(tag_of(reference)) if "vllm" in name.lower() else None
    return (int(found[1]), int(found[2])) if found else None


def is_pattern(track: str) -> bool:
    """Is what a profile follows a glob? Otherwise it is one tag."""
    return any(char in track for char in "*?[")


def follows(track: str, tag: str) -> bool:
    """Is the tag one that a profile with this `engine.image_track` follows?"""
    return fnmatchcase(tag, track) if is_pattern(track) else tag == track


def newest_tag(tags: Iterable[str], track: str) -> str | None:
    """The newest tag that matches, by version order. Early releases count only where nothing else
    matches; of one version's builds the plain one, else the last by name."""
    return max((tag for tag in tags if follows(track, tag)), key=_order, default=None)


def _order(tag: str) -> tuple[object, ...]:
    found = _VERSION.fullmatch(tag)
    if found is None:
        return (False, False, (), 0, False, _natural(tag), tag)
    release, post, rest = found.groups()
    early = _EARLY.match(rest.lower()) is not None
    numbers = tuple(_number(one) for one in release.split("."))
    after = _number(post or "0")
    return (True, not early, numbers, after, not rest, _natural(rest), tag)


def _natural(text: str) -> tuple[tuple[int, str], ...]:
    """Text in which numbers are compared as numbers."""
    parts = _DIGITS.split(text)
    return tuple((_number(part), "") if part.isdigit() else (-1, part) for part in parts if part)


def _number(digits: str) -> int:
    """A date and time fit; longer ones are no version, and int() refuses some of them."""
    return int(digits[:_LONGEST_NUMBER])
