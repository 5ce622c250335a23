"""Turns a Hugging Face configuration into ModelFacts, or says what is missing."""

from collections.abc import Mapping

from replanner.planning.attention import kv_layers
from replanner.planning.dimensions import Geometry, read_geometry
from replanner.planning.dtypes import model_dtype
from replanner.planning.ends import entrance, exit_norms, heads
from replanner.planning.facts import Attention, ModelFacts, Moe, WeightMatrix
from replanner.planning.families import Family, toggle
from replanner.planning.geometry import MOST_LAYERS
from replanner.planning.known_architectures import REMOVED
from replanner.planning.layers import Block, Layer, decoder_layers
from replanner.planning.lengths import max_model_len, rotary_elements
from replanner.planning.modules.feedforward import Experts
from replanner.planning.modules.pieces import Piece
from replanner.planning.quantization import fit_to_files, read_scheme
from replanner.planning.quantization_schemes import Scheme, plain_storage
from replanner.planning.sheet import Sheet
from replanner.planning.subject import Subject, read_subject
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
    _decoder(sheet, subject, geometry, layers)
    weights = fit_to_files(sheet.rows(), total_bytes)
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
        media_levels=_media_levels(subject),
        whole_media=text.text("use_bidirectional_attention", default="") == "vision",
        rotary_elements=rotary_elements(text, geometry.head_size),
        plain_draft=_plain_draft(scheme),
        uses_alibi=toggle(text, family.alibi),
        removed_after=REMOVED.get(subject.architecture),
        unsupported="" if subject.architecture in REMOVED else subject.unsupported,
        guess=subject.guess,
    )


def _media_levels(subject: Subject) -> int:
    """Qwen3-VL hands states of some vision layers to the decoder, too (models/qwen3_vl.py)."""
    vision = subject.root.section("vision_config")
    return 1 + len(vision.ints("deepstack_visual_indexes", high=MOST_LAYERS))


def _plain_draft(scheme: Scheme) -> bool:
    expert = Piece("mlp.experts.0.down_proj", "experts", 1, 2, experts=1, quantizable=True)
    name = "mtp.layers.0.mlp.experts.0.down_proj"
    return scheme.storage(name, expert, 0) == plain_storage(scheme.dtype)


def _must_divide(geometry: Geometry, towers: list[Tower]) -> tuple[tuple[str, int], ...]:
    heads = [("attention heads", geometry.heads)] if geometry.heads else []
    return (*heads, *(("vision heads", tower.heads) for tower in towers if tower.heads))


def _dividing_heads(geometry: Geometry, family: Family) -> int:
    """KV heads that tensor parallelism divides; a latent vector is whole on every rank."""
    return 0 if family.mixer == "latent" else geometry.kv_heads


def _decoder(sheet: Sheet, subject: Subject, geometry: Geometry, layers: tuple[Layer, ...]) -> None:
    text, family = subject.text, subject.family
    sheet.add(entrance(text, geometry, family), at="model.")
    # Named tuples of two types are equal when their values are, so the types are in the key.
    groups: dict[tuple[tuple[type, Block], ...], list[int]] = {}
    for index, layer in enumerate(layers):
        groups.setdefault(tuple((type(block), block) for block in layer), []).append(index)
    for typed, indices in groups.items():
        for _, block in typed:
            pieces = block.pieces(geometry.hidden)
            sheet.add_layers(pieces, at="model.layers.{}.", layers=indices)
    sheet.add(exit_norms(text, geometry, family), at="model.", place="last")
    sheet.add(heads(text, geometry, family), place="last")


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
    most = max(routed, key=lambda block: block.total)
    return Moe(most.total, most.used, len(routed), most.width)
