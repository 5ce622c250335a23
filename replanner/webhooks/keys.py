"""How a delivery is told from others: by the name its sender gives it, else by its body."""

import hashlib
import re
from typing import Final

from replanner.webhooks.source import Request

# Two honest deliveries may have the same body (a branch that goes back and forth, a tag pushed
# twice), so that the same body counts as a repetition for this long only.
REPEATS_FOR_S: Final = 600
_NAME: Final = re.compile(r"[!-~]{1,256}")


def by_header(request: Request, *headers: str) -> str:
    """The name in the first of the headers that holds one; else a key of the body."""
    named = (request.header(header) for header in headers)
    return next(filter(_NAME.fullmatch, named), "") or by_body(request)


def digest_of(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def by_body(request: Request, *, timed: bool = False) -> str:
    """A key of the body; `timed` says that the body itself holds the moment it tells of."""
    body = hashlib.sha256(request.body).hexdigest()
    return body if timed else f"{body}.{int(request.now_s // REPEATS_FOR_S)}"
