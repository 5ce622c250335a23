"""docker_run.sh: the same server as one `docker run`."""

import shlex
from collections.abc import Iterator, Mapping

from replanner.planning.result import EngineConfig, Plan
from replanner.render import serving
from replanner.render.artifact import Artifact, RenderContext
from replanner.render.folders import Mount, in_container, mounts
from replanner.render.image import parse_image
from replanner.render.shell import quoted, script
from replanner.render.vllm_args import port_of, serve_groups

FILENAME = "docker_run.sh"

# vLLM's documentation for ROCm: the kernel driver and render nodes as devices, and the two
# relaxations that HIP's inter-process memory needs.
AMD_DEVICES = ("/dev/kfd", "/dev/dri")
AMD_GROUP = "video"
AMD_CAPABILITY = "SYS_PTRACE"
AMD_SECURITY = "seccomp=unconfined"


def render(plan: Plan, context: RenderContext) -> Mapping[str, Artifact]:
    return {FILENAME: script(plan, context, _lines(plan.config))}


def _lines(config: EngineConfig) -> Iterator[str]:
    parse_image(config.image)
    (binary, *serve), *groups = serve_groups(in_container(config))
    yield from quoted([["docker", "run", "--rm"], *_options(config)])
    yield from map(_mount, mounts(config))
    yield from quoted([["--entrypoint", binary, config.image], serve, *groups])


def _options(config: EngineConfig) -> Iterator[list[str]]:
    port = port_of(config)
    yield from _gpus(config)
    # Not --ipc=host: the server needs a larger /dev/shm, not the host's.
    yield ["--shm-size", f"{serving.SHM_GIB}g"]
    yield ["--volume", f"{serving.CACHE_VOLUME}:{serving.CACHE_PATH}"]
    yield ["--publish", f"{port}:{port}"]
    yield from (["--env", name] for name in serving.ENVIRONMENT)


def _gpus(config: EngineConfig) -> list[list[str]]:
    if config.vendor == "nvidia":
        # A count, not device numbers: which GPUs are free is known to the host, not to the plan.
        return [["--gpus", str(serving.gpus_used(config))]]
    return [
        *(["--device", device] for device in AMD_DEVICES),
        ["--group-add", AMD_GROUP],
        ["--cap-add", AMD_CAPABILITY],
        ["--security-opt", AMD_SECURITY],
    ]


def _mount(mount: Mount) -> str:
    # --mount, because -v would create a missing folder. Its value is a line of CSV, so the field
    # with the path is put in CSV quotes, in which only a double quote needs doubling.
    path = shlex.quote(mount.source.replace('"', '""'))
    here = "" if mount.source.startswith("/") else r'"${PWD//\"/\"\"}"/'
    fields = shlex.quote(f'type=bind,target={mount.target},readonly,"source=')
    return f"--mount {fields}{here}{path}'\"'"
