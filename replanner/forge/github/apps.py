"""A GitHub App as itself: where it is installed, and which deliveries its webhook has missed."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Final

from replanner.forge.github.client import Client
from replanner.forge.github.session import Answer, App, Connection, Session

_PAGE: Final = 100
# GitHub keeps deliveries for three days; what is older than these pages waits for no one.
_MOST_PAGES: Final = 10
_MOST_INSTALLATIONS: Final = 1000
_FINE: Final = range(200, 300)


class _Installation(Answer):
    id: int
    suspended_at: str | None = None


class _Repository(Answer):
    full_name: str
    archived: bool = False


class _Repositories(Answer):
    repositories: tuple[_Repository, ...] = ()


class _Delivery(Answer):
    id: int
    guid: str
    status_code: int


def installations(connection: Connection) -> Iterator[int]:
    """Where the App of this connection is installed, and not suspended."""
    for number in range(1, _MOST_INSTALLATIONS // _PAGE + 1):
        query = {"per_page": str(_PAGE), "page": str(number)}
        found = _of_app(connection, "/app/installations", query, "list its installations")
        for one in found:
            installation = _Installation.model_validate(one)
            if installation.suspended_at is None:
                yield installation.id
        if len(found) < _PAGE:
            return


def redeliver_failed(connection: Connection) -> int:
    """Ask for every delivery again that never arrived; how many those are."""
    path, query = "/app/hook/deliveries", {"per_page": str(_PAGE)}
    rows = _of_app(connection, path, query, "list deliveries of its webhook")
    missed = missing(_Delivery.model_validate(one) for one in rows)
    with closing(_client(connection)) as client:
        for number in missed:
            client.as_app("POST", f"{path}/{number}/attempts", doing="ask for a delivery again")
    return len(missed)


def missing(deliveries: Iterable[_Delivery]) -> list[int]:
    """The newest attempt of each delivery that no attempt brought to us. A repetition has the
    GUID of what it repeats; the list begins with the newest."""
    newest: dict[str, int] = {}
    arrived: set[str] = set()
    for one in deliveries:
        newest.setdefault(one.guid, one.id)
        if one.status_code in _FINE:
            arrived.add(one.guid)
    return [number for guid, number in newest.items() if guid not in arrived]


def repositories_of(connection: Connection) -> Iterator[str]:
    """Every repository that the installation of this connection covers."""
    with Session(connection) as session:
        for number in range(1, _MOST_PAGES + 1):
            query = {"per_page": str(_PAGE), "page": str(number)}
            path, doing = "/installation/repositories", "list its repositories"
            page = session.get(_Repositories, path, doing=doing, query=query)
            yield from (one.full_name for one in page.repositories if not one.archived)
            if len(page.repositories) < _PAGE:
                return


def _client(connection: Connection) -> Client:
    """The App itself, which needs no installation."""
    token = connection.token
    if isinstance(token, App) and token.installation_id is None:
        connection = replace(connection, token=replace(token, installation_id=1))
    return Client(connection)


def _of_app(
    connection: Connection, path: str, query: Mapping[str, str], doing: str
) -> list[object]:
    with closing(_client(connection)) as client:
        found = client.as_app("GET", path, doing=doing, query=query)
        return found if isinstance(found, list) else []
