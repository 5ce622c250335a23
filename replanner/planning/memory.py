"""Decides where one GPU's memory goes before the KV pool: activations, graphs, non-torch, LoRA.

A first model, honest about its basis: the mechanisms are vLLM's (one profile run of
max_num_batched_tokens tokens, then a sampler run with max_num_seqs rows of logits), the factors
are read off the start-up logs of vLLM 0.6 to 0.28 that public issues and reports quote.
"""

import math
from typing import NamedTuple

from replanner.planning.dtypes import BYTES
from replanner.planning.facts import ModelFacts, Parallel, Storage, WeightMatrix
from replanner.planning.request import Lora
from replanner.planning.units import GIB
from replanner.planning.versions import at_least
from replanner.planning.weights import per_layer_bytes, shard_weights

_LOGIT_BYTES = 4  # vLLM samples in float32 (`v1/sample/sampler.py`)

# Logit-sized float32 buffers alive at the sampler's peak. The older sort-based top-p kept about
# ten (logits, probabilities, sorted values, 8-byte indices, cumulative sum, masks): 5.56 GiB for
# 1,024 x 151,936 in 0.11.0, 1.4 GiB for 256 x 151,936 in 0.7.3. From 0.15 it is about 3.5
# (1.89 GiB for 1,024 x 128,256 in 0.19.0).
_SORTING_SAMPLER_BUFFERS = 9.6
_SAMPLER_BUFFERS = 3.55
_SAMPLER_CHANGED_IN = "0.15.0"
_FIXED_ACTIVATION_BYTES = int(0.15 * GIB)

# Graph captures: bytes grow with the captured batch sizes and the layers (0.19.0 on H100: 0.71
# GiB for 26 layers, 1.66 GiB for 80, each with all 51 sizes).
_GRAPH_BASE_BYTES = 0.3 * GIB
_GRAPH_BYTES_PER_LAYER = 0.017 * GIB
_ALL_CAPTURE_SIZES = 51
_LARGEST_CAPTURE = 512

# CUDA context, cuBLAS and attention workspaces; then NCCL and the all-reduce buffers with TP.
_NON_TORCH_BYTES = int(0.25 * GIB)
_OLD_NON_TORCH_BYTES = int(0.1 * GIB)
_COLLECTIVE_BYTES = int(1.85 * GIB)
_OLD_COLLECTIVE_BYTES = int(0.45 * GIB)
_LARGER_BUFFERS_SINCE = "0.15.0"

# Drafting methods whose weights come with the target's checkpoint.
_HEAD_METHODS = frozenset({"mtp", "deepseek_mtp", "qwen3_next_mtp", "eagle", "eagle3"})


class Steps(NamedTuple):
    """What the profile run is sized by."""

    max_num_batched_tokens: int
    max_num_seqs: int
    dtype: str
    vllm_version: str
    enforce_eager: bool = False


def activation_bytes(facts: ModelFacts, parallel: Parallel, steps: Steps) -> int:
    """Peak of the profile run per GPU: the larger of the forward pass and the sampler."""
    sampler = 0.0 if facts.pooling else _sampler_peak(facts, steps)
    return _FIXED_ACTIVATION_BYTES + int(max(sampler, _forward_peak(facts, parallel, steps)))


def _sampler_peak(facts: ModelFacts, steps: Steps) -> float:
    older = not at_least(steps.vllm_version, _SAMPLER_CHANGED_IN)
    buffers = _SORTING_SAMPLER_BUFFERS if older else _SAMPLER_BUFFERS
    rows = min(steps.max_num_seqs, steps.max_num_batched_tokens)
    return buffers * rows * facts.vocab_size * _LOGIT_BYTES


def _forward_peak(facts: ModelFacts, parallel: Parallel, steps: Steps) -> float:
    widest = max(_dense_width(facts, parallel), _expert_width(facts, parallel))
    element_bytes = BYTES.get(steps.dtype, 2)
    return steps.max_num_batched_tokens * widest * element_bytes


