"""What each kind of request is answered with."""

from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient
from sending import GITHUB, HUB, PATH, model_moved, push
from werkzeug.test import TestResponse

from replanner.server.app import Door, Web, make_app
from replanner.server.census import Census
from replanner.server.health import Health
from replanner.server.inbox import NotKept, delivery_id
from replanner.server.jobs import Json
from replanner.server.limits import Refusals
from replanner.server.metrics import OUTCOMES, Metrics
from replanner.server.secrets import Secret
from replanner.server.settings import Sender
from replanner.webhooks.table import SOURCES

MIB = 2**20


class Kept(dict[str, Sequence[Json]]):
    """An inbox in memory, which may be out of order."""

    broken = False

    def keep(self, delivery: str, events: Sequence[Json]) -> None:
        if self.broken:
            raise NotKept("OperationalError")
        self[delivery] = events


class Site:
    """An application with three sources, and what it did."""

    def __init__(self, *, waiting: int = 0, most_refused: int = 1000) -> None:
        self.kept, self.metrics = Kept(), Metrics()
        census = Census({("inbox", "ENQUEUED"): waiting})
        health = Health(
            lambda: census, lambda: 1, lambda: None, lambda: "", store_file=None, most_queued=100,
            min_free_bytes=0,
        )  # fmt: skip
        senders = {
            "github": Sender((Secret(GITHUB), Secret("the-previous-secret-0123"))),
            "huggingface": Sender((Secret(HUB),)),
            "dockerhub": Sender((Secret(PATH),)),
        }
        doors = {name: Door(SOURCES[name], sender) for name, sender in senders.items()}
        web = Web(doors, self.kept, health, self.metrics, Refusals(most_refused))
        self.client: FlaskClient = make_app(web).test_client()

    def send(self, path: str, delivery: tuple[bytes, dict[str, str]]) -> TestResponse:
        body, headers = delivery
        return self.client.post(f"/webhooks/{path}", data=body, headers=headers)

    def figures(self) -> dict[str, float]:
        """How many deliveries had each outcome."""
        found = dict.fromkeys(OUTCOMES, 0.0)
        for metric in self.metrics.registry.collect():
            for sample in metric.samples:
                if sample.name == "replanner_deliveries_total":
                    found[sample.labels["outcome"]] += sample.value
        return {name: number for name, number in found.items() if number}


@pytest.fixture
def site() -> Site:
    return Site()


def altered(**headers: str) -> tuple[bytes, dict[str, str]]:
    body, signed = push()
    return body, signed | {name.replace("_", "-"): value for name, value in headers.items()}


def test_a_signed_delivery_is_kept_before_it_is_answered(site: Site) -> None:
    answer = site.send("github", push())
    assert answer.status_code == 202
    assert answer.json is not None
    [(delivery, events)] = site.kept.items()
    assert answer.json == {"delivery": delivery}
    assert events[0]["kind"] == "repository"
    assert site.figures() == {"accepted": 1}


def test_a_delivery_that_comes_again_has_the_same_id(site: Site) -> None:
    first, second = site.send("github", push(1)), site.send("github", push(1))
    assert first.json == second.json
    assert len(site.kept) == 1
    assert site.send("github", push(2)).json != first.json


def test_the_id_is_the_same_in_every_process() -> None:
    assert delivery_id("github", "x") == "github-dcbdfb3c0b31e86d691aea12d3fdfbf0e9d96b95"
    assert delivery_id("a", "b|c") != delivery_id("a", "b")


def test_a_verified_delivery_with_nothing_to_do_is_not_kept(site: Site) -> None:
    body, headers = push()
    answer = site.send("github", (body, headers | {"X-GitHub-Event": "watch"}))
    assert answer.status_code in {202, 422}
    assert not site.kept


