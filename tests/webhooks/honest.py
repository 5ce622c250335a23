"""What each sender sends, and how it proves itself: deliveries for experiments and replays."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

DIGEST: Final = "sha256:" + "95" * 32
OLD, NEW = "b" * 40, "a" * 40
_JSON: Final = {"Content-Type": "application/json"}
_CLOUD: Final = {"Content-Type": "application/cloudevents+json"}
_DISTRIBUTION: Final = {"Content-Type": "application/vnd.docker.distribution.events.v2+json"}

# The headers that prove a body: of its bytes, the secret, the time, and the delivery's name.
Prove = Callable[[bytes, str, int, str], Mapping[str, str]]


class Proof(NamedTuple):
    """One way to prove oneself; `signs`: what proves one body proves no other."""

    headers: Prove
    signs: bool


class Sample(NamedTuple):
    payload: Mapping[str, Any]
    headers: Mapping[str, str] = _JSON


class Sender(NamedTuple):
    """One source. Without proofs, its secret stands in the path."""

    samples: tuple[Sample, ...]
    proofs: tuple[Proof, ...] = ()


def hexed(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def based(secret: str, signed: bytes) -> str:
    return base64.b64encode(bytes.fromhex(hexed(secret, signed))).decode()


def _word(header: str, before: str = "") -> Proof:
    return Proof(lambda _body, secret, _now, _name: {header: before + secret}, signs=False)


def _hex(header: str, before: str = "") -> Proof:
    def headers(body: bytes, secret: str, _now: int, _name: str) -> Mapping[str, str]:
        return {header: before + hexed(secret, body)}

    return Proof(headers, signs=True)


def _base64(header: str) -> Proof:
    return Proof(lambda body, secret, _now, _name: {header: based(secret, body)}, signs=True)


def _standard(prefix: str, name_header: str) -> Proof:
    def headers(body: bytes, secret: str, now: int, name: str) -> Mapping[str, str]:
        signature = based(secret, f"{name}.{now}.".encode() + body)
        return {
            name_header: name,
            f"{prefix}-timestamp": str(now),
            f"{prefix}-signature": f"v1,{signature}",
        }

    return Proof(headers, signs=True)


_BEARER: Final = _word("Authorization", "Bearer ")
_STANDARD: Final = _standard("webhook", "webhook-id")
_REPOSITORY: Final = {"id": 1, "full_name": "acme/infra", "default_branch": "main"}
_SIDES: Final = {
    "base": {"ref": "main", "sha": OLD, "repo": {"id": 1, "full_name": "acme/infra"}},
    "head": {"ref": "change", "sha": NEW, "repo": {"id": 1, "full_name": "acme/infra"}},
}
_IMAGE: Final = {
    "name": "llm",
    "owner": {"login": "Acme"},
    "package_version": {
        "package_url": "ghcr.io/acme/llm:prod",
        "container_metadata": {"tag": {"name": "prod", "digest": DIGEST}},
    },
}


def _github(event: str, **payload: Any) -> Sample:
    common = {"repository": _REPOSITORY, "sender": {"login": "octo", "type": "User"}}
    return Sample({**common, **payload}, {**_JSON, "X-GitHub-Event": event})


_GITHUB: Final = (
    _github("push", ref="refs/heads/main", before=OLD, after=NEW, commits=[{"id": NEW}]),
    _github("ping", zen="Keep it logically awesome.", hook_id=1),
    _github("pull_request", action="synchronize", number=7, pull_request={"number": 7, **_SIDES}),
    _github(
        "issue_comment",
        action="created",
        issue={"number": 7, "user": {"login": "octo"}, "pull_request": {"url": "x"}},
        comment={"id": 3, "body": "/replan", "user": {"login": "hubot", "type": "User"}},
    ),
    _github(
        "check_run",
        action="requested_action",
        requested_action={"identifier": "apply"},
        check_run={
            "id": 9,
            "name": "replanner",
            "external_id": "pr-7",
            "head_sha": NEW,
            "pull_requests": [{"number": 7, **_SIDES}],
        },
    ),
    _github("installation", action="created", repositories=[{"full_name": "acme/infra"}]),
    _github("package", action="published", package=_IMAGE),
    _github("release", action="published", release={"tag_name": "v1"}),
    _github("repository_dispatch", action="hf-revision", client_payload={"model": "acme/llm"}),
    _github(
        "merge_group",
        action="checks_requested",
        merge_group={
            "head_sha": NEW,
            "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-b",
            "base_sha": OLD,
            "base_ref": "refs/heads/main",
        },
    ),
)
_HUB: Final = Sample(
    {
        "event": {"action": "update", "scope": "repo.content"},
        "repo": {
            "type": "model",
            "name": "acme/llm-7b",
            "id": "6" * 24,
            "headSha": NEW,
            "url": {"api": "http://169.254.169.254/"},
        },
        "updatedRefs": [
            {"ref": "refs/heads/main", "oldSha": OLD, "newSha": NEW},
            {"ref": "refs/tags/v2", "oldSha": None, "newSha": NEW},
        ],
        "webhook": {"id": "5" * 24, "version": 3},
    }
)
_PUSHED: Final = {
    "id": "id-1",
    "action": "push",
    "target": {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": DIGEST,
        "repository": "models/llm-7b",
        "url": "http://169.254.169.254/v2/",
        "tag": "prod",
    },
    "request": {"host": "registry:5000", "method": "PUT"},
}
_RESOURCES: Final = {
    "resources": [
        {"digest": DIGEST, "tag": "prod", "resource_url": "harbor.example/models/llm-7b:prod"}
    ],
    "repository": {"name": "llm-7b", "repo_full_name": "models/llm-7b"},
}
_EVENT: Final = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "https://registry.example/models",
    "type": "dev.example.model.updated",
    "subject": "acme/llm-7b",
    "data": {"model": "acme/llm-7b"},
}

SENDERS: Final[Mapping[str, Sender]] = {
    "huggingface": Sender((_HUB,), (_word("X-Webhook-Secret"),)),
    "github": Sender(_GITHUB, (_hex("X-Hub-Signature-256", "sha256="),)),
    "docker_distribution": Sender((Sample({"events": [_PUSHED]}, _DISTRIBUTION),), (_BEARER,)),
    "dockerhub": Sender(
        (
            Sample(
                {
                    "callback_url": "https://registry.hub.docker.com/u/acme/llm/hook/2141/",
                    "push_data": {"pushed_at": 1417566161, "tag": "latest"},
                    "repository": {"repo_name": "acme/llm-server"},
                }
            ),
        )
    ),
    "harbor": Sender(
        (
            Sample({"type": "PUSH_ARTIFACT", "occur_at": 1680501893, "event_data": _RESOURCES}),
            Sample({**_EVENT, "type": "harbor.artifact.pushed", "data": _RESOURCES}, _CLOUD),
        ),
        (_word("Authorization"),),
    ),
    "quay": Sender(
        (
            Sample(
                {
                    "repository": "acme/llm-7b",
                    "docker_url": "quay.io/acme/llm-7b",
                    "updated_tags": ["prod", "v2"],
                }
            ),
        )
    ),
    "cloudevents": Sender((Sample(_EVENT, _CLOUD),), (_BEARER, _STANDARD)),
    "standard_webhooks": Sender(
        (Sample({"type": "model.updated", "data": {"subject": "acme/llm-7b"}}),), (_STANDARD,)
    ),
    "mlflow": Sender(
        (
            Sample(
                {
                    "entity": "model_version",
                    "action": "created",
                    "data": {"name": "llm-7b", "version": "12", "source": "models:/m-1234"},
                }
            ),
        ),
        (_standard("X-MLflow", "X-MLflow-Delivery-Id"),),
    ),
    "jfrog": Sender(
        (
            Sample(
                {
                    "domain": "docker",
                    "event_type": "pushed",
                    "data": {
                        "repo_key": "models-docker-local",
                        "sha256": "35" * 32,
                        "image_name": "acme/llm-7b",
                        "tag": "prod",
                    },
                    "jpd_origin": "https://example.jfrog.io",
                }
            ),
        ),
        (_word("X-JFrog-Event-Auth"), _hex("X-JFrog-Event-Auth")),
    ),
    "ecr_eventbridge": Sender(
        (
            Sample(
                {
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
            ),
        ),
        (_word("X-Replanner-Key"), _BEARER),
    ),
    "wandb": Sender(
        (
            Sample(
                {
                    "event_type": "ADD_ARTIFACT_ALIAS",
                    "alias": "production",
                    "artifact_version_string": "acme/wandb-registry-model/llm-7b:v12",
                    "artifact_collection_name": "llm-7b",
                    "project_name": "wandb-registry-model",
                    "entity_name": "acme",
                }
            ),
        ),
        (_base64("X-Wandb-Signature"), _BEARER),
    ),
    "gitlab": Sender(
        (
            Sample(
                {
                    "object_kind": "push",
                    "before": OLD,
                    "after": NEW,
                    "ref": "refs/heads/main",
                    "project": {"path_with_namespace": "acme/deploy", "default_branch": "main"},
                }
            ),
        ),
        (_word("X-Gitlab-Token"), _STANDARD),
    ),
}


class Delivery(NamedTuple):
    """As it goes over the wire, but for the length."""

    path: str
    headers: Mapping[str, str]
    body: bytes


def delivery(  # noqa: PLR0913 - all of them with their names
    source: str,
    secret: str,
    *,
    now: int,
    name: str = "delivery-1",
    sample: int = 0,
    way: int = 0,
    body: bytes | None = None,
) -> Delivery:
    """The delivery of that sample, proven in that way; `body`: another one, proven all the same."""
    sender = SENDERS[source]
    told = sender.samples[sample]
    sent = json.dumps(told.payload).encode() if body is None else body
    path = f"/webhooks/{source}"
    headers = dict(told.headers)
    if source == "github":
        headers["X-GitHub-Delivery"] = name
    if not sender.proofs:
        return Delivery(f"{path}/{secret}", headers, sent)
    return Delivery(path, {**headers, **sender.proofs[way].headers(sent, secret, now, name)}, sent)
