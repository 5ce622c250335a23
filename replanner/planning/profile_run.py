"""Decides what torch holds beside the weights: during vLLM's profile run, and after it.

The run is one step of max_num_batched_tokens tokens and a sampler call with max_num_seqs rows
(`profile_run` and `_dummy_sampler_run` of the model runner). What is kept adds up; of what is
freed between the parts the largest counts.
"""

from typing import NamedTuple

from replanner.planning.dtypes import BYTES
from replanner.planning.facts import ModelFacts, Parallel, WeightMatrix
from replanner.planning.memory_era import (
    Media,
    MemoryEra,
    figure,
    guess_of,
    media_of,
    memory_era,
    uses_second_runner,
)
from replanner.planning.repacking import is_mxfp4, repacked_bytes
from replanner.planning.units import GIB, MIB
from replanner.planning.versions import at_least, uses_v1_engine
from replanner.planning.weights import shard_shape

_FLOAT32 = 4
_INT32 = 4
# Logit-sized float32 buffers at the sampler's peak, beside the logits in the model's dtype.
# Sorting: a float32 copy, sorted values, 8-byte indices, probabilities, their sums, masks and the
# scattered result (`apply_top_k_top_p` of v1/sample/ops/topk_topp_sampler.py up to 0.16). Without:
# the copy, probabilities and the noise that they are divided by.
_SORTING_BUFFERS = 9
_BUFFERS = 3
# Rows of the buffer of topk_topp_triton.py: one per multiprocessor, as many as an H100 has
_KERNEL_ROWS = 132
_HOPPER = 9
# cuBLAS' workspace (aten/src/ATen/cuda/CUDABlas.cpp): 32 MiB from Hopper on, 8 MiB before
_GEMM_WORKSPACE_BYTES = (8 * MIB, 32 * MIB)
_DATACENTRE_BYTES = 70 * GIB
_MOST_EXPERT_TOKENS = 16 * 1024  # VLLM_FUSED_MOE_CHUNK_SIZE (envs.py)


class Steps(NamedTuple):
    """What a start-up is sized by: the engine's settings and the GPU it runs on."""

    max_num_batched_tokens: int
    max_num_seqs: int
    dtype: str
    vllm_version: str
    enforce_eager: bool = False
    capability: tuple[int, int] | None = (9, 0)
    memory_bytes: int = 80 * GIB
    nvlink: bool = True
    unified_memory: bool = False
    lora: bool = False

    @property
    def era(self) -> MemoryEra:
        return memory_era(self.vllm_version)

    @property
    def major(self) -> int:
        return self.capability[0] if self.capability else 0

    @property
    def v1(self) -> bool:
        # adapters fell back to V0 up to 0.8.3 (engine/arg_utils.py, _is_v1_supported_oracle)
        if self.lora and not at_least(self.vllm_version, "0.8.4"):
            return False
        return uses_v1_engine(self.vllm_version, self.capability)

    @property
    def element_bytes(self) -> int:
        return BYTES.get(self.dtype, 2)


def activation_bytes(facts: ModelFacts, parallel: Parallel, steps: Steps) -> int:
    """ "peak activation" in vLLM's log: what the run took, and until 0.26 what it left as well."""
    left = 0 if steps.era.consumed_by_driver else kept_bytes(facts, parallel, steps)
    passing = max(_sampler(facts, steps), _forward(facts, parallel, steps))
    return left + int(passing + _media(facts, steps) + _compiling(facts, steps))


def given_back_bytes(facts: ModelFacts, parallel: Parallel, steps: Steps) -> int:
    """The part of the peak that is free again after the run: the cache does not get it."""
    left = 0 if steps.era.consumed_by_driver else kept_bytes(facts, parallel, steps)
    return activation_bytes(facts, parallel, steps) - left


def warm_up_bytes(facts: ModelFacts, steps: Steps) -> int:
    """The sampler's second call, once the graphs are there (`compile_or_warm_up_model`)."""
    return int(_sampler(facts, steps._replace(max_num_batched_tokens=_rows(steps))))


def kept_bytes(facts: ModelFacts, parallel: Parallel, steps: Steps) -> int:
    """What loading and the run leave in torch's hands beside the weights."""
    return int(
        _GEMM_WORKSPACE_BYTES[steps.major >= _HOPPER]
        + _tables(facts, parallel, steps)
        + _workspace(facts, parallel, steps)
        + _counts(facts, steps)
        + repacked_bytes(facts, parallel, steps.major)
    )


def _rows(steps: Steps) -> int:
    return min(steps.max_num_seqs, steps.max_num_batched_tokens)


