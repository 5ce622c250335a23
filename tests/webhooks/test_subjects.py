"""Senders that know neither models of the Hub nor images give what moved a name for globs."""

from typing import Any

import pytest
from deliveries import NOW_S, SECRET, base64_of, body_of, read, received, request, standard_headers

from replanner.webhooks.events import SubjectMoved
from replanner.webhooks.source import Received, Refusal, Request

WORD = SECRET.decode()
CLOUD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "https://registry.example/models",
    "type": "dev.example.model.updated",
    "subject": "acme/llm-7b",
    "data": {"model": "acme/llm-7b"},
}


def cloud(payload: Any, kind: str = "application/cloudevents+json") -> Request:
    return request(payload, content_type=kind, authorization=f"Bearer {WORD}")


def test_a_cloud_event_says_the_same_in_a_document_in_headers_and_in_a_list() -> None:
    headers = {
        f"ce_{key}": CLOUD[key] for key in ("specversion", "id", "source", "type", "subject")
    }
    binary = request(
        b"\x00any bytes", content_type="image/png", authorization=f"Bearer {WORD}", **headers
    )
    batch = cloud([CLOUD], "application/cloudevents-batch+json")
    found = [received("cloudevents", one) for one in (cloud(CLOUD), binary, batch)]
    assert {one.events for one in found} == {(SubjectMoved("acme/llm-7b"),)}
    assert len({one.delivery_key for one in found}) == 1


def test_a_cloud_event_may_be_signed_instead() -> None:
    kind = {"content_type": "application/cloudevents+json"}
    found = received("cloudevents", request(CLOUD, **kind, **standard_headers(CLOUD)))
    assert found.events == (SubjectMoved("acme/llm-7b"),)
    answer = read("cloudevents", request(CLOUD, **kind))
    assert isinstance(answer, Refusal)
    assert answer.status == 401


def test_headers_may_hold_percent_signs_and_never_a_nul() -> None:
    headers = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/x", "ce_type": "t"}
    delivery = request(b"", authorization=WORD, ce_subject="Euro%20%E2%82%AC%00%ff", **headers)
    assert received("cloudevents", delivery).events == (SubjectMoved("Euro \u20ac\ufffd\ufffd"),)


def test_a_thing_without_a_subject_is_named_by_its_source() -> None:
    nameless = {key: value for key, value in CLOUD.items() if key != "subject"}
    assert received("cloudevents", cloud(nameless)).events == (SubjectMoved(CLOUD["source"]),)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({**CLOUD, "id": ""}, "application/cloudevents+json"),
        ({**CLOUD, "type": 7}, "application/cloudevents+json"),
        ([CLOUD], "application/cloudevents+json"),
        (CLOUD, "application/cloudevents-batch+json"),
        ([CLOUD, None], "application/cloudevents-batch+json"),
        ([CLOUD, {}], "application/cloudevents-batch+json"),
        (CLOUD, "application/json"),
    ],
)
def test_what_is_no_cloud_event_is_422(payload: Any, kind: str) -> None:
    answer = read("cloudevents", cloud(payload, kind))
    assert isinstance(answer, Refusal)
    assert answer.status == 422


def test_standard_webhooks_are_known_by_their_id_and_named_by_their_data() -> None:
    def told(payload: Any) -> Received:
        return received("standard_webhooks", request(payload, **standard_headers(payload)))

    found = told({"type": "model.updated", "data": {"model": "acme/llm-7b"}})
    assert found == Received("msg_1", (SubjectMoved("acme/llm-7b"),))
    assert told({"type": "model.updated", "data": {}}).events == (SubjectMoved("model.updated"),)
    assert told({"data": {"subject": "x" * 501}}).note


MLFLOW_DATA = {"name": "llm-7b", "version": "12", "source": "models:/m-1234"}


