"""Says what may stand in the server's settings: the table behind the file and the environment."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from replanner.profile.sections import after, before, limits
from replanner.profile.source import shorten

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}/[A-Za-z0-9_.-]{1,100}")
_HOST: Final = re.compile(r"[a-z0-9.-]+(?::[0-9]{1,5})?")
# A name, an IPv4 address, or an IPv6 address with or without brackets.
_ADDRESS: Final = re.compile(r"(?:[\w.*-]+|\[?[0-9a-fA-F:.]+\]?):([0-9]{1,5})", re.ASCII)
_SOURCE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DURATION: Final = re.compile(r"(0|[1-9][0-9]{0,5})([mhd])")
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400}
_HIGHEST_PORT: Final = 65535


def _address(given: object) -> object:
    """Judged before its type is: a lone port is a number, and quotes would not mend it."""
    found = _ADDRESS.fullmatch(given) if isinstance(given, str) else None
    if not found or int(found[1]) > _HIGHEST_PORT:
        told = shorten(given, limit=80)
        raise ValueError(f"must be host:port, such as 127.0.0.1:8080, not {told}")
    return given


def _store(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://")):
        # What was given may hold a password.
        raise ValueError("must be sqlite:///file.db or postgresql://user@host/database")
    if text == "sqlite:///" or text.startswith("sqlite:///:memory:"):
        raise ValueError("must name a file: deliveries are kept there")
    return text


def _site(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address like https://api.github.com")
    if parts.username or parts.password:
        raise ValueError("must hold no password")
    return text.rstrip("/")


def _repository(text: str) -> str:
    if not _REPOSITORY.fullmatch(text):
        raise ValueError(f"must be owner/name, not {text[:80]!r}")
    return text


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError(f"must be a host like registry.acme.example:5000, not {text[:80]!r}")
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f"must be a network like 10.0.0.0/8, not {text[:80]!r}") from None


def _source(text: str) -> str:
    if not _SOURCE.fullmatch(text):
        raise ValueError(f"must be the name of a source, not {text[:80]!r}")
    return text


def _duration(text: str) -> str:
    if not _DURATION.fullmatch(text):
        raise ValueError(f"must be a time like 0h, 30m, 6h or 7d, not {text[:80]!r}")
    return text


def seconds(duration: str) -> int:
    """The seconds of a duration that the schema let pass."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


Address = Annotated[str, limits(max_length=255), before(_address)]
Store = Annotated[str, limits(max_length=2000), after(_store)]
Site = Annotated[str, limits(max_length=500), after(_site)]
Repository = Annotated[str, limits(max_length=201), after(_repository)]
Host = Annotated[str, limits(max_length=255), after(_host)]
Network = Annotated[str, limits(max_length=60), after(_network)]
SourceName = Annotated[str, after(_source)]
Duration = Annotated[str, after(_duration)]
File = Annotated[str, limits(min_length=1, max_length=4096)]
Glob = Annotated[str, limits(min_length=1, max_length=500)]
SecretText = Annotated[str, limits(min_length=1, max_length=65536)]


class App(NamedTuple):
    """A GitHub App."""

    id: Annotated[int, limits(ge=1, le=2**53), "The App's id."]
    private_key_file: Annotated[File, "Its private key."]


class GitHub(NamedTuple):
    """Where pull requests are opened, and as whom."""

    api_url: Annotated[Site, "Of GitHub Enterprise Server, https://host/api/v3."] = (
        "https://api.github.com"
    )
    token_file: Annotated[File | None, "A token on one line."] = None
    token: Annotated[SecretText | None, "The token itself: in the environment only."] = None
    app: Annotated[App | None, "A GitHub App instead of a token."] = None
    repositories: Annotated[
        tuple[Repository, ...], limits(max_length=1000), "What may be touched."
    ] = ()
    mode: Annotated[
        Literal["work", "dispatch"], "dispatch only starts the repositories' own workflows."
    ] = "work"
    checks: Annotated[bool, "An App writes a check run on each head, by which it can gate."] = True


class Hub(NamedTuple):
    """Where models are read."""

    endpoint: Annotated[Site, "The Hugging Face Hub, or a mirror of it."] = "https://huggingface.co"
    token_file: Annotated[File | None, "A token on one line."] = None
    token: Annotated[SecretText | None, "The token itself: in the environment only."] = None


class Registries(NamedTuple):
    """Where images are looked up, for profiles with engine.image_track."""

    hosts: Annotated[
        tuple[Host, ...], limits(max_length=100), "Registries to ask beside the public ones."
    ] = ()
    config_file: Annotated[File | None, "Logins, as `docker login` writes them."] = None


class Source(NamedTuple):
    """Who may send to /webhooks/<source>."""

    secrets_file: Annotated[File | None, "One secret a line; the first is the current one."] = None
    secrets: Annotated[SecretText | None, "The same text: in the environment only."] = None
    path_tokens_file: Annotated[File | None, "One path a line, for who cannot sign."] = None
    path_tokens: Annotated[SecretText | None, "The same text: in the environment only."] = None
    map: Annotated[
        Mapping[Glob, Glob], limits(max_length=1000), "Subject glob to profile glob."
    ] = {}


class Written(NamedTuple):
    """Everything a server may be told, as written."""

    listen: Annotated[Address, "Where the web listens."] = "127.0.0.1:8080"
    store: Annotated[Store, "Where deliveries and jobs are kept."] = "sqlite:///replanner.db"
    github: GitHub = GitHub()
    hub: Hub = Hub()
    registries: Registries = Registries()
    sources: Annotated[
        Mapping[SourceName, Source], limits(max_length=50), "Who may send; nobody else may."
    ] = {}
    debounce_seconds: Annotated[
        int, limits(ge=0, le=3600), "How long events of one thing are gathered."
    ] = 20
    min_revision_age: Annotated[Duration, "How old a revision must be to be proposed."] = "0h"
    reconcile_minutes: Annotated[
        int, limits(ge=0, le=1440), "How often everything is looked at anew; 0 is never."
    ] = 15
    most_replans_an_hour: Annotated[
        int,
        limits(ge=0, le=10_000),
        "How often a repository is worked on for anybody but people; 0 is without end.",
    ] = 60
    threads: Annotated[int, limits(ge=1, le=64), "Requests answered at the same time."] = 8
    request_seconds: Annotated[
        int, limits(ge=1, le=300), "How long a request may take to come whole."
    ] = 20
    trusted_proxies: Annotated[
        tuple[Network, ...], limits(max_length=100), "Whose X-Forwarded-For is believed."
    ] = ()
    concurrency: Annotated[int, limits(ge=1, le=32), "Repositories worked on at the same time."] = 2
    most_queued: Annotated[int, limits(ge=1, le=1_000_000), "More deliveries are put off."] = 20_000
    min_free_mb: Annotated[int, limits(ge=0, le=1_000_000), "With less disk they are too."] = 200
    keep_days: Annotated[int, limits(ge=30, le=365), "How long finished jobs are kept."] = 30
