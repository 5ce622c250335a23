"""How a delivery is told from others where its sender gives it no name: by its body."""

import hashlib
from typing import Final

from replanner.webhooks.source import Request

# Two honest deliveries may have the same body (a branch that goes back and forth, a tag pushed
# twice), so that the same body counts as a repetition for this long only.
REPEATS_FOR_S: Final = 600


def digest_of(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def by_body(request: Request, *, timed: bool = False) -> str:
    """A key of the body; `timed` says that the body itself holds the moment it tells of."""
    body = hashlib.sha256(request.body).hexdigest()
    return body if timed else f"{body}.{int(request.now_s // REPEATS_FOR_S)}"
