"""A GitHub App as itself: where it is installed, and which deliveries its webhook has missed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import AwareDatetime

from replanner.forge.github.client import Client
from replanner.forge.github.session import Answer, App, Connection, Session

_PAGE: Final = 100
# GitHub keeps deliveries for three days; what is older than these pages waits for no one.
_MOST_PAGES: Final = 10
_MOST_INSTALLATIONS: Final = 1000
_FINE: Final = range(200, 300)
# Anything but these is a server, or a way to it, that was down (0 included); so are those below.
_REFUSED: Final = range(300, 500)
_LATER: Final = (408, 429)
_MOST_AT_ONCE: Final = 200
# With this pause, which doubles, that is until half a day later.
_MOST_ATTEMPTS: Final = 7
_FIRST_PAUSE: Final = timedelta(minutes=25)
_DELIVERIES: Final = "/app/hook/deliveries"


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
    delivered_at: AwareDatetime | None = None


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
    """Ask again for deliveries that never arrived, the oldest first; how many those are."""
    with closing(_client(connection)) as client:
        missed = missing(_deliveries(client), now=datetime.now(UTC))[-_MOST_AT_ONCE:]
        for number in reversed(missed):
            path = f"{_DELIVERIES}/{number}/attempts"
            client.as_app("POST", path, doing="ask for a delivery again")
    return len(missed)


def _deliveries(client: Client) -> Iterator[_Delivery]:
    """The newest first; these pages know no numbers."""
    query, doing = {"per_page": str(_PAGE)}, "list deliveries of its webhook"
    for _ in range(_MOST_PAGES):
        found, cursor = client.as_app_with_next("GET", _DELIVERIES, doing=doing, query=query)
        yield from (client.checked(_Delivery, one) for one in _list(found))
        if not cursor:
            return
        query["cursor"] = cursor


def missing(deliveries: Iterable[_Delivery], *, now: datetime) -> list[int]:
    """The newest attempt of each delivery that no attempt brought to us, and that may be brought
    now. A repetition has the GUID of what it repeats; the list begins with the newest."""
    attempts: dict[str, list[_Delivery]] = {}
    for one in deliveries:
        attempts.setdefault(one.guid, []).append(one)
    return [found[0].id for found in attempts.values() if _is_worth_it(found, now)]


def _is_worth_it(attempts: Sequence[_Delivery], now: datetime) -> bool:
    """What was refused will be refused again; what fails each time is asked for less and less."""
    newest, count = attempts[0], len(attempts)
    arrived = any(one.status_code in _FINE for one in attempts)
    refused = newest.status_code in _REFUSED and newest.status_code not in _LATER
    if arrived or refused or count >= _MOST_ATTEMPTS:
        return False
    waited = now - newest.delivered_at if newest.delivered_at else _FIRST_PAUSE
    return count == 1 or waited >= _FIRST_PAUSE * 2 ** (count - 2)


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
        return _list(client.as_app("GET", path, doing=doing, query=query))


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []
