"""What a plan is: the engine configuration, the verdict with its figures, and the findings.

One `EngineConfig` is judged and rendered; nothing else reaches an artifact.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from replanner.planning.request import FlagValue, Lora, Speculative

Severity = Literal["error", "warning", "info"]
OomRisk = Literal["low", "medium", "high"]
Basis = Literal["exact", "measured", "given", "modelled", "guessed"]


class Finding(NamedTuple):
    """One thing people should know. `setting` is the profile key it is about, if any."""

    code: str
    severity: Severity
    message: str
    hint: str = ""
    setting: str = ""


class Fix(NamedTuple):
    """One single change of the profile that makes the plan fit, verified by planning it.

    `effect` begins with the keys that have to be left open for it, if any.
    """

    setting: str
    value: FlagValue
    effect: str

    def __str__(self) -> str:
        """The change as it stands in a profile."""
        shown = "null" if self.value is None else str(self.value)
        return f"{self.setting}: {shown.lower() if isinstance(self.value, bool) else shown}"


class EngineConfig(NamedTuple):
    """What vLLM is started with. `revision` is the pinned commit (None: a folder without one).

    `quantization` is set only where vLLM must be told (on-the-fly quantization); a checkpoint's
    own scheme is found by vLLM itself.
    """

    model: str
    revision: str | None
    vllm_version: str
    image: str
    gpus: int
    tensor_parallel_size: int
    pipeline_parallel_size: int
    data_parallel_size: int
    enable_expert_parallel: bool
    dtype: str
    quantization: str | None
    kv_cache_dtype: str
    gpu_memory_utilization: float
    max_model_len: int
    max_num_seqs: int
    max_num_batched_tokens: int
    block_size: int | None = None
    enforce_eager: bool = False
    speculative: Speculative | None = None
    lora: Lora | None = None
    pooling: bool = False
    vendor: Literal["nvidia", "amd"] = "nvidia"
    extra_args: Mapping[str, FlagValue] = {}


class ModelIdentity(NamedTuple):
    """Which model was planned, pinned to `commit` where the source has revisions."""

    id: str
    revision: str
    commit: str | None
    architecture: str
    parameters: int
    active_parameters: int
    quantization: str | None


class HardwareUsed(NamedTuple):
    gpu_name: str
    gpus: int
    memory_bytes: int


class MemoryBreakdown(NamedTuple):
    """Bytes on the fullest GPU. `kv_cache_bytes` may be negative: that much is missing.

    `measured` names the terms that a real server printed (`policy.measured`), as plan.json has
    them; the others are computed. `repacked_bytes` is what loading adds to the parameters: held
    with the overheads, printed with the weights.
    """

    total_bytes: int
    budget_bytes: int
    weights_bytes: int
    activation_bytes: int
    non_torch_bytes: int
    cuda_graph_bytes: int
    kv_cache_bytes: int
    measured: tuple[str, ...] = ()
    repacked_bytes: int = 0


class Certainty(NamedTuple):
    """What a figure rests on, and how close nine of ten such figures were, in the figure's unit.

    "exact" is vLLM's own arithmetic, "measured" a server's, "given" the profile's, "modelled" is
    fitted to logs that agree and "guessed" to few or none; `why` says what of it. `within` is None
    where none was ever compared.
    """

    basis: Basis
    within: float | None = None
    why: str = ""


CERTAIN_FIGURES = (
    "weights_gib",
    "activation_gib",
    "non_torch_gib",
    "cuda_graph_gib",
    "kv_cache_gib",
    "headroom_gib",
    "kv_cache_tokens",
    "max_concurrency_at_context",
    "kv_needed_gib",
)


class Feasibility(NamedTuple):
    """The verdict. Token counts are those vLLM prints at start-up.

    `kv_needed_bytes` is one max_model_len sequence; `workload_kv_bytes` what the workload needs.
    `certainty` is of the figures by their names in plan.json.
    """

    fits: bool
    starts: bool
    oom_risk: OomRisk
    memory: MemoryBreakdown
    headroom_bytes: int
    workload_kv_bytes: int
    kv_bytes_per_token: float
    kv_cache_tokens: int
    max_concurrency_at_context: float
    max_context_at_concurrency: int
    kv_needed_bytes: int
    certainty: Mapping[str, Certainty] = {}

    @property
    def keeps_cache(self) -> bool:
        """Encoders answer in one pass: nothing is kept for a request."""
        return self.kv_needed_bytes > 0


class Range(NamedTuple):
    low: float
    expected: float
    high: float


class Performance(NamedTuple):
    """At the workload's lengths and concurrency; token rates per second, times in ms."""

    decode_tokens_per_s: Range
    request_tokens_per_s: Range
    prefill_tokens_per_s: Range
    ttft_ms: Range
    itl_ms: Range
    assumptions: tuple[str, ...] = ()


class Plan(NamedTuple):
    """One profile's answer. `explanations` maps a setting to why it has its value."""

    model: ModelIdentity
    hardware: HardwareUsed
    config: EngineConfig
    feasibility: Feasibility
    performance: Performance
    findings: tuple[Finding, ...] = ()
    fixes: tuple[Fix, ...] = ()
    explanations: Mapping[str, str] = {}