@pytest.mark.parametrize(
    ("entity", "data", "subject"),
    [
        ("model_version", MLFLOW_DATA, "llm-7b/12"),
        ("model_version_tag", {**MLFLOW_DATA, "key": "stage", "value": "prod"}, "llm-7b/12"),
        ("model_version_alias", {**MLFLOW_DATA, "alias": "champion"}, "llm-7b@champion"),
        ("registered_model", {"name": "llm-7b"}, ""),
        ("prompt_version", MLFLOW_DATA, ""),
        ("model_version", {"name": ["x"]}, ""),
    ],
)
def test_mlflow_names_versions_and_aliases_as_its_addresses_do(
    entity: str, data: dict[str, Any], subject: str
) -> None:
    payload = {"entity": entity, "action": "created", "data": data}
    signature = base64_of(b"id-1.1795284000." + body_of(payload))
    delivery = request(
        payload,
        x_mlflow_delivery_id="id-1",
        x_mlflow_timestamp=str(int(NOW_S)),
        x_mlflow_signature=f"v1,{signature}",
    )
    found = received("mlflow", delivery)
    assert found.events == ((SubjectMoved(subject),) if subject else ())
    assert found.delivery_key == "id-1"
    answer = read("mlflow", request(payload, **standard_headers(payload)))
    assert isinstance(answer, Refusal)


def test_mlflows_secret_is_the_key_as_it_is_written() -> None:
    secret = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signature = base64_of(b"id-1.1795284000.{}", secret)
    delivery = request(
        {},
        x_mlflow_delivery_id="id-1",
        x_mlflow_timestamp=str(int(NOW_S)),
        x_mlflow_signature=f"v1,{signature}",
    )
    assert isinstance(read("mlflow", delivery, secret), Received)


WANDB = {
    "event_type": "ADD_ARTIFACT_ALIAS",
    "alias": "production",
    "artifact_version_string": "acme/wandb-registry-model/llm-7b:v12",
    "artifact_collection_name": "llm-7b",
    "project_name": "wandb-registry-model",
    "entity_name": "acme",
}


def test_weights_and_biases_names_a_collection_and_its_alias() -> None:
    for proof in ({"x_wandb_signature": base64_of(WANDB)}, {"authorization": f"Bearer {WORD}"}):
        found = received("wandb", request(WANDB, **proof))
        assert found.events == (SubjectMoved("acme/wandb-registry-model/llm-7b:production"),)
    linked = {**WANDB, "alias": ""}
    found = received("wandb", request(linked, authorization=f"Bearer {WORD}"))
    assert found.events == (SubjectMoved("acme/wandb-registry-model/llm-7b:v12"),)
    assert received("wandb", request({}, authorization=WORD)).note


GITLAB: dict[str, Any] = {
    "object_kind": "push",
    "before": "b" * 40,
    "after": "a" * 40,
    "ref": "refs/heads/main",
    "project": {"path_with_namespace": "acme/deploy", "default_branch": "main"},
}


def test_gitlab_names_a_project_and_its_branch() -> None:
    old = request(GITLAB, x_gitlab_token=WORD, idempotency_key="key-1")
    new = request(GITLAB, **standard_headers(GITLAB, name="key-1"))
    for delivery in (old, new):
        found = received("gitlab", delivery)
        assert found == Received("key-1", (SubjectMoved("acme/deploy@main"),))
    tag = {**GITLAB, "object_kind": "tag_push", "ref": "refs/tags/v1"}
    found = received("gitlab", request(tag, x_gitlab_token=WORD))
    assert found.events == (SubjectMoved("acme/deploy@v1"),)


@pytest.mark.parametrize(
    "change",
    [{"object_kind": "issue"}, {"after": "0" * 40}, {"after": None}, {"ref": 7}, {"project": []}],
)
def test_gitlabs_other_events_are_nothing_to_do(change: dict[str, Any]) -> None:
    found = received("gitlab", request({**GITLAB, **change}, x_gitlab_token=WORD))
    assert found.events == ()
    assert found.note
