"""What servers printed at start-up, retyped from where each was published: the settings that the
source states and the figures by their names in plan.json. `config` names a configuration of
tests/data/models or holds the keys of the model's config.json that planning reads."""

from typing import Any, NamedTuple

_LOGS = "https://github.com/llm-d-incubation/llm-d-planner/tree/d3121e059d/accuracy/results/v0.19.0/logs"
_TABLE = "https://github.com/llm-d-incubation/llm-d-planner/blob/main/docs/empirical-vllm-memory-results.md"
_QWEN3_4B = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "hidden_size": 2560,
    "intermediate_size": 9728,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}
_LLAMA_3_2_3B = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 3072,
    "intermediate_size": 8192,
    "num_hidden_layers": 28,
    "num_attention_heads": 24,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "rope_scaling": {"rope_type": "llama3", "factor": 32.0},
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}
# The series of 0.19.0: nine tenths and a half of an H100, batches as given.
_SERIES = {
    "hardware.gpu_name": "H100 SXM",
    "hardware.vram_gib": 79.19,
    "policy.gpu_memory_utilization": 0.95,
    "model.max_model_len": 8192,
    "engine.vllm_version": "0.19.0",
    "engine.max_num_seqs": 1024,
    "engine.max_num_batched_tokens": 8192,
}
_PAIR = {"hardware.gpus": 2, "hardware.tp_size": 2}
_DEFAULTS = {"policy.gpu_memory_utilization": 0.9}


class Case(NamedTuple):
    """One start: the profile's keys, and what the server printed."""

    source: str
    config: str | dict[str, Any]
    settings: dict[str, Any]
    printed: dict[str, float]
    starts: bool = True


def _printed(
    weights: float, activation: float, non_torch: float, kv: tuple[float, int, float]
) -> dict[str, float]:
    return {
        "weights_gib": weights,
        "activation_gib": activation,
        "non_torch_gib": non_torch,
        "kv_cache_gib": kv[0],
        "kv_cache_tokens": kv[1],
        "max_concurrency_at_context": kv[2],
    }


CASES = (
    Case(
        _LOGS,
        "meta-llama__Meta-Llama-3.1-8B",
        {**_SERIES, "model.quantization": "fp8"},
        _printed(8.49, 1.89, 0.25, (64.61, 529_248, 64.61)),
    ),
    Case(
        _LOGS,
        "meta-llama__Meta-Llama-3.1-8B",
        {**_SERIES, "model.dtype": "float32"},
        _printed(29.98, 2.21, 0.25, (42.8, 175_296, 21.4)),
    ),
    Case(_LOGS, "microsoft__phi-4", _SERIES, _printed(27.39, 1.52, 0.25, (46.08, 241_568, 29.49))),
    Case(
        _LOGS,
        "mistralai__Mistral-Small-3.1-24B-Instruct-2503",
        _SERIES,
        _printed(44.76, 2.03, 0.25, (28.19, 184_752, 22.55)),
    ),
    Case(
        _LOGS,
        "mistralai__Mixtral-8x7B-v0.1",
        {**_SERIES, **_PAIR},
        _printed(43.51, 1.21, 2.07, (28.44, 465_936, 56.88)),
    ),
    Case(
        _LOGS,
        "Qwen__Qwen2.5-7B-Instruct",
        {**_SERIES, **_PAIR},
        _printed(7.12, 2.21, 2.06, (63.84, 2_390_592, 291.82)),
    ),
    Case(
        _LOGS,
        "Qwen__Qwen3-30B-A3B",
        _SERIES,
        _printed(56.88, 2.68, 0.27, (15.41, 168_288, 20.54)),
    ),
    Case(
        _LOGS,
        "deepseek-ai__DeepSeek-V2-Lite",
        _SERIES,
        _printed(29.43, 1.93, 0.26, (43.61, 1_505_552, 183.78)),
    ),
    Case(
        f"{_LOGS} (gpt-oss-20b, FAILED: out of memory once the KV cache was there)",
        "openai__gpt-oss-20b",
        _SERIES,
        _printed(13.64, 2.87, 0.25, (58.47, 1_277_184, 155.75)),
        starts=False,
    ),
    Case(
        _TABLE,
        "openai__gpt-oss-20b",
        {
            **_DEFAULTS,
            "hardware.gpu_name": "H100 SXM",
            "hardware.vram_gib": 79.18,
            "model.max_model_len": 16000,
            "engine.vllm_version": "0.11.0",
            "engine.block_size": 128,
        },
        {
            "weights_gib": 13.47,
            "activation_gib": 7.38,
            "non_torch_gib": 0.13,
            "kv_cache_gib": 50.28,
        },
    ),
    Case(
        _TABLE,
        "Qwen__Qwen3-0.6B",
        {
            **_DEFAULTS,
            "hardware.gpu_name": "H100 SXM",
            "hardware.vram_gib": 79.18,
            "model.max_model_len": 16000,
            "engine.vllm_version": "0.11.0",
            "engine.block_size": 128,
        },
        {"weights_gib": 1.12, "activation_gib": 5.56, "non_torch_gib": 0.13, "kv_cache_gib": 64.45},
    ),
    Case(
        "https://github.com/vllm-project/vllm/issues/38516",
        _QWEN3_4B,
        {
            **_DEFAULTS,
            "hardware.gpu_name": "RTX 5080",
            "model.max_model_len": 40960,
            "engine.vllm_version": "0.18.0",
        },
        {"kv_needed_gib": 5.62, "kv_cache_gib": 4.89},
        starts=False,
    ),
    Case(
        "https://github.com/unslothai/notebooks, nb/Advanced_Llama3_2_(3B)_GRPO_LoRA.ipynb",
        _LLAMA_3_2_3B,
        {
            "policy.gpu_memory_utilization": 0.5943,
            "hardware.gpu_name": "T4",
            "hardware.vram_gib": 14.74,
            "model.dtype": "float16",
            "model.max_model_len": 2048,
            "engine.vllm_version": "0.8.5",
            "engine.max_num_seqs": 160,
            "engine.lora.max_loras": 1,
            "engine.lora.max_rank": 64,
        },
        {
            "weights_gib": 6.2473,
            "activation_gib": 0.75,
            "non_torch_gib": 0.03,
            "kv_cache_gib": 1.74,
            "max_concurrency_at_context": 7.95,
        },
    ),
)
