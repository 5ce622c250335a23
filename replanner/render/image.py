"""Decides which container images may be named, and what their parts are."""

import re
from typing import NamedTuple

from replanner.errors import InputError

# The grammar of github.com/distribution/reference, without its length limits.
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/"
_IMAGE = re.compile(
    rf"(?P<repository>(?:{_HOST})?{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class Image(NamedTuple):
    """A pinned image: a tag, a digest or both; the digest decides."""

    repository: str
    tag: str
    digest: str


def parse_image(reference: str) -> Image:
    """The parts of an image reference; InputError unless it is well-formed and pinned."""
    found = _IMAGE.fullmatch(reference)
    if found is None or reference.startswith("-"):
        raise InputError(
            f"engine.image: {reference!r} is no image reference.",
            hint="An image is written repository:tag or repository@sha256:<64 hex digits>.",
        )
    tag, digest = found["tag"] or "", found["digest"] or ""
    if not tag and not digest:
        raise InputError(
            f"engine.image: {reference!r} is not pinned.",
            hint="Add a tag (vllm/vllm-openai:v0.33.0) or a digest.",
        )
    return Image(found["repository"], tag, digest)
