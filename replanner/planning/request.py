"""What a profile asks for, as plain values: the pure core's input, free of YAML and pydantic.

`None` means "choose for me"; the defaults are the contract's.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

FlagScalar = str | int | float | bool | None
FlagValue = FlagScalar | tuple[FlagScalar, ...]  # a tuple is a flag that takes several values
Interconnect = Literal["pcie", "nvlink", "unknown"]
Mode = Literal["throughput", "latency", "balanced"]


def is_folder(model_id: str) -> bool:
    """Whether a model id means a folder; everything else is a name on the Hub."""
    return model_id.startswith(("./", "../", "/"))


class ModelWish(NamedTuple):
    """Which checkpoint, and how it should be loaded. `params_b` is in billions."""

    id: str
    revision: str = "main"
    dtype: str = "auto"
    quantization: str | None = None
    kv_cache_dtype: str = "auto"
    max_model_len: int | None = None
    params_b: float | None = None


class HardwareWish(NamedTuple):
    """The GPUs of one server. `vram_gib` (usable, as CUDA reports it) wins over `vram_gb`."""

    gpu_name: str = "auto"
    gpus: int = 1
    vram_gb: float | None = None
    vram_gib: float | None = None
    interconnect: Interconnect = "unknown"
    tp_size: int | None = None
    pp_size: int = 1
    dp_size: int = 1


class Workload(NamedTuple):
    """The traffic to plan for: mean lengths of a request and how many run at once."""

    prompt_tokens: int = 512
    gen_tokens: int = 256
    concurrency: int = 1
    streaming: bool = True
    mode: Mode = "balanced"


class Measured(NamedTuple):
    """What a real server of this deployment printed at start-up, per GPU, and for what.

    `planned_weights_gib` is what the planner computed for the weights then: where it computes
    something else now, the model is not the one that was measured. `counted_graph_gib` is what was
    taken off the KV cache for CUDA graphs, which take `cuda_graph_gib`; None: not told.
    """

    model: str
    gpu_name: str
    vllm_version: str
    max_num_batched_tokens: int
    max_num_seqs: int
    planned_weights_gib: float
    weights_gib: float
    activation_gib: float
    non_torch_gib: float
    cuda_graph_gib: float | None = None
    counted_graph_gib: float | None = None
    tp_size: int = 1
    pp_size: int = 1
    enforce_eager: bool = False


class Policy(NamedTuple):
    """Margins. `overhead_gb` and `headroom_gb` are GiB per GPU (the seed format's spelling)."""

    gpu_memory_utilization: float | None = None
    overhead_gb: float | None = None
    fragmentation_factor: float = 1.0
    headroom_gb: float = 1.0
    measured: Measured | None = None


class Speculative(NamedTuple):
    """Speculative decoding: vLLM's method, the draft model where it needs one, draft tokens.

    `revision` is the draft model's commit, once it is known.
    """

    method: str
    model: str | None = None
    num_tokens: int = 1
    revision: str | None = None


class Lora(NamedTuple):
    """Adapter slots that vLLM allocates at start-up."""

    max_loras: int = 1
    max_rank: int = 16


class EngineWish(NamedTuple):
    """Engine settings that a profile may fix."""

    vllm_version: str = "0.33.0"
    image: str | None = None
    image_track: str | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    block_size: int | None = None
    enforce_eager: bool = False
    enable_expert_parallel: bool = False
    speculative: Speculative | None = None
    lora: Lora | None = None


class PlanRequest(NamedTuple):
    """One profile's wishes."""

    model: ModelWish
    hardware: HardwareWish = HardwareWish()
    workload: Workload = Workload()
    policy: Policy = Policy()
    engine: EngineWish = EngineWish()
    vllm_args: Mapping[str, FlagValue] = {}
