"""Decides what a profile may say: its sections, keys, types, ranges and defaults."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from replanner.planning import request as wish
from replanner.profile import choices as one
from replanner.profile import fields as of


class Section(BaseModel):
    """Strict, closed and immutable; `null` for a known key means its default."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def null_means_default(cls, data: object) -> object:
        if not isinstance(data, dict) or None not in data.values():
            return data
        return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}


class ModelSection(Section):
    """Which checkpoint, and how it is loaded."""

    id: of.ModelId = Field(
        description="Hugging Face id, or a folder with config.json that begins with ./ ../ or /."
    )
    revision: of.Revision = Field(
        "main",
        description="Branch, tag or commit to track; plan.json pins the commit it resolved to.",
    )
    dtype: one.Dtype = Field("auto", description="Type of the weights and activations.")
    quantization: one.Quantization = Field(
        "none",
        description="vLLM's quantization method; what the checkpoint itself says always counts.",
    )
    kv_cache_dtype: one.KvCacheDtype = Field("auto", description="Type of the KV cache.")
    max_model_len: of.Tokens | None = Field(
        None,
        description="Longest sequence in tokens; null: what the model supports and the GPUs hold.",
    )
    params_b: float | None = Field(
        None,
        ge=0.01,
        le=5000,
        allow_inf_nan=False,
        description="Parameters in billions, used only where nothing better is known.",
    )


class HardwareSection(Section):
    """The GPUs of one server and how the model is spread over them."""

    gpu_name: of.GpuName = Field(
        "auto",
        description="Name or alias in the catalogue, or auto: ask nvidia-smi on this machine.",
    )
    gpus: of.Count = Field(1, description="Number of GPUs.")
    vram_gb: of.SomeGib | None = Field(
        None, description="Memory per GPU as the vendor says it; wins over the catalogue."
    )
    vram_gib: of.SomeGib | None = Field(
        None, description="Usable GiB per GPU as CUDA reports it, like 79.19; wins over vram_gb."
    )
    interconnect: wish.Interconnect = Field("unknown", description="What joins the GPUs.")
    tp_size: of.Count | None = Field(None, description="Tensor parallel size; null: chosen.")
    pp_size: of.Count = Field(1, description="Pipeline parallel size.")
    dp_size: of.Count = Field(1, description="Data parallel size.")


class WorkloadSection(Section):
    """The traffic to plan for."""

    prompt_tokens: of.Tokens = Field(512, description="Tokens of a typical prompt.")
    gen_tokens: of.Tokens = Field(256, description="Tokens of a typical answer.")
    concurrency: of.Requests = Field(1, description="Requests running at once.")
    streaming: bool = Field(True, description="Whether answers are streamed.")  # noqa: FBT003
    mode: wish.Mode = Field("balanced", description="What to favour where there is a choice.")


class PolicySection(Section):
    """Margins."""

    gpu_memory_utilization: float | None = Field(
        None,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Share of GPU memory that vLLM may use; null: the vLLM version's default.",
    )
    overhead_gb: of.Gib | None = Field(
        None,
        description="GiB per GPU, replacing the modelled activations, graphs and non-torch.",
    )
    fragmentation_factor: float = Field(
        1.0,
        ge=1,
        le=10,
        allow_inf_nan=False,
        description="Safety factor on the KV cache that the workload needs.",
    )
    headroom_gb: of.Gib = Field(1.0, description="GiB of KV cache to leave free.")


class SpeculativeSection(Section):
    """Speculative decoding."""

    method: one.Method = Field(description="vLLM's method, like ngram, eagle3 or mtp.")
    model: of.ModelId | None = Field(None, description="Draft model, where the method needs one.")
    num_tokens: int = Field(1, ge=1, le=1024, description="Tokens drafted per step.")


class LoraSection(Section):
    """Adapter slots that vLLM sets aside at start-up."""

    max_loras: of.Count = Field(1, description="Adapters in one batch.")
    max_rank: one.LoraRank = Field(16, description="Largest adapter rank.")


class EngineSection(Section):
    """vLLM's version, image and engine settings."""

    vllm_version: of.VllmVersion = Field("0.33.0", description="vLLM version to plan for.")
    image: of.Image | None = Field(
        None, description="Container image; null: vllm/vllm-openai:v<vllm_version>."
    )
    image_track: of.TagGlob | None = Field(
        None, description="Tag or tag glob to follow; plan.json then pins the digest."
    )
    max_num_seqs: of.Requests | None = Field(None, description="Sequences per step; null: chosen.")
    max_num_batched_tokens: of.Tokens | None = Field(
        None, description="Tokens per step; null: chosen."
    )
    block_size: int | None = Field(
        None, ge=1, le=65536, description="Tokens per KV block; null: vLLM's own."
    )
    enforce_eager: bool = Field(False, description="Run without CUDA graphs.")  # noqa: FBT003
    enable_expert_parallel: bool = Field(
        False,  # noqa: FBT003 - pydantic takes a default by position
        description="Spread experts over the GPUs in place of slicing them.",
    )
    speculative: SpeculativeSection | None = Field(None, description="Speculative decoding.")
    lora: LoraSection | None = Field(None, description="LoRA adapters.")


class OutputsSection(Section):
    """What is written, and where."""

    dir: of.OutputDir | None = Field(
        None, description="Folder below the root; null: deploy/<profile name>."
    )
    emit: list[of.RendererName] = Field(
        ["command", "compose", "k8s", "profile"],
        max_length=100,
        description="Artifacts to write, by their renderers' names.",
    )
    vllm_args: of.Flags = Field(
        {}, max_length=500, description="Further vLLM flags, passed on as they are."
    )

    def flags(self) -> dict[str, wish.FlagValue]:
        """The flags by the names that vLLM's help gives them."""
        return {of.flag_name(name): value for name, value in self.vllm_args.items()}

    @field_validator("emit")
    @classmethod
    def each_once(cls, names: list[str]) -> list[str]:
        twice = [name for index, name in enumerate(names) if name in names[:index]]
        if twice:
            raise ValueError(f"must name each renderer once; {twice[0]!r} stands there twice")
        return names


class Profile(Section):
    """One deployment as its owner describes it."""

    profile_version: one.FormatVersion = Field(description="Version of this format.")
    model: ModelSection
    hardware: HardwareSection = Field(HardwareSection.model_construct())
    workload: WorkloadSection = Field(WorkloadSection.model_construct())
    policy: PolicySection = Field(PolicySection.model_construct())
    engine: EngineSection = Field(EngineSection.model_construct())
    outputs: OutputsSection = Field(OutputsSection.model_construct())

    def request(self) -> wish.PlanRequest:
        """The profile as the planner's input."""
        model = {**vars(self.model), "quantization": _none(self.model.quantization)}
        return wish.PlanRequest(
            model=wish.ModelWish(**model),
            hardware=wish.HardwareWish(**vars(self.hardware)),
            workload=wish.Workload(**vars(self.workload)),
            policy=wish.Policy(**vars(self.policy)),
            engine=_engine(self.engine),
            vllm_args=self.outputs.flags(),
        )


def _none(quantization: str) -> str | None:
    return None if quantization == "none" else quantization


def _engine(section: EngineSection) -> wish.EngineWish:
    values: dict[str, Any] = dict(vars(section))
    if section.speculative:
        values["speculative"] = wish.Speculative(**vars(section.speculative))
    if section.lora:
        values["lora"] = wish.Lora(**vars(section.lora))
    return wish.EngineWish(**values)
