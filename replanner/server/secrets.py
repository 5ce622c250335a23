"""Decides which secrets are good enough to stand guard, and how they are kept: never printable."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from replanner.errors import InputError

# Shorter ones can be guessed offline from one signed delivery.
SHORTEST_SECRET: Final = 16
# What stands in an address is all the proof there is of senders that cannot sign.
SHORTEST_PATH_TOKEN: Final = 32
_MOST_BYTES: Final = 64 * 1024
_MOST_SECRETS: Final = 16


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that neither logs nor tracebacks show."""

    text: str = field(repr=False)


def read_secret(path: Path, what: str) -> Secret:
    """The one secret in a file; InputError where there is none."""
    lines = _lines(_read(path, what))
    if len(lines) != 1:
        raise InputError(f"{what}: {path} must hold exactly one line, not {len(lines)}.")
    return Secret(lines[0])


def read_text(path: Path, what: str) -> Secret:
    """A secret of several lines, such as a private key."""
    text = _read(path, what)
    if not text.strip():
        raise InputError(f"{what}: {path} is empty.")
    return Secret(text)


def read_secrets(path: Path, what: str, *, shortest: int) -> tuple[Secret, ...]:
    """The secrets in a file, one a line: the current one, then those still accepted."""
    return good_secrets(_read(path, what), f"{what}: {path}", shortest=shortest)


def good_secrets(text: str, where: str, *, shortest: int) -> tuple[Secret, ...]:
    """The secrets in a text; InputError where it holds none, or one that is too short."""
    lines = _lines(text)
    if not lines:
        raise InputError(
            f"{where} holds no secret; a source without one would be open to everybody.",
            hint="Put one on a line (`openssl rand -hex 32` makes one), or remove the source.",
        )
    if len(lines) > _MOST_SECRETS:
        raise InputError(f"{where} holds {len(lines)} secrets; at most {_MOST_SECRETS} are tried.")
    for number, line in enumerate(lines, 1):
        if (size := len(line.encode())) < shortest:
            raise InputError(
                f"{where}: secret {number} has {size} bytes; it needs at least {shortest}.",
                hint="`openssl rand -hex 32` makes a good one.",
            )
    return tuple(Secret(line) for line in lines)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _read(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{what}: {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise InputError(f"{what}: {str(path)!r} is not a file name.") from None
    if len(data) > _MOST_BYTES:
        raise InputError(f"{what}: {path} is larger than {_MOST_BYTES} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InputError(f"{what}: {path} is not UTF-8 text.") from None
