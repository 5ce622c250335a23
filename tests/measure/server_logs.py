"""Start-up logs as servers print them: the lines that matter, put together from the figures of
real runs. Each names where its figures are from."""

from typing import NamedTuple


class Case(NamedTuple):
    """A log, the model and the profile that it is of, and what is to be read from it."""

    log: str
    model: str
    profile: str
    read: dict[str, float]
    state: str = "started"


MODELS = {
    "qwen2.5-math-1.5b": {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_size": 1536,
        "intermediate_size": 8960,
        "num_hidden_layers": 28,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
        "vocab_size": 151936,
        "max_position_embeddings": 4096,
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "torch_dtype": "bfloat16",
    },
    "qwen2.5-7b": {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "vocab_size": 152064,
        "max_position_embeddings": 32768,
        "tie_word_embeddings": False,
        "use_sliding_window": False,
        "torch_dtype": "bfloat16",
    },
    "qwen3-4b": {
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
        "use_sliding_window": False,
        "torch_dtype": "bfloat16",
    },
    "qwen3-8b": {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "hidden_size": 4096,
        "intermediate_size": 12288,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 151936,
        "max_position_embeddings": 40960,
        "tie_word_embeddings": False,
        "use_sliding_window": False,
        "torch_dtype": "bfloat16",
    },
    "qwen3-next-80b": {
        "architectures": ["Qwen3NextForCausalLM"],
        "model_type": "qwen3_next",
        "hidden_size": 2048,
        "intermediate_size": 5120,
        "num_hidden_layers": 48,
        "num_attention_heads": 16,
        "num_key_value_heads": 2,
        "head_dim": 256,
        "vocab_size": 151936,
        "max_position_embeddings": 262144,
        "tie_word_embeddings": False,
        "linear_conv_kernel_dim": 4,
        "linear_key_head_dim": 128,
        "linear_value_head_dim": 128,
        "linear_num_key_heads": 16,
        "linear_num_value_heads": 32,
        "decoder_sparse_step": 1,
        "moe_intermediate_size": 512,
        "shared_expert_intermediate_size": 512,
        "num_experts": 512,
        "num_experts_per_tok": 10,
        "mlp_only_layers": [],
        "full_attention_interval": 4,
        "torch_dtype": "bfloat16",
    },
    "qwen2.5-0.5b": {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_size": 896,
        "intermediate_size": 4864,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
        "vocab_size": 151936,
        "max_position_embeddings": 32768,
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "torch_dtype": "bfloat16",
    },
}

# vLLM 0.7.2 on a card of 22.06 GiB: public notes of a run of Qwen2.5-Math-1.5B, 2025-03-01.
V0 = Case(
    model="qwen2.5-math-1.5b",
    profile="hardware: {gpu_name: A10, vram_gib: 22.06}\nengine: {vllm_version: 0.7.2}\n",
    log="""\
INFO 03-01 10:30:28 __init__.py:190] Automatically detected platform cuda.
INFO 03-01 10:30:40 llm_engine.py:234] Initializing a V0 LLM engine (v0.7.2) with config: \
model='../models/Qwen2.5-Math-1.5B', speculative_config=None, dtype=torch.bfloat16, \
max_seq_len=4096, download_dir=None, tensor_parallel_size=1, pipeline_parallel_size=1, \
quantization=None, enforce_eager=False, kv_cache_dtype=auto, compilation_config={"max_capture":256}
Loading safetensors checkpoint shards: 100% Completed | 1/1 [00:11<00:00, 11.17s/it]

INFO 03-01 10:30:55 model_runner.py:1115] Loading model weights took 2.8797 GB
INFO 03-01 10:30:57 worker.py:267] Memory profiling takes 1.48 seconds
INFO 03-01 10:30:57 worker.py:267] the current vLLM instance can use total_gpu_memory \
(22.06GiB) x gpu_memory_utilization (0.90) = 19.85GiB
INFO 03-01 10:30:57 worker.py:267] model weights take 2.88GiB; non_torch_memory takes 0.05GiB; \
PyTorch activation peak memory takes 1.40GiB; the rest of the memory reserved for KV Cache is \
15.52GiB.
INFO 03-01 10:30:57 executor_base.py:110] # CUDA blocks: 36332, # CPU blocks: 9362
INFO 03-01 10:30:57 executor_base.py:115] Maximum concurrency for 4096 tokens per request: 141.92x
INFO 03-01 10:31:18 model_runner.py:1562] Graph capturing finished in 19 secs, took 0.18 GiB
INFO 03-01 10:31:18 llm_engine.py:431] init engine (profile, create kv cache, warmup model) took \
23.09 seconds
""",
    read={
        "vram_total_gib": 22.06,
        "budget_gib": 19.85,
        "weights_gib": 2.8797,
        "activation_gib": 1.40,
        "non_torch_gib": 0.05,
        "cuda_graph_gib": 0.18,
        "kv_cache_gib": 15.52,
        "kv_cache_tokens": 36332 * 16,
        "max_concurrency_at_context": 141.92,
        "max_model_len": 4096,
    },
)

