"""What holds for every sender of the table, and for one that is added: nobody gets in unproven,
nothing a stranger or a sender writes raises, and what is told can be stored."""

import json
from typing import Any

import pytest
from deliveries import (
    NOW_S,
    SECRET,
    base64_of,
    body_of,
    hex_of,
    read,
    request,
    standard_headers,
)
from hypothesis import given
from hypothesis import strategies as st

from replanner.webhooks.events import from_json, to_json
from replanner.webhooks.source import Received, Refusal, Request
from replanner.webhooks.table import SOURCES

NAMES = sorted(SOURCES)
PATHS = {"dockerhub", "quay"}


def proofs(payload: object) -> dict[str, str]:
    """Every header by which anyone proves anything."""
    mlflow = base64_of(b"id-1.%d." % NOW_S + body_of(payload))
    return {
        "authorization": SECRET.decode(),
        "x_webhook_secret": SECRET.decode(),
        "x_hub_signature_256": f"sha256={hex_of(payload)}",
        "x_jfrog_event_auth": SECRET.decode(),
        "x_mlflow_delivery_id": "id-1",
        "x_mlflow_timestamp": str(int(NOW_S)),
        "x_mlflow_signature": f"v1,{mlflow}",
        **standard_headers(payload),
    }


def signed(payload: object, **headers: str) -> Request:
    return request(payload, token=SECRET.decode(), **{**proofs(payload), **headers})


HEADERS = st.sampled_from(
    ["Authorization", "X-Webhook-Secret", "X-Hub-Signature-256", "X-Hub-Signature", "Content-Type",
     "X-GitHub-Event", "X-GitHub-Delivery", "X-JFrog-Event-Auth", "webhook-id", "webhook-timestamp",
     "webhook-signature", "X-MLflow-Signature", "X-MLflow-Timestamp", "X-MLflow-Delivery-Id",
     "X-Wandb-Signature", "X-Gitlab-Token", "X-Replanner-Key", "ce-id", "Content-Encoding"]
)  # fmt: skip
VALUES = st.one_of(
    st.text(),
    st.text(st.characters(max_codepoint=255)),
    st.sampled_from(
        ["sha256=", "v1,", "Bearer ", "Bearer", str(int(NOW_S)), "application/json", "push", "1",
         "sha256=" + "0" * 64, "v1," + "A" * 43 + "=", "0" * 64, "A" * 43 + "="]
    ),
)  # fmt: skip


@pytest.mark.parametrize("source", NAMES)
@given(st.lists(st.tuples(HEADERS, VALUES)), st.binary() | st.just(b"{}"), VALUES)
def test_nobody_gets_in_without_a_secret(
    source: str, headers: list[tuple[str, str]], body: bytes, token: str
) -> None:
    answer = read(source, Request(headers, body, NOW_S, token))
    assert isinstance(answer, Refusal)
    assert answer.status == 401


@pytest.mark.parametrize("source", NAMES)
def test_what_opens_one_secret_does_not_open_another(source: str) -> None:
    answer = read(source, signed({}), b"another-secret-of-thirty-two-char")
    assert isinstance(answer, Refusal)
    assert answer.status == 401
    right = read(source, signed({}))
    assert isinstance(right, Received) or right.status == 422


KEYS = st.sampled_from(
    ["event", "scope", "repo", "name", "type", "webhook", "version", "updatedRefs", "ref", "newSha",
     "oldSha", "movedTo", "headSha", "events", "action", "target", "tag", "repository", "request",
     "host", "digest", "repo_name", "push_data", "docker_url", "updated_tags", "specversion", "id",
     "source", "subject", "data", "event_data", "resources", "resource_url", "entity", "alias",
     "domain", "event_type", "repo_key", "image_name", "jpd_origin", "path", "detail",
     "detail-type", "account", "region", "object_kind", "after", "project", "path_with_namespace",
     "full_name", "repositories", "package", "package_version", "container_metadata", "package_url",
     "check_run"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["repo.content", "model", "refs/heads/main", "acme/llm", "push", "PUSH_ARTIFACT",
     "harbor.artifact.pushed", "registry:5000", "quay.io/acme/llm", "docker", "pushed", "aws.ecr",
     "https://[", "1.0", "model_version", "refs/tags/v1", "created", "published", "a" * 40, "\0",
     "\ud800", "x" * 600, "tag_push", "added"]
)  # fmt: skip
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS | st.just(3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
EVENT_NAMES = st.sampled_from(
    ["push", "pull_request", "issue_comment", "check_run", "check_suite", "package", "release",
     "registry_package", "installation", "installation_repositories", "repository_dispatch", "ping"]
)  # fmt: skip


@pytest.mark.parametrize("source", NAMES)
@given(JSON | st.dictionaries(KEYS, JSON, min_size=2), EVENT_NAMES, st.booleans())
def test_whatever_a_sender_signs_is_told_in_what_can_be_stored_or_not_understood(
    source: str,
    payload: Any,
    event: str,
    in_headers: bool,  # noqa: FBT001 - drawn
) -> None:
    kind = {"cloudevents": "application/cloudevents+json"}.get(source, "application/json")
    extra = {"x_github_event": event, "content_type": "x/y" if in_headers else kind}
    ce = {f"ce_{key}": "%00\x00\ud800" for key in ("id", "source", "type", "specversion")}
    answer = read(source, signed(payload, **extra, **ce))
    if isinstance(answer, Refusal):
        assert answer.status in (415, 422)
        return
    assert answer.events or answer.note
    assert 0 < len(answer.delivery_key) < 300
    for one in answer.events:
        text = json.dumps(to_json(one), ensure_ascii=False)
        assert "\\u0000" not in text
        assert text.encode()
        assert from_json(json.loads(text)) == one


@pytest.mark.parametrize("source", NAMES)
def test_a_body_beyond_the_limit_is_413_before_anything_is_computed(source: str) -> None:
    answer = read(source, request(b" " * (SOURCES[source].most_bytes + 1)))
    assert isinstance(answer, Refusal)
    assert answer.status == 413


@pytest.mark.parametrize("source", NAMES)
def test_compressed_bodies_are_415_and_only_for_who_is_known(source: str) -> None:
    answer = read(source, signed({}, content_encoding="gzip"))
    assert isinstance(answer, Refusal)
    assert answer.status == 415
    as_it_is = read(source, signed({}, content_encoding="Identity"))
    assert isinstance(as_it_is, Received) or as_it_is.status == 422
    stranger = read(source, request({}, content_encoding="gzip"))
    assert isinstance(stranger, Refusal)
    assert stranger.status == 401


@pytest.mark.parametrize("source", sorted(set(NAMES) - {"cloudevents"}))
@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "é"])
def test_what_is_no_json_is_415(source: str, kind: str) -> None:
    answer = read(source, signed({}, content_type=kind))
    assert isinstance(answer, Refusal)
    assert answer.status == 415


@pytest.mark.parametrize("source", sorted(set(NAMES) - {"cloudevents"}))
def test_json_may_name_its_charset(source: str) -> None:
    answer = read(source, signed({}, content_type="Application/JSON; charset=utf-8"))
    assert isinstance(answer, Received) or answer.status == 422


def test_who_cannot_sign_has_the_secret_in_the_path() -> None:
    assert {name for name, source in SOURCES.items() if source.in_path} == PATHS
    assert all(name == source.name for name, source in SOURCES.items())
