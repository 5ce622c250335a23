"""Profiles that several tests read, and a strategy for random ones."""

from hypothesis import strategies as st

# As the older format's own sample writes it.
SEED = """\
# Sample profile
profile_version: 1

model:
  id: "meta-llama/Llama-2-7b-hf"
  revision: null
  dtype: "auto"
  quantization: "none"
  kv_cache_dtype: "fp8_e4m3fn"
  max_model_len: 4096
  params_b: null  # from the config

hardware:
  gpu_name: "RTX 4090"
  gpus: 1
  vram_gb: null
  interconnect: "unknown"
  tp_size: null

workload:
  prompt_tokens: 512
  gen_tokens: 256
  concurrency: 4
  streaming: true
  mode: "balanced"

policy:
  gpu_memory_utilization: 0.90
  overhead_gb: null
  fragmentation_factor: 1.15
  headroom_gb: 1.0

outputs:
  emit:
    - command
    - profile
  vllm_args: {}
"""

FULL = """\
profile_version: 1
model:
  id: ./models/tiny
  revision: refs/pr/3
  dtype: bf16
  quantization: int8
  kv_cache_dtype: fp16
  max_model_len: 8192
  params_b: 8
hardware: {gpu_name: H100, gpus: 8, vram_gb: 80, vram_gib: 79.19, interconnect: nvlink,
  tp_size: 4, pp_size: 2, dp_size: 1}
workload: {prompt_tokens: 1, gen_tokens: 2, concurrency: 3, streaming: no, mode: latency}
policy: {gpu_memory_utilization: 1, overhead_gb: 0, fragmentation_factor: 2, headroom_gb: 0}
engine:
  vllm_version: "0.10.2"
  image: registry.example:5000/vllm/vllm-openai:v0.10.2
  image_track: v0.10.*
  max_num_seqs: 64
  max_num_batched_tokens: 4096
  block_size: 32
  enforce_eager: true
  enable_expert_parallel: true
  speculative: {method: eagle3, model: org/draft, num_tokens: 3}
  lora: {max_loras: 2, max_rank: 64}
outputs:
  dir: deploy/eu/
  emit: [command]
  vllm_args:
    --max_log_len: 10
    enable-prefix-caching: true
    compilation_config.cudagraph_mode: FULL
    middleware: [a.b, c.d]
    served-model-name: null
"""

KEYS: dict[str, st.SearchStrategy[object]] = {
    "model.revision": st.sampled_from(["main", "v1.0", "refs/pr/7", "0123abc", "1e5", "off"]),
    "model.max_model_len": st.none() | st.integers(1, 10**9),
    "model.params_b": st.none() | st.floats(0.01, 5000),
    "hardware.gpu_name": st.text("aZ9 #:'\"-_é😀{},[]&*!|>%@`?", min_size=1, max_size=12).filter(
        str.strip
    ),
    "hardware.gpus": st.integers(1, 1024),
    "hardware.tp_size": st.none() | st.integers(1, 1024),
    "workload.streaming": st.booleans(),
    "workload.mode": st.sampled_from(["throughput", "latency", "balanced"]),
    "policy.headroom_gb": st.integers(0, 100) | st.floats(0, 100),
    "engine.vllm_version": st.sampled_from(["0.33.0", "0.10.2"]),
    "engine.block_size": st.none() | st.integers(1, 65536),
    "engine.lora.max_rank": st.sampled_from([8, 16, 256]),
    "outputs.dir": st.none() | st.sampled_from(["deploy/x", "a b/c", "no", "1"]),
    "outputs.vllm_args.seed": st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.text("a: #'\"\n\t{é😀0.", max_size=8),
}
