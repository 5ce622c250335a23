"""Decides what kernels add to the weights when they rearrange them after loading."""

from replanner.planning.facts import ModelFacts, Parallel, WeightMatrix
from replanner.planning.versions import at_least
from replanner.planning.weights import per_layer_bytes, shard_shape

_HOPPER = 9
_MARLIN_UNITS = (128, 256)  # of the experts' width and of the hidden size
_UNITS = {9: (256, 256), 10: (256, 256)}


def is_mxfp4(facts: ModelFacts) -> bool:
    return facts.quantization is not None and facts.quantization.method == "mxfp4"


def repacked_bytes(facts: ModelFacts, parallel: Parallel, capability_major: int) -> int:
    """What kernels for MXFP4 experts add to the checkpoint's shapes when they repack them.

    Marlin (before Hopper and on desktop Blackwell) pads the width to 128 and the hidden size to
    256, FlashInfer (datacentre Blackwell) both to 256, and Triton's layout for Hopper the
    dimension that is summed over to 256 (`quantization/mxfp4.py`, fused_moe/oracle/mxfp4.py).
    """
    if not is_mxfp4(facts):
        return 0
    units = _UNITS.get(capability_major, _MARLIN_UNITS)
    return sum(
        _padded(matrix, parallel, units, only_summed=capability_major == _HOPPER)
        for matrix in facts.weights
        if matrix.experts and matrix.cols > 1
    )


def _padded(
    matrix: WeightMatrix, parallel: Parallel, units: tuple[int, int], *, only_summed: bool
) -> int:
    bytes_now = per_layer_bytes(matrix, parallel) * len(matrix.layers)
    rows, cols = shard_shape(matrix, 1 if parallel.experts else parallel.tensor)
    row_unit, col_unit = units if matrix.shard == "column" else units[::-1]
    grown = _rounded(cols, col_unit) / cols
    if not only_summed:
        grown *= _rounded(rows, row_unit) / rows
    return int(bytes_now * (grown - 1) / parallel.pipeline)


def _rounded(extent: int, unit: int) -> int:
    return -(-extent // unit) * unit


def absorbed_bytes(facts: ModelFacts, parallel: Parallel, version: str) -> int:
    """The products of latent attention's projections that 0.7 keeps beside them.

    Queries go to the latent, and the latent to the output, by one matrix each
    (attention/backends/mla/utils.py, VLLM_MLA_PERFORM_MATRIX_ABSORPTION; gone in 0.8).
    """
    if not at_least(version, "0.7.1") or at_least(version, "0.8.0"):
        return 0
    into = {m.name.rsplit(".", 1)[-1]: m for m in facts.weights if m.part == "attention"}
    latent = into.get("kv_b_proj")
    query = into.get("q_b_proj") or into.get("q_proj")
    if latent is None or query is None:
        return 0
    heads = facts.attention.heads / parallel.tensor
    each = heads * latent.cols * (query.cols + facts.hidden_size)
    return int(each * latent.storage.bits / 8 * facts.num_layers / parallel.pipeline)
