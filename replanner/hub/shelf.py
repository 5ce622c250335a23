"""Decides which files of a revision are read, whoever holds them: config.json, the quantization
file, the weight index or, where there is none, the only weight file's header. Never weights."""

from typing import NamedTuple, Protocol

from replanner.errors import UnsupportedModel
from replanner.planning.model_files import (
    CheckpointIndex,
    ModelFiles,
    UpstreamFile,
    matters,
    sole_gguf_bytes,
    weight_files,
)
from replanner.planning.safetensors import (
    LENGTH_BYTES,
    MAX_INDEX_BYTES,
    header_length,
    parse_header,
    parse_index,
)
from replanner.planning.upstream_json import MAX_CONFIG_BYTES, parse_json_object

CONFIG = "config.json"
QUANT_CONFIG = "hf_quant_config.json"
INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"

# The headers of real single files are far below; one that is not costs more than it tells.
MAX_HEADER_READ = 16 * 2**20
# One request is enough for nearly all headers (huggingface_hub reads as much at first).
FIRST_READ = 100_000

# Why there is no config.json, by a file that is there instead.
_OTHER_FORMATS = (
    ("params.json", "it has Mistral's params.json, which is not read"),
    ("adapter_config.json", "it is an adapter: name its base model"),
    ("model_index.json", "it is a pipeline of several models, which vLLM does not serve"),
    (".gguf", "it holds GGUF files: name the model they were made from"),
)


class Shelf(Protocol):
    """The files of one revision, wherever they lie."""

    def listing(self) -> tuple[UpstreamFile, ...]:
        """Every file that may matter; more is allowed."""
        ...

    def read(self, path: str, limit: int) -> bytes:
        """The first `limit` bytes of a file that the listing names."""
        ...


class _Revision(NamedTuple):
    """A shelf with its listing at hand, and the name that errors use."""

    model_id: str
    shelf: Shelf
    files: dict[str, UpstreamFile]

    def label(self, path: str) -> str:
        return f"{path} of {self.model_id}"

    def json(self, path: str) -> dict[str, object] | None:
        data = self.whole(path, MAX_CONFIG_BYTES)
        return None if data is None else parse_json_object(data, self.label(path))

    def whole(self, path: str, limit: int) -> bytes | None:
        """A file of at most `limit` bytes: one that says it is larger is not even asked for."""
        file = self.files.get(path)
        if file is None:
            return None
        if file.size > limit:
            raise UnsupportedModel(
                f"{self.label(path)} is larger than the {limit // 2**20} MiB that are read"
            )
        return self.shelf.read(path, limit)


def assemble(model_id: str, commit: str | None, shelf: Shelf) -> ModelFiles:
    """Read what a plan needs; raises UnsupportedModel where there is no config.json."""
    files = tuple(sorted((f for f in shelf.listing() if matters(f.path)), key=lambda f: f.path))
    revision = _Revision(model_id, shelf, {f.path: f for f in files})
    config = revision.json(CONFIG)
    if config is None:
        raise UnsupportedModel(f"{model_id} has no config.json{_instead(files)}")
    weights = weight_files(files)
    return ModelFiles(
        model_id=model_id,
        revision=commit or "",
        commit=commit,
        config=config,
        quant_config=revision.json(QUANT_CONFIG),
        checkpoint=_index(revision, weights),
        files=files,
        gguf_bytes=None if weights else sole_gguf_bytes(files),
    )


def _instead(files: tuple[UpstreamFile, ...]) -> str:
    for ending, reason in _OTHER_FORMATS:
        if any(file.path.endswith(ending) for file in files):
            return f": {reason}"
    return ""


def _index(revision: _Revision, weights: tuple[UpstreamFile, ...]) -> CheckpointIndex | None:
    data = revision.whole(INDEX, MAX_INDEX_BYTES)
    if data is not None:
        return _sized(parse_index(data, revision.label(INDEX)), revision.files)
    if [file.path for file in weights] == [SINGLE]:
        return _from_header(revision) or _from_sizes(weights)
    return _from_sizes(weights)


def _sized(index: CheckpointIndex, files: dict[str, UpstreamFile]) -> CheckpointIndex:
    """Where the index names no total, the sizes of its files do (headers are below 0.1 %)."""
    if index.total_bytes is not None or not all(name in files for name in index.file_names):
        return index
    return index._replace(total_bytes=sum(files[name].size for name in index.file_names))


def _from_sizes(weights: tuple[UpstreamFile, ...]) -> CheckpointIndex | None:
    if not weights:
        return None
    names = tuple(file.path for file in weights)
    return CheckpointIndex(sum(file.size for file in weights), tensors=None, file_names=names)


def _from_header(revision: _Revision) -> CheckpointIndex | None:
    label = revision.label(SINGLE)
    first = revision.shelf.read(SINGLE, FIRST_READ)
    length = header_length(first[:LENGTH_BYTES], label)
    if length > MAX_HEADER_READ:
        return None
    data = first if length <= len(first) else revision.shelf.read(SINGLE, length)
    return parse_header(data, label, file_name=SINGLE)
