"""Decides what a profile may say: its sections, keys, types, ranges and defaults."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from replanner.planning import request as wish
from replanner.profile import choices as one
from replanner.profile import fields as of
from replanner.profile.sections import after, limits


class ModelSection(NamedTuple):
    """Which checkpoint, and how it is loaded."""

    id: Annotated[
        of.ModelId,
        "Hugging Face id, or a folder with config.json that begins with ./ ../ or /.",
    ]
    revision: Annotated[
        of.Revision,
        "Branch, tag or commit to track; plan.json pins the commit it resolved to.",
    ] = "main"
    dtype: Annotated[one.Dtype, "Type of the weights and activations."] = "auto"
    quantization: Annotated[
        one.Quantization,
        "vLLM's quantization method; what the checkpoint itself says always counts.",
    ] = "none"
    kv_cache_dtype: Annotated[one.KvCacheDtype, "Type of the KV cache."] = "auto"
    max_model_len: Annotated[
        of.Tokens | None,
        "Longest sequence in tokens; null: what the model supports and the GPUs hold.",
    ] = None
    params_b: Annotated[
        float | None,
        limits(ge=0.01, le=5000),
        "Parameters in billions, used only where nothing better is known.",
    ] = None


class HardwareSection(NamedTuple):
    """The GPUs of one server and how the model is spread over them."""

    gpu_name: Annotated[
        of.GpuName, "Name or alias in the catalogue, or auto: ask nvidia-smi on this machine."
    ] = "auto"
    gpus: Annotated[of.Count, "Number of GPUs."] = 1
    vram_gb: Annotated[
        of.SomeGib | None, "Memory per GPU as the vendor says it; wins over the catalogue."
    ] = None
    vram_gib: Annotated[
        of.SomeGib | None, "Usable GiB per GPU as CUDA reports it, like 79.19; wins over vram_gb."
    ] = None
    interconnect: Annotated[wish.Interconnect, "What joins the GPUs."] = "unknown"
    tp_size: Annotated[of.Count | None, "Tensor parallel size; null: chosen."] = None
    pp_size: Annotated[of.Count, "Pipeline parallel size."] = 1
    dp_size: Annotated[of.Count, "Data parallel size."] = 1


class WorkloadSection(NamedTuple):
    """The traffic to plan for."""

    prompt_tokens: Annotated[of.Tokens, "Tokens of a typical prompt."] = 512
    gen_tokens: Annotated[of.Tokens, "Tokens of a typical answer."] = 256
    concurrency: Annotated[of.Requests, "Requests running at once."] = 1
    streaming: Annotated[bool, "Whether answers are streamed."] = True
    mode: Annotated[wish.Mode, "What to favour where there is a choice."] = "balanced"


class MeasuredSection(NamedTuple):
    """What a server of this deployment printed; `replanner verify --calibrate` writes it."""

    model: Annotated[of.ModelId, "The model that was measured."]
    gpu_name: Annotated[of.GpuName, "The GPU it was measured on, as the catalogue calls it."]
    vllm_version: Annotated[of.VllmVersion, "The vLLM version that ran."]
    max_num_batched_tokens: Annotated[of.Tokens, "Tokens per step of that server."]
    max_num_seqs: Annotated[of.Requests, "Sequences per step of that server."]
    planned_weights_gib: Annotated[
        of.Gib, "What the planner computed for the weights then; tells whether the model moved."
    ]
    weights_gib: Annotated[of.Gib, "GiB per GPU that loading the model took."]
    activation_gib: Annotated[of.Gib, "GiB per GPU at the peak of the profile run."]
    non_torch_gib: Annotated[of.Gib, "GiB per GPU outside PyTorch's allocator."]
    cuda_graph_gib: Annotated[
        of.Gib | None, "GiB per GPU of CUDA graphs; null: not printed, so computed."
    ] = None
    counted_graph_gib: Annotated[
        of.Gib | None, "GiB that vLLM took off the KV cache for them; null: not told, so computed."
    ] = None
    tp_size: Annotated[of.Count, "Tensor parallel size of that server."] = 1
    pp_size: Annotated[of.Count, "Pipeline parallel size of that server."] = 1
    enforce_eager: Annotated[bool, "Whether that server ran without CUDA graphs."] = False


class PolicySection(NamedTuple):
    """Margins."""

    gpu_memory_utilization: Annotated[
        float | None,
        limits(gt=0, le=1),
        "Share of GPU memory that vLLM may use; null: the vLLM version's default.",
    ] = None
    overhead_gb: Annotated[
        of.Gib | None,
        "GiB per GPU, replacing the modelled activations, graphs and non-torch.",
    ] = None
    fragmentation_factor: Annotated[
        float, limits(ge=1, le=10), "Safety factor on the KV cache that the workload needs."
    ] = 1.0
    headroom_gb: Annotated[of.Gib, "GiB of KV cache to leave free."] = 1.0
    measured: Annotated[
        MeasuredSection | None, "A calibration, used while the deployment is what was measured."
    ] = None


class SpeculativeSection(NamedTuple):
    """Speculative decoding."""

    method: Annotated[one.Method, "vLLM's method, like ngram, eagle3 or mtp."]
    model: Annotated[of.ModelId | None, "Draft model, where the method needs one."] = None
    num_tokens: Annotated[of.Count, "Tokens drafted per step."] = 1


class LoraSection(NamedTuple):
    """Adapter slots that vLLM sets aside at start-up."""

    max_loras: Annotated[of.Count, "Adapters in one batch."] = 1
    max_rank: Annotated[one.LoraRank, "Largest adapter rank."] = 16


class EngineSection(NamedTuple):
    """vLLM's version, image and engine settings."""

    vllm_version: Annotated[of.VllmVersion, "vLLM version to plan for."] = "0.33.0"
    image: Annotated[
        of.Image | None, "Container image; null: vllm/vllm-openai:v<vllm_version>."
    ] = None
    image_track: Annotated[
        of.TagGlob | None, "Tag or tag glob to follow; plan.json then pins the digest."
    ] = None
    max_num_seqs: Annotated[of.Requests | None, "Sequences per step; null: chosen."] = None
    max_num_batched_tokens: Annotated[of.Tokens | None, "Tokens per step; null: chosen."] = None
    block_size: Annotated[
        int | None, limits(ge=1, le=65536), "Tokens per KV block; null: vLLM's own."
    ] = None
    enforce_eager: Annotated[bool, "Run without CUDA graphs."] = False
    enable_expert_parallel: Annotated[
        bool, "Spread experts over the GPUs in place of slicing them."
    ] = False
    speculative: Annotated[SpeculativeSection | None, "Speculative decoding."] = None
    lora: Annotated[LoraSection | None, "LoRA adapters."] = None


