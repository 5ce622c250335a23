"""Facts for a model of which only the number of parameters is known: a guess, and labelled so."""

from collections.abc import Mapping
from math import isfinite, log

from replanner.errors import UnsupportedModel
from replanner.planning.facts import ModelFacts
from replanner.planning.model_facts import model_facts

_BILLION = 1e9
_SMALLEST, _LARGEST = 0.01, 5000.0
_HEAD, _KV_HEADS, _LENGTH, _UNIT = 128, 8, 32768, 64
_VOCAB, _SMALL_VOCAB, _SMALL_B = 151936, 32000, 0.5
_UNTIED_FROM_B = 8.0
# (billions, layers, hidden size, query heads): dense models of about that size
# (Qwen3 0.6B to 32B, Llama 3.1 70B and 405B, Mistral Large)
_SHAPES = (
    (0.1, 12, 512, 8),
    (0.6, 28, 1024, 16),
    (1.7, 28, 2048, 16),
    (4.0, 36, 2560, 32),
    (8.0, 36, 4096, 32),
    (14.0, 40, 5120, 40),
    (32.0, 64, 5120, 64),
    (70.0, 80, 8192, 64),
    (123.0, 88, 12288, 96),
    (405.0, 126, 16384, 128),
)


def guess_facts(params_b: float, dtype: str = "auto") -> ModelFacts:
    """A dense decoder of `params_b` billion parameters, of the shape usual at that size."""
    if not (isfinite(params_b) and _SMALLEST <= params_b <= _LARGEST):
        raise UnsupportedModel(
            f"params_b is {params_b:g}, expected a number from {_SMALLEST:g} to {_LARGEST:g}."
        )
    facts = model_facts(_config(params_b), dtype=dtype)
    told = (
        f"Only the size is known ({params_b:g} billion parameters): planned as a dense decoder "
        f"with {facts.num_layers} layers and {facts.kv_heads} KV heads."
    )
    return facts._replace(architecture="", model_type="", guess=told, unsupported="")


def _config(params_b: float) -> Mapping[str, object]:
    """The nearest usual shape, with as many layers and as wide as the size asks for."""
    size, layers, hidden, heads = min(_SHAPES, key=lambda shape: abs(log(params_b / shape[0])))
    layers = max(1, round(layers * max(1.0, params_b / size / 2)))
    tied = params_b < _UNTIED_FROM_B
    vocab = _VOCAB if params_b >= _SMALL_B else _SMALL_VOCAB
    tables = vocab * hidden * (1 if tied else 2)
    attention = hidden * _HEAD * (2 * heads + 2 * _KV_HEADS)
    left = (params_b * _BILLION - tables) / layers - attention
    width = max(_UNIT, round(left / (3 * hidden) / _UNIT) * _UNIT)
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": hidden,
        "intermediate_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": _KV_HEADS,
        "head_dim": _HEAD,
        "vocab_size": vocab,
        "max_position_embeddings": _LENGTH,
        "tie_word_embeddings": tied,
    }
