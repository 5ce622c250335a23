"""Decides what graphs, adapters and drafts take of one GPU's memory.

What the profile run, the kernels' repacking and the libraries take is in `profile_run`,
`repacking` and `outside_torch`.
"""

from replanner.planning.dtypes import BYTES
from replanner.planning.facts import ModelFacts, Parallel, Storage, WeightMatrix
from replanner.planning.memory_era import uses_second_runner
from replanner.planning.profile_run import Steps
from replanner.planning.request import Lora
from replanner.planning.units import GIB
from replanner.planning.weights import per_layer_bytes, shard_weights

# Graph captures on H100 with 0.19.0: 0.71 GiB for 26 layers, 1.66 for 80, each with 51 sizes up to
# 512 tokens. The pool among it holds the largest size: 0.61 GiB for the 1,024 tokens of gpt-oss. A
# layer of experts takes 0.003 to 0.031 GiB more in five models; the median of those.
_POOL_BYTES = 0.3 * GIB
_GRAPH_BYTES_PER_LAYER = 0.017 * GIB
_GRAPH_BYTES_PER_EXPERT_LAYER = 0.015 * GIB
_ALL_CAPTURE_SIZES = 51
_BLACKWELL = 10  # with HBM
_LARGEST_CAPTURE = 512
# Whatever max_num_seqs is (`models/config.py`, GptOssForCausalLMConfig; 992 in 0.10 and 0.11)
_LARGEST_CAPTURE_OF = {"GptOssForCausalLM": 1024}

# Drafting methods whose weights come with the target's checkpoint.
_HEAD_METHODS = frozenset({"mtp", "deepseek_mtp", "qwen3_next_mtp", "eagle", "eagle3"})


def cuda_graph_bytes(facts: ModelFacts, parallel: Parallel, steps: Steps) -> int:
    """Graphs of every captured batch size, of one stage; none in eager mode or for pooling models.

    Where vLLM estimates them, the estimate: it foresees little of what experts add (of five models
    0.19.0 printed 0.82 to 1.39 GiB before and 0.93 to 1.84 GiB after).
    """
    if steps.enforce_eager or facts.pooling:
        return 0
    largest = _largest_capture(facts, steps)
    share = _capture_sizes(largest) / _ALL_CAPTURE_SIZES
    layers = facts.num_layers * _GRAPH_BYTES_PER_LAYER
    if facts.moe is not None and not _estimated(facts, steps):
        layers += facts.moe.layers * _GRAPH_BYTES_PER_EXPERT_LAYER
    pool = max(share, largest / _LARGEST_CAPTURE) * _POOL_BYTES
    return int(pool + share * layers / parallel.pipeline)


def _largest_capture(facts: ModelFacts, steps: Steps) -> int:
    """min(2 x max_num_seqs, 512) and no more than a step (`config/vllm.py`, its capture sizes)."""
    most = 2 * _LARGEST_CAPTURE if _captures_more(steps) else _LARGEST_CAPTURE
    usual = min(2 * steps.max_num_seqs, most)
    return min(_LARGEST_CAPTURE_OF.get(facts.architecture, usual), steps.max_num_batched_tokens)


def _captures_more(steps: Steps) -> bool:
    return steps.era.larger_captures and steps.major == _BLACKWELL


def _capture_sizes(largest: int) -> int:
    """How many sizes vLLM captures: 1, 2, 4, every 8 up to 256, every 16 from there."""
    small = sum(size <= largest for size in (1, 2, 4))
    return small + min(largest, 256) // 8 + max(0, largest - 256) // 16


def counted_graph_bytes(facts: ModelFacts, parallel: Parallel, steps: Steps) -> int:
    """The part of the graphs that is taken off the KV pool: an estimate, where one is made."""
    return cuda_graph_bytes(facts, parallel, steps) if _estimated(facts, steps) else 0


def _estimated(facts: ModelFacts, steps: Steps) -> bool:
    if uses_second_runner(facts, steps.vllm_version):
        return steps.era.graphs_of_second_runner
    return steps.era.graphs_counted if steps.capability else steps.era.graphs_counted_rocm


def lora_bytes(facts: ModelFacts, parallel: Parallel, lora: Lora) -> int:
    """Adapter slots: rank x (in + out) per linear layer, A replicated, B split (`lora/layers`).

    The embedding and the head have one, too, tied or not.
    """
    element_bytes = BYTES.get(facts.dtype, 2)
    elements = sum(_lora_elements(matrix, parallel, lora.max_rank) for matrix in facts.weights)
    elements += 2 * lora.max_rank * (facts.vocab_size + facts.hidden_size)
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
        per_layer_bytes(_as_drafted(matrix, facts), parallel)
        for matrix in facts.weights
        if last in matrix.layers
    )
    return layer + 2 * facts.hidden_size**2 * BYTES.get(facts.dtype, 2)


def _as_drafted(matrix: WeightMatrix, facts: ModelFacts) -> WeightMatrix:
    if matrix.experts and not facts.plain_draft:
        return matrix  # experts are quantized with the rest, but where the checkpoint says not
    bits = 8 * BYTES.get(facts.dtype, 2)
    return matrix._replace(storage=Storage(facts.dtype, bits))
