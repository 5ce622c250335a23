"""Registries tell which image was pushed, by the name that people write in profiles."""

import hashlib
from typing import Any

import pytest
from deliveries import NOW_S, SECRET, hex_of, read, received, request

from replanner.webhooks.events import ImageMoved, SubjectMoved
from replanner.webhooks.source import Refusal

WORD = SECRET.decode()
DIGEST = "sha256:" + "95" * 32


# --- Docker distribution


def pushed(tag: str | None = "prod", **changes: Any) -> dict[str, Any]:
    target = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": DIGEST}
    target |= {"repository": "models/llm-7b", "url": "http://169.254.169.254/v2/"}
    target |= {"tag": tag} if tag else {}
    return {
        "id": f"id-{tag}",
        "action": "push",
        "target": target,
        "request": {"host": "registry:5000", "method": "PUT"},
        **changes,
    }


def distribution(*events: Any) -> Any:
    kind = "application/vnd.docker.distribution.events.v2+json"
    return request({"events": events}, content_type=kind, authorization=f"Bearer {WORD}")


def test_distribution_tells_tags_and_leaves_layers_out() -> None:
    found = received("docker_distribution", distribution(pushed(), pushed(None), pushed("v2")))
    assert found.events == (
        ImageMoved("registry:5000/models/llm-7b", "prod", DIGEST),
        ImageMoved("registry:5000/models/llm-7b", "v2", DIGEST),
    )


@pytest.mark.parametrize("event", [pushed(action="pull"), pushed(request=None), None, []])
def test_distribution_is_answered_well_for_anything_it_signs(event: Any) -> None:
    """Else it would send the same again for ever, before all that comes after."""
    found = received("docker_distribution", distribution(event))
    assert found.events == ()
    assert found.note


def test_distributions_envelopes_are_known_by_what_is_in_them() -> None:
    one = received("docker_distribution", distribution(pushed(), pushed(None)))
    repeated = received("docker_distribution", distribution(pushed()))
    other = received("docker_distribution", distribution(pushed("v2")))
    assert one.delivery_key == repeated.delivery_key != other.delivery_key


# --- Docker Hub and Quay, which cannot sign


def test_docker_hub_tells_a_tag_and_its_own_images_without_a_library() -> None:
    hub = {
        "callback_url": "https://registry.hub.docker.com/u/acme/llm-server/hook/2141/",
        "push_data": {"pushed_at": 1417566161, "pusher": "trustedbuilder", "tag": "latest"},
        "repository": {"name": "llm-server", "namespace": "acme", "repo_name": "acme/llm-server"},
    }
    found = received("dockerhub", request(hub, token=WORD))
    assert found.events == (ImageMoved("acme/llm-server", "latest"),)
    hub["repository"] = {"repo_name": "library/ubuntu"}
    found = received("dockerhub", request(hub, token=WORD))
    assert found.events == (ImageMoved("ubuntu", "latest"),)


def test_quay_tells_several_tags_and_the_same_again_later() -> None:
    push = {"repository": "acme/llm-7b", "docker_url": "quay.io/acme/llm-7b"}
    both = {**push, "updated_tags": ["prod", "v2", 7]}
    found = received("quay", request(both, token=WORD))
    assert found.events == (
        ImageMoved("quay.io/acme/llm-7b", "prod"),
        ImageMoved("quay.io/acme/llm-7b", "v2"),
    )
    later = received("quay", request(both, token=WORD, now_s=NOW_S + 601))
    assert later.delivery_key != found.delivery_key
    assert received("quay", request(push, token=WORD)).events == (
        ImageMoved("quay.io/acme/llm-7b"),
    )


@pytest.mark.parametrize("source", ["dockerhub", "quay"])
def test_who_does_not_know_the_path_gets_nowhere(source: str) -> None:
    for delivery in (
        request({}),
        request({}, token="x" * 33),
        request({}, authorization=WORD),
        request({}, x_webhook_secret=WORD),
    ):
        answer = read(source, delivery)
        assert isinstance(answer, Refusal)
        assert answer.status == 401


@pytest.mark.parametrize("name", ["", "../x", "http://evil/x", "Acme/LLM", "a" * 300, "a/b c", 7])
@pytest.mark.parametrize("source", ["dockerhub", "quay"])
def test_what_names_no_image_is_not_understood(source: str, name: object) -> None:
    named = {"docker_url": name, "repository": {"repo_name": name}, "updated_tags": ["x"]}
    answer = read(source, request(named, token=WORD))
    assert isinstance(answer, Refusal)
    assert answer.status == 422


# --- Harbor

