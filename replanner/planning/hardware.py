"""Decides which GPU a name means, and how many bytes of it CUDA (or ROCm) hands to vLLM.

Names are looked up exactly, after spelling is evened out; there are no substring hits, because
an A40 is no A4000 and an H20 no H200.
"""

import functools
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from replanner import catalogue
from replanner.errors import InputError, UnknownGpu
from replanner.planning.request import HardwareWish
from replanner.planning.units import GIB, MIB

FIRST_BFLOAT16 = (8, 0)  # compute capability: Ampere

# What the driver keeps of the memory that nvidia-smi reports, in MiB. Fitted on the rows of
# gpus.json that have both figures: it meets each sourced pair since Ampere within 0.3 %.
_NVIDIA_RESERVED_MIB = 425
_NVIDIA_RESERVED_SHARE = 0.0015
# ROCm: 191.69 of 192 GiB on MI300X, 255.69 of 256 on MI325X.
_AMD_RESERVED_MIB = 318

_PREFIXES = frozenset({"nvidia", "geforce", "tesla", "amd", "instinct"})
_WORD = re.compile(r"[a-z0-9]+")
_LONGEST_NAME = 100
_MOST_GIB = 100_000


class Gpu(NamedTuple):
    """One GPU as vLLM sees it: for a board of several dies, one die.

    `flops` are dense peaks by number format; a format that is absent is not supported in
    hardware. `vram_gb` is the vendor's figure, `memory_bytes` what torch reports as total.
    `nvlink` says that GPUs are linked as delivered (NVLink or Infinity Fabric); optional bridges
    do not count. `memory_basis`: measured, estimate (from a sourced nvidia-smi figure) or
    unverified.
    """

    name: str
    vendor: Literal["nvidia", "amd"]
    architecture: str
    compute_capability: tuple[int, int] | None
    memory_bytes: int
    vram_gb: float
    memory_bandwidth_bytes_per_s: int
    flops: Mapping[str, float]
    nvlink: bool
    memory_basis: str
    unified_memory: bool
    vram_gb_also: tuple[float, ...] = ()

    @property
    def performance_class(self) -> str:
        """The architecture, with Ampere's GDDR cards told from A100 and A30 (HBM)."""
        if self.architecture == "ampere" and self.compute_capability != (8, 0):
            return "ampere-gddr"
        return self.architecture


def find_gpu(name: str, *, vram_gb: float | None = None) -> Gpu:
    """The catalogue's GPU of this name, alias or cloud label.

    Where a name covers several sizes ("A100"), `vram_gb` picks one; without it that is an error.
    """
    rows = _rows_called(name)
    if not rows:
        raise _unknown(name)
    gpus = [_gpu(row) for row in rows]
    if len(gpus) == 1:
        return gpus[0]
    sized = [gpu for gpu in gpus if vram_gb is not None and _is_size_of(gpu, vram_gb)]
    if len(sized) != 1:
        raise _ambiguous(name, gpus)
    return sized[0]


def gpu_named(wish: HardwareWish) -> Gpu:
    """The catalogue's GPU of a profile; the memory given settles names that cover several sizes."""
    return find_gpu(wish.gpu_name, vram_gb=wish.vram_gib or wish.vram_gb)


def gpus() -> tuple[Gpu, ...]:
    """Every row of the catalogue, in its order."""
    return tuple(_gpu(row) for row in range(len(_table()["gpus"])))


def aliases(gpu: Gpu) -> tuple[str, ...]:
    """The other names that mean this GPU."""
    row = _table()["gpus"][_index()[_even(gpu.name)][0]]
    return (*row.get("aliases", ()), *row.get("labels", ()))


def usable_memory_bytes(
    gpu: Gpu, *, vram_gb: float | None = None, vram_gib: float | None = None
) -> int:
    """Bytes that CUDA reports as this GPU's total; a figure that is given always wins.

    `vram_gib` is that total itself. `vram_gb` is a size by its name: between the vendor's figure
    and the catalogue's total it names the card itself (80 on an H100 is 79.19 GiB); any other
    figure counts as nvidia-smi counts (GiB), less what the driver keeps.
    """
    if vram_gib is not None:
        return round(_positive("hardware.vram_gib", vram_gib) * GIB)
    if vram_gb is None or _is_size_of(gpu, vram_gb):
        return gpu.memory_bytes
    return reported_memory_bytes(_positive("hardware.vram_gb", vram_gb) * 1024, vendor=gpu.vendor)


def reported_memory_bytes(mib: float, *, vendor: str = "nvidia") -> int:
    """What CUDA hands out of a total that nvidia-smi or the vendor states in MiB: an estimate."""
    if vendor == "amd":
        reserved = float(_AMD_RESERVED_MIB)
    else:
        reserved = _NVIDIA_RESERVED_MIB + mib * _NVIDIA_RESERVED_SHARE
    return round(max(mib - reserved, 0.0) * MIB)


