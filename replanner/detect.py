"""Reads which GPUs this machine has from nvidia-smi, and says how a profile would name them.

Only this module's `detect` runs a process; the parsing is pure.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from replanner.errors import InputError
from replanner.planning.hardware import find_gpu, usable_memory_bytes
from replanner.planning.units import GIB

_QUERY = "index,name,memory.total,driver_version,compute_cap,mig.mode.current"
_TIMEOUT_S = 20  # a driver that is waking eight GPUs without persistence takes several seconds
_HINT = "Set hardware.gpu_name to a GPU of `replanner catalog gpus` to plan without looking here."

# `CUDA Version: 12.4`; drivers since R610 say `CUDA UMD Version: 13.3`.
_CUDA = re.compile(r"CUDA (?:UMD )?Version:\s*(\d+\.\d+)")
# `|  0    7   0   0  |   5MiB /  4864MiB  | ...`: GPU, GPU instance, compute instance, device.
_MIG_MEMORY = re.compile(r"\|\s*(\d+)\s+\d+\s+\d+\s+(\d+)\s*\|\s*\d+MiB\s*/\s*(\d+)MiB")
_LISTED_GPU = re.compile(r"GPU (\d+): ")
_LISTED_MIG = re.compile(r"\s+MIG (\S+)\s+Device\s+(\d+):")
# nvidia-smi's words for a value that a healthy GPU does not have, against one that broke.
_ABSENT = ("[", "N/A", "ERR!")
_BROKEN = ("Unknown Error", "ERR!", "GPU is lost", "GPU requires reset")


@dataclass(frozen=True, slots=True)
class Output:
    """What a command returned: its exit status and all that it printed."""

    status: int
    text: str


Run = Callable[[Sequence[str]], Output]


@dataclass(frozen=True, slots=True)
class DetectedGpu:
    """One GPU, or one MIG slice of it, as nvidia-smi names it; `None` is what it does not say."""

    name: str
    vram_mib: int | None
    driver_version: str | None
    cuda_version: str | None
    compute_capability: str | None
    mig_profile: str | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    index: int
    gpu: DetectedGpu
    mig: bool


def run_nvidia_smi(arguments: Sequence[str]) -> Output:
    """Run nvidia-smi from PATH; its complaints are part of the text."""
    program = shutil.which("nvidia-smi")
    if program is None:
        raise InputError("There is no nvidia-smi on this machine's PATH.", hint=_HINT)
    try:
        done = subprocess.run(  # noqa: S603  the program is from PATH, the arguments are ours
            [program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"nvidia-smi did not answer in {_TIMEOUT_S} s.", hint=_HINT) from None
    except OSError as error:
        raise InputError(f"{program} could not be run: {error.strerror}.", hint=_HINT) from None
    return Output(done.returncode, done.stdout)


def detect(run: Run = run_nvidia_smi) -> list[DetectedGpu]:
    """Every GPU of this machine; of a GPU in MIG mode its slices, as it cannot be used whole."""
    query = _text(run([f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"]))
    banner = _text(run([]))
    rows = parse_query(query, cuda_version=parse_cuda_version(banner))
    if not any(row.mig for row in rows):
        return [row.gpu for row in rows]
    profiles = parse_mig_profiles(_text(run(["-L"])))
    return _with_slices(rows, profiles, parse_mig_memory(banner))


def hardware_from(detected: Sequence[DetectedGpu]) -> tuple[str, int, float | None]:
    """Catalogue name, number and, where it is not the catalogue's, usable GiB of one GPU.

    What a profile's `gpu_name: auto` stands for on this machine.
    """
    if not detected:
        raise InputError("nvidia-smi names no GPU that could be used.", hint=_HINT)
    _same(detected)
    gpu = detected[0]
    if gpu.mig_profile is not None:
        raise _mig_needs_naming(gpu)
    known = find_gpu(gpu.name, vram_gb=gpu.vram_mib / 1024 if gpu.vram_mib else None)
    if gpu.vram_mib is None:
        return known.name, len(detected), None
    usable = usable_memory_bytes(known, vram_gb=gpu.vram_mib / 1024)
    own = None if usable == known.memory_bytes else round(usable / GIB, 3)
    return known.name, len(detected), own


def parse_query(text: str, *, cuda_version: str | None) -> list[_Row]:
    """The rows of `--query-gpu` as CSV without header and units."""
    return [_row(line, cuda_version) for line in text.splitlines() if line.strip()]


def parse_cuda_version(banner: str) -> str | None:
    """The newest CUDA that the driver runs, from the head of nvidia-smi's table."""
    found = _CUDA.search(banner)
    return found[1] if found else None


def parse_mig_memory(banner: str) -> dict[tuple[int, int], int]:
    """MiB by (GPU, MIG device), from the table of MIG devices in nvidia-smi's own output."""
    return {
        (int(gpu), int(device)): int(total) for gpu, device, total in _MIG_MEMORY.findall(banner)
    }


