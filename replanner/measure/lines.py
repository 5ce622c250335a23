"""Which lines of a start-up log hold which figures, from vLLM 0.6 to 0.33: a table of patterns.

A group's name is the figure's; several lines of one figure are several ranks or engines. Every
pattern is linear: no repeat stands inside a repeat, and every repeat is bounded.
"""

import re
from typing import Final

_NUMBER: Final = r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?"
_COUNT: Final = r"[0-9][0-9,]{0,17}"
_UNITS: Final = r" ?G[iI]?[bB]"

# The figures, each as (pattern of its value, what stands for several ranks or engines). The pool
# of the poorest decides (kv_cache_planning.py), everything else is judged at its largest.
FIGURES: Final = {
    "total_gib": (_NUMBER, min),
    "budget_gib": (_NUMBER, min),
    "free_gib": (_NUMBER, min),
    "utilization": (_NUMBER, max),
    "loaded_gib": (_NUMBER, max),  # "Model loading took": four decimals up to 0.1x
    "weights_gib": (_NUMBER, max),
    "activation_gib": (_NUMBER, max),
    "peak_gib": (_NUMBER, max),  # activations, in some releases with the graphs' estimate
    "peak_torch_gib": (_NUMBER, max),  # weights and activations
    "non_torch_gib": (_NUMBER, max),
    "consumed_gib": (_NUMBER, max),  # weights and what is outside torch
    "non_kv_gib": (_NUMBER, max),
    "graphs_gib": (_NUMBER, max),
    "graphs_estimate_gib": (_NUMBER, max),
    "kv_cache_gib": (_NUMBER, min),
    "kv_by_hand_gib": (_NUMBER, min),
    "kv_cache_tokens": (_COUNT, min),
    "gpu_blocks": (_COUNT, min),
    "max_concurrency": (_NUMBER, min),
    "max_model_len": (_COUNT, min),
    "page_tokens": (_COUNT, max),
}
_SHORT: Final = {
    "seconds": r"[0-9.]{1,12}",
    "any": _NUMBER,
    "gib": _UNITS,
}
_TEMPLATES: Final = (
    # 0.6.0 to 0.6.4, worker.py
    "total_gpu_memory=<total_gib><gib>",
    "peak_torch_memory=<peak_torch_gib><gib>",
    r"memory_usage_post_profile=<any><gib>,?\s{1,4}non_torch_memory=<non_torch_gib><gib>",
    r"kv_cache_size=<kv_cache_gib><gib>,?\s{1,4}gpu_memory_utilization=<utilization>",
    # 0.6.5 to 0.10, worker.py of the V0 engine
    (
        r"total_gpu_memory \(<total_gib><gib>\) x gpu_memory_utilization \(<utilization>\) ="
        " <budget_gib><gib>"
    ),
    r"model weights take\s{1,8}<weights_gib><gib>",
    r"non_torch_memory takes\s{1,8}<non_torch_gib><gib>",
    r"PyTorch activation peak memory takes\s{1,8}<activation_gib><gib>",
    "reserved for KV Cache is <kv_cache_gib><gib>",
    "# (?!CPU)[A-Za-z]{2,6} blocks: <gpu_blocks>",
    # every release
    "(?:Loading model weights|[Mm]odel loading) took <loaded_gib><gib>",
    "Graph capturing finished in <seconds> secs?, took <graphs_gib><gib>",
    "Maximum concurrency for <max_model_len> tokens per request: <max_concurrency>x",
    # V1 engine
    "Available KV cache memory: <kv_cache_gib><gib>",
    r"(?<!CPU )(?<!CPU\+)\bKV cache size: <kv_cache_tokens> tokens",
    "Estimated CUDA graph memory: <graphs_estimate_gib><gib>",
    (
        r"CUDA graph pool memory: <graphs_gib><gib> \(actual\), <graphs_estimate_gib><gib>"
        r" \(estimated\)"
    ),
    r"Free memory on device(?: [a-z0-9:]{1,16})? \(<free_gib>/<total_gib><gib>\)",
    r"esired GPU memory utilization(?: is)? \(<utilization>, <budget_gib><gib>\)",
    r"Requested memory: <utilization> \(util\), <budget_gib><gib>",
    "worker requested memory: <budget_gib><gib>",
    r"\btotal_memory=<total_gib><gib>",
    r"reserved <kv_by_hand_gib><gib> memory for KV Cache as specified by",
    "Overriding num_gpu_blocks=<any> with num_gpu_blocks_override=<gpu_blocks>",
    "Setting attention block size to <page_tokens> tokens",
    # V1, "Actual usage is ..." and the DEBUG line of the profile run
    "<weights_gib><gib> for weight",
    "<peak_gib><gib> for peak activation",
    "<non_torch_gib><gib> for non-torch memory",
    "<consumed_gib><gib> for consumed memory",
    "<graphs_gib><gib> for CUDAGraph memory",
    "Total non KV cache memory: <non_kv_gib><gib>",
    "total consumed [^:]{1,40}: <consumed_gib><gib>",
    # up to 0.2x; later releases print "total consumed" in its place
    (
        "torch peak memory increase: <activation_gib><gib>; non-torch forward increase memory:"
        " <non_torch_gib><gib>; weights memory: <weights_gib><gib>"
    ),
)


def _compiled(template: str) -> re.Pattern[str]:
    def group(found: re.Match[str]) -> str:
        name = found[1]
        return _SHORT.get(name) or f"(?P<{name}>{FIGURES[name][0]})"

    return re.compile(re.sub(r"<([a-z_]+)>", group, template))


PATTERNS: Final = tuple(_compiled(template) for template in _TEMPLATES)

# A line without one of these words holds nothing: most lines of a log are passed over by this.
WORTH_READING: Final = re.compile(
    "memory|Memory|blocks: |loading took|weights (?:take|took)|Graph capturing|concurrency for"
    "|KV cache size|for KV Cache|attention block size|GiB for|num_gpu_blocks_override"
    "|LLM engine|API server|vLLM server|  version |args: |max_num_|max model len|Auto-fit"
    "|startup complete|Uvicorn running|init engine|[Ee]rror|failed|max seq len|device_name="
)
