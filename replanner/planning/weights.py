"""How many bytes of weights each GPU holds and reads, for a way to divide the model."""

from collections import Counter
from math import gcd
from typing import NamedTuple

from replanner.planning.facts import ModelFacts, Parallel, Storage, WeightMatrix

_SMALLEST_REFINED = 64
VOCAB_UNIT = 64  # vllm/model_executor/layers/vocab_parallel_embedding.py:36


class StageWeights(NamedTuple):
    """The weights of one GPU of a pipeline stage.

    `dense_bytes_read` is what a decode step streams whatever the batch: everything but routed
    experts, towers and an embedding table that is only looked up.
    """

    layers: int
    total_bytes: int
    expert_bytes: int
    embedding_bytes: int
    head_bytes: int
    tower_bytes: int
    dense_bytes_read: int


def shard_weights(facts: ModelFacts, parallel: Parallel) -> tuple[StageWeights, ...]:
    """One entry for each pipeline stage, first to last."""
    bounds = stage_bounds(facts.num_layers, parallel.pipeline)
    sized = [(matrix, per_layer_bytes(matrix, parallel)) for matrix in facts.weights]
    tied = not any(
        matrix.part == "head" and matrix.shard == "vocab" and matrix.cols > 1
        for matrix in facts.weights
    )
    return tuple(
        _stage(sized, bounds[stage], (stage == 0, stage == len(bounds) - 1), tied=tied)
        for stage in range(len(bounds))
    )


def parallel_refusals(facts: ModelFacts, parallel: Parallel) -> tuple[str, ...]:
    """Why vLLM would not divide the model this way, one sentence each; empty where it would."""
    ways = parallel.tensor
    found = [facts.unsupported] if facts.unsupported else []
    found += [
        f"{what} ({count}) must be divisible by tensor_parallel_size ({ways})"
        for what, count in facts.must_divide
        if count % ways
    ] or _uneven(facts, ways)
    heads = facts.kv_heads
    if heads and heads % ways and ways % heads:
        found.append(
            f"KV heads ({heads}) must divide tensor_parallel_size ({ways}) or be divisible by it"
        )
    if parallel.pipeline > facts.num_layers:
        found.append(
            f"pipeline_parallel_size ({parallel.pipeline}) exceeds the layers ({facts.num_layers})"
        )
    return tuple(found)


def _uneven(facts: ModelFacts, ways: int) -> list[str]:
    """The first matrix that the ranks do not divide (vllm/distributed/utils.py, divide)."""
    for matrix in facts.weights:
        extent = {"column": matrix.rows, "row": matrix.cols}.get(matrix.shard, 0)
        padded = max(matrix.units, matrix.storage.units) > 1
        if extent % ways and not padded and not matrix.heads and not matrix.experts:
            name = matrix.name.replace("{}", "N")
            return [f"{name} ({extent}) must be divisible by tensor_parallel_size ({ways})"]
    return []