# vLLM 0.6.4 on a laptop's card, with the profile run's line of that time: a public course log of
# facebook/opt, 2024-12-06 (7.92 GiB; 0.2389 GB of weights).
V0_OLDEST = Case(
    model="qwen2.5-0.5b",
    profile="hardware: {gpu_name: T4, vram_gib: 7.92}\nengine: {vllm_version: 0.6.4}\n",
    log="""\
# INFO 12-06 14:55:10 llm_engine.py:249] Initializing an LLM engine (v0.6.4.post1) with config: \
model='facebook/opt-125m', dtype=torch.float16, max_seq_len=2048, tensor_parallel_size=1
# INFO 12-06 14:55:15 model_runner.py:1077] Loading model weights took 0.2389 GB
# INFO 12-06 14:55:15 worker.py:232] Memory profiling results: total_gpu_memory=7.92GiB \
initial_memory_usage=0.37GiB peak_torch_memory=0.71GiB memory_usage_post_profile=0.39GiB \
non_torch_memory=0.15GiB kv_cache_size=6.27GiB gpu_memory_utilization=0.90
# INFO 12-06 14:55:15 gpu_executor.py:113] # GPU blocks: 11422, # CPU blocks: 7281
# INFO 12-06 14:55:15 gpu_executor.py:117] Maximum concurrency for 2048 tokens per request: 89.23x
""",
    read={
        "vram_total_gib": 7.92,
        "weights_gib": 0.2389,
        "activation_gib": 0.4711,
        "non_torch_gib": 0.15,
        "kv_cache_gib": 6.27,
        "kv_cache_tokens": 11422 * 16,
        "max_concurrency_at_context": 89.23,
        "max_model_len": 2048,
    },
    state="unknown",
)

# vLLM 0.9.2 on an A100 40 GB: the public notes "tokenkaki" of a run of Qwen3-8B.
V1_OLD = Case(
    model="qwen3-8b",
    profile=(
        "hardware: {gpu_name: A100 40GB SXM}\n"
        "engine: {vllm_version: 0.9.2, max_num_batched_tokens: 2048}\n"
        "workload: {prompt_tokens: 64, gen_tokens: 64}\n"
    ),
    log="""\
INFO 07-14 08:11:02 [api_server.py:1395] vLLM API server version 0.9.2
INFO 07-14 08:11:03 [cli_args.py:325] non-default args: {'max_num_batched_tokens': 2048}
INFO 07-14 08:11:12 [config.py:1472] Using max model len 40960
INFO 07-14 08:11:12 [config.py:2285] Chunked prefill is enabled with max_num_batched_tokens=2048.
INFO 07-14 08:11:20 [core.py:69] Initializing a V1 LLM engine (v0.9.2) with config: \
model='Qwen/Qwen3-8B', dtype=torch.bfloat16, max_seq_len=40960, tensor_parallel_size=1, \
pipeline_parallel_size=1, quantization=None, enforce_eager=False, kv_cache_dtype=auto
INFO 07-14 08:11:32 [gpu_model_runner.py:1770] Starting to load model Qwen/Qwen3-8B...
INFO 07-14 08:11:41 [gpu_model_runner.py:1801] Model loading took 15.2683 GiB and 7.9 seconds
INFO 07-14 08:12:20 [gpu_worker.py:232] Available KV cache memory: 18.69 GiB
INFO 07-14 08:12:20 [kv_cache_utils.py:716] GPU KV cache size: 136,080 tokens
INFO 07-14 08:12:20 [kv_cache_utils.py:720] Maximum concurrency for 40,960 tokens per request: 3.32x
Capturing CUDA graph shapes: 100%|##########| 67/67 [00:32<00:00,  2.05it/s]\r\
INFO 07-14 08:12:53 [gpu_model_runner.py:2326] Graph capturing finished in 33 secs, took 2.24 GiB
INFO 07-14 08:12:53 [core.py:172] init engine (profile, create kv cache, warmup model) took 72 s
INFO:     Application startup complete.
""",
    read={
        "weights_gib": 15.2683,
        "cuda_graph_gib": 2.24,
        "kv_cache_gib": 18.69,
        "kv_cache_tokens": 136080,
        "max_concurrency_at_context": 3.32,
        "max_model_len": 40960,
    },
)