def _sampler(facts: ModelFacts, steps: Steps) -> float:
    if facts.pooling:
        return 0.0
    rows, vocab = _rows(steps), facts.vocab_size
    hidden = steps.max_num_batched_tokens * facts.hidden_size
    out = (hidden + rows * vocab) * steps.element_bytes
    if uses_second_runner(facts, steps.vllm_version):
        # noise is made in registers (v1/worker/gpu/sample/gumbel.py); copies only by parameters
        copies = _BUFFERS if steps.era.second_runner_samples else 0
        return out + copies * rows * vocab * _FLOAT32
    if not steps.era.threshold_sampler:
        return out + _SORTING_BUFFERS * rows * vocab * _FLOAT32
    return out + (_BUFFERS * rows + min(rows, _KERNEL_ROWS)) * vocab * _FLOAT32


def _forward(facts: ModelFacts, parallel: Parallel, steps: Steps) -> float:
    widest = max(_dense_width(facts, parallel), _expert_width(facts, parallel, steps))
    return steps.max_num_batched_tokens * widest * steps.element_bytes


def _dense_width(facts: ModelFacts, parallel: Parallel) -> float:
    # gate_up and its activation, beside residual, input and output
    return 3 * facts.intermediate_size / parallel.tensor + 3 * facts.hidden_size


def _expert_width(facts: ModelFacts, parallel: Parallel, steps: Steps) -> float:
    """Fused experts keep top-k copies: gate_up, its activation and the output (`fused_moe.py`)."""
    if facts.moe is None or steps.era.kept_workspace:
        return 3.0 * facts.hidden_size
    inner = 3 * _expert_share(facts, parallel) + facts.hidden_size
    return facts.moe.experts_per_token * inner + 3 * facts.hidden_size


def _expert_share(facts: ModelFacts, parallel: Parallel) -> float:
    if facts.moe is None:
        return 0.0
    return facts.moe.intermediate_size / (1 if parallel.experts else parallel.tensor)


def _workspace(facts: ModelFacts, parallel: Parallel, steps: Steps) -> float:
    """Two buffers that all expert layers share and that stay (fused_moe.py, workspace_shapes).

    The MXFP4 kernels of gpt-oss come without.
    """
    if facts.moe is None or not steps.era.kept_workspace or is_mxfp4(facts):
        return 0.0
    share = _expert_share(facts, parallel)
    width = max(share, facts.hidden_size) + max(2 * share, facts.hidden_size)
    tokens = min(steps.max_num_batched_tokens, _MOST_EXPERT_TOKENS)
    return tokens * facts.moe.experts_per_token * width * steps.element_bytes


def _media(facts: ModelFacts, steps: Steps) -> float:
    """The encoder's output for a full budget of images stays until the sampler has run.

    V1 only: `profile_run` caches what the encoder made of the dummy items.
    """
    if not facts.multimodal or not steps.v1:
        return 0.0
    tokens = media_tokens(facts, steps.vllm_version, steps.max_num_batched_tokens)
    return tokens * facts.hidden_size * facts.media_levels * steps.element_bytes


def media_tokens(facts: ModelFacts, version: str, budget: int) -> int:
    """The encoder cache's budget: the token budget, or one item where that is larger."""
    return max(budget, largest_item(media_of(facts.architecture), version))


def largest_item(media: Media, version: str) -> int:
    """Nothing bounded a video in 0.11.0 (#27992); 0.12.0 has the bound."""
    unbounded = at_least(version, "0.11.0") and not at_least(version, "0.12.0")
    return max(media.tokens, media.unbounded_video if unbounded else 0)


def _counts(facts: ModelFacts, steps: Steps) -> float:
    """Counts of every token for penalties (v1/worker/gpu/sample/penalties.py).

    They are made before the profile run, which saw them only from 0.27 on.
    """
    seen = steps.era.consumed_by_driver and uses_second_runner(facts, steps.vllm_version)
    return steps.max_num_seqs * facts.vocab_size * _INT32 if seen else 0.0


def _compiling(facts: ModelFacts, steps: Steps) -> int:
    return figure("compiled") if _leaves_compiled(facts, steps) else 0


def _leaves_compiled(facts: ModelFacts, steps: Steps) -> bool:
    """Only on GPUs below the tier of 70 GiB does the first compilation leave something."""
    small = steps.memory_bytes < _DATACENTRE_BYTES and steps.capability is not None
    compiles = steps.era.compiled and not steps.enforce_eager and not facts.pooling
    return compiles and small


def guesses_of_run(facts: ModelFacts, steps: Steps) -> tuple[str, ...]:
    """The terms of the activations that are guesses, as people call them."""
    return (guess_of("compiled"),) if _leaves_compiled(facts, steps) else ()


def _tables(facts: ModelFacts, parallel: Parallel, steps: Steps) -> float:
    """What loading makes that is no parameter: rotary tables and absorbed latent matrices."""
    rotary = facts.rotary_elements * steps.element_bytes
    absorbed = sum(
        _sharded(matrix, parallel) * len(matrix.layers)
        for matrix in facts.weights
        if matrix.name.endswith("kv_b_proj")
    )
    return rotary + absorbed * steps.element_bytes / parallel.pipeline


def _sharded(matrix: WeightMatrix, parallel: Parallel) -> int:
    rows, cols = shard_shape(matrix, parallel.tensor)
    return rows * cols
