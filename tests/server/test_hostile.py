"""What strangers and odd senders may send to any source, on either store."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from honest import SENDERS, Delivery, delivery
from postgres import cluster
from werkzeug.test import TestResponse

from replanner.server import store, tables
from replanner.server.app import Door, Web, make_app
from replanner.server.census import Census
from replanner.server.health import Health
from replanner.server.inbox import StoredInbox
from replanner.server.limits import Refusals, networks
from replanner.server.metrics import Metrics
from replanner.server.secrets import Secret
from replanner.server.settings import Sender
from replanner.webhooks.table import SOURCES

FUZZ = Path(__file__).parents[2] / "tools" / "server" / "fuzz.py"
NEW, OLD = "the-current-secret-of-all-0123456789", "the-one-before-it-of-all-0123456789"
WAYS = [
    (source, sample, way)
    for source, sender in SENDERS.items()
    for sample, way in product(range(len(sender.samples)), range(max(1, len(sender.proofs))))
]


def test_thousands_of_hostile_requests_at_a_real_server() -> None:
    """As `make fuzz`, which sends more."""
    words = [sys.executable, str(FUZZ), "--requests", "3000", "--seed", "20"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:  # fmt: skip  # noqa: E501
    """A store of either kind, with our tables."""
    if request.param == "sqlite":
        opened = store.open_store(
            f"sqlite:///{tmp_path_factory.mktemp('store') / 'a.db'}", store.WEB
        )
        tables.make(opened)
        yield opened
        opened.dispose()
        return
    with cluster() as postgres:
        opened = store.open_store(postgres.url, store.WEB)
        tables.make(opened)
        yield opened
        opened.dispose()


class Site:
    """The application before a real store, with all sources."""

    def __init__(self, engine: sa.Engine, *secrets: str, proxies: tuple[str, ...] = ()) -> None:
        self.engine = engine
        health = Health(Census, lambda: 1, lambda: None, lambda: "", None, 10**6, 0)
        sender = Sender(tuple(Secret(each) for each in secrets or (NEW, OLD)))
        doors = {name: Door(source, sender) for name, source in SOURCES.items()}
        inbox, refusals = StoredInbox(engine), Refusals(3 if proxies else 10**6)
        web = Web(doors, inbox, health, Metrics(), refusals, networks(proxies))
        self.client: FlaskClient = make_app(web).test_client()

    def send(self, sent: Delivery, **more: str) -> TestResponse:
        headers = {**sent.headers, **{name.replace("_", "-"): each for name, each in more.items()}}
        return self.client.post(sent.path, data=sent.body, headers=headers)

    def stored(self) -> set[str]:
        with tables.on(self.engine).connect() as connection:
            return set(connection.scalars(sa.select(tables.DELIVERIES.c.delivery)))


def signed(source: str, secret: str = NEW, *, sample: int = 0, way: int = 0, name: str = "a-delivery", body: bytes | None = None) -> Delivery:  # fmt: skip  # noqa: E501, PLR0913 - as honest.delivery
    now = int(time.time())
    return delivery(source, secret, now=now, name=name, sample=sample, way=way, body=body)


def test_every_source_has_an_honest_sender() -> None:
    assert set(SENDERS) == set(SOURCES)


@pytest.mark.parametrize(("source", "sample", "way"), WAYS)
def test_a_delivery_replayed_a_hundred_times_is_stored_once(
    engine: sa.Engine, source: str, sample: int, way: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time() // 600 * 600 + 1  # equal bodies are one for these ten minutes
    monkeypatch.setattr(time, "time", lambda: now)
    site = Site(engine)
    before = site.stored()
    sent = signed(source, sample=sample, way=way, name=f"{source}-{sample}-{way}")
    answers = [site.send(sent) for _ in range(100)]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.data for answer in answers}) == 1
    assert len(site.stored() - before) <= 1  # none, where there is nothing to do


@pytest.mark.parametrize(("source", "sample", "way"), WAYS)
def test_the_secret_before_is_good_until_it_is_removed(
    engine: sa.Engine, source: str, sample: int, way: int
) -> None:
    both, one = Site(engine), Site(engine, NEW)
    for secret, statuses in ((NEW, (202, 202)), (OLD, (202, 401))):
        sent = signed(source, secret, sample=sample, way=way)
        assert (both.send(sent).status_code, one.send(sent).status_code) == statuses
    assert f'replanner_old_secret_total{{source="{source}"}} 1.0' in both.client.get("/metrics").text  # fmt: skip  # noqa: E501


# Each stands where a sample has a text; what a store cannot hold must not reach it.
ODD_TEXTS = [
    b"\\u0000", b"a\\u0000b", b"\\ud800", b"\\udfff\\ud83d", b"\\uffff", b"\\ud83d\\ude00",
    b"\xf0\x9f\x98\x80", b"\\u202e", b"x" * 5000, b"\\\\u0000", b"'; DROP TABLE deliveries; --",
]  # fmt: skip


@pytest.mark.parametrize(("source", "sample", "way"), WAYS)
def test_odd_texts_are_stored_or_not_understood_and_never_fail(
    engine: sa.Engine, source: str, sample: int, way: int
) -> None:
    site = Site(engine)
    body = json.dumps(SENDERS[source].samples[sample].payload).encode()
    places = [at for at in range(len(body)) if body.startswith(b': "', at)]
    for number, (text, at) in enumerate(product(ODD_TEXTS, places)):
        end = body.index(b'"', at + 3)
        odd = body[: at + 3] + text + body[end:]
        sent = signed(source, sample=sample, way=way, name=f"odd-{number}", body=odd)
        assert site.send(sent).status_code in (202, 422)
    with tables.on(engine).connect() as connection:
        for events in connection.scalars(sa.select(tables.DELIVERIES.c.events)):
            assert "\x00" not in json.dumps(json.loads(events), ensure_ascii=False)


BOMBS = [
    b"[" * 100_000, b'{"a":' * 100_000, b'{"a":' + b"9" * 5000 + b"}", b'{"a":NaN}',
    b'{"a":-Infinity}', b'{"a":1e999}', b'{"a":1,"a":2}', b"", b"null", b"\xff",
    b"\xef\xbb\xbf{}", b'"', b"{}" * 2,
]  # fmt: skip


@pytest.mark.parametrize("source", sorted(SENDERS))
def test_signed_bombs_are_not_understood(engine: sa.Engine, source: str) -> None:
    site = Site(engine)
    for bomb in BOMBS:
        assert site.send(signed(source, body=bomb)).status_code == 422


@pytest.mark.parametrize("source", sorted(SENDERS))
def test_unsigned_bombs_are_not_even_looked_at(engine: sa.Engine, source: str) -> None:
    site = Site(engine)
    for bomb in BOMBS:
        assert site.send(signed(source, "not-a-secret-of-anybody-0123456789", body=bomb)).status_code == 401  # fmt: skip  # noqa: E501


def test_refusals_look_the_same_whatever_was_wrong(engine: sa.Engine) -> None:
    site, wrong = Site(engine), "not-a-secret-of-anybody-0123456789"
    told = {site.send(signed(source, wrong, way=way)).data for source, _, way in WAYS}
    told |= {site.send(Delivery(f"/webhooks/{source}", {}, b"")).data for source in SENDERS}
    assert told == {b'{"error":"not signed by a known secret"}\n'}
    absent = {site.client.post(path).data for path in ("/webhooks/nobody", "/webhooks/nobody/x")}
    assert absent == {b'{"error":"no such source"}\n'}


def test_an_unknown_event_of_who_signs_is_taken_and_not_stored(engine: sa.Engine) -> None:
    site = Site(engine)
    before = site.stored()
    sent = signed("github", name="unknown")
    assert site.send(sent, X_GitHub_Event="invented_tomorrow").status_code == 202
    assert site.stored() == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("source", sorted(SENDERS))
def test_no_other_method_is_a_delivery(engine: sa.Engine, source: str, method: str) -> None:
    sent = signed(source)
    answer = Site(engine).client.open(sent.path, method=method, headers=dict(sent.headers))
    assert answer.status_code == 405


# --- who is limited


def test_behind_a_proxy_each_stranger_is_limited_alone(engine: sa.Engine) -> None:
    site = Site(engine, NEW, proxies=("127.0.0.0/8", "10.0.0.0/8"))
    stranger = signed("github", "not-a-secret-of-anybody-0123456789")

    def statuses(forwarded: str) -> list[int]:
        sent = [site.send(stranger, X_Forwarded_For=forwarded) for _ in range(5)]
        return [answer.status_code for answer in sent]

    assert statuses("192.0.2.1") == [401, 401, 401, 429, 429]
    assert statuses("192.0.2.2") == [401, 401, 401, 429, 429]
    # He wrote the first himself, and the nearest proxies are ours.
    assert statuses("192.0.2.9, 192.0.2.2, 10.0.0.7") == [429] * 5
    assert site.send(signed("github", NEW), X_Forwarded_For="192.0.2.1").status_code == 202


def test_without_trusted_proxies_nobody_chooses_his_address(engine: sa.Engine) -> None:
    site = Site(engine, NEW, proxies=("10.0.0.0/8",))
    stranger = signed("github", "not-a-secret-of-anybody-0123456789")
    sent = [site.send(stranger, X_Forwarded_For=f"192.0.2.{each}") for each in range(5)]
    assert [answer.status_code for answer in sent] == [401, 401, 401, 429, 429]


# --- where large bodies wait


def test_a_large_body_without_room_on_the_disk_is_put_off(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(engine)
    large = signed("github", body=b'{"a": "' + b"x" * 100_000 + b'"}')
    assert site.send(large).status_code == 422
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    answer = site.send(large)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(("source", "sample", "way"), WAYS)
def test_a_large_body_is_proven_in_pieces_as_a_small_one_at_once(
    engine: sa.Engine, source: str, sample: int, way: int
) -> None:
    site = Site(engine)
    padded = {**SENDERS[source].samples[sample].payload, "padding": "x" * 300_000}
    body = json.dumps(padded).encode()
    sent = signed(source, sample=sample, way=way, name="large", body=body)
    assert site.send(sent).status_code == 202
    if not SENDERS[source].proofs or not SENDERS[source].proofs[way].signs:
        return
    assert site.send(sent._replace(body=body[:-2] + b" }")).status_code == 401
