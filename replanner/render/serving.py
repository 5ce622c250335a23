"""The figures that artifacts share: ports, probes, volumes, and how long a start may take."""

import math

from replanner.planning.result import EngineConfig, Plan

PORT = 8000  # vLLM's own default
HEALTH_PATH = "/health"  # 200 while the engine lives, 503 once it is dead
ENVIRONMENT = ("HF_TOKEN", "VLLM_API_KEY")  # passed by name; an artifact never holds a value

CACHE_VOLUME = "huggingface-cache"
CACHE_PATH = "/root/.cache/huggingface"
CACHE_STEP_GIB = 10

# Engine and worker processes pass tensors through /dev/shm, and Docker gives a container 64 MiB.
# tmpfs takes memory only as it is used: this is a ceiling, not a reservation.
SHM_GIB = 16

PROBE_PERIOD_S = 10
PROBE_TIMEOUT_S = 5
PROBE_FAILURES = 6  # a minute of silence is a dead server, which is restarted
READY_FAILURES = 3  # half of that takes it out of the service

# A first start downloads the weights, at 100 MB/s or better (1 Gbit/s gives 125), loads them,
# compiles and captures graphs; the fixed part is for the latter.
DOWNLOAD_BYTES_PER_S = 100_000_000
START_FIXED_S = 600


def gpus_used(config: EngineConfig) -> int:
    """Exactly what the engine takes, which may be fewer than the machine has."""
    parallel = config.tensor_parallel_size * config.pipeline_parallel_size
    return parallel * config.data_parallel_size


def checkpoint_bytes(plan: Plan) -> int:
    """An upper bound from the fullest GPU's share; data-parallel replicas load the same files."""
    config = plan.config
    shards = config.tensor_parallel_size * config.pipeline_parallel_size
    if config.enable_expert_parallel:
        shards *= config.data_parallel_size
    return plan.feasibility.memory.weights_bytes * shards


def start_seconds(plan: Plan) -> int:
    """How long a first start may take; whole minutes, so that it rarely changes."""
    seconds = START_FIXED_S + checkpoint_bytes(plan) / DOWNLOAD_BYTES_PER_S
    return math.ceil(seconds / 60) * 60


def cache_gib(plan: Plan) -> int:
    """Room for two revisions of the weights, so that an update needs no clean-up first."""
    needed = 2 * checkpoint_bytes(plan) / 2**30
    return math.ceil(needed / CACHE_STEP_GIB + 1) * CACHE_STEP_GIB
