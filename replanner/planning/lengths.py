"""The longest sequence a model takes, as vLLM derives it from the configuration."""

from replanner.planning.config_reader import ConfigReader

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
_MOST = 1 << 40
_WIDEST = 1 << 24
_DEFAULT_LENGTH = 2048  # vllm/config/model.py:2589
# vllm/config/model.py:2613: these leave max_position_embeddings already scaled
_LONG = frozenset({"longrope", "su"})
_SCALED = frozenset({"llama3", "yarn", "deepseek_yarn", "deepseek_llama_scaling", "default"})


def max_model_len(text: ConfigReader) -> int:
    """vllm/transformers_utils/model_arch_config_convertor.py:374 and vllm/config/model.py:2545."""
    length = text.int("model_max_length", default=0) or learned_positions(text)
    rope = text.section("rope_parameters", "rope_scaling")
    kind = rope.text("rope_type", "type", default="default")
    if kind in _LONG:
        return text.int("original_max_position_embeddings", default=length)
    if kind in _SCALED or "gemma3" in text.text("model_type", default=""):
        return length
    return int(length * rope.number("factor", default=1.0))


def learned_positions(text: ConfigReader) -> int:
    """The smallest length that is stated, before rotary scaling."""
    stated = [text.int(name) for name in _LENGTHS if text.has(name)]
    return min(stated, default=_DEFAULT_LENGTH)


def rotary_elements(text: ConfigReader, head_size: int) -> int:
    """Elements of the tables of rotary positions: as many rows as the model has positions.

    layers/rotary_embedding/base.py:_compute_cos_sin_cache; YaRN's covers the scaled length, and
    Gemma 3 has a second one for its local layers.
    """
    rope = text.section("rope_parameters", "rope_scaling")
    if not (text.has("rope_theta", "rope_parameters", "rope_scaling", "rotary_dim", "rotary_pct")):
        return 0
    positions = learned_positions(text)
    if rope.text("rope_type", "type", default="") in ("yarn", "deepseek_yarn"):
        original = rope.int("original_max_position_embeddings", default=positions, high=_MOST)
        positions = max(positions, int(original * rope.number("factor", default=1.0)))
    share = text.number("partial_rotary_factor", "rotary_pct", default=1.0)
    width = text.int("qk_rope_head_dim", default=0, high=_WIDEST) or int(head_size * share)
    tables = 2 if text.text("model_type", default="").startswith("gemma3") else 1
    return tables * positions * width
