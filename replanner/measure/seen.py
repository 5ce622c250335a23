"""What a start-up log or a metrics page says, as plain values: the reader's output.

Figures have the names and units of `FIGURES`; what was not printed is absent, never zero.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

State = Literal["started", "refused", "unknown"]
Setting = str | int | float | bool


class Refusal(NamedTuple):
    """Why a server did not come up, in its own words and with its own figures."""

    code: str
    message: str
    figures: Mapping[str, float] = {}


class Seen(NamedTuple):
    """One start of one server: of several ranks and engines, the tightest one.

    `settings` are what it ran with, by the names that vLLM gives them; `date` is as printed.
    `by_metrics`: nothing but a metrics page was read.
    """

    version: str = ""
    model: str = ""
    gpu: str = ""
    date: str = ""
    state: State = "unknown"
    refusal: Refusal | None = None
    settings: Mapping[str, Setting] = {}
    figures: Mapping[str, float] = {}
    notes: tuple[str, ...] = ()
    by_metrics: bool = False

    @property
    def sized_by_hand(self) -> bool:
        """Was the KV cache given a size, so that it says nothing of the memory around it?"""
        asked = ("kv_cache_memory_bytes", "num_gpu_blocks_override")
        return "kv_by_hand_gib" in self.figures or any(name in self.settings for name in asked)

    @property
    def is_empty(self) -> bool:
        """Was nothing of a vLLM server recognised?"""
        return self.state == "unknown" and not self.figures and not self.version


def joined(log: Seen, metrics: Seen) -> Seen:
    """Both sources of one server; where they overlap, the log was closer."""
    return Seen(
        version=log.version or metrics.version,
        model=log.model or metrics.model,
        gpu=log.gpu or metrics.gpu,
        date=log.date,
        state=log.state if log.state != "unknown" else metrics.state,
        refusal=log.refusal,
        settings={**metrics.settings, **log.settings},
        figures={**metrics.figures, **log.figures},
        notes=(*log.notes, *metrics.notes),
    )