def parse_mig_profiles(listing: str) -> dict[tuple[int, int], str]:
    """MIG profile ("3g.40gb") by (GPU, MIG device), from `nvidia-smi -L`."""
    profiles: dict[tuple[int, int], str] = {}
    gpu = -1
    for line in listing.splitlines():
        if head := _LISTED_GPU.match(line):
            gpu = int(head[1])
        elif slice_ := _LISTED_MIG.match(line):
            profiles[gpu, int(slice_[2])] = slice_[1]
    return profiles


def _text(output: Output) -> str:
    """What it printed, if that is an answer; nvidia-smi explains its failures in one sentence."""
    said = output.text.strip()
    if output.status == 0 and said and not said.startswith("No devices were found"):
        return output.text
    why = said.splitlines()[0] if said else f"it printed nothing (status {output.status})"
    raise InputError(f"nvidia-smi found no usable GPU: {_clip(why)}", hint=_HINT)


def _row(line: str, cuda_version: str | None) -> _Row:
    fields = [field.strip() for field in line.split(",")]
    if len(fields) != _QUERY.count(",") + 1 or not fields[0].isdecimal():
        raise InputError(f"nvidia-smi answered with what is no GPU: {_clip(line)}", hint=_HINT)
    index, name, memory, driver, capability, mig = fields
    if broken := [field for field in (name, memory) if any(word in field for word in _BROKEN)]:
        raise InputError(
            f"GPU {index} is not healthy: nvidia-smi reports {_clip(broken[0])}.", hint=_HINT
        )
    gpu = DetectedGpu(
        name=name,
        vram_mib=_mib(memory),
        driver_version=_known(driver),
        cuda_version=cuda_version,
        compute_capability=_known(capability),
    )
    return _Row(int(index), gpu, mig=mig == "Enabled")


def _known(field: str) -> str | None:
    return None if field.startswith(_ABSENT) else field


def _mib(field: str) -> int | None:
    """A GPU that shares the CPU's memory (GB10) answers [N/A]."""
    if _known(field) is None:
        return None
    if not field.isdecimal():
        raise InputError(f"nvidia-smi reports a memory of {_clip(field)}.", hint=_HINT)
    return int(field)


def _with_slices(
    rows: Iterable[_Row],
    profiles: dict[tuple[int, int], str],
    memory: dict[tuple[int, int], int],
) -> list[DetectedGpu]:
    found: list[DetectedGpu] = []
    for row in rows:
        if not row.mig:
            found.append(row.gpu)
            continue
        found += [
            _slice(row.gpu, profile, memory.get((gpu, device)))
            for (gpu, device), profile in profiles.items()
            if gpu == row.index
        ]
    if not found:
        raise InputError("Every GPU is in MIG mode and none has a MIG device.", hint=_HINT)
    return found


def _slice(gpu: DetectedGpu, profile: str, mib: int | None) -> DetectedGpu:
    return DetectedGpu(
        name=gpu.name,
        vram_mib=mib,
        driver_version=gpu.driver_version,
        cuda_version=gpu.cuda_version,
        compute_capability=gpu.compute_capability,
        mig_profile=profile,
    )


def _same(detected: Sequence[DetectedGpu]) -> None:
    kinds = sorted(_kind(gpu) for gpu in detected)
    counts = [f"{len(list(same))}x {kind}" for kind, same in groupby(kinds)]
    if len(counts) > 1:
        raise InputError(
            f"This machine mixes GPUs: {', '.join(counts)}.",
            hint="vLLM uses like GPUs: set hardware.gpu_name and hardware.gpus to one kind.",
        )


def _kind(gpu: DetectedGpu) -> str:
    size = f" ({gpu.vram_mib} MiB)" if gpu.vram_mib else ""
    return f"{gpu.name}{f' MIG {gpu.mig_profile}' if gpu.mig_profile else ''}{size}"


def _mig_needs_naming(gpu: DetectedGpu) -> InputError:
    """A slice has a part of the compute and bandwidth that the catalogue states for the whole.

    Of a slice CUDA reports all that nvidia-smi does: 20096 MiB is 19.62 GiB in torch's messages.
    """
    size = "its memory" if gpu.vram_mib is None else f"{gpu.vram_mib / 1024:.2f}"
    return InputError(
        f"This machine offers MIG slices ({gpu.mig_profile} of {gpu.name}), not whole GPUs.",
        hint=f"For the memory of one slice set hardware.gpu_name: {find_gpu(gpu.name).name}, "
        f"gpus: 1 and vram_gib: {size}; speeds are then those of the whole GPU, so too high.",
    )


def _clip(text: str) -> str:
    return repr(text.strip()[:200])
