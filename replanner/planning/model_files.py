"""What is known of a model at one revision, without its weights: the plain value every hub returns,
and which of a repository's files matter."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple


class UpstreamFile(NamedTuple):
    """One file of the revision. `digest` is `sha256:<hex>` (large files of a Hub), `git:<hex>` (a
    git blob) or `size:<bytes>` (weights in a folder on disk, which are never read)."""

    path: str
    digest: str
    size: int


class CheckpointIndex(NamedTuple):
    """What the weights add up to. `tensors` is name -> (safetensors dtype, shape), where a header
    was read; `total_bytes` is None where only names are known."""

    total_bytes: int | None
    tensors: Mapping[str, tuple[str, tuple[int, ...]]] | None
    file_names: tuple[str, ...]


class ModelFiles(NamedTuple):
    """A model at one revision. `commit` is None for a folder without revisions; `moved_to` is the
    name the model goes by now; `gguf_bytes` is set where GGUF files are all there is, of one
    quantization (several would be a choice nobody made)."""

    model_id: str
    revision: str
    commit: str | None
    config: Mapping[str, object]
    quant_config: Mapping[str, object] | None
    checkpoint: CheckpointIndex | None
    files: tuple[UpstreamFile, ...]
    gguf_bytes: int | None = None
    moved_to: str | None = None


# Serving reads top-level files; what it reads below them is text (tokenizer/, 1_Pooling/,
# additional_chat_templates/). `original/` and `onnx/` hold other formats of the same weights.
_NESTED_SUFFIXES = frozenset({".json", ".jinja", ".model", ".py", ".txt"})
_PICTURES = frozenset({".gif", ".jpeg", ".jpg", ".mp4", ".pdf", ".png", ".svg", ".webp"})
_MAX_PARTS = 2

# vLLM 0.33.0 model_loader/weight_utils.py:619 filter_files_not_needed_for_inference
_TRAINING_FILES = ("training_args.bin", "optimizer.bin", "optimizer.pt", "scheduler.pt")

# In the order vLLM 0.33.0 model_loader/default_loader.py:186-208 looks for them.
_WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pt")

_GGUF_SHARD = re.compile(r"-\d{5}-of-\d{5}$")


def matters(path: str) -> bool:
    """Whether a change of this file can change what is served or what people read about it."""
    parts = PurePosixPath(path).parts
    suffix = PurePosixPath(path).suffix.lower()
    if not parts or len(parts) > _MAX_PARTS or any(part.startswith(".") for part in parts):
        return False
    return suffix in _NESTED_SUFFIXES if len(parts) > 1 else suffix not in _PICTURES


def weight_files(files: Iterable[UpstreamFile]) -> tuple[UpstreamFile, ...]:
    """The files vLLM would load where no index says which: the first format that has any."""
    top = [f for f in files if "/" not in f.path and not f.path.endswith(_TRAINING_FILES)]
    for suffix in _WEIGHT_SUFFIXES:
        if found := [f for f in top if f.path.endswith(suffix)]:
            return tuple(_without_duplicates(found))
    return ()


def _without_duplicates(found: list[UpstreamFile]) -> list[UpstreamFile]:
    """Mistral's repositories hold the weights twice: `consolidated*` and `model*`."""
    return [f for f in found if not f.path.startswith("consolidated")] or found


def sole_gguf_bytes(files: Iterable[UpstreamFile]) -> int | None:
    """Bytes of the GGUF model, shards included, where the repository holds exactly one."""
    sizes: dict[str, int] = {}
    for file in files:
        path = PurePosixPath(file.path)
        # mmproj files are the vision projector beside the model (llama.cpp's naming).
        if path.suffix == ".gguf" and not path.name.startswith("mmproj"):
            stem = _GGUF_SHARD.sub("", path.stem)
            sizes[stem] = sizes.get(stem, 0) + file.size
    return next(iter(sizes.values())) if len(sizes) == 1 else None