# vLLM 0.27.0 on a card of 15.55 GiB: public notes of a run of Qwen2.5-0.5B. One line for tokens
# and concurrency, as 0.33.0 has it (v1/core/kv_cache_utils.py:1147), in its colours.
V1_NEW = Case(
    model="qwen2.5-0.5b",
    profile=(
        "hardware: {gpu_name: RTX 5080, vram_gib: 15.55}\n"
        "policy: {gpu_memory_utilization: 0.9}\nengine: {vllm_version: 0.27.0}\n"
    ),
    log="""\
\x1b[0;36m(APIServer pid=1)\x1b[0;0m \x1b[32mINFO\x1b[0m \x1b[90m08-20 09:00:01\x1b[0m \
\x1b[90m[startup.py:31]\x1b[0m  ▄▄ ▄█ █     █     █ ▀▄▀ █  version 0.27.0
\x1b[0;36m(EngineCore pid=79)\x1b[0;0m \x1b[32mINFO\x1b[0m 08-20 09:00:12 [core.py:116] \
Initializing a V1 LLM engine (v0.27.0) with config: model='Qwen/Qwen2.5-0.5B', \
dtype=torch.bfloat16, max_seq_len=32768, tensor_parallel_size=1, pipeline_parallel_size=1, \
data_parallel_size=1, enforce_eager=False, kv_cache_dtype=auto, compilation_config={'mode': 3}
\x1b[0;36m(EngineCore pid=79)\x1b[0;0m \x1b[32mINFO\x1b[0m 08-20 09:00:20 \
[gpu_model_runner.py:429] Model loading took 0.93 GiB memory and 2.01 seconds
(EngineCore pid=79) INFO 08-20 09:00:40 [gpu_worker.py:773] Available KV cache memory: 11.94 GiB
(EngineCore pid=79) INFO 08-20 09:00:40 [kv_cache_utils.py:1147] GPU KV cache size: 1,043,072 \
tokens, Maximum concurrency for 32,768 tokens per request: 31.83x
(EngineCore pid=79) INFO 08-20 09:00:44 [model_runner.py:1164] Graph capturing finished in 3 \
secs, took 0.40 GiB
(EngineCore pid=79) INFO 08-20 09:00:44 [gpu_worker.py:1045] Free memory on device (15.30/15.55 \
GiB) on startup. Desired GPU memory utilization is (0.9, 13.99 GiB). Actual usage is 0.93 GiB for \
weight, 1.06 GiB for peak activation, 0.07 GiB for non-torch memory, and 0.40 GiB for CUDAGraph \
memory. Current kv cache memory in use is 11.94 GiB.
(APIServer pid=1) INFO 08-20 09:00:46 [entry.py:139] Starting vLLM server on http://0.0.0.0:8000
""",
    read={
        "vram_total_gib": 15.55,
        "budget_gib": 13.99,
        "weights_gib": 0.93,
        "activation_gib": 1.06,
        "non_torch_gib": 0.07,
        "cuda_graph_gib": 0.40,
        "kv_cache_gib": 11.94,
        "kv_cache_tokens": 1043072,
        "max_concurrency_at_context": 31.83,
        "max_model_len": 32768,
    },
)

