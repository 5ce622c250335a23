"""Decides which figures of two plans are compared, which way is better, and what is news.

A figure is news where people would act on it: a verdict that flips, memory by a hundredth, speed
by three hundredths of its range (speeds are estimates, memory is nearly arithmetic).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Value = str | int | float | bool | None
Unit = Literal["flag", "risk", "bytes", "tokens", "requests", "tokens/s", "ms", "text"]
Direction = Literal["better", "worse", "neutral"]
Document = Mapping[str, object]

_LEAST_BYTES = 32 * 1024**2
_LEAST_SHARE: Mapping[Unit, float] = {"tokens/s": 0.03, "ms": 0.03}
_USUAL_SHARE = 0.01
_RISKS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Delta:
    """One value before and after; `key` is its path in the plan document."""

    key: str
    label: str
    unit: Unit
    old: Value
    new: Value
    direction: Direction = "neutral"
    news: bool = True


@dataclass(frozen=True, slots=True)
class _Figure:
    """`better` is +1 where more is better, -1 where less is, 0 where only its effect counts: what
    activations and graphs take is felt in what is left for the KV cache."""

    key: str
    label: str
    unit: Unit
    better: int


FIGURES = (
    _Figure("feasibility.starts", "vLLM starts", "flag", 1),
    _Figure("feasibility.fits", "Fits with the headroom asked for", "flag", 1),
    _Figure("feasibility.oom_risk", "Risk of running out of memory", "risk", -1),
    _Figure("feasibility.bytes.vram_total", "GPU memory", "bytes", 1),
    _Figure("feasibility.bytes.budget", "Memory vLLM may use", "bytes", 1),
    _Figure("feasibility.bytes.weights", "Weights", "bytes", -1),
    _Figure("feasibility.bytes.activation", "Activations", "bytes", 0),
    _Figure("feasibility.bytes.non_torch", "Outside torch", "bytes", 0),
    _Figure("feasibility.bytes.cuda_graph", "CUDA graphs", "bytes", 0),
    _Figure("feasibility.bytes.kv_cache", "Left for KV cache", "bytes", 1),
    _Figure("feasibility.bytes.kv_needed", "KV of one full-length request", "bytes", -1),
    _Figure("feasibility.bytes.workload_kv", "KV the workload needs", "bytes", -1),
    _Figure("feasibility.bytes.headroom", "Headroom", "bytes", 1),
    _Figure("feasibility.kv_bytes_per_token", "KV bytes per token", "requests", -1),
    _Figure("feasibility.kv_cache_tokens", "KV capacity", "tokens", 1),
    _Figure(
        "feasibility.max_concurrency_at_context", "Full-length requests at once", "requests", 1
    ),
    _Figure(
        "feasibility.max_context_at_concurrency", "Longest context at concurrency", "tokens", 1
    ),
    _Figure("performance.decode_tokens_per_s", "Throughput", "tokens/s", 1),
    _Figure("performance.request_tokens_per_s", "Speed of one request", "tokens/s", 1),
    _Figure("performance.prefill_tokens_per_s", "Prefill", "tokens/s", 1),
    _Figure("performance.ttft_ms", "Time to first token", "ms", -1),
    _Figure("performance.itl_ms", "Time per output token", "ms", -1),
)


def figures(old: Document, new: Document) -> tuple[Delta, ...]:
    """Every compared figure that differs at all, in the table's order."""
    rows = ((figure, _at(old, figure.key), _at(new, figure.key)) for figure in FIGURES)
    return tuple(_delta(figure, before, after) for figure, before, after in rows if before != after)


def settings(old: Document, new: Document) -> tuple[Delta, ...]:
    """Every key of the engine configuration that differs, sorted."""
    before, after = _section(old, "config"), _section(new, "config")
    return tuple(
        Delta(f"config.{key}", key, "text", plain(before.get(key)), plain(after.get(key)))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )


def plain(value: object) -> Value:
    """A JSON value as one scalar; objects and lists as their canonical text."""
    if value is None or isinstance(value, str | int | float):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _at(document: Document, path: str) -> object:
    found: object = document
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _section(document: Document, name: str) -> Document:
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def _delta(figure: _Figure, old: object, new: object) -> Delta:
    before, after = _middle(old), _middle(new)
    rise = _rank(after) - _rank(before)
    sign = figure.better * ((rise > 0) - (rise < 0))
    return Delta(
        figure.key,
        figure.label,
        figure.unit,
        before,
        after,
        ("neutral", "better", "worse")[sign],
        _is_news(figure.unit, old, new),
    )


def _middle(value: object) -> Value:
    """The expected value of a range; anything else as it is."""
    return plain(value.get("expected") if isinstance(value, Mapping) else value)


def _rank(value: object) -> float:
    if isinstance(value, str):
        return float(_RISKS.index(value))
    return float(value) if isinstance(value, int | float) else 0.0


def _is_news(unit: Unit, old: object, new: object) -> bool:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return any(_is_news(unit, old.get(key), new.get(key)) for key in old)
    change = abs(_rank(new) - _rank(old))
    if unit == "bytes" and change < _LEAST_BYTES:
        return False
    largest = max(abs(_rank(old)), abs(_rank(new)))
    return change > 0 and change >= _LEAST_SHARE.get(unit, _USUAL_SHARE) * largest
