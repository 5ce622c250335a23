"""The web: what a request is answered with. It keeps deliveries and does no work itself."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final, NamedTuple

import sqlalchemy as sa
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from replanner.server.bodies import Body, NoRoom, take
from replanner.server.figures import Shown
from replanner.server.health import Health
from replanner.server.inbox import Inbox, NotKept, delivery_id
from replanner.server.limits import PERIOD_S, Networks, Refusals, sender
from replanner.server.metrics import Metrics
from replanner.server.settings import Sender
from replanner.webhooks.events import to_json
from replanner.webhooks.source import Received, Refusal, Source
from replanner.webhooks.source import Request as Delivery

LOG: Final = logging.getLogger(__name__)
RETRY_AFTER_S: Final = 30
# The webhooks' words for each status; strangers are told no more than that.
_REFUSED: Final[Mapping[int, tuple[str, str]]] = {
    400: ("aborted", "the request is broken"),
    401: ("unsigned", "not signed by a known secret"),
    404: ("unknown", "no such source"),
    408: ("aborted", "the body did not come in time"),
    413: ("too_large", "the body is too large"),
    415: ("unsupported", "a body of this type is not taken"),
    422: ("not_understood", "the body was not understood"),
}
_LIMITED: Final = ("limited", "refused too often; come back later")
_BUSY: Final = ("busy", "cannot take this now; come back later")
_NOT_STORED: Final = ("not_stored", "could not be stored; come back later")
# Of the large bodies one at a time is checked, and then read into memory if it is signed.
_ONE_LARGE: Final = threading.Lock()


class Door(NamedTuple):
    """One source that exists here: how it is read, and who may send."""

    source: Source
    sender: Sender

    def read(self, delivery: Delivery) -> Received | Refusal:
        return self.source.read(delivery, [each.text.encode() for each in self.sender.secrets])


class Web(NamedTuple):
    """Everything that requests are answered with."""

    doors: Mapping[str, Door]
    inbox: Inbox
    health: Health
    metrics: Metrics
    refusals: Refusals
    trusted_proxies: Networks = ()
    figures: Callable[[], Mapping[str, Shown]] = dict  # of workers; it may raise SQLAlchemyError


class Answer(NamedTuple):
    """What becomes of a delivery: the status, the outcome that is counted, the body; `reason` is
    for the log."""

    status: int
    outcome: str
    body: Mapping[str, object]
    reason: str = ""


def make_app(web: Web) -> Flask:
    """The application that gunicorn serves."""
    app = Flask("replanner.server", static_folder=None)
    # An answer that nobody here thought of is none of ours: not to OPTIONS, not to `//`.
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False

    @app.post("/webhooks/<source>", defaults={"token": ""})
    @app.post("/webhooks/<source>/<token>")
    def webhook(source: str, token: str) -> Response:
        return _webhook(web, source, token)

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(alive=True)

    @app.get("/readyz")
    def readyz() -> Response:
        return _ready(web.health)

    @app.get("/metrics")
    def metrics() -> Response:
        return _metrics(web)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        if request.path.startswith("/webhooks/"):
            web.metrics.delivery("unknown", "unknown", 0)
        answer = jsonify(error=error.name.lower())
        answer.status_code = error.code or 500
        return answer

    return app


# --- deliveries


def _webhook(web: Web, name: str, token: str) -> Response:
    began = time.monotonic()
    door = web.doors.get(name)
    # A stranger may write anything there: not into figures, and not into the log.
    label = name if door else "unknown"
    try:
        answer = _take(web, name, door, token) if door else _refusal(404, "no such source")
    except Exception:  # a bug must be counted too, and must not look like a delivery that was kept
        LOG.exception("a delivery could not be judged", extra={"source": label})
        answer = Answer(503, *_told(_NOT_STORED))
    address = sender(request.remote_addr or "", _forwarded(), web.trusted_proxies)
    refused = answer.status < 500 and answer.status != 202  # noqa: PLR2004 - HTTP's
    if refused and web.refusals.too_many(address):
        answer = Answer(429, *_told(_LIMITED))
    seconds = time.monotonic() - began
    web.metrics.delivery(label, answer.outcome, seconds)
    _log(label, answer, seconds, address)
    return _response(answer)


def _take(web: Web, name: str, door: Door, token: str) -> Answer:
    with closing(Body()) as body:
        try:
            read = take(request, door.source.most_bytes, body) or _read(door, body, token)
        except NoRoom as error:
            return Answer(503, *_told(_NOT_STORED), str(error))
    if isinstance(read, Refusal):
        return _refusal(*read)
    if read.secret:
        web.metrics.old_secret(name)
    return _keep(web, name, read)


def _read(door: Door, body: Body, token: str) -> Received | Refusal:
    headers, now_s = list(request.headers.items()), time.time()
    if body.in_memory:
        return door.read(Delivery(headers, body.whole(), now_s, token))
    with _ONE_LARGE:
        return door.read(Delivery(headers, b"", now_s, token, body))


def _keep(web: Web, name: str, read: Received) -> Answer:
    delivery = delivery_id(name, read.delivery_key)
    told: dict[str, object] = {"delivery": delivery}
    if not read.events:
        return Answer(202, "ignored", told, read.note)
    try:
        if busy := web.health.too_busy(name):
            return Answer(503, *_told(_BUSY), busy)
        web.inbox.keep(delivery, [to_json(event) for event in read.events])
    except (NotKept, sa.exc.SQLAlchemyError) as error:
        return Answer(503, *_told(_NOT_STORED), f"{delivery}: {error or type(error).__name__}")
    return Answer(202, "accepted", told, read.note)


def _refusal(status: int, reason: str) -> Answer:
    return Answer(status, *_told(_REFUSED[status]), reason)


def _told(words: tuple[str, str]) -> tuple[str, dict[str, object]]:
    outcome, sentence = words
    return outcome, {"error": sentence}


def _forwarded() -> str:
    return ",".join(request.headers.getlist("X-Forwarded-For"))


def _response(answer: Answer) -> Response:
    response = jsonify(answer.body)
    response.status_code = answer.status
    if answer.status == 503:  # noqa: PLR2004 - HTTP's
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    if answer.status == 429:  # noqa: PLR2004 - HTTP's
        response.headers["Retry-After"] = str(int(PERIOD_S))
    return response


def _log(name: str, answer: Answer, seconds: float, address: str) -> None:
    if answer.outcome == "limited":
        return  # the flood that is limited must not go on in the log
    level = logging.WARNING if answer.status >= 500 else logging.INFO  # noqa: PLR2004 - HTTP's
    LOG.log(
        level,
        "delivery %s",
        answer.outcome,
        extra={
            "source": name,
            "status": answer.status,
            "ms": round(seconds * 1000, 1),
            "from": address,
            **({"delivery": answer.body["delivery"]} if "delivery" in answer.body else {}),
            **({"reason": answer.reason} if answer.reason else {}),
        },
    )


# --- operations


def _ready(health: Health) -> Response:
    problems = health.problems()
    response = jsonify(ready=not problems, problems=problems, workers=_workers(health))
    response.status_code = 503 if problems else 200
    return response


def _metrics(web: Web) -> Response:
    try:
        census = web.health.census()
    except sa.exc.SQLAlchemyError as error:
        LOG.warning("jobs could not be counted: %s", type(error).__name__)
        census = None
    text = web.metrics.text(census, _workers(web.health), _figures(web))
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _figures(web: Web) -> Mapping[str, Shown]:
    try:
        return web.figures()
    except sa.exc.SQLAlchemyError:
        return {}


def _workers(health: Health) -> int:
    try:
        return health.workers()
    except (sa.exc.SQLAlchemyError, OSError):
        return 0
