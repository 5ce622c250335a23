"""The seed format's flags: with them a plan needs no profile, or departs from one ("what if")."""

import argparse
from collections.abc import Callable

from replanner.planning.request import FlagScalar

# (flag, the profile key it sets, its type)
SEED_FLAGS: tuple[tuple[str, str, Callable[[str], FlagScalar]], ...] = (
    ("--model", "model.id", str),
    ("--revision", "model.revision", str),
    ("--dtype", "model.dtype", str),
    ("--quantization", "model.quantization", str),
    ("--kv-cache-dtype", "model.kv_cache_dtype", str),
    ("--max-model-len", "model.max_model_len", int),
    ("--params-b", "model.params_b", float),
    ("--gpu", "hardware.gpu_name", str),
    ("--gpus", "hardware.gpus", int),
    ("--vram-gb", "hardware.vram_gb", float),
    ("--tensor-parallel-size", "hardware.tp_size", int),
    ("--interconnect", "hardware.interconnect", str),
    ("--prompt-tokens", "workload.prompt_tokens", int),
    ("--gen-tokens", "workload.gen_tokens", int),
    ("--concurrency", "workload.concurrency", int),
    ("--batching-mode", "workload.mode", str),
    ("--gpu-memory-utilization", "policy.gpu_memory_utilization", float),
    ("--overhead-gb", "policy.overhead_gb", float),
    ("--fragmentation-factor", "policy.fragmentation_factor", float),
    ("--headroom-gb", "policy.headroom_gb", float),
)


def add_seed_flags(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("instead of a profile, or on top of it")
    group.add_argument("--profile", action="append", default=[], metavar="FILE")
    for flag, key, of_type in SEED_FLAGS:
        group.add_argument(flag, dest=key, type=of_type, metavar="VALUE", help=key)


def seed_values(arguments: argparse.Namespace) -> dict[str, FlagScalar]:
    """Dotted profile keys that were given as flags."""
    given = vars(arguments)
    return {key: given[key] for _, key, _ in SEED_FLAGS if given.get(key) is not None}
