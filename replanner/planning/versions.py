"""Decides what a vLLM version does by default: which figures changed, and in which release.

Sources are vLLM's own wheels: `vllm/config/cache.py` (gpu_memory_utilization),
`vllm/engine/arg_utils.py` (token budget and sequences by device), each read at the release named
beside the figure.
"""

import functools
import re
from typing import NamedTuple

from replanner.errors import InputError
from replanner.planning.units import GIB

NEWEST_KNOWN = "0.33.0"
GB10 = (12, 1)
V0_CHUNKED_ABOVE = 32768
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


class Device(NamedTuple):
    """What vLLM's defaults look at: the device's name, total memory and compute capability."""

    name: str
    memory_bytes: int
    capability: tuple[int, int] | None


class Batching(NamedTuple):
    """Token budget and sequences of one scheduler step."""

    max_num_batched_tokens: int
    max_num_seqs: int
    why: str


def uses_v1_engine(version: str, capability: tuple[int, int] | None) -> bool:
    """V1 is the default from 0.8.0; GPUs below compute capability 8.0 stayed on V0 until 0.11.

    vLLM 0.8.5 `engine/arg_utils.py` (`_is_v1_supported_oracle`); V0 was removed in 0.11.0.
    """
    if at_least(version, "0.11.0"):
        return True
    return at_least(version, "0.8.0") and (capability is None or capability >= (8, 0))


def default_utilization(version: str) -> float:
    """gpu_memory_utilization: 0.9 up to 0.19, 0.92 from 0.20.0 (`config/cache.py`)."""
    return 0.92 if at_least(version, "0.20.0") else 0.9


def default_batching(version: str, device: Device, max_model_len: int) -> Batching:
    """The API server's defaults for this device, before they are cut to what can run at once."""
    if not uses_v1_engine(version, device.capability):
        return _v0_batching(version, max_model_len)
    gib = device.memory_bytes / GIB
    if gib >= 160 and at_least(version, "0.28.0"):  # noqa: PLR2004 - vLLM's own threshold
        return Batching(16384, 1024, f"vLLM {version}'s default for GPUs of 160 GiB and more")
    if gib >= 70 and not _kept_on_small_tier(version, device):  # noqa: PLR2004 - same
        return Batching(8192, 1024, f"vLLM {version}'s default for GPUs of 70 GiB and more")
    return Batching(2048, 256, f"vLLM {version}'s default for this GPU")


def _kept_on_small_tier(version: str, device: Device) -> bool:
    # A100 since 0.11.0 (vLLM PR 17885: a large budget cost throughput there), GB10 by its cc.
    is_a100 = "a100" in device.name.lower() and at_least(version, "0.11.0")
    return is_a100 or device.capability == GB10


def _v0_batching(version: str, max_model_len: int) -> Batching:
    # V0 chunked prefills only above 32k tokens; else one whole prompt has to fit in a step
    # (vLLM 0.6.6 `config.py`, SchedulerConfig; the chunk was 512 tokens before 0.6.4).
    if max_model_len > V0_CHUNKED_ABOVE:
        chunk = 2048 if at_least(version, "0.6.4") else 512
        return Batching(chunk, 256, f"vLLM {version}'s default with chunked prefill (V0 engine)")
    tokens = max(max_model_len, 2048)
    return Batching(tokens, 256, f"vLLM {version}'s V0 engine takes a whole prompt in one step")
