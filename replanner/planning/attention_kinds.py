"""Decides of which kind each layer is, by the way the configuration says it.

Every way is one function in a table; the first whose key is there answers.
"""

from collections.abc import Callable
from typing import Literal

from replanner.planning.attention_heads import layer_count
from replanner.planning.config_reader import ConfigReader
from replanner.planning.geometry import MOST_LAYERS, WIDEST

Kind = Literal["full", "sliding", "chunked", "state", "both", "none"]

# What lists of layer types say (transformers' layer_types, layers_block_type of hybrids)
_NAMED: dict[str, Kind] = {
    "full_attention": "full",
    "attention": "full",
    "deepseek_sparse_attention": "full",  # the indexer has keys of its own
    "sliding_attention": "sliding",
    "sliding_window": "sliding",
    "sliding_window_attention": "sliding",
    "local_attention": "sliding",
    "chunked_attention": "chunked",
    "linear_attention": "state",
    "mamba": "state",
    "conv": "state",
    "short_conv": "state",
    "recurrent": "state",
    "hybrid": "both",
    "moe": "none",
    "mlp": "none",
}
_LETTERS: dict[str, Kind] = {"M": "state", "*": "full", "-": "none", "E": "none"}
# Attention and Mamba side by side in every layer (model_executor/models/falcon_h1.py)
_ALL_BOTH = frozenset({"falcon_h1"})
_ALL_STATE = frozenset({"mamba", "mamba2", "falcon_mamba"})
# Their `use_sliding_window` is false unless given (transformers' configuration classes)
_WINDOW_OFF = ("qwen2", "qwen3", "smollm3")
# Every n-th layer is full and the others have the window, where nothing says so
_EVERY_NTH_FULL = {"gemma2": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4, "gpt_oss": 2}
_PATTERN = ("sliding_window_pattern", "_sliding_window_pattern")
# transformers' default where the key is absent; an explicit null is no window
_DEFAULT_WINDOW = {"mistral": 4096, "gemma2": 4096, "gemma3": 4096, "gemma3_text": 4096}
# vLLM's window counts the token itself (model_executor/models/commandr.py:244)
_PLUS_ONE = frozenset({"cohere2", "cohere2_moe"})
_LLAMA4_CHUNK, _LLAMA4_INTERVAL = 8192, 4
_LONGEST = 1 << 40


def _all(kind: Kind, count: int) -> tuple[Kind, ...]:
    return (kind,) * count


def layer_kinds(text: ConfigReader) -> tuple[Kind, ...]:
    """One kind per layer, in order."""
    family, count = model_type(text), layer_count(text)
    if family in _ALL_BOTH:
        return _all("both", count)
    if family in _ALL_STATE:
        return _all("state", count)
    for key, read in _WAYS:
        if text.has(key):
            return _checked(text, read(text, count), count)
    return _windows(text, count)


def model_type(text: ConfigReader) -> str:
    return text.text("model_type", default="")


def window(text: ConfigReader) -> int:
    """The sliding window in tokens, 0 for none."""
    family = model_type(text)
    off = family.startswith(_WINDOW_OFF)
    if not text.flag("use_sliding_window", default=not off):
        return 0
    missing = 0 if "sliding_window" in text.names() else _DEFAULT_WINDOW.get(family, 0)
    found = text.int("sliding_window", "sliding_window_size", default=missing, high=_LONGEST)
    return found + 1 if found and family in _PLUS_ONE else found


def chunk(text: ConfigReader) -> int:
    """Tokens of a local attention chunk."""
    return text.int("attention_chunk_size", default=_LLAMA4_CHUNK, low=1, high=_LONGEST)


def _checked(text: ConfigReader, kinds: tuple[Kind, ...], count: int) -> tuple[Kind, ...]:
    if len(kinds) < count:
        raise text.bad("num_hidden_layers", count, f"at most the {len(kinds)} layers described")
    if "sliding" not in kinds or window(text):
        return kinds[:count]
    return tuple("full" if kind == "sliding" else kind for kind in kinds[:count])


def _listed(text: ConfigReader, name: str) -> tuple[Kind, ...]:
    kinds = text.texts(name)
    unknown = next((kind for kind in kinds if kind not in _NAMED), None)
    if unknown is not None:
        raise text.bad(name, unknown, f"one of {', '.join(_NAMED)}")
    return tuple(_NAMED[kind] for kind in kinds)


def _block_types(text: ConfigReader, _count: int) -> tuple[Kind, ...]:
    return _listed(text, "layers_block_type")


def _layer_types(text: ConfigReader, _count: int) -> tuple[Kind, ...]:
    return _listed(text, "layer_types")