def _positive(setting: str, value: float) -> float:
    if not 0 < value <= _MOST_GIB:  # a NaN fails too
        raise InputError(
            f"{setting} is {value:g}; it is the memory of one GPU, above 0 and at most {_MOST_GIB}."
        )
    return value


def _is_size_of(gpu: Gpu, vram_gb: float) -> bool:
    """Whether a figure names this card: the vendor's, nvidia-smi's, or CUDA's rounded down."""
    total = gpu.memory_bytes / GIB
    return total * 0.995 <= vram_gb <= gpu.vram_gb or vram_gb in gpu.vram_gb_also


def _table() -> Any:
    return catalogue.load("gpus")


def _even(name: str) -> str:
    """The spelling that names are compared in: no case, spaces, punctuation or maker's prefix."""
    words = _WORD.findall(name.lower())
    while len(words) > 1 and words[0] in _PREFIXES:
        del words[0]
    return "".join(words)


@functools.cache
def _index() -> dict[str, tuple[int, ...]]:
    """Rows by evened-out name; by label too, which are exact (GKE's nvidia-tesla-a100 is 40 GB)."""
    table = _table()
    index: dict[str, tuple[int, ...]] = {}
    for number, row in enumerate(table["gpus"]):
        for name in (row["name"], *row.get("aliases", ())):
            index[_even(name)] = (number,)
        for label in row.get("labels", ()):
            index[label] = (number,)
    for name, meant in table["ambiguous"].items():
        index[_even(name)] = tuple(index[_even(one)][0] for one in meant)
    return index


def _rows_called(name: str) -> tuple[int, ...]:
    if len(name) > _LONGEST_NAME:
        return ()
    index = _index()
    return index.get(name.strip().lower()) or index.get(_even(name), ())


@functools.cache
def _gpu(number: int) -> Gpu:
    row = _table()["gpus"][number]
    return Gpu(
        name=row["name"],
        vendor=row["vendor"],
        architecture=row["architecture"],
        compute_capability=_capability(row.get("compute_capability")),
        memory_bytes=_memory_bytes(row),
        vram_gb=float(row["vram_gb"]),
        memory_bandwidth_bytes_per_s=round(row["memory_gb_per_s"] * 10**9),
        flops=_flops(row["tflops"]),
        nvlink=row.get("nvlink", False),
        memory_basis=row["basis"]["memory"],
        unified_memory=row.get("unified_memory", False),
        vram_gb_also=tuple(row.get("vram_gb_also", ())),
    )


def _capability(pair: list[int] | None) -> tuple[int, int] | None:
    return (pair[0], pair[1]) if pair else None


def _memory_bytes(row: Mapping[str, Any]) -> int:
    total_gib: float | None = row.get("cuda_gib")
    if total_gib is not None:
        return round(total_gib * GIB)
    mib = row.get("nvidia_smi_mib", row["vram_gb"] * 1024)
    return reported_memory_bytes(mib, vendor=row["vendor"])


def _flops(tflops: Mapping[str, float]) -> dict[str, float]:
    """FLOP/s by format; tensor cores since Ampere run fp16 as fast as bf16."""
    flops = {kind: figure * 1e12 for kind, figure in tflops.items()}
    if "bf16" in flops:
        flops.setdefault("fp16", flops["bf16"])
    return flops


def _unknown(name: str) -> UnknownGpu:
    nearest = _nearest(name)
    near = f" Nearest: {', '.join(nearest)}." if nearest else ""
    return UnknownGpu(
        f"{name[:_LONGEST_NAME]!r} is no GPU of the catalogue.{near}",
        hint="`replanner catalog gpus` lists them; for another one set hardware.gpu_name to a GPU "
        "of the same architecture and hardware.vram_gib to its memory.",
    )


def _ambiguous(name: str, meant: list[Gpu]) -> UnknownGpu:
    names = " or ".join(gpu.name for gpu in meant)
    return UnknownGpu(
        f"{name!r} is not one GPU: it can be {names}.",
        hint="Set hardware.gpu_name to one of these, or hardware.vram_gb to its size.",
    )


def _nearest(name: str) -> list[str]:
    """Up to three rows whose name or alias looks like this one."""
    index, table = _index(), _table()["gpus"]
    import difflib  # noqa: PLC0415 - only errors need it

    keys = difflib.get_close_matches(_even(name[:_LONGEST_NAME]), index, n=6, cutoff=0.6)
    names = dict.fromkeys(table[number]["name"] for key in keys for number in index[key])
    return list(names)[:3]