# vLLM 0.19.0 at DEBUG on two H100: llm-d-planner@d3121e05, accuracy/results/v0.19.0, Qwen2.5-7B
# with tensor parallel 2. The graphs' estimate is printed and not yet taken off the pool.
TP2 = Case(
    model="qwen2.5-7b",
    profile=(
        "hardware: {gpu_name: H100 SXM, gpus: 2, tp_size: 2}\nmodel: {max_model_len: 8192}\n"
        "policy: {gpu_memory_utilization: 0.95}\nengine: {vllm_version: 0.19.0}\n"
    ),
    log="""\
2026-04-22T00:13:55.100000000Z (APIServer pid=1) INFO 04-22 00:13:55 [entrypoints/utils.py:299] \
 ▄▄ ▄█ █     █     █ ▀▄▀ █  version 0.19.0
2026-04-22T00:13:55.100000000Z (APIServer pid=1) INFO 04-22 00:13:55 [entrypoints/utils.py:233] \
non-default args: {'model_tag': 'Qwen/Qwen2.5-7B-Instruct', 'model': 'Qwen/Qwen2.5-7B-Instruct', \
'max_model_len': 8192, 'tensor_parallel_size': 2, 'gpu_memory_utilization': 0.95}
(APIServer pid=1) DEBUG 04-22 00:14:03 [engine/arg_utils.py:2242] Defaulting max_num_seqs to 1024 \
for OPENAI_API_SERVER usage context.
(APIServer pid=1) INFO 04-22 00:14:03 [config/scheduler.py:238] Chunked prefill is enabled with \
max_num_batched_tokens=8192.
(EngineCore pid=469) INFO 04-22 00:14:20 [v1/engine/core.py:105] Initializing a V1 LLM engine \
(v0.19.0) with config: model='Qwen/Qwen2.5-7B-Instruct', dtype=torch.bfloat16, max_seq_len=8192, \
tensor_parallel_size=2, pipeline_parallel_size=1, data_parallel_size=1, enforce_eager=False, \
kv_cache_dtype=auto, compilation_config={'max_num_seqs': 7}
(Worker_TP0 pid=600) DEBUG 04-22 00:14:38 [v1/worker/gpu_worker.py:284] worker init memory \
snapshot: torch_peak=0.0GiB, free_memory=78.68GiB, total_memory=79.19GiB, cuda_memory=0.51GiB, \
torch_memory=0.0GiB, non_torch_memory=0.51GiB, auto_measure=True
(Worker_TP0 pid=600) DEBUG 04-22 00:14:38 [v1/worker/gpu_worker.py:285] worker requested memory: \
75.23GiB
(Worker_TP1 pid=601) INFO 04-22 00:14:50 [v1/worker/gpu_model_runner.py:4820] Model loading took \
7.12 GiB memory and 9.1 seconds
(Worker_TP0 pid=600) INFO 04-22 00:14:50 [v1/worker/gpu_model_runner.py:4820] Model loading took \
7.12 GiB memory and 9.0 seconds
(Worker_TP1 pid=601) DEBUG 04-22 00:15:20 [v1/worker/gpu_worker.py:430] Memory profiling takes \
12.1 seconds. Total non KV cache memory: 11.38GiB; torch peak memory increase: 2.21GiB; non-torch \
forward increase memory: 2.05GiB; weights memory: 7.12GiB.
(Worker_TP0 pid=600) DEBUG 04-22 00:15:20 [v1/worker/gpu_worker.py:430] Memory profiling takes \
12.1 seconds. Total non KV cache memory: 11.39GiB; torch peak memory increase: 2.21GiB; non-torch \
forward increase memory: 2.06GiB; weights memory: 7.12GiB.
(Worker_TP0 pid=600) INFO 04-22 00:15:21 [v1/worker/gpu_model_runner.py:5651] Estimated CUDA graph \
memory: 0.61 GiB total
(Worker_TP1 pid=601) INFO 04-22 00:15:21 [v1/worker/gpu_worker.py:456] Available KV cache memory: \
63.85 GiB
(Worker_TP0 pid=600) INFO 04-22 00:15:21 [v1/worker/gpu_worker.py:456] Available KV cache memory: \
63.84 GiB
(EngineCore pid=469) INFO 04-22 00:15:21 [v1/core/kv_cache_utils.py:1314] GPU KV cache size: \
2,390,592 tokens
(EngineCore pid=469) INFO 04-22 00:15:21 [v1/core/kv_cache_utils.py:1319] Maximum concurrency for \
8,192 tokens per request: 291.82x
(Worker_TP0 pid=600) INFO 04-22 00:15:40 [v1/worker/gpu_model_runner.py:5760] Graph capturing \
finished in 12 secs, took 0.71 GiB
(EngineCore pid=469) INFO 04-22 00:15:41 [v1/engine/core.py:283] init engine (profile, create kv \
cache, warmup model) took 60.1 seconds
""",
    read={
        "budget_gib": 75.23,
        "weights_gib": 7.12,
        "activation_gib": 2.21,
        "non_torch_gib": 2.06,
        "cuda_graph_gib": 0.71,
        "kv_cache_gib": 63.84,
        "kv_cache_tokens": 2390592,
        "max_concurrency_at_context": 291.82,
        "max_model_len": 8192,
    },
)

