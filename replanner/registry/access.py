"""Decides which registries may be asked, as whom, and over what."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final, NamedTuple

from replanner.errors import AccessDenied, InputError
from replanner.planning.images import image_name

# Where a stranger's profile may send us: registries that anybody can ask from anywhere.
PUBLIC: Final = frozenset(
    {
        "docker.io",
        "gcr.io",
        "ghcr.io",
        "mcr.microsoft.com",
        "nvcr.io",
        "public.ecr.aws",
        "quay.io",
        "registry.gitlab.com",
        "registry.k8s.io",
    }
)
_API_HOSTS: Final = {"docker.io": "registry-1.docker.io"}
MOST_CONFIG_BYTES: Final = 1024**2


class Login(NamedTuple):
    """An account at one registry."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(...)"

    @property
    def header(self) -> str:
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Access:
    """`hosts` are the registries that may be asked, None: any. `plain` are those that speak http,
    beside this machine's own. `logins` are by registry."""

    hosts: frozenset[str] | None = PUBLIC
    plain: frozenset[str] = frozenset()
    logins: Mapping[str, Login] = field(default_factory=dict, repr=False)

    def base_url(self, registry: str) -> str:
        """Where a registry's API is; AccessDenied where it may not be asked."""
        if self.hosts is not None and registry not in self.hosts:
            raise AccessDenied(
                f"the registry {registry[:100]!r} may not be asked.",
                hint="Whoever runs replanner can name it among the registries.",
            )
        scheme = "http" if registry in self.plain or is_local(registry) else "https"
        return f"{scheme}://{_API_HOSTS.get(registry, registry)}"


def is_local(host: str) -> bool:
    """This machine's own registries speak http, as they do to Docker."""
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    name = name.strip("[]")
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def logins_of(data: bytes, *, name: str) -> dict[str, Login]:
    """The logins in a Docker client's config.json; those kept by a helper program are not there."""
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        raise InputError(f"{name}: is no JSON.") from None
    auths = parsed.get("auths") if isinstance(parsed, dict) else None
    found = auths.items() if isinstance(auths, dict) else ()
    named = ((_host(key), _login(value)) for key, value in found)
    return {host: login for host, login in named if login}


def _host(key: str) -> str:
    """Docker Hub's stands there as an address, the others as hosts."""
    host = key.partition("://")[2] or key
    return image_name(f"{host.partition('/')[0]}/x/y").registry


def _login(value: object) -> Login | None:
    text = value.get("auth") if isinstance(value, dict) else None
    if not isinstance(text, str):
        return None
    try:
        user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return Login(user, password) if colon and password else None
