"""Turns a Hugging Face configuration into ModelFacts, or says what is missing."""

from collections.abc import Mapping

from replanner.planning.architectures import REMOVED
from replanner.planning.attention import kv_layers
from replanner.planning.config_reader import ConfigReader
from replanner.planning.dimensions import Geometry, read_geometry
from replanner.planning.dtypes import model_dtype
from replanner.planning.facts import Attention, ModelFacts, Moe, Shard, WeightMatrix
from replanner.planning.families import Family, toggle
from replanner.planning.layers import Layer, decoder_layers
from replanner.planning.modules.feedforward import Experts
from replanner.planning.modules.pieces import Piece, norm
from replanner.planning.quantization import read_scheme
from replanner.planning.sheet import Sheet
from replanner.planning.subject import read_subject
from replanner.planning.towers import Tower


def model_facts(
    files_config: Mapping[str, object],
    *,
    quant_config: Mapping[str, object] | None = None,
    total_bytes: int | None = None,
    dtype: str = "auto",
    quantization: str | None = None,
) -> ModelFacts:
    """What planning needs to know of the model that `files_config` (its config.json) describes."""
    del total_bytes
    subject = read_subject(files_config)
    family, text = subject.family, subject.text
    geometry = read_geometry(text)
    name = model_dtype(subject.root, text, dtype, pooling=family.pooling)
    where = (subject.outer, subject.root, text)
    scheme = read_scheme(where, quant_config, dtype=name, asked=quantization)
    kept = kv_layers(text, subject.root)
    indexed = frozenset(at for group in kept if group.kind == "indexer" for at in group.layers)
    layers = decoder_layers(text, geometry, family, indexed=indexed)
    sheet = Sheet(scheme)
    towers = [build(subject.root, geometry.hidden) for build in subject.towers]
    for tower in towers:
        sheet.add(tower.pieces)
    _decoder(sheet, text, geometry, family, layers)
    weights = sheet.rows()
    return ModelFacts(
        architecture=subject.architecture,
        model_type=subject.root.text("model_type", default=""),
        dtype=name,
        vocab_size=geometry.vocab,
        hidden_size=geometry.hidden,
        intermediate_size=geometry.width,
        num_layers=geometry.layers,
        max_model_len=max_model_len(text),
        weights=weights,
        kv_layers=kept,
        attention=Attention(geometry.layers, geometry.heads, geometry.head_size),
        parameters=sum(matrix.elements for matrix in weights if matrix.counted),
        active_parameters=_active(weights),
        moe=_moe(layers),
        quantization=scheme.quantization,
        must_divide=_must_divide(geometry, towers),
        kv_heads=_dividing_heads(geometry, family),
        pooling=family.pooling,
        multimodal=bool(subject.towers),
        uses_alibi=toggle(text, family.alibi),
        removed_after=REMOVED.get(subject.architecture),
        unsupported="" if subject.architecture in REMOVED else subject.unsupported,
        guess=subject.guess,
    )


def _must_divide(geometry: Geometry, towers: list[Tower]) -> tuple[tuple[str, int], ...]:
    heads = [("attention heads", geometry.heads)] if geometry.heads else []
    return (*heads, *(("vision heads", tower.heads) for tower in towers if tower.heads))


def _dividing_heads(geometry: Geometry, family: Family) -> int:
    """KV heads that tensor parallelism divides; a latent vector is whole on every rank."""
    return 0 if family.mixer == "latent" else geometry.kv_heads


def _decoder(
    sheet: Sheet, text: ConfigReader, geometry: Geometry, family: Family, layers: tuple[Layer, ...]
) -> None:
    hidden = geometry.hidden
    rows = geometry.vocab + family.extra_vocab
    shard: Shard = "vocab" if family.divided_embedding else "replicated"
    table = Piece("embed_tokens", "embedding", rows, hidden, shard)
    sheet.add([table, *_around(text, geometry, family)], at="model.")
    groups: dict[Layer, list[int]] = {}
    for index, layer in enumerate(layers):
        groups.setdefault(layer, []).append(index)
    for layer, indices in groups.items():
        for block in layer:
            sheet.add_layers(block.pieces(hidden), at="model.layers.{}.", layers=indices)
    sheet.add(norm("norm", hidden, bias=toggle(text, family.norm_bias)), at="model.", place="last")
    if not (family.headless or family.always_tied or _tied(text, family)):
        head = Piece("lm_head", "head", geometry.vocab, hidden, "vocab", quantizable=True)
        sheet.add([head], place="last")
    sheet.add(_score(text, hidden, family), place="last")
    if toggle(text, family.head_bias):
        sheet.add([Piece("lm_head.bias", "head", geometry.vocab, 1, "vocab")], place="last")


