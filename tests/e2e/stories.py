"""What repositories hold in these stories: profiles of one model, well or badly sized."""

PROFILE = """\
profile_version: 1
model:
  id: {model}
hardware:
  gpu_name: {gpu}
  gpus: {gpus}
  tp_size: {gpus}
workload:
  prompt_tokens: 2000
  gen_tokens: 500
  concurrency: {concurrency}
policy:
  headroom_gb: 1.0
engine:
  max_num_seqs: {seqs}
"""


def profile(
    model: str = "acme/small-8b",
    *,
    gpu: str = "H100-80GB",
    gpus: int = 1,
    concurrency: int = 8,
    seqs: int = 256,
) -> str:
    return PROFILE.format(model=model, gpu=gpu, gpus=gpus, concurrency=concurrency, seqs=seqs)
