"""k8s-values.yaml: the same server as values for the Helm chart in charts/vllm."""

from collections.abc import Mapping
from typing import Any

from replanner.planning.result import EngineConfig, Plan
from replanner.render import serving
from replanner.render.artifact import Artifact, RenderContext, header
from replanner.render.folders import in_container, mounts
from replanner.render.image import parse_image
from replanner.render.names import slug
from replanner.render.vllm_args import port_of, serve_argv
from replanner.render.yaml_text import to_yaml

FILENAME = "k8s-values.yaml"
SECRET = "vllm"  # noqa: S105 -- the name of a Secret, which the user creates
RESOURCES = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu"}


def render(plan: Plan, context: RenderContext) -> Mapping[str, Artifact]:
    return {FILENAME: Artifact(to_yaml(_values(plan, context), head=header(plan, context)))}


def _values(plan: Plan, context: RenderContext) -> dict[str, Any]:
    port = port_of(plan.config)
    return {
        "replicaCount": 1,
        "image": _image(plan.config),
        **_command(plan.config),
        "env": [_from_secret(name) for name in serving.ENVIRONMENT],
        "resources": _resources(plan.config),
        "containerPort": port,
        "service": {"type": "ClusterIP", "port": port},
        **_probes(plan, port),
        "sharedMemory": {"sizeLimit": f"{serving.SHM_GIB}Gi"},
        "cache": {"mountPath": serving.CACHE_PATH, "size": f"{serving.cache_gib(plan)}Gi"},
        "modelVolumes": _model_volumes(plan.config, context),
        "podAnnotations": _annotations(plan, context),
    }


def _image(config: EngineConfig) -> dict[str, str]:
    image = parse_image(config.image)
    return {"repository": image.repository, "tag": image.tag, "digest": image.digest}


def _command(config: EngineConfig) -> dict[str, list[str]]:
    binary, serve, *arguments = serve_argv(in_container(config))
    # The kubelet expands $(NAME) in command and args, and reads $$ as a dollar.
    return {"command": [binary, serve], "args": [a.replace("$", "$$") for a in arguments]}


def _from_secret(name: str) -> dict[str, Any]:
    key = {"name": SECRET, "key": name, "optional": True}
    return {"name": name, "valueFrom": {"secretKeyRef": key}}


def _resources(config: EngineConfig) -> dict[str, dict[str, int]]:
    # An extended resource's request equals its limit. CPU and memory are not the plan's to know.
    return {"limits": {RESOURCES[config.vendor]: serving.gpus_used(config)}}


def _probes(plan: Plan, port: int) -> dict[str, Any]:
    start = serving.start_seconds(plan) // serving.PROBE_PERIOD_S
    failures = {
        "startup": start,
        "readiness": serving.READY_FAILURES,
        "liveness": serving.PROBE_FAILURES,
    }
    return {f"{name}Probe": _probe(port, threshold) for name, threshold in failures.items()}


def _probe(port: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": serving.HEALTH_PATH, "port": port},
        "periodSeconds": serving.PROBE_PERIOD_S,
        "timeoutSeconds": serving.PROBE_TIMEOUT_S,
        "failureThreshold": failures,
    }


def _model_volumes(config: EngineConfig, context: RenderContext) -> list[dict[str, str]]:
    # A cluster cannot see the folder: a claim of this name has to hold a copy of it.
    return [
        {
            "claimName": f"{slug(context.name)}{mount.target.replace('/', '-')}",
            "mountPath": mount.target,
        }
        for mount in mounts(config)
    ]


def _annotations(plan: Plan, context: RenderContext) -> dict[str, str]:
    return {
        "replanner/plan": context.identity,
        "replanner/model": plan.config.model,
        "replanner/revision": plan.config.revision or "",
    }
