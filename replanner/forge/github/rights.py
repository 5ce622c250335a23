"""Asks what a token or an App may do, as far as GitHub tells."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

from pydantic import Field

from replanner.forge.github.client import Client
from replanner.forge.github.session import Answer, App, Connection


class _Account(Answer):
    login: str = ""


class _App(Answer):
    permissions: dict[str, str] = Field(default_factory=dict)
    events: tuple[str, ...] = ()
    owner: _Account | None = None


class _Installation(_App):
    account: _Account | None = None


class Granted(NamedTuple):
    """What an App is allowed, and which events it hears of; with an owner, what they accepted.
    `maker`: whose App it is, where GitHub tells."""

    permissions: Mapping[str, str]
    events: Sequence[str] = ()
    owner: str = ""
    maker: str = ""


def scopes_of(connection: Connection) -> tuple[str, ...] | None:
    """The scopes of a classic token; None for any other, whose rights GitHub does not tell. Asking
    for the limit counts towards none."""
    with closing(Client(connection)) as client:
        told = client.rest("GET", "/rate_limit", doing="ask what the token may do").headers
    listed = told.get("x-oauth-scopes")
    if listed is None:
        return None
    return tuple(sorted(one.strip() for one in listed.split(",") if one.strip()))


def granted(connection: Connection) -> list[Granted]:
    """The App itself, and each of its installations: whoever owns one has to accept more."""
    token = connection.token
    if isinstance(token, App) and token.installation_id is None:
        connection = replace(connection, token=replace(token, installation_id=1))
    with closing(Client(connection)) as client:
        app = client.checked(_App, client.as_app("GET", "/app", doing="read the App"))
        rows = client.as_app(
            "GET", "/app/installations", doing="list its installations", query={"per_page": "100"}
        )
        listed = rows if isinstance(rows, list) else []
        installed = [client.checked(_Installation, one) for one in listed]
    owners = [one.account.login if one.account else "?" for one in installed]
    maker = app.owner.login if app.owner else ""
    return [
        Granted(one.permissions, one.events, owner, maker)
        for one, owner in zip([app, *installed], ["", *owners], strict=True)
    ]