def _score(text: ConfigReader, hidden: int, family: Family) -> list[Piece]:
    """A head that gives labels or a reward; it is kept in float32 (vllm/config/model.py)."""
    labels = text.int("num_labels", default=len(text.section("id2label").names()) or 2, low=1)
    square = hidden * hidden + hidden
    sizes = {
        "": 0,
        "linear": labels * hidden,
        "two layers": square + labels * hidden + labels,
        "classifier": square + labels * hidden + labels,
    }
    elements = sizes[family.score]
    return [Piece("score", "head", elements, element_bytes=4)] if elements else []


def _tied(text: ConfigReader, family: Family) -> bool:
    return text.flag("tie_word_embeddings", default=family.tied)


def _around(text: ConfigReader, geometry: Geometry, family: Family) -> list[Piece]:
    """What else turns tokens into vectors: learned positions, a norm, a second embedding."""
    hidden, pieces = geometry.hidden, []
    if family.positions >= 0:
        rows = max_model_len(text) + family.positions
        shard: Shard = "vocab" if family.divided_positions else "replicated"
        pieces.append(Piece("embed_positions", "embedding", rows, hidden, shard))
    if family.token_types:
        kinds = text.int("type_vocab_size", default=2, low=1)
        pieces.append(Piece("token_type_embeddings", "embedding", kinds, hidden, "vocab"))
    if family.embedding_norm:
        pieces += norm("embedding_norm", hidden, bias=True)
    width = text.int("hidden_size_per_layer_input", default=0) * geometry.layers
    if width:
        rows = text.int("vocab_size_per_layer_input", default=geometry.vocab)
        pieces += [
            Piece("embed_tokens_per_layer", "embedding", rows, width, "vocab"),
            Piece("per_layer_model_projection", "other", width, hidden, "column"),
            Piece("per_layer_projection_norm", "norm", width // geometry.layers),
        ]
    return pieces


def _active(weights: tuple[WeightMatrix, ...]) -> int:
    """What one token uses: of the routed experts the share that it is sent to, of the rest all.

    The embedding table counts, as it does in the names of models (Qwen3-30B-A3B: 3.35e9).
    """
    used = (matrix.elements * matrix.active_share for matrix in weights if matrix.counted)
    return int(sum(used))


def _moe(layers: tuple[Layer, ...]) -> Moe | None:
    routed = [block for layer in layers for block in layer if isinstance(block, Experts)]
    if not routed:
        return None
    most = max(routed, key=lambda block: block.count)
    return Moe(most.count, most.used, len(routed), most.width)


_LENGTHS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "max_target_positions",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
_DEFAULT_LENGTH = 2048  # vllm/config/model.py:2589
# vllm/config/model.py:2613: these leave max_position_embeddings already scaled
_SCALED = frozenset(
    {"su", "longrope", "llama3", "yarn", "deepseek_yarn", "deepseek_llama_scaling", "default"}
)


def max_model_len(text: ConfigReader) -> int:
    """vllm/transformers_utils/model_arch_config_convertor.py:374 and vllm/config/model.py:2545."""
    own = text.int("model_max_length", default=0)
    stated = [text.int(name) for name in _LENGTHS if text.has(name)]
    length = own or min(stated, default=_DEFAULT_LENGTH)
    rope = text.section("rope_parameters", "rope_scaling")
    kind = rope.text("rope_type", "type", default="default")
    if kind == "longrope":
        return text.int("original_max_position_embeddings", default=length)
    if kind in _SCALED:
        return length
    return int(length * rope.number("factor", default=1.0))
