"""Images of OCI registries: which digest a tag stands for now, which tags there are.

One look at the world: an instance answers the same question the same way, so that all profiles of a
run see one digest. urllib3 is imported on first use only.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from replanner.errors import InputError, ReplannerError, UpstreamError
from replanner.planning.images import ImageName, image_name, is_pattern, newest_tag
from replanner.registry.access import Access
from replanner.registry.memory import Answer, Memory

if TYPE_CHECKING:
    from replanner.registry.wire import Wire

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_PATH: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?|\[[0-9a-fA-F:]+\](?::[0-9]{1,5})?")
_LONGEST_PATH: Final = 255
# An index first: what is pinned must serve every platform that the tag does.
_MANIFESTS: Final = (
    "application/vnd.oci.image.index.v1+json"
    ", application/vnd.docker.distribution.manifest.list.v2+json"
    ", application/vnd.oci.image.manifest.v1+json"
    ", application/vnd.docker.distribution.manifest.v2+json"
)
_PAGE: Final = 1000
_MOST_PAGES: Final = 50


@dataclass(eq=False)
class OciRegistry:
    """The port `Registry` over the distribution API. `memory` spares registries what they need not
    say twice; who has other logins needs another one."""

    access: Access = field(default_factory=Access)
    memory: Memory = field(default_factory=Memory, repr=False)
    timeout_s: float = 10.0
    retry_waits_s: tuple[float, ...] = (0.5, 1.5)
    _seen: dict[tuple[str, str], str | ReplannerError] = field(default_factory=dict, repr=False)

    def pin(self, repository: str, track: str) -> str:
        """`repository:tag@sha256:...`, the repository as it was written."""
        key = (repository, track)
        if key not in self._seen:
            try:
                self._seen[key] = self._pinned(repository, track)
            except ReplannerError as error:
                self._seen[key] = error
        seen = self._seen[key]
        if isinstance(seen, ReplannerError):
            raise seen.with_traceback(None)
        return seen

    def digest(self, repository: str, tag: str) -> str:
        """What a tag stands for now."""
        image = _checked(repository)
        if not _TAG.fullmatch(tag):
            raise InputError(f"{tag[:40]!r} is no tag of an image.")
        # HEAD counts towards nobody's limit of pulls (docs.docker.com, "Usage and rate limits").
        answer = self._wire.ask("HEAD", image, f"manifests/{tag}", accept=_MANIFESTS)
        told = answer.headers.get("docker-content-digest", "")
        if _DIGEST.fullmatch(told):
            return told
        whole = self._wire.ask("GET", image, f"manifests/{tag}", accept=_MANIFESTS)
        return f"sha256:{hashlib.sha256(whole.body).hexdigest()}"

    def tags(self, repository: str) -> Iterator[str]:
        """All tags, page by page, in the registry's order."""
        image, query = _checked(repository), urlencode({"n": _PAGE})
        for _ in range(_MOST_PAGES):
            answer = self._wire.ask("GET", image, f"tags/list?{query}", accept="application/json")
            yield from _tags(answer, image)
            query = _next(answer)
            if not query:
                return
        # Asking again would find as many: it is an answer, or whoever fills a registry with tags
        # would have a plan that is never known.
        raise InputError(
            f"{image} has more tags than are read.", hint="Follow one tag in engine.image_track."
        )

    def _pinned(self, repository: str, track: str) -> str:
        tag: str | None = track
        if is_pattern(track):
            tag = newest_tag(self.tags(repository), track)
        if tag is None:
            raise InputError(
                f"{repository} has no tag that matches {track!r}.",
                hint="Check engine.image_track.",
            )
        return f"{repository}:{tag}@{self.digest(repository, tag)}"

    @cached_property
    def _wire(self) -> "Wire":
        from replanner.registry.wire import Limits, Wire  # noqa: PLC0415 - imports urllib3

        return Wire(self.access, Limits(self.timeout_s, self.retry_waits_s), self.memory)


def _checked(repository: str) -> ImageName:
    """Nothing in a name may lead elsewhere: it becomes part of an address."""
    image = image_name(repository)
    parts = image.path.split("/")
    right = all(_PATH.fullmatch(part) for part in parts) and len(image.path) <= _LONGEST_PATH
    if not right or not _HOST.fullmatch(image.registry):
        raise InputError(
            f"{repository[:100]!r} is no image's name.", hint="Write it as in vllm/vllm-openai."
        )
    return image


def _tags(answer: Answer, image: ImageName) -> list[str]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    listed = found.get("tags") if isinstance(found, dict) else None
    if not isinstance(listed, list | None) or not isinstance(found, dict):
        raise UpstreamError(f"{image.registry} did not answer like a registry.")
    return [tag for tag in listed or () if isinstance(tag, str) and _TAG.fullmatch(tag)]


def _next(answer: Answer) -> str:
    """The query of the next page; of its address nothing else counts."""
    link, _, more = answer.headers.get("link", "").partition(">")
    if 'rel="next"' not in more and "rel=next" not in more:
        return ""
    found = parse_qs(urlsplit(link.strip().removeprefix("<")).query)
    last = found.get("last")
    return urlencode({"n": found.get("n", [_PAGE])[0], "last": last[0]}) if last else ""
