"""Decides what a vLLM version does by default: which figures changed, and in which release.

Sources are vLLM's own wheels: `vllm/config/cache.py` (gpu_memory_utilization),
`vllm/engine/arg_utils.py` (token budget and sequences by device), `vllm/envs.py` (whether the
CUDA-graph estimate counts), each read at the release named beside the figure.
"""

import functools
import re

from replanner.errors import InputError

NEWEST_KNOWN = "0.33.0"
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:(?:\.post|rc|\.dev|\+).*)?")


@functools.lru_cache(maxsize=256)
def parse_version(text: str) -> tuple[int, int, int]:
    """(major, minor, patch); InputError where the text is no release number."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise InputError(
            f"engine.vllm_version {text[:40]!r} is no vLLM release.",
            hint=f'Write it as in "{NEWEST_KNOWN}".',
        )
    major, minor, patch = match.groups()
    return int(major), int(minor), int(patch)


def at_least(version: str, floor: str) -> bool:
    """Is `version` this release or a later one?"""
    return parse_version(version) >= parse_version(floor)
