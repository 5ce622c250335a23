"""Decides where a GitHub's API and its pages are, from however somebody wrote its address."""

from urllib.parse import urlsplit, urlunsplit

from replanner.errors import InputError

_PUBLIC = ("github.com", "www.github.com", "api.github.com")
_TENANTS = ".ghe.com"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_ENTERPRISE_PATH = "/api/v3"


def api_address(url: str) -> str:
    """The REST API's address without a slash at its end: `https://api.github.com`,
    `https://api.acme.ghe.com` or `https://github.acme.com/api/v3`."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.scheme not in ("http", "https") or "@" in parts.netloc:
        raise InputError(
            "the GitHub API's address is no http or https address.",
            hint="It looks like https://api.github.com or https://github.example.com/api/v3.",
        )
    path = parts.path.rstrip("/")
    if host in _PUBLIC:
        return "https://api.github.com"
    if host.endswith(_TENANTS):
        host, path = f"api.{host.removeprefix('api.')}", ""
    elif not path and host not in _LOOPBACK:
        path = _ENTERPRISE_PATH
    netloc = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{netloc}:{port}" if port else netloc, path, "", ""))


def site_address(api_url: str) -> str:
    """Where people look at the same GitHub."""
    parts = urlsplit(api_url)
    netloc = parts.netloc
    if parts.hostname == "api.github.com" or (parts.hostname or "").endswith(_TENANTS):
        netloc = netloc.removeprefix("api.")
    return urlunsplit((parts.scheme, netloc, parts.path.removesuffix(_ENTERPRISE_PATH), "", ""))
