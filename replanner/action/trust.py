"""Makes the Hub's client trust a company's own certificates beside the usual ones; GitHub's client
takes the bundle itself."""

import os
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

import certifi

# What OpenSSL and the Hub's HTTP client read.
_VARIABLE = "SSL_CERT_FILE"


@contextmanager
def trusting(bundle: Path | None, env: MutableMapping[str, str]) -> Iterator[None]:
    """For as long as it lasts, `bundle` and certifi's authorities are trusted."""
    if bundle is None:
        yield
        return
    before = env.get(_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="replanner-") as folder:
        both = Path(folder, "ca.pem")
        both.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + bundle.read_bytes())
        env[_VARIABLE] = os.fspath(both)
        try:
            yield
        finally:
            env.pop(_VARIABLE)
            if before is not None:
                env[_VARIABLE] = before
