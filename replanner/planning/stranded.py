"""Decides what repacking weights strands in torch's allocator: held, and of no use to anyone.

vLLM's profile run does not see it up to 0.26: it adds up what is allocated and what lies outside
the allocator, and this is neither.
"""

from replanner.planning.facts import ModelFacts, Moe, Parallel
from replanner.planning.profile_run import Steps
from replanner.planning.repacking import is_mxfp4
from replanner.planning.units import MIB

_HOPPER = 9
_GRAIN_BYTES = 2 * MIB  # of a segment of 10 MiB and more (c10/cuda/CUDACachingAllocator.cpp)
# triton_kernels' layouts for Hopper: 64 bytes of values (hopper_value.py), 256 rows of scales with
# 8 warps (hopper_scale.py); one scale is for 32 values.
_VALUES, _SCALE_ROWS, _SCALED = 64, 256, 32
# The first layers' lie in what converting the first one took, where two fit into a piece of that:
# a replay of 0.19.0's conversion against that allocator fills 5.5 to 6 layers' worth.
_FROM_SCRATCH = 6


def stranded_bytes(facts: ModelFacts, parallel: Parallel, steps: Steps) -> int:
    """What the MXFP4 experts of gpt-oss strand on Hopper from 0.17 to 0.20 (vLLM #41268).

    Converted, the weights are larger than before, so that none fits where its like was. A layer's
    down projections go where the gate and up projections of the layer before were, and what they
    and the scales leave of that piece is too small for anything that follows.
    """
    if facts.moe is None or not _strands(facts, steps):
        return 0
    layers = -(-facts.moe.layers // parallel.pipeline)
    return int(_hole(facts.hidden_size, _local(facts.moe, parallel), layers))


def _strands(facts: ModelFacts, steps: Steps) -> bool:
    """Only Triton's kernels need it; with adapters Marlin runs (`quantization/mxfp4.py`)."""
    era = steps.era
    converts = steps.major == _HOPPER and is_mxfp4(facts) and not steps.lora
    return (
        converts
        and facts.architecture == "GptOssForCausalLM"
        and era.repacks_larger
        and not era.loads_unsplit
    )


def _local(moe: Moe, parallel: Parallel) -> Moe:
    """One rank's share; a width is padded to 64 before it is loaded."""
    ranks = parallel.tensor * parallel.data  # experts are shared by all of them, one way or another
    if parallel.experts:
        return moe._replace(experts=-(-moe.experts // ranks))
    width = _up(-(-moe.intermediate_size // ranks), _VALUES)
    return moe._replace(intermediate_size=width)


def _hole(hidden: int, moe: Moe, layers: int) -> int:
    width, experts = moe.intermediate_size, moe.experts
    gate_up = _segment(experts * width * hidden)  # 2 x width rows of hidden / 2 bytes
    converted_gate_up = experts * _up(2 * width, _VALUES) * _up(hidden // 2, _VALUES)
    down = experts * _up(hidden, _VALUES) * _up(width // 2, _VALUES)
    if down <= _segment(experts * hidden * width // 2):
        return 0  # it goes where it came from
    if 2 * down <= _segment(converted_gate_up):
        layers -= _FROM_SCRATCH
    scales = experts * (_scales(2 * width, hidden) + _scales(hidden, width))
    return max(0, gate_up - down - scales) * max(0, layers)


def _scales(rows: int, summed: int) -> int:
    return _up(rows, _SCALE_ROWS) * _up(-(-summed // _SCALED), 2)


def _segment(size: int) -> int:
    return _up(size, _GRAIN_BYTES)


def _up(extent: int, unit: int) -> int:
    return -(-extent // unit) * unit