@pytest.mark.parametrize(
    ("path", "delivery", "status", "outcome"),
    [
        ("github", push(key="another-secret-0123456789"), 401, "unsigned"),
        ("github", altered(X_Hub_Signature_256=""), 401, "unsigned"),
        ("github", altered(X_Hub_Signature_256="sha256=\xe9"), 401, "unsigned"),
        ("github", altered(X_Hub_Signature_256="sha1=" + "0" * 40), 401, "unsigned"),
        ("huggingface", model_moved("a/b", key="wrong"), 401, "unsigned"),
        ("gitlab", push(), 404, "unknown"),
        ("nobody", push(), 404, "unknown"),
        ("github/a/b", push(), 404, "unknown"),
        ("huggingface", (b"x" * (MIB + 1), {}), 413, "too_large"),
        ("github", (b"x" * (25 * MIB + 1), {}), 413, "too_large"),
        ("github", altered(Content_Encoding="gzip"), 415, "unsupported"),
        ("github", altered(Content_Type="text/plain"), 415, "unsupported"),
    ],
)
def test_every_other_request_is_refused_and_counted_once(
    site: Site, path: str, delivery: tuple[bytes, dict[str, str]], status: int, outcome: str
) -> None:
    answer = site.send(path, delivery)
    assert answer.status_code == status
    assert not site.kept
    assert site.figures() == {outcome: 1}


def test_a_signed_body_that_is_no_json_is_not_understood(site: Site) -> None:
    body, headers = model_moved("a/b")
    answer = site.send("huggingface", (body[:-1], headers))
    assert answer.status_code == 422
    assert site.figures() == {"not_understood": 1}


def test_a_refusal_does_not_say_which_secret_or_part_was_wrong(site: Site) -> None:
    wrong = [push(key="another-secret-0123456789"), altered(X_Hub_Signature_256="x")]
    assert len({site.send("github", each).data for each in wrong}) == 1


def test_the_previous_secret_is_accepted_and_counted(site: Site) -> None:
    assert site.send("github", push(key="the-previous-secret-0123")).status_code == 202
    assert b'replanner_old_secret_total{source="github"} 1.0' in site.client.get("/metrics").data


def test_a_sender_that_cannot_sign_proves_itself_by_the_path(site: Site) -> None:
    body = b'{"push_data": {"tag": "v1"}, "repository": {"repo_name": "acme/llm"}}'
    delivery = body, {"Content-Type": "application/json"}
    assert site.send(f"dockerhub/{PATH}", delivery).status_code == 202
    assert site.send(f"dockerhub/{PATH}x", delivery).status_code == 401
    assert site.send("dockerhub", delivery).status_code == 401


def test_what_cannot_be_kept_is_never_taken_for_received(site: Site) -> None:
    site.kept.broken = True
    answer = site.send("github", push())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert site.figures() == {"not_stored": 1}


def test_a_backlog_puts_others_off_before_github() -> None:
    site = Site(waiting=150)
    assert site.send("huggingface", model_moved("a/b")).status_code == 503
    assert site.send("github", push()).status_code == 202
    site = Site(waiting=250)
    assert site.send("github", push()).status_code == 503
    assert site.client.get("/readyz").status_code == 503


def test_only_refused_requests_are_limited() -> None:
    site = Site(most_refused=3)
    wrong = push(key="another-secret-0123456789")
    statuses = [site.send("github", wrong).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert site.send("github", push()).status_code == 202
    assert site.figures() == {"accepted": 1, "unsigned": 3, "limited": 2}


def test_health_readiness_and_figures_answer(site: Site) -> None:
    assert site.client.get("/healthz").json == {"alive": True}
    assert site.client.get("/readyz").json == {"ready": True, "problems": [], "workers": 1}
    site.send("github", push())
    text = site.client.get("/metrics").text
    assert 'replanner_deliveries_total{outcome="accepted",source="github"} 1.0' in text
    assert 'replanner_jobs{stage="inbox",status="enqueued"} 0.0' in text


def test_only_post_sends_deliveries(site: Site) -> None:
    assert site.client.get("/webhooks/github").status_code == 405
    assert site.figures() == {"unknown": 1}


def test_no_path_token_reaches_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        site.send(f"dockerhub/{PATH}", (b"{}", {}))
        site.send(PATH, push())
    assert PATH not in caplog.text
    assert PATH not in site.client.get("/metrics").text
