"""Whose certificates are believed: the usual authorities', and those that a bundle adds."""

import os
import ssl
import tempfile
from pathlib import Path

import certifi

from replanner.errors import InputError

_LARGEST = 4 * 1024**2


def merged_bundle(path: Path) -> Path:
    """certifi's authorities and the bundle's in a temporary file; InputError where it has none."""
    bundle = _certificates(path)
    handle, name = tempfile.mkstemp(prefix="replanner-ca-", suffix=".pem")
    with os.fdopen(handle, "wb") as out:
        out.write(Path(certifi.where()).read_bytes() + b"\n" + bundle)
    return Path(name)


def _certificates(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            data = opened.read(_LARGEST + 1)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=data.decode("ascii"))
    except (OSError, ValueError):
        data = b""
    if not data or len(data) > _LARGEST:
        raise InputError(
            f"{str(path)[:200]!r} holds no certificates that can be read.",
            hint="ca-bundle is a PEM file of certificates.",
        )
    return data
