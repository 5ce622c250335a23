"""Decides which line of a log says that vLLM does not start, and with which figures it says so."""

import re
from typing import Final, NamedTuple

from replanner.measure.seen import Refusal

_GIB: Final = r"(-?[0-9]{1,12}(?:\.[0-9]{1,20})?) ?Gi?B"
_TOKENS: Final = r"([0-9]{1,12})"
MOST_MESSAGE: Final = 300


class _Sign(NamedTuple):
    """A pattern whose groups are the figures, in this order."""

    code: str
    pattern: re.Pattern[str]
    figures: tuple[str, ...] = ()


# The most telling first: one line may hold two of them.
_SIGNS: Final = (
    # V1 (kv_cache_planning.py:66-88; "models's" up to 0.12, GB for GiB up to 0.8)
    _Sign(
        "kv_cache_too_small",
        re.compile(
            rf"To serve at least one request with the model[^(]{{0,20}} max seq len \({_TOKENS}\),?"
            rf" \(?{_GIB} KV cache is ?needed, which is larger than the available"
            rf" KV [Cc]ache memory \({_GIB}\)"
        ),
        ("max_model_len", "kv_needed_gib", "kv_cache_gib"),
    ),
    # The V0 engine: raise_if_cache_size_invalid of its worker.py
    _Sign(
        "kv_cache_too_small",
        re.compile(
            rf"The model's max seq len \({_TOKENS}\) is larger than the maximum number of tokens"
            rf" that can be stored in KV cache \({_TOKENS}\)"
        ),
        ("max_model_len", "kv_cache_tokens"),
    ),
    _Sign("no_kv_cache_memory", re.compile("No available memory for the cache blocks")),
    _Sign("no_kv_cache_memory", re.compile("Cannot auto-fit max_model_len: not enough GPU memory")),
    _Sign(
        "gpu_not_free",
        re.compile(
            "Free memory on device.{1,120} is less than (?:desired GPU memory utilization"
            "|the engine's budget)"
        ),
    ),
    _Sign(
        "mamba_blocks",
        re.compile(
            rf"max_num_seqs \({_TOKENS}\) exceeds available Mamba cache blocks \({_TOKENS}\)"
        ),
        ("max_num_seqs", "mamba_blocks"),
    ),
    _Sign(
        "out_of_memory",
        re.compile(
            "OutOfMemoryError: (?:CUDA|HIP|XPU) out of memory|Failed to load model - not enough GPU"
            "|CUDA out of memory occurred when"
        ),
    ),
)
# Said once all is lost; why stands in another line.
_ENDS: Final = re.compile(
    "Engine core initialization failed|EngineCore failed to start"
    "|Engine process failed to start|ValidationError: [0-9]{1,4} validation error"
)
_ERROR: Final = re.compile(
    r"\b([A-Z][A-Za-z]{0,40}(?:Error|Exception)): (?!Engine core init|[0-9]{1,4} validation)(.+)"
    r"|\b(Value error), (.+)"
)
_TRIED: Final = re.compile(r"Tried to allocate ([0-9.]{1,12}) ([MG])iB")
_ADVICE: Final = re.compile(
    " (?:Try increasing|Try lowering|See https|Decrease GPU memory|If reserved but)"
)
_LONGEST: Final = re.compile(rf"estimated maximum model length is {_TOKENS}")


def refusal(line: str) -> Refusal | None:
    """The refusal that this line is, if it is one."""
    for sign in _SIGNS:
        if found := sign.pattern.search(line):
            figures = dict(zip(sign.figures, map(_number, found.groups()), strict=False))
            return Refusal(sign.code, _clean(line[found.start() :]), figures | _beside(line))
    return None


def is_end(line: str) -> bool:
    """Does this line say that the start has failed, without why?"""
    return _ENDS.search(line) is not None


def error(line: str) -> str:
    """The sentence of an exception, or nothing."""
    found = _ERROR.search(line)
    if found is None:
        return ""
    return _clean(f"{found[1] or found[3]}: {found[2] or found[4]}")


def _beside(line: str) -> dict[str, float]:
    """What the same line may say beyond its pattern."""
    figures = {}
    if longest := _LONGEST.search(line):
        figures["longest_model_len"] = _number(longest[1])
    if tried := _TRIED.search(line):
        figures["tried_gib"] = _number(tried[1]) / (1024 if tried[2] == "M" else 1)
    return figures


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # "1.2.3"
        return 0.0


def _clean(text: str) -> str:
    plain = "".join(char if char.isprintable() else " " for char in text[: 2 * MOST_MESSAGE])
    plain = _ADVICE.split(plain.strip())[0]
    return plain if len(plain) <= MOST_MESSAGE else plain[: MOST_MESSAGE - 1] + "…"