def _dense_width(facts: ModelFacts, parallel: Parallel) -> float:
    # gate_up and its activation, beside residual, input, attention output and norm
    return 3 * facts.intermediate_size / parallel.tensor + 4 * facts.hidden_size


def _expert_width(facts: ModelFacts, parallel: Parallel) -> float:
    """Fused experts keep top-k copies: gate_up, its activation and the output (`fused_moe.py`)."""
    if facts.moe is None:
        return 0.0
    split = 1 if parallel.experts else parallel.tensor
    inner = 3 * facts.moe.intermediate_size / split + facts.hidden_size
    return facts.moe.experts_per_token * inner + 4 * facts.hidden_size


def cuda_graph_bytes(facts: ModelFacts, steps: Steps) -> int:
    """Graphs of every captured batch size; none in eager mode or for pooling models."""
    if steps.enforce_eager or facts.pooling:
        return 0
    share = _capture_sizes(steps.max_num_seqs) / _ALL_CAPTURE_SIZES
    return int(share * (_GRAPH_BASE_BYTES + facts.num_layers * _GRAPH_BYTES_PER_LAYER))


def _capture_sizes(max_num_seqs: int) -> int:
    """How many sizes vLLM captures: 1, 2, 4, every 8 up to 256, every 16 up to 512.

    The largest is min(2 x max_num_seqs, 512) (`config/vllm.py`, _set_cudagraph_sizes).
    """
    largest = min(2 * max_num_seqs, _LARGEST_CAPTURE)
    small = sum(size <= largest for size in (1, 2, 4))
    return small + min(largest, 256) // 8 + max(0, largest - 256) // 16


def non_torch_bytes(parallel: Parallel, vllm_version: str) -> int:
    """Memory outside PyTorch's allocator: context, workspaces, NCCL."""
    newer = at_least(vllm_version, _LARGER_BUFFERS_SINCE)
    base = _NON_TORCH_BYTES if newer else _OLD_NON_TORCH_BYTES
    ranks = parallel.tensor * parallel.pipeline
    if ranks == 1:
        return base
    collective = _COLLECTIVE_BYTES if newer else _OLD_COLLECTIVE_BYTES
    return base + int(collective * (1 + 0.05 * (math.log2(ranks) - 1)))


def lora_bytes(facts: ModelFacts, parallel: Parallel, lora: Lora) -> int:
    """Adapter slots: rank x (in + out) per linear layer, A replicated, B split (`lora/layers`)."""
    element_bytes = BYTES.get(facts.dtype, 2)
    elements = sum(_lora_elements(matrix, parallel, lora.max_rank) for matrix in facts.weights)
    return int(elements * element_bytes * lora.max_loras)


def _lora_elements(matrix: WeightMatrix, parallel: Parallel, rank: int) -> float:
    if matrix.part not in ("attention", "mlp", "experts") or matrix.cols == 1:
        return 0.0
    return rank * (matrix.cols + matrix.rows / parallel.tensor) * matrix.matrices


def draft_bytes(
    facts: ModelFacts, parallel: Parallel, method: str, draft: ModelFacts | None
) -> int:
    """Weights that speculative decoding adds to a GPU.

    A draft model is divided like its target (`config/speculative.py`, draft_tensor_parallel_size).
    MTP and EAGLE heads without a model of their own are one more decoder layer, which checkpoints
    leave unquantized, and a projection of two hidden states to one; they share embedding and head.
    """
    if draft is not None:
        return shard_weights(draft, Parallel(tensor=parallel.tensor))[0].total_bytes
    if method not in _HEAD_METHODS:
        return 0
    last = facts.num_layers - 1
    layer = sum(
        per_layer_bytes(_unquantized(matrix, facts), parallel)
        for matrix in facts.weights
        if last in matrix.layers
    )
    return layer + 2 * facts.hidden_size**2 * BYTES.get(facts.dtype, 2)


def _unquantized(matrix: WeightMatrix, facts: ModelFacts) -> WeightMatrix:
    if matrix.experts:
        return matrix  # experts are quantized with the rest
    bits = 8 * BYTES.get(facts.dtype, 2)
    return matrix._replace(storage=Storage(facts.dtype, bits))
