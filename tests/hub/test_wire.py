"""What the adapter makes of answers that no Hub should give."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from checkpoints import CONFIG
from hub_stub import Stub, serving

from replanner.errors import AccessDenied, ModelNotFound, RateLimited, ReplannerError, UpstreamError
from replanner.hub.disk import git_digest
from replanner.hub.huggingface import HuggingFaceHub

COMMIT = "c" * 40


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    with serving() as running:
        running.add("acme/tiny", {"config.json": (CONFIG, len(CONFIG))}, "main")
        yield running


@pytest.mark.parametrize(
    ("wait", "seconds"), [("30", 30), ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("", None)]
)
def test_when_to_come_back_is_read_where_it_is_a_number(
    stub: Stub, wait: str, seconds: int | None
) -> None:
    stub.faults = {"acme/odd": {"kind": "later", "retry_after": wait}}
    hub = HuggingFaceHub(endpoint=f"http://127.0.0.1:{stub.server_port}", token="hf_x")  # noqa: S106
    with pytest.raises(RateLimited) as caught:
        hub.fetch("acme/odd", "main")
    assert caught.value.retry_after_s == seconds


def failure(stub: Stub, status: int, body: str, **settings: Any) -> ReplannerError:
    stub.faults = {"acme/odd": {"kind": "raw", "status": status, "body": body}}
    endpoint = f"http://127.0.0.1:{stub.server_port}/"
    hub = HuggingFaceHub(endpoint=endpoint, retry_waits_s=(), **settings)
    with pytest.raises(ReplannerError) as caught:
        hub.fetch("acme/odd", "main", commit=COMMIT)
    return caught.value


def answer(**changes: object) -> str:
    sibling = {"rfilename": "config.json", "size": 2, "blobId": git_digest(b"{}")[4:]}
    return json.dumps({"id": "acme/odd", "sha": COMMIT, "siblings": [sibling], **changes})


@pytest.mark.parametrize(
    "body",
    [
        "<html>Log in to the hotel's network</html>",
        "",
        "[]",
        "null",
        answer(sha="../../etc"),
        answer(siblings=[{"rfilename": "config.json"}]),
        answer(siblings=[{"rfilename": "x", "size": -1, "blobId": "a" * 40}]),
    ],
)
def test_what_is_no_hub_is_unknown(stub: Stub, body: str) -> None:
    error = failure(stub, 200, body)
    assert type(error) is UpstreamError
    assert "did not answer like a Hugging Face Hub" in error.message


@pytest.mark.parametrize("body", ["[1]", '"x"', '{"errors": 5}'])
def test_an_error_with_an_odd_body_is_still_unknown(stub: Stub, body: str) -> None:
    assert type(failure(stub, 502, body)) is UpstreamError


def test_another_commit_than_the_one_asked_for_is_refused(stub: Stub) -> None:
    assert "answered for commit" in failure(stub, 200, answer(sha="d" * 40)).message


def test_a_model_that_says_it_is_disabled_is_denied(stub: Stub) -> None:
    assert type(failure(stub, 200, answer(disabled=True))) is AccessDenied


def test_a_file_that_is_another_than_its_digest_says_is_refused(stub: Stub) -> None:
    body = answer(id="acme/tiny", siblings=json.loads(answer())["siblings"])
    stub.add("acme/tiny", {})
    stub.commits["acme/tiny"][COMMIT] = {"config.json": (b"[]", 2)}
    assert failure(stub, 200, body).message == "config.json arrived damaged"


def test_a_file_that_was_listed_and_is_gone_is_unsupported(stub: Stub) -> None:
    stub.commits["acme/tiny"][COMMIT] = {}
    assert "listed but cannot be read" in failure(stub, 200, answer(id="acme/tiny")).message


@pytest.mark.parametrize(
    ("status", "token", "kind", "said"),
    [
        (401, None, AccessDenied, "wants a token"),
        (403, "hf_x", AccessDenied, "forbids access"),
        (404, None, ModelNotFound, "has no model"),
        (418, None, UpstreamError, "answered 418"),
    ],
)
def test_a_bare_status_says_what_it_can(
    stub: Stub, status: int, token: str | None, kind: type[ReplannerError], said: str
) -> None:
    error = failure(stub, status, "{}", token=token)
    assert type(error) is kind
    assert said in error.message


@pytest.mark.parametrize(
    "body",
    ["{}", "[1]", "<html>", '[{"id": "x", "date": "today"}]', f'[{{"id": "{COMMIT}"}}]'],
)
def test_a_history_that_is_none_is_unknown(stub: Stub, body: str) -> None:
    stub.faults = {"acme/odd": {"kind": "raw", "status": 200, "body": body}}
    hub = HuggingFaceHub(endpoint=f"http://127.0.0.1:{stub.server_port}", retry_waits_s=())
    with pytest.raises(UpstreamError, match="like a Hugging Face Hub"):
        hub.committed_at("acme/odd", COMMIT)


@pytest.mark.parametrize(
    "rows", ["[]", f'[{{"id": "{"b" * 40}", "date": "2026-01-01T00:00:00Z"}}]']
)
def test_a_history_without_the_commit_does_not_know_its_date(stub: Stub, rows: str) -> None:
    stub.faults = {"acme/odd": {"kind": "raw", "status": 200, "body": rows}}
    hub = HuggingFaceHub(endpoint=f"http://127.0.0.1:{stub.server_port}", retry_waits_s=())
    assert hub.committed_at("acme/odd", COMMIT) is None