def _letters(text: ConfigReader, _count: int) -> tuple[Kind, ...]:
    """Nemotron-H: M Mamba, * attention, - and E feed-forward."""
    pattern = text.text("hybrid_override_pattern")
    unknown = next((letter for letter in pattern if letter not in _LETTERS), None)
    if unknown is not None:
        raise text.bad("hybrid_override_pattern", unknown, f"of {''.join(_LETTERS)}")
    return tuple(_LETTERS[letter] for letter in pattern)


def _period(text: ConfigReader, count: int) -> tuple[Kind, ...]:
    """Jamba: attention in every attn_layer_period-th layer from an offset."""
    every = text.int("attn_layer_period", low=1, high=MOST_LAYERS)
    offset = text.int("attn_layer_offset", default=0, high=MOST_LAYERS) % every
    return tuple("full" if layer % every == offset else "state" for layer in range(count))


def _numbered(text: ConfigReader, count: int) -> tuple[Kind, ...]:
    """Kimi: layers are counted from one."""
    config = text.section("linear_attn_config")
    full = set(config.ints("full_attn_layers", high=WIDEST))
    return tuple("full" if layer + 1 in full else "state" for layer in range(count))


def _mimo(text: ConfigReader, _count: int) -> tuple[Kind, ...]:
    flags = text.ints("hybrid_layer_pattern", high=1)
    return tuple("sliding" if flag else "full" for flag in flags)


def _minimax(text: ConfigReader, _count: int) -> tuple[Kind, ...]:
    flags = text.ints("attn_type_list", high=1)
    return tuple("full" if flag else "state" for flag in flags)


def _grouped(text: ConfigReader, count: int) -> tuple[Kind, ...]:
    """Ling linear: the last of every group, and what is left over, attends fully."""
    size = text.int("layer_group_size", low=1, high=MOST_LAYERS)
    even = count // size * size
    return tuple(
        "full" if (layer + 1) % size == 0 or layer >= even else "state" for layer in range(count)
    )


def _interval(text: ConfigReader, count: int) -> tuple[Kind, ...]:
    """Qwen3-Next: full attention in every n-th layer."""
    every = text.int("full_attention_interval", low=1, high=MOST_LAYERS)
    return tuple("full" if (layer + 1) % every == 0 else "state" for layer in range(count))


def _chunked(text: ConfigReader, count: int) -> tuple[Kind, ...]:
    """Llama 4: layers with rotary positions attend within a chunk (llama4.py:184-251)."""
    rope = text.ints("no_rope_layers", high=1)
    every = text.int("no_rope_layer_interval", default=_LLAMA4_INTERVAL, low=1, high=MOST_LAYERS)
    rope = rope or tuple(int((layer + 1) % every != 0) for layer in range(count))
    return tuple("chunked" if flag else "full" for flag in rope)


def _windows(text: ConfigReader, count: int) -> tuple[Kind, ...]:
    """No list: every layer alike, or a family's pattern of windows."""
    if not window(text):
        return _all("full", count)
    every = _EVERY_NTH_FULL.get(model_type(text), 0)
    if isinstance(text.value(*_PATTERN), str):
        return _lettered_windows(text, count)
    every = text.int(*_PATTERN, default=every, high=MOST_LAYERS)
    if text.has("max_window_layers") and text.int("max_window_layers", high=WIDEST):
        return _all("full", count)  # Qwen: a mix of both is kept whole (qwen2.py:351)
    if not every:
        return _all("sliding", count)
    return tuple("full" if (layer + 1) % every == 0 else "sliding" for layer in range(count))


def _lettered_windows(text: ConfigReader, count: int) -> tuple[Kind, ...]:
    """EXAONE 4: L for local, G for global, repeated."""
    pattern = text.text(*_PATTERN)
    if not pattern or set(pattern) - {"L", "G"}:
        raise text.bad("sliding_window_pattern", pattern, "letters L and G")
    return tuple("sliding" if pattern[at % len(pattern)] == "L" else "full" for at in range(count))


_WAYS: tuple[tuple[str, Callable[[ConfigReader, int], tuple[Kind, ...]]], ...] = (
    ("hybrid_layer_pattern", _mimo),
    ("hybrid_override_pattern", _letters),
    ("layers_block_type", _block_types),
    ("attn_layer_period", _period),
    ("linear_attn_config", _numbered),
    ("attn_type_list", _minimax),
    ("layer_group_size", _grouped),
    ("layer_types", _layer_types),
    ("full_attention_interval", _interval),
    ("attention_chunk_size", _chunked),
)
