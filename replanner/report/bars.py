"""Decides how memory is drawn with block characters: everywhere that shows text, never alone."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from replanner.planning.result import MemoryBreakdown, Plan
from replanner.planning.units import GIB
from replanner.planning.wording import gib
from replanner.report.figures import fixed_bytes

KV_CACHE = "KV cache"
_WIDTH = 44
_CELLS = 10


class Part(NamedTuple):
    """One stretch of the bar: its cell, the same in plain ASCII, what it holds, and the name of
    that in plan.json where one can be off."""

    name: str
    glyph: str
    plain: str
    of: Callable[[MemoryBreakdown], int]
    term: str = ""


# In the order of vLLM's own start-up.
PARTS = (
    Part("weights", "█", "#", lambda memory: memory.weights_bytes, "weights"),
    Part("activations", "▓", "a", lambda memory: memory.activation_bytes, "activation"),
    Part("graphs", "▒", "g", lambda memory: memory.cuda_graph_bytes, "cuda_graph"),
    Part("non-torch", "░", "n", lambda memory: memory.non_torch_bytes, "non_torch"),
    Part(KV_CACHE, "━", "=", lambda memory: memory.kv_cache_bytes, "kv_cache"),
    Part("free", "·", ".", lambda memory: memory.total_bytes - memory.budget_bytes),
)
_LEGEND = " " + "  ".join(f"{part.glyph} {part.name}" for part in PARTS)


def sizes(memory: MemoryBreakdown) -> list[int]:
    """Bytes of each part; what is missing for the KV cache is below zero."""
    return [part.of(memory) for part in PARTS]


def shares(found: Sequence[int], cells: int) -> list[int]:
    """Whole cells that add up to `cells`, each part rounded fairly (largest remainder)."""
    parts = [max(0, size) for size in found]
    total = sum(parts)
    if total == 0:
        return [0] * (len(parts) - 1) + [cells]
    exact = [size * cells / total for size in parts]
    whole = [int(share) for share in exact]
    by_rest = sorted(range(len(parts)), key=lambda at: whole[at] - exact[at])
    for at in by_rest[: cells - sum(whole)]:
        whole[at] += 1
    return whole


def memory_bars(before: Plan | None, after: Plan | None) -> str:
    """Both sides on one scale, each with its figures, and what the cells mean."""
    sides = {"before": before, "after": after}
    there = {name: plan for name, plan in sides.items() if plan}
    longest = max(sum(_parts(plan.feasibility.memory)) for plan in there.values())
    label = "{:<7}" if len(there) > 1 else ""
    bars = [label.format(name) + _bar(plan, longest) for name, plan in there.items()]
    return "\n".join([*bars, " " * len(label.format("")) + _LEGEND])


def cell_bar(memory: MemoryBreakdown) -> str:
    """Ten cells of what vLLM may use: full ones are gone before the first token."""
    full, _ = shares([fixed_bytes(memory), memory.kv_cache_bytes], _CELLS)
    return "█" * full + "░" * (_CELLS - full)


def _parts(memory: MemoryBreakdown) -> list[int]:
    """What is drawn: nothing is free where the fixed part takes more than it may."""
    *parts, free = (max(0, size) for size in sizes(memory))
    return [*parts, 0 if memory.kv_cache_bytes < 0 else free]


def _bar(plan: Plan, longest: int) -> str:
    memory = plan.feasibility.memory
    found = _parts(memory)
    cells = shares(found, max(1, round(_WIDTH * sum(found) / max(longest, 1))))
    drawn = "".join(part.glyph * count for part, count in zip(PARTS, cells, strict=True))
    return f"▕{drawn}▏{' ' * (_WIDTH - len(drawn))} {_figures(plan)}"


def _figures(plan: Plan) -> str:
    memory = plan.feasibility.memory
    whole = f"of {memory.total_bytes / GIB:.1f} GiB"
    if memory.kv_cache_bytes < 0:
        return f"fixed {gib(fixed_bytes(memory))}, may use {memory.budget_bytes / GIB:.1f} {whole}"
    rest = "KV" if plan.feasibility.keeps_cache else "left"
    left = f"{rest} {memory.kv_cache_bytes / GIB:.1f} {whole}"
    return f"fixed {fixed_bytes(memory) / GIB:.1f} + {left}"