# vLLM 0.10.2 on two H200: the public log of LegalAI-DataPipeline, Qwen3-Next-80B, 2025-10-23.
HYBRID = Case(
    model="qwen3-next-80b",
    profile=(
        "hardware: {gpu_name: H200 SXM, gpus: 2, tp_size: 2}\nengine: {vllm_version: 0.10.2}\n"
        "outputs: {vllm_args: {no-enable-prefix-caching: true}}\n"
    ),
    log="""\
(APIServer pid=1804347) INFO 10-23 15:10:10 [api_server.py:1896] vLLM API server version 0.10.2
(APIServer pid=1804347) INFO 10-23 15:10:10 [utils.py:328] non-default args: {'host': '0.0.0.0', \
'model': '/data/models/Qwen3-Next-80B-A3B-Instruct', 'tensor_parallel_size': 2}
(APIServer pid=1804347) INFO 10-23 15:10:19 [__init__.py:1815] Using max model len 262144
(APIServer pid=1804347) INFO 10-23 15:10:20 [scheduler.py:222] Chunked prefill is enabled with \
max_num_batched_tokens=8192.
(APIServer pid=1804347) INFO 10-23 15:10:22 [config.py:390] Setting attention block size to 544 \
tokens to ensure that attention page size is >= mamba page size.
(EngineCore_DP0 pid=1805889) INFO 10-23 15:10:29 [core.py:76] Initializing a V1 LLM engine \
(v0.10.2) with config: model='/data/models/Qwen3-Next-80B-A3B-Instruct', dtype=torch.bfloat16, \
max_seq_len=262144, tensor_parallel_size=2, pipeline_parallel_size=1, data_parallel_size=1, \
enforce_eager=False, kv_cache_dtype=auto, enable_prefix_caching=False
(Worker_TP1 pid=1806414) INFO 10-23 15:14:18 [gpu_model_runner.py:2392] Model loading took 74.2812 \
GiB and 215.969277 seconds
(Worker_TP0 pid=1806413) INFO 10-23 15:14:29 [fused_moe.py:720] Using configuration from \
configs/E=512,N=256,device_name=NVIDIA_H200.json for MoE layer.
(Worker_TP0 pid=1806413) INFO 10-23 15:14:30 [gpu_worker.py:298] Available KV cache memory: 44.59 \
GiB
(EngineCore_DP0 pid=1805889) INFO 10-23 15:14:30 [kv_cache_utils.py:1028] GPU KV cache size: \
973,760 tokens
(EngineCore_DP0 pid=1805889) INFO 10-23 15:14:30 [kv_cache_utils.py:1032] Maximum concurrency for \
262,144 tokens per request: 14.77x
(Worker_TP1 pid=1806414) INFO 10-23 15:14:56 [gpu_model_runner.py:3118] Graph capturing finished \
in 25 secs, took 2.37 GiB
(Worker_TP1 pid=1806414) INFO 10-23 15:14:56 [gpu_worker.py:391] Free memory on device \
(139.21/139.81 GiB) on startup. Desired GPU memory utilization is (0.9, 125.83 GiB). Actual usage \
is 74.28 GiB for weight, 5.58 GiB for peak activation, 1.38 GiB for non-torch memory, and 2.37 GiB \
for CUDAGraph memory. Current kv cache memory in use is 47878721024 bytes.
(APIServer pid=1804347) INFO 10-23 15:14:56 [loggers.py:142] Engine 000: vllm cache_config_info \
with initialization after num_gpu_blocks is: 7162
(APIServer pid=1804347) INFO:     Application startup complete.
""",
    read={
        "vram_total_gib": 139.81,
        "budget_gib": 125.83,
        "weights_gib": 74.2812,
        "activation_gib": 5.58,
        "non_torch_gib": 1.38,
        "cuda_graph_gib": 2.37,
        "kv_cache_gib": 44.59,
        "kv_cache_tokens": 973760,
        "max_concurrency_at_context": 14.77,
        "max_model_len": 262144,
    },
)

