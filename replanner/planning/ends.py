"""What a decoder has around its layers: token tables, positions, last norms, heads."""

from replanner.planning.config_reader import ConfigReader
from replanner.planning.dimensions import Geometry
from replanner.planning.facts import Shard
from replanner.planning.families import Family, toggle
from replanner.planning.geometry import WIDEST
from replanner.planning.lengths import learned_positions
from replanner.planning.modules.pieces import Piece, norm

_FLOAT32 = 4
_MOST_LABELS = 1 << 20


def entrance(text: ConfigReader, geometry: Geometry, family: Family) -> list[Piece]:
    """The token table, and what else turns tokens into vectors."""
    rows = geometry.vocab + family.extra_vocab
    shard: Shard = "vocab" if family.divided_embedding else "replicated"
    table = Piece("embed_tokens", "embedding", rows, geometry.hidden, shard)
    streams = text.int("altup_num_inputs", default=1, low=1, high=WIDEST) - 1
    shape = (2 * streams * geometry.hidden, geometry.hidden)
    projections = [Piece("altup_projections", "other", *shape, "column")] if streams else []
    inputs = _layer_inputs(text, geometry)
    return [table, *_positions(text, geometry, family), *inputs, *projections]


def _positions(text: ConfigReader, geometry: Geometry, family: Family) -> list[Piece]:
    hidden, found = geometry.hidden, []
    if family.positions >= 0:
        rows = learned_positions(text) + family.positions
        shard: Shard = "vocab" if family.divided_positions else "replicated"
        found.append(Piece("embed_positions", "embedding", rows, hidden, shard))
    if family.token_types:
        kinds = text.int("type_vocab_size", default=2, low=1, high=WIDEST)
        found.append(Piece("token_type_embeddings", "embedding", kinds, hidden, "vocab"))
    if family.embedding_norm:
        found += norm("embedding_norm", hidden, bias=True)
    return found


def _layer_inputs(text: ConfigReader, geometry: Geometry) -> list[Piece]:
    """Gemma's second table, with a vector per token for each layer."""
    each = text.int("hidden_size_per_layer_input", default=0, high=WIDEST)
    if not each:
        return []
    rows = text.int("vocab_size_per_layer_input", default=geometry.vocab, high=WIDEST)
    width = each * geometry.layers
    return [
        Piece("embed_tokens_per_layer", "embedding", rows, width, "vocab"),
        Piece("per_layer_model_projection", "other", width, geometry.hidden, "column"),
        Piece("per_layer_projection_norm", "norm", each),
    ]


def exit_norms(text: ConfigReader, geometry: Geometry, family: Family) -> list[Piece]:
    """What follows the last layer before a head."""
    hidden, found = geometry.hidden, []
    if family.streams:
        count = text.int("hc_mult", default=1, low=1, high=WIDEST)
        elements = count * (count * hidden + 1) + 1
        found.append(Piece("hc_head", "other", elements, element_bytes=_FLOAT32))
    if family.final_norms:
        size = family.final_norms * hidden
        found += norm("norm", size, bias=toggle(text, family.norm_bias))
    return found


def heads(text: ConfigReader, geometry: Geometry, family: Family) -> list[Piece]:
    """The language model's head unless the token table serves as one, or the task's."""
    found = []
    if not (family.headless or _tied(text, family)):
        shape = (geometry.vocab, geometry.hidden)
        found.append(
            Piece("lm_head", "head", *shape, "vocab", quantizable=True, counted=not family.pooling)
        )
    if toggle(text, family.head_bias):
        found.append(Piece("lm_head.bias", "head", geometry.vocab, 1, "vocab"))
    return [*found, *_score(text, geometry.hidden, family)]


def _tied(text: ConfigReader, family: Family) -> bool:
    return family.always_tied or text.flag("tie_word_embeddings", default=family.tied)


def _score(text: ConfigReader, hidden: int, family: Family) -> list[Piece]:
    """Labels or a reward; kept in float32 (vllm/config/model.py, head_dtype)."""
    if not family.score:
        return []
    named = len(text.section("id2label").names()) or 2
    labels = text.int("num_labels", default=named, low=1, high=_MOST_LABELS)
    before = 0 if family.score == "linear" else hidden * hidden + hidden
    elements = before + labels * hidden + (labels if before else 0)
    return [Piece("score", "head", elements, element_bytes=_FLOAT32)]