class OutputsSection(NamedTuple):
    """What is written, and where."""

    dir: Annotated[of.OutputDir | None, "Folder below the root; null: deploy/<profile name>."] = (
        None
    )
    emit: Annotated[of.RendererNames, "Artifacts to write, by their renderers' names."] = (
        "command",
        "compose",
        "k8s",
        "profile",
    )
    vllm_args: Annotated[
        Mapping[of.FlagName, of.Flag],
        limits(max_length=500),
        after(of.check_flags),
        "Further vLLM flags, passed on as they are.",
    ] = {}

    def flags(self) -> dict[str, wish.FlagValue]:
        """The flags by the names that vLLM's help gives them."""
        return {of.flag_name(name): value for name, value in self.vllm_args.items()}


class Profile(NamedTuple):
    """One deployment as its owner describes it."""

    profile_version: Annotated[one.FormatVersion, "Version of this format."]
    model: ModelSection
    hardware: HardwareSection = HardwareSection()
    workload: WorkloadSection = WorkloadSection()
    policy: PolicySection = PolicySection()
    engine: EngineSection = EngineSection()
    outputs: OutputsSection = OutputsSection()

    def request(self) -> wish.PlanRequest:
        """The profile as the planner's input."""
        model = self.model._asdict() | {"quantization": _none(self.model.quantization)}
        return wish.PlanRequest(
            model=wish.ModelWish(**model),
            hardware=wish.HardwareWish(**self.hardware._asdict()),
            workload=wish.Workload(**self.workload._asdict()),
            policy=_policy(self.policy),
            engine=_engine(self.engine),
            vllm_args=self.outputs.flags(),
        )


def _none(quantization: str) -> str | None:
    return None if quantization == "none" else quantization


def _policy(section: PolicySection) -> wish.Policy:
    values: dict[str, Any] = section._asdict()
    if section.measured:
        values["measured"] = wish.Measured(**section.measured._asdict())
    return wish.Policy(**values)


def _engine(section: EngineSection) -> wish.EngineWish:
    values: dict[str, Any] = section._asdict()
    if section.speculative:
        values["speculative"] = wish.Speculative(**section.speculative._asdict())
    if section.lora:
        values["lora"] = wish.Lora(**section.lora._asdict())
    return wish.EngineWish(**values)
