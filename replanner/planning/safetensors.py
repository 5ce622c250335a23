"""Reads what safetensors say about themselves, the index and the header, never a weight.

The format: https://huggingface.co/docs/safetensors (8 bytes of little-endian header length, a JSON
header of tensor -> dtype, shape, data_offsets, then the data).
"""

from collections.abc import Mapping

from replanner.errors import UnsupportedModel
from replanner.planning.model_files import CheckpointIndex
from replanner.planning.upstream_json import parse_json_object

MAX_INDEX_BYTES = 64 * 2**20
# The format's own limit: safetensors/src/tensor.rs MAX_HEADER_SIZE.
MAX_HEADER_BYTES = 100_000_000
LENGTH_BYTES = 8
_MAX_BYTES = 2**63

Tensor = tuple[str, tuple[int, ...]]


def parse_index(data: bytes, label: str) -> CheckpointIndex:
    """`model.safetensors.index.json`: which files hold the weights, and what they add up to."""
    document = parse_json_object(data, label, max_bytes=MAX_INDEX_BYTES)
    weight_map = document.get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise UnsupportedModel(f"{label} has no weight_map")
    names = set(weight_map.values()) if _all_text(weight_map) else set()
    if not names:
        raise UnsupportedModel(f"the weight_map of {label} holds something else than file names")
    return CheckpointIndex(
        total_bytes=_total_size(document.get("metadata")),
        tensors=None,
        file_names=tuple(sorted(names)),
    )


def _all_text(weight_map: Mapping[str, object]) -> bool:
    return all(isinstance(name, str) for name in weight_map.values())


def _total_size(metadata: object) -> int | None:
    """Some writers leave it out and some write a float; what makes no sense counts as left out."""
    size = metadata.get("total_size") if isinstance(metadata, dict) else None
    if isinstance(size, bool) or not isinstance(size, int | float):
        return None
    return int(size) if 0 < size < _MAX_BYTES and size == int(size) else None


def header_length(first: bytes, label: str) -> int:
    """Bytes of the whole header, its length field included, from the first 8 bytes of the file."""
    length = int.from_bytes(first[:LENGTH_BYTES], "little")
    if len(first) < LENGTH_BYTES or not 1 < length <= MAX_HEADER_BYTES:
        raise UnsupportedModel(f"{label} is no safetensors file")
    return LENGTH_BYTES + length


def parse_header(data: bytes, label: str, *, file_name: str) -> CheckpointIndex:
    """The header of the only weight file, which says everything an index would."""
    end = header_length(data, label)
    if len(data) < end:
        raise UnsupportedModel(f"{label} ends within its header")
    table = parse_json_object(data[LENGTH_BYTES:end], label, max_bytes=MAX_HEADER_BYTES)
    table.pop("__metadata__", None)
    tensors, total = {}, 0
    for name, entry in table.items():
        tensors[name], size = _tensor(entry, label)
        total += size
    return CheckpointIndex(total_bytes=total, tensors=tensors, file_names=(file_name,))


def _tensor(entry: object, label: str) -> tuple[Tensor, int]:
    found = entry if isinstance(entry, dict) else {}
    dtype = found.get("dtype")
    shape = _sizes(found.get("shape"))
    offsets = _sizes(found.get("data_offsets"))
    if not isinstance(dtype, str) or shape is None or offsets is None or not _is_range(offsets):
        raise UnsupportedModel(f"{label} describes a tensor in a way that makes no sense")
    return (dtype, shape), offsets[1] - offsets[0]


def _is_range(offsets: tuple[int, ...]) -> bool:
    return len(offsets) == 2 and offsets[0] <= offsets[1]  # noqa: PLR2004 -- a begin and an end


def _sizes(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list) or not all(
        type(n) is int and 0 <= n < _MAX_BYTES for n in value
    ):
        return None
    return tuple(value)