# vLLM 0.18.0 on an RTX 5080: vllm-project/vllm#38516, Qwen3-4B at its full length.
REFUSED = Case(
    model="qwen3-4b",
    profile=(
        "hardware: {gpu_name: RTX 5080}\nmodel: {max_model_len: 40960}\n"
        "engine: {vllm_version: 0.18.0}\n"
    ),
    log="""\
(APIServer pid=1) INFO 03-30 08:00:00 [entrypoints/utils.py:299]  █  version 0.18.0
(EngineCore_DP0 pid=90) INFO 03-30 08:00:09 [core.py:105] Initializing a V1 LLM engine (v0.18.0) \
with config: model='Qwen/Qwen3-4B', dtype=torch.bfloat16, max_seq_len=40960, \
tensor_parallel_size=1, enforce_eager=False, kv_cache_dtype=auto
(EngineCore_DP0 pid=90) INFO 03-30 08:00:20 [gpu_worker.py:456] Available KV cache memory: 4.89 GiB
(EngineCore_DP0 pid=90) ERROR 03-30 08:00:20 [core.py:1100] EngineCore failed to start.
(EngineCore_DP0 pid=90) ERROR 03-30 08:00:20 [core.py:1100] Traceback (most recent call last):
(EngineCore_DP0 pid=90) ERROR 03-30 08:00:20 [core.py:1100] ValueError: To serve at least one \
request with the models's max seq len (40960), (5.62 GiB KV cache is needed, which is larger than \
the available KV cache memory (4.89 GiB). Based on the available memory, the estimated maximum \
model length is 35600. Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when \
initializing the engine.
(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above.
""",
    read={"kv_cache_gib": 4.89, "kv_needed_gib": 5.62, "max_model_len": 40960},
    state="refused",
)

# vLLM 0.28.0 on an L4: a public French report on Qwen2.5-7B-AWQ; weights and what is outside torch
# in one figure (0.33.0 `v1/worker/gpu_worker.py:1045`). The weights are what its formula leaves.
CONSUMED = """\
(APIServer pid=1) INFO 09-01 10:00:00 [startup.py:31] vLLM server version 0.28.0, serving model x/y
(EngineCore pid=9) INFO 09-01 10:00:20 [model_runner.py:429] Model loading took 5.2 GiB memory and \
3.1 seconds
(EngineCore pid=9) INFO 09-01 10:00:40 [gpu_worker.py:773] Available KV cache memory: 3.3 GiB
(EngineCore pid=9) INFO 09-01 10:00:50 [gpu_worker.py:1045] Free memory on device (21.80/22.04 \
GiB) on startup. Desired GPU memory utilization is (0.45, 9.92 GiB). Actual usage is 5.58 GiB for \
consumed memory (weights + non-torch), 1.04 GiB for peak activation, and 0.53 GiB for CUDAGraph \
memory. Current kv cache memory in use is 3.3 GiB.
(APIServer pid=1) INFO:     Application startup complete.
"""

CASES = {
    "v0": V0,
    "v0-oldest": V0_OLDEST,
    "v1-old": V1_OLD,
    "v1-new": V1_NEW,
    "tp2": TP2,
    "hybrid": HYBRID,
    "refused": REFUSED,
}

# vLLM's own page: `v1/metrics/loggers.py` (log_metrics_info), with the labels of config/cache.py.
METRICS = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="Qwen/Qwen2.5-0.5B"} 0.0
# HELP vllm:cache_config_info Information of the LLMEngine CacheConfig
# TYPE vllm:cache_config_info gauge
vllm:cache_config_info{block_size="16",cache_dtype="auto",calculate_kv_scales="False",\
enable_prefix_caching="True",engine="0",gpu_memory_utilization="0.9",\
kv_cache_max_concurrency="31.83203125",kv_cache_memory_bytes="None",\
kv_cache_size_tokens="1043072",num_gpu_blocks="65192",num_gpu_blocks_override="None",\
sliding_window="None"} 1.0
"""
# vllm-project/vllm#3100: the page of the V0 engine.
METRICS_V0 = (
    'vllm:cache_config_info{block_size="16",cache_dtype="auto",gpu_memory_utilization="0.9",'
    'num_cpu_blocks="7281",num_gpu_blocks="24188",sliding_window="None",'
    'swap_space_bytes="4294967296"} 1.0\n'
)
