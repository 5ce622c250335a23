"""Decides what a running server's /metrics page says of its KV cache (Prometheus' text format).

vLLM puts its cache's configuration into the labels of one gauge (`vllm:cache_config_info`,
config/cache.py, metrics_info); from 0.2x on with the tokens and requests it had logged.
"""

import re
from typing import Final

from replanner.measure.log import setting
from replanner.measure.seen import Seen, Setting

_LONGEST_LINE: Final = 64 * 1024
_INFO: Final = re.compile(r"^vllm[:_]cache_config_info\{(.{0,60000})\} 1(?:\.0)?\b")
_LABEL: Final = re.compile(r'([a-z_][a-z0-9_]{0,80})="((?:[^"\\]|\\.){0,200})"')
_VLLM: Final = re.compile(r"^(?:# (?:HELP|TYPE) )?vllm[:_]", re.MULTILINE)
_SETTINGS: Final = {
    "gpu_memory_utilization": "gpu_memory_utilization",
    "cache_dtype": "kv_cache_dtype",
    "block_size": "block_size",
    "kv_cache_memory_bytes": "kv_cache_memory_bytes",
    "num_gpu_blocks_override": "num_gpu_blocks_override",
}
_FIGURES: Final = {
    "kv_cache_size_tokens": "kv_cache_tokens",
    "kv_cache_max_concurrency": "max_concurrency",
    "num_gpu_blocks": "gpu_blocks",
}


def read_metrics(text: str) -> Seen:
    """What the page says; a server that answers with its metrics has started."""
    engines = [_labels(found[1]) for line in text.split("\n") if (found := _info(line))]
    if not engines:
        return Seen(state="started", by_metrics=True) if _VLLM.search(text) else Seen()
    figures: dict[str, float] = {}
    for label, name in _FIGURES.items():
        values = [value for engine in engines if (value := _number(engine.get(label))) is not None]
        if values:
            figures[name] = min(values)
    # core_client.py adds up the blocks of all engines and prints the sum for each.
    if "gpu_blocks" in figures:
        figures["gpu_blocks"] //= len(engines)
    first = engines[0]
    settings = {name: first[label] for label, name in _SETTINGS.items() if label in first}
    return Seen(state="started", settings=settings, figures=figures, by_metrics=True)


def _info(line: str) -> re.Match[str] | None:
    return _INFO.search(line[:_LONGEST_LINE])


def _labels(text: str) -> dict[str, Setting]:
    found = {label: setting(value) for label, value in _LABEL.findall(text)}
    return {label: value for label, value in found.items() if value is not None}


def _number(value: Setting | None) -> float | None:
    counts = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if counts and value is not None else None