RESOURCE = {"digest": DIGEST, "tag": "prod", "resource_url": "harbor.example/models/llm-7b:prod"}
HARBOR = {
    "type": "PUSH_ARTIFACT",
    "occur_at": 1680501893,
    "event_data": {
        "resources": [RESOURCE],
        "repository": {"name": "llm-7b", "repo_full_name": "models/llm-7b"},
    },
}
HARBOR_CLOUD = {
    "specversion": "1.0",
    "id": "66e18103-09c1-41f6-982f-37df223f3eeb",
    "source": "/projects/2/webhook/policies/15",
    "type": "harbor.artifact.pushed",
    "data": {"resources": [RESOURCE], "repository": {"repo_full_name": "models/llm-7b"}},
}


def test_harbor_tells_the_same_in_both_its_formats() -> None:
    own = received("harbor", request(HARBOR, authorization=WORD))
    kind = "application/cloudevents+json"
    cloud = received("harbor", request(HARBOR_CLOUD, content_type=kind, authorization=WORD))
    assert (
        own.events == cloud.events == (ImageMoved("harbor.example/models/llm-7b", "prod", DIGEST),)
    )
    again = request({**HARBOR_CLOUD, "operator": "x"}, content_type=kind, authorization=WORD)
    assert received("harbor", again).delivery_key == cloud.delivery_key


def test_harbor_gives_untagged_images_their_digest_for_a_tag() -> None:
    untagged = {"digest": DIGEST, "tag": DIGEST, "resource_url": f"harbor.example/m/llm@{DIGEST}"}
    payload = {**HARBOR, "event_data": {"resources": [untagged]}}
    found = received("harbor", request(payload, authorization=WORD))
    assert found.events == (ImageMoved("harbor.example/m/llm", "", DIGEST),)


@pytest.mark.parametrize("kind", ["SCANNING_COMPLETED", "harbor.artifact.deleted", "", None])
def test_harbors_other_events_are_nothing_to_do(kind: object) -> None:
    found = received("harbor", request({**HARBOR, "type": kind}, authorization=WORD))
    assert found.events == ()
    assert found.note


# --- JFrog and ECR


def test_jfrog_tells_images_and_artifacts_under_either_kind_of_secret() -> None:
    image = {
        "domain": "docker",
        "event_type": "pushed",
        "data": {
            "repo_key": "models-docker-local",
            "path": "acme/llm-7b/prod/list.manifest.json",
            "sha256": "35" * 32,
            "image_name": "acme/llm-7b",
            "tag": "prod",
        },
        "jpd_origin": "https://example.jfrog.io",
    }
    name = "example.jfrog.io/models-docker-local/acme/llm-7b"
    for proof in (WORD, hex_of(image)):
        found = received("jfrog", request(image, x_jfrog_event_auth=proof))
        assert found.events == (ImageMoved(name, "prod", "sha256:" + "35" * 32),)
    file = {
        "domain": "artifact",
        "event_type": "deployed",
        "data": {"repo_key": "models-generic", "path": "acme/llm-7b/rev-42/model.safetensors"},
    }
    found = received("jfrog", request(file, x_jfrog_event_auth=WORD))
    assert found.events == (SubjectMoved("models-generic/acme/llm-7b/rev-42/model.safetensors"),)
    gone = {**file, "event_type": "deleted"}
    assert received("jfrog", request(gone, x_jfrog_event_auth=WORD)).events == ()


ECR: dict[str, Any] = {
    "id": "13cde686-328b-6117-af20-0e5566167482",
    "detail-type": "ECR Image Action",
    "source": "aws.ecr",
    "account": "123456789012",
    "region": "us-west-2",
    "detail": {
        "result": "SUCCESS",
        "repository-name": "models/llm-7b",
        "image-digest": DIGEST,
        "action-type": "PUSH",
        "image-tag": "prod",
    },
}


def test_ecr_tells_the_address_that_images_are_pulled_from() -> None:
    name = "123456789012.dkr.ecr.us-west-2.amazonaws.com/models/llm-7b"
    for proof in ({"x_replanner_key": WORD}, {"authorization": f"Basic {WORD}"}):
        found = received("ecr_eventbridge", request(ECR, **proof))
        assert found.events == (ImageMoved(name, "prod", DIGEST),)
    assert found.delivery_key == hashlib.sha256(ECR["id"].encode()).hexdigest()
    china = request({**ECR, "region": "cn-north-1"}, x_replanner_key=WORD)
    (moved,) = received("ecr_eventbridge", china).events
    assert isinstance(moved, ImageMoved)
    assert moved.image.partition("/")[0].endswith(".cn-north-1.amazonaws.com.cn")


@pytest.mark.parametrize(
    "change",
    [
        {"source": "aws.s3"},
        {"detail-type": "ECR Image Scan"},
        {"detail": {**ECR["detail"], "result": "FAILURE"}},
        {"detail": {**ECR["detail"], "action-type": "DELETE"}},
        {"detail": []},
        {"account": "evil/x:"},
    ],
)
def test_ecrs_other_events_are_nothing_to_do(change: dict[str, Any]) -> None:
    found = received("ecr_eventbridge", request({**ECR, **change}, x_replanner_key=WORD))
    assert found.events == ()
    assert found.note
