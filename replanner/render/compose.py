"""docker-compose.yaml: the same server as one Compose service."""

from collections.abc import Mapping
from typing import Any

from replanner.planning.result import EngineConfig, Plan
from replanner.render import docker, serving
from replanner.render.artifact import Artifact, RenderContext, header
from replanner.render.folders import from_artifacts, in_container, mounts
from replanner.render.image import parse_image
from replanner.render.names import slug
from replanner.render.vllm_args import port_of, serve_argv
from replanner.render.yaml_text import to_yaml

FILENAME = "docker-compose.yaml"


def render(plan: Plan, context: RenderContext) -> Mapping[str, Artifact]:
    document = {
        "name": slug(context.name),
        "services": {"vllm": _uninterpolated(_service(plan, context))},
        "volumes": {serving.CACHE_VOLUME: {"name": serving.CACHE_VOLUME}},
    }
    return {FILENAME: Artifact(to_yaml(document, head=header(plan, context)))}


def _service(plan: Plan, context: RenderContext) -> dict[str, Any]:
    config = plan.config
    parse_image(config.image)
    binary, *arguments = serve_argv(in_container(config))
    port = port_of(config)
    return {
        "image": config.image,
        "entrypoint": [binary],
        "command": arguments,
        "environment": dict.fromkeys(serving.ENVIRONMENT),
        "ports": [f"{port}:{port}"],
        "volumes": _volumes(config, context),
        "shm_size": f"{serving.SHM_GIB}gb",
        **_gpus(config),
        "healthcheck": _health(plan, port),
        "restart": "unless-stopped",
        "labels": {"replanner.plan": context.identity},
    }


def _volumes(config: EngineConfig, context: RenderContext) -> list[dict[str, Any]]:
    cache = {"type": "volume", "source": serving.CACHE_VOLUME, "target": serving.CACHE_PATH}
    # Compose reads relative paths from the file's own folder.
    folders = [
        {
            "type": "bind",
            "source": from_artifacts(mount.source, context.root),
            "target": mount.target,
            "read_only": True,
            "bind": {"create_host_path": False},
        }
        for mount in mounts(config)
    ]
    return [cache, *folders]


def _gpus(config: EngineConfig) -> dict[str, Any]:
    if config.vendor == "amd":
        return {
            "devices": list(docker.AMD_DEVICES),
            "group_add": [docker.AMD_GROUP],
            "cap_add": [docker.AMD_CAPABILITY],
            "security_opt": [docker.AMD_SECURITY],
        }
    count = serving.gpus_used(config)
    device = {"driver": "nvidia", "count": count, "capabilities": ["gpu"]}
    return {"deploy": {"resources": {"reservations": {"devices": [device]}}}}


def _health(plan: Plan, port: int) -> dict[str, Any]:
    # python3 is in every vLLM image, curl is not; http.client minds no proxy settings.
    probe = (
        "import http.client as h; "
        f"c = h.HTTPConnection('127.0.0.1', {port}, timeout={serving.PROBE_TIMEOUT_S}); "
        f"c.request('GET', '{serving.HEALTH_PATH}'); "
        "raise SystemExit(c.getresponse().status != 200)"
    )
    return {
        "test": ["CMD", "python3", "-c", probe],
        "interval": f"{serving.PROBE_PERIOD_S}s",
        "timeout": f"{serving.PROBE_TIMEOUT_S + 1}s",
        "retries": serving.PROBE_FAILURES,
        "start_period": f"{serving.start_seconds(plan)}s",
    }


def _uninterpolated(value: Any) -> Any:
    """Compose expands $ and ${...} in every string of the file; $$ is a dollar."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [_uninterpolated(item) for item in value]
    if isinstance(value, dict):
        return {key: _uninterpolated(item) for key, item in value.items()}
    return value
