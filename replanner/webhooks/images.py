"""Makes events of what registries say about images: names that compare with those in profiles."""

import re
from typing import Final

from replanner.planning.images import repository_of
from replanner.webhooks.events import ImageMoved

# github.com/distribution/reference, grammar in reference.go: host and port, then lower-case parts.
_PART: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME: Final = re.compile(rf"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{{1,5}})?/)?{_PART}(?:/{_PART})*")
_LONGEST_NAME: Final = 255
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def image_moved(reference: str, tag: str = "", digest: str = "") -> tuple[ImageMoved, ...]:
    """The event of an image that was pushed; none where its name can be no image's. A tag or
    digest that can be none is left out: the registry is asked anyway."""
    name = repository_of(reference[: 2 * _LONGEST_NAME])
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        return ()
    return (ImageMoved(name, _if_like(_TAG, tag), _if_like(_DIGEST, digest)),)


def _if_like(shape: re.Pattern[str], text: str) -> str:
    return text if shape.fullmatch(text) else ""
