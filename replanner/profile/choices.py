"""Decides which of vLLM's names a profile may choose from, and which older spellings mean them."""

import re
from typing import Annotated, Final, Literal

from replanner.errors import did_you_mean
from replanner.profile.sections import Mark, after, before, shown
from replanner.profile.source import shorten

# vLLM 0.33.0, vllm/config/cache.py, CacheDType.
KvCacheDtypeName = Literal[
    "auto",
    "float16",
    "bfloat16",
    "fp8",
    "fp8_e4m3",
    "fp8_e5m2",
    "fp8_inc",
    "fp8_ds_mla",
    "nvfp4_ds_mla",
    "turboquant_k8v4",
    "turboquant_4bit_nc",
    "turboquant_k3v4_nc",
    "turboquant_3bit_nc",
    "octave_k3v4",
    "octave_k3v3",
    "octave_k3v3_compact",
    "ultraquant_4bit",
    "int4_per_token_head",
    "int8_per_token_head",
    "fp8_per_token_head",
    "nvfp4",
    "nvfp4_4over6",
]
# vLLM 0.33.0, vllm/model_executor/layers/quantization/__init__.py, QuantizationMethods.
QuantizationName = Literal[
    "none",
    "awq",
    "auto_awq",
    "fp8",
    "fbgemm_fp8",
    "fp_quant",
    "modelopt",
    "modelopt_fp4",
    "modelopt_mxfp8",
    "modelopt_mixed",
    "auto_gptq",
    "gptq",
    "gptq_marlin",
    "awq_marlin",
    "humming",
    "compressed-tensors",
    "experts_int8",
    "quark",
    "moe_wna16",
    "torchao",
    "inc",
    "mxfp4",
    "gpt_oss_mxfp4",
    "deepseek_v4_fp8",
    "online",
    "fp8_per_tensor",
    "fp8_per_block",
    "fp8_per_channel",
    "int8_per_channel_weight_only",
    "nvfp4_per_token",
    "mxfp8",
    # gone by 0.33.0; older releases know them (the same file in 0.6 to 0.32), and planning says
    # from where on a release refuses them
    "bitsandbytes",
    "gguf",
    "marlin",
    "gptq_marlin_24",
    "hqq",
    "qqq",
    "aqlm",
    "squeezellm",
    "deepspeedfp",
    "ptpc_fp8",
    "bitblas",
    "gptq_bitblas",
    "tpu_int8",
    "ipex",
    "rtn",
]
DtypeName = Literal["auto", "bfloat16", "float16", "float32"]

# What the older profile format wrote, and what vLLM calls it. Its `int8` meant "load the weights as
# int8", which vLLM 0.33 does online under the name int8_per_channel_weight_only.
DTYPE_SPELLINGS: Final = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
KV_CACHE_SPELLINGS: Final = {
    "fp8_e4m3fn": "fp8_e4m3",
    "fp16": "float16",
    "bf16": "bfloat16",
}
QUANTIZATION_SPELLINGS: Final = {"int8": "int8_per_channel_weight_only"}

SPELLINGS: Final = {**DTYPE_SPELLINGS, **KV_CACHE_SPELLINGS, **QUANTIZATION_SPELLINGS}


def _or(spellings: dict[str, str]) -> Mark:
    """Reads the older spellings as the names they stand for, and lists them to editors."""

    def respelled(value: object) -> object:
        return spellings.get(value, value) if isinstance(value, str) else value

    return lambda schema: before(respelled)(shown(enum=[*schema["expected"], *spellings])(schema))


def _whole_number(value: object) -> object:
    # A Literal compares with ==, and true == 1 == 1.0.
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"must be a whole number, not {shorten(value)}")


Dtype = Annotated[DtypeName, _or(DTYPE_SPELLINGS)]
KvCacheDtype = Annotated[KvCacheDtypeName, _or(KV_CACHE_SPELLINGS)]
Quantization = Annotated[QuantizationName, _or(QUANTIZATION_SPELLINGS)]

# vLLM 0.33.0, vllm/config/lora.py, MaxLoRARanks.
LoraRank = Annotated[Literal[1, 8, 16, 32, 64, 128, 256, 320, 512], before(_whole_number)]
FormatVersion = Annotated[Literal[1], before(_whole_number)]

# vLLM 0.33.0, vllm/config/speculative.py, SpeculativeMethod; the names of single MTP architectures
# end with _mtp.
SPECULATIVE_METHODS: Final = (
    "ngram",
    "ngram_gpu",
    "draft_model",
    "suffix",
    "eagle",
    "eagle3",
    "mtp",
    "dflash",
    "dspark",
    "extract_hidden_states",
    "custom_class",
)


def check_method(value: str) -> str:
    if value in SPECULATIVE_METHODS or re.fullmatch(r"[a-z0-9_]{1,40}_mtp", value):
        return value
    known = ", ".join(SPECULATIVE_METHODS)
    raise ValueError(
        f"must be one of {known}, not {shorten(value)}."
        f"{did_you_mean(value[:40], SPECULATIVE_METHODS)}"
    )


Method = Annotated[str, after(check_method)]
