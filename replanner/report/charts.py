"""Decides the one chart of a comment: memory as stacked bars, in Mermaid's language.

Mermaid's `xychart-beta` cannot stack, but draws bar series over one another: cumulative series
from the largest to the smallest look like a stack. Versions before 11 know the chart only by the
name with `-beta`.
"""

from itertools import accumulate

from replanner.planning.result import Plan
from replanner.planning.units import GIB
from replanner.report.markdown import fenced

_COLOURS = "#9ca3af, #f59e0b, #10b981, #3b82f6"
_LEGEND = "blue weights, green KV, amber activations, grey runtime"
_INIT = (
    '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "'
    + _COLOURS
    + '"}}, "xyChart": {"width": 720, "height": 220}}}%%'
)


def memory_chart(before: Plan | None, after: Plan | None) -> str:
    """Both sides' memory per GPU; every number of it stands in the text beside it too."""
    sides = {"before": before, "after": after}
    there = {name: plan for name, plan in sides.items() if plan}
    stacks = [_stack(plan) for plan in there.values()]
    top = max((stack[-1] for stack in stacks), default=0.0)
    layers = [", ".join(f"{one:.1f}" for one in layer) for layer in zip(*stacks, strict=True)]
    names = ", ".join(f'"{name}"' for name in there)
    lines = [
        _INIT,
        "xychart-beta horizontal",
        '    title "Memory per GPU, GiB"',
        f"    x-axis [{names}]",
        f'    y-axis "{_LEGEND}" 0 --> {top * 1.1:.0f}',
        *(f"    bar [{layer}]" for layer in reversed(layers)),
    ]
    return fenced("\n".join(lines), "mermaid")


def _stack(plan: Plan) -> list[float]:
    """Cumulative GiB, the lowest layer first."""
    memory = plan.feasibility.memory
    layers = (
        memory.weights_bytes,
        max(0, memory.kv_cache_bytes),
        memory.activation_bytes,
        memory.cuda_graph_bytes + memory.non_torch_bytes,
    )
    return [size / GIB for size in accumulate(layers)]
