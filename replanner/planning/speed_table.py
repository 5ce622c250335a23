"""Decides the constants of the speed model: one row per GPU class and engine era, none per model.

Fitted by tools/fit_speed.py to published single-node measurements of vLLM 0.6 to 0.27; what they
are, how they were judged and how wrong they are is told in docs/performance.md.
"""

import functools
from collections.abc import Mapping
from typing import Literal, NamedTuple

from replanner.planning.hardware import Gpu
from replanner.planning.versions import uses_v1_engine

Era = Literal["v0", "v1"]
Format = Literal["16bit", "fp8", "int8", "fp4", "weight-only"]


class Shared(NamedTuple):
    """What GPU classes have in common. Shares are of the class's own memory bandwidth.

    `kv_share` is the cache's reads against weights', `format_share` a weight format's. Times in
    ms or us; `link_share` is of the link's datasheet bandwidth in one direction. The first token
    costs a base, a time per layer where the prompt is too long for a captured graph, and
    multiples of its own prefill and of a step, growing with the other requests to a power.
    """

    kv_share: float
    format_share: Mapping[Format, float]
    int4_experts_share: float
    pcie_collective_us: float
    link_share: float
    eager_factor: float
    mixed_step: float
    first_ms: float
    first_layer_us: float
    first_prefill: float
    first_step: float
    queue: float
    queue_power: float


class Speeds(NamedTuple):
    """Shares of the datasheet's peaks that are reached, and fixed times per layer of a step.

    `sequence_us` is per layer and running sequence, `collective_us` per layer and doubling of
    the tensor-parallel ranks. `error` and `ttft_error` say how far measurements that were left
    out of the fit lay from what it predicted: 0.25 is from 1/1.25 to 1.25 times. `rows` is how
    many measurements the row rests on, `of` of what.
    """

    bandwidth: float
    compute: float
    layer_us: float
    collective_us: float
    moe_layer_us: float
    sequence_us: float
    error: float = 1.0
    ttft_error: float = 1.0
    rows: int = 0
    of: str = ""
    borrowed: bool = False

    @property
    def basis(self) -> str:
        """What the figures rest on, as a sentence."""
        within = f"a factor of {1 + self.error:.2f} (first token: {1 + self.ttft_error:.2f})"
        fitted = f"{self.rows} measurements of {self.of}"
        if self.borrowed:
            nothing = "Nothing was measured on this GPU class with this engine"
            return f"{nothing}: from {fitted}, the range widened to {within}."
        return f"From {fitted}; about 80 % of those left out of the fit were within {within}."


# Retyped from tools/fit_speed.py. int4_experts_share is not fitted: Marlin's 4-bit experts were
# seen at 0.3 to 0.55 of the bandwidth; "int8" (8-bit activations) is taken to run as "fp8" does.
SHARED = Shared(
    kv_share=0.754,
    format_share={"16bit": 1.0, "fp8": 0.872, "int8": 0.872, "fp4": 0.894, "weight-only": 1.0},
    int4_experts_share=0.35,
    pcie_collective_us=54.7,
    link_share=0.469,
    eager_factor=3.5,
    mixed_step=0.168,
    first_ms=5.98,
    first_layer_us=504,
    first_prefill=1.31,
    first_step=0.327,
    queue=0.124,
    queue_power=0.866,
)

_V0, _V1 = "vLLM before 0.8", "vLLM 0.8 and later"
# In order: bandwidth, compute, layer_us, collective_us, moe_layer_us, sequence_us, error,
# ttft_error, rows, of. Errors of classes with fewer than 30 rows are at least the overall ones.
_FITTED: dict[tuple[str, Era], Speeds] = {
    ("ada", "v1"): Speeds(
        0.891, 0.908, 71.0, 1.94, 25.8, 1.54, 0.28, 3.0, 22, f"L4, L40S and RTX 4090, {_V1}"
    ),
    ("ampere", "v0"): Speeds(0.976, 0.708, 137.0, 1.93, 25.4, 2.17, 0.15, 1.0, 186, f"A100, {_V0}"),
    ("ampere", "v1"): Speeds(1.0, 0.776, 105.0, 1.93, 26.8, 1.16, 0.28, 0.85, 6, f"A100, {_V1}"),
    ("blackwell", "v1"): Speeds(
        1.0, 0.554, 61.6, 1.84, 18.4, 0.63, 0.2, 0.55, 294, f"B200 and B300, {_V1}"
    ),
    ("blackwell-rtx", "v1"): Speeds(
        1.0, 1.0, 69.7, 1.92, 27.1, 1.76, 0.35, 2.2, 11, f"RTX 5090 and RTX PRO 6000, {_V1}"
    ),
    ("cdna3", "v0"): Speeds(0.803, 0.744, 98.1, 1.95, 25.4, 1.41, 0.25, 1.0, 9, f"MI300X, {_V0}"),
    ("cdna3", "v1"): Speeds(0.985, 0.765, 73.8, 1.91, 25.4, 1.3, 0.25, 1.0, 3, f"MI300X, {_V1}"),
    ("hopper", "v0"): Speeds(
        1.0, 0.771, 121.0, 1.97, 25.4, 2.02, 0.17, 1.0, 239, f"H100 and GH200, {_V0}"
    ),
    ("hopper", "v1"): Speeds(
        0.87, 0.769, 58.5, 1.7, 30.2, 0.768, 0.26, 0.9, 221, f"H100 and H200, {_V1}"
    ),
}

# Architectures without measurements: the nearest one by memory and instruction set.
_RELATIVES = {
    "volta": "ampere",
    "turing": "ampere",
    "ampere-gddr": "ada",
    "cdna2": "cdna3",
    "cdna4": "cdna3",
}
_NEAREST_OLD: tuple[str, Era] = (
    "ampere",
    "v0",
)  # the old engine's host time dominates, and it is the slowest
_WIDER = 1.25


def speeds_for(gpu: Gpu, vllm_version: str) -> Speeds:
    """The row of the GPU's class in that version's engine era, else its nearest relative's."""
    era: Era = "v1" if uses_v1_engine(vllm_version, gpu.compute_capability) else "v0"
    return _row(gpu.performance_class, era)


@functools.cache
def _row(gpu_class: str, era: Era) -> Speeds:
    own = _FITTED.get((gpu_class, era))
    if own is not None:
        return own
    family = _RELATIVES.get(gpu_class, gpu_class)
    nearest = _FITTED.get((family, era), _FITTED[_NEAREST_OLD])
    return nearest._replace(
        error=(1 + nearest.error) * _WIDER - 1,
        ttft_error=(1 + nearest.ttft_error) * _WIDER - 1,
        borrowed=True,
    )