def stage_bounds(layers: int, stages: int) -> tuple[tuple[int, int], ...]:
    """First and past-the-last layer of each stage.

    Layers left over go to the stages before the last (vllm/distributed/utils.py, get_pp_indices).
    """
    counts = [layers // stages] * stages
    for back in range(2, layers % stages + 2):
        counts[-back] += 1
    ends = [sum(counts[: stage + 1]) for stage in range(stages)]
    return tuple((end - count, end) for end, count in zip(ends, counts, strict=True))


def _stage(
    sized: list[tuple[WeightMatrix, int]],
    bounds: tuple[int, int],
    ends: tuple[bool, bool],
    *,
    tied: bool,
) -> StageWeights:
    parts: Counter[str] = Counter()
    for matrix, each in sized:
        parts[matrix.part] += each * _copies(matrix, bounds, ends, tied=tied)
    total = sum(parts.values())
    looked_up = 0 if tied and ends[1] else parts["embedding"]
    return StageWeights(
        layers=bounds[1] - bounds[0],
        total_bytes=total,
        expert_bytes=parts["experts"],
        embedding_bytes=parts["embedding"],
        head_bytes=parts["head"],
        tower_bytes=parts["tower"],
        dense_bytes_read=total - parts["experts"] - parts["tower"] - looked_up,
    )


def _copies(
    matrix: WeightMatrix, bounds: tuple[int, int], ends: tuple[bool, bool], *, tied: bool
) -> int:
    """How many of the matrices a stage holds."""
    first, last = ends
    if matrix.place == "layers":
        start, end = bounds
        layers = matrix.layers
        if layers and start <= layers[0] and layers[-1] < end:
            return len(layers)
        return sum(start <= layer < end for layer in layers)
    if matrix.place == "last":
        return matrix.copies * last
    return matrix.copies * (first or (last and tied and matrix.part == "embedding"))


def per_layer_bytes(matrix: WeightMatrix, parallel: Parallel) -> int:
    """Bytes of one layer's matrices on one GPU."""
    count, ways = 1, parallel.tensor
    if matrix.experts:
        count = -(-matrix.experts // parallel.expert_ranks)
        ways = 1 if parallel.experts else parallel.tensor * parallel.data
    rows, cols = shard_shape(matrix, ways)
    storage = matrix.storage
    if matrix.experts and ways > 1:
        storage = _refined(storage, rows if matrix.shard == "column" else cols)
    return count * stored_bytes(storage, rows, cols)


def shard_shape(matrix: WeightMatrix, ways: int) -> tuple[int, int]:
    """Rows and columns of one rank's share."""
    if matrix.heads and matrix.shard != "kv" and matrix.heads % ways:
        ways = 1
    return _SHARDS[matrix.shard](matrix, ways)


def _refined(storage: Storage, extent: int) -> Storage:
    """Scales of experts get finer where a rank's share would cut through their groups.

    resolve_fp8_moe_weight_block_shape in quantization/utils/fp8_utils.py; moe_wna16.py does alike.
    """
    tall, wide = storage.block
    if wide < _SMALLEST_REFINED or extent % wide == 0:
        return storage
    fine = gcd(wide, extent)
    return storage._replace(block=(min(tall, fine), fine))


def stored_bytes(storage: Storage, rows: int, cols: int) -> int:
    """Packed weights, scales and zero points of one matrix."""
    weights = -(-rows * cols * storage.bits // 8)
    if not (storage.scale_bytes or storage.zero_bits):
        return int(weights) + storage.extra_bytes
    scales = _blocks(storage, rows, cols) * (storage.scale_bytes + storage.zero_bits / 8)
    return int(weights + scales) + storage.extra_bytes


def _blocks(storage: Storage, rows: int, cols: int) -> int:
    """Two-dimensional blocks may be cut at the edge; groups along a row are whole ones."""
    tall, wide = storage.block
    if tall == 1 and wide:
        return rows * max(1, cols // wide)
    return (-(-rows // tall) if tall else 1) * (-(-cols // wide) if wide else 1)


def _whole(matrix: WeightMatrix, ways: int) -> tuple[int, int]:
    del ways
    return matrix.rows, matrix.cols


def _column(matrix: WeightMatrix, ways: int) -> tuple[int, int]:
    return _share(matrix.rows, ways, matrix), matrix.cols


def _row(matrix: WeightMatrix, ways: int) -> tuple[int, int]:
    return matrix.rows, _share(matrix.cols, ways, matrix)


def _kv(matrix: WeightMatrix, ways: int) -> tuple[int, int]:
    """Heads are divided, and replicated where there are fewer than ranks."""
    heads = max(1, matrix.heads)
    return matrix.rows // heads * max(1, heads // ways), matrix.cols


def _vocab(matrix: WeightMatrix, ways: int) -> tuple[int, int]:
    return -(-_rounded(matrix.rows, VOCAB_UNIT) // ways), matrix.cols


def _share(extent: int, ways: int, matrix: WeightMatrix) -> int:
    units = max(matrix.units, matrix.storage.units)
    return _rounded(-(-extent // ways), units)


def _rounded(extent: int, units: int) -> int:
    return -(-extent // units) * units


_SHARDS = {"replicated": _whole, "column": _column, "row": _row, "kv": _kv, "vocab": _vocab}
