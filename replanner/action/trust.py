"""Makes the Hub's client trust a company's own certificates beside the usual ones; GitHub's client
takes the bundle itself."""

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

from replanner.forge.github.trust import merged_bundle

# What OpenSSL and the Hub's HTTP client read.
_VARIABLE = "SSL_CERT_FILE"


@contextmanager
def trusting(bundle: Path | None, env: MutableMapping[str, str]) -> Iterator[None]:
    """For as long as it lasts, `bundle` and certifi's authorities are trusted."""
    if bundle is None:
        yield
        return
    before = env.get(_VARIABLE)
    merged = merged_bundle(bundle)
    env[_VARIABLE] = os.fspath(merged)
    try:
        yield
    finally:
        merged.unlink(missing_ok=True)
        env.pop(_VARIABLE)
        if before is not None:
            env[_VARIABLE] = before
