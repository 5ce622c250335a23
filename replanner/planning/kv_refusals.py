"""Decides for which KV cache settings vLLM finds no attention kernel and does not start.

What each backend accepts is in vllm/v1/attention/backends/ (0.33.0, supported_kv_cache_dtypes,
supports_compute_capability); the order in which they are tried is in vllm/platforms/cuda.py:81.
"""

from collections.abc import Callable

from replanner.errors import did_you_mean
from replanner.planning.facts import ModelFacts
from replanner.planning.kv_blocks import compressed, preferred_block_size, quantized
from replanner.planning.kv_pages import KvSettings
from replanner.planning.kv_spec import KNOWN_DTYPES

Refusal = tuple[str, str]
_HOPPER, _BLACKWELL = 9, 10
_SPARSE_NAMES = ("fp8", "fp8_ds_mla", "nvfp4_ds_mla")  # mla/flashmla_sparse.py:149


def kv_refusals(facts: ModelFacts, settings: KvSettings) -> tuple[Refusal, ...]:
    """(code, sentence) for each reason why vLLM would not start with these settings."""
    found = (check(facts, settings) for check in _CHECKS)
    return tuple(refusal for refusal in found if refusal is not None)


def _kinds(facts: ModelFacts) -> set[str]:
    return {group.kind for group in facts.kv_layers}


def _sparse_latent(facts: ModelFacts) -> bool:
    return {"mla", "indexer"} <= _kinds(facts)


def _unknown(_facts: ModelFacts, settings: KvSettings) -> Refusal | None:
    asked = settings.kv_cache_dtype
    if asked in KNOWN_DTYPES:
        return None
    near = did_you_mean(asked, KNOWN_DTYPES)
    return "kv_dtype_unknown", f"kv_cache_dtype {asked[:40]!r} is not known.{near}"


def _alibi(facts: ModelFacts, settings: KvSettings) -> Refusal | None:
    """ALiBi needs FlashAttention 2 on Hopper, which reads no fp8 cache (flash_attn.py:1105)."""
    on_hopper = settings.capability[0] == _HOPPER
    if not (facts.uses_alibi and on_hopper and quantized(settings.kv_cache_dtype)):
        return None
    return (
        "kv_dtype_alibi",
        f"A {settings.kv_cache_dtype} KV cache does not work with ALiBi attention on this GPU.",
    )


def _sparse_gpu(facts: ModelFacts, settings: KvSettings) -> Refusal | None:
    if not _sparse_latent(facts) or settings.capability[0] >= _HOPPER:
        return None
    major, minor = settings.capability
    return (
        "sparse_attention_gpu",
        (
            "Sparse latent attention needs compute capability 9.0 or later; this GPU has"
            f" {major}.{minor}."
        ),
    )


def _latent_dtype(facts: ModelFacts, settings: KvSettings) -> Refusal | None:
    """Latent attention reads fewer formats. On Hopper the sparse kernel knows fp8 by one name only,
    and a checkpoint that brings scales for its cache turns that into fp8_e4m3."""
    asked = settings.kv_cache_dtype
    if "mla" not in _kinds(facts) or compressed(facts.kv_layers) or not quantized(asked):
        return None
    if _sparse_latent(facts):
        scaled = facts.quantization is not None and facts.quantization.kv_cache_dtype is not None
        known = asked in _SPARSE_NAMES and not (asked == "fp8" and scaled)
        accepted = known or settings.capability[0] != _HOPPER
    else:
        accepted = asked in ("fp8", "fp8_e4m3")
    if accepted:
        return None
    return (
        "kv_dtype_mla",
        (
            f"No latent attention kernel of this GPU reads a KV cache declared as {asked}; set"
            " model.kv_cache_dtype to bfloat16."
        ),
    )


def _nvfp4(_facts: ModelFacts, settings: KvSettings) -> Refusal | None:
    if not settings.kv_cache_dtype.startswith("nvfp4") or settings.capability[0] == _BLACKWELL:
        return None
    return (
        "kv_dtype_gpu",
        f"A {settings.kv_cache_dtype} KV cache needs a datacentre Blackwell GPU (10.x).",
    )


def _scaled_e5m2(facts: ModelFacts, settings: KvSettings) -> Refusal | None:
    """layers/attention/attention.py:189: fp8 checkpoints bring scales that e5m2 cannot use."""
    scheme = facts.quantization
    fp8 = scheme is not None and (scheme.method == "fp8" or scheme.kv_cache_dtype is not None)
    if settings.kv_cache_dtype != "fp8_e5m2" or not fp8:
        return None
    return "kv_dtype_e5m2", "An fp8_e5m2 KV cache is not supported with fp8 checkpoints."


def _block_size(facts: ModelFacts, settings: KvSettings) -> Refusal | None:
    asked, major = settings.block_size, settings.capability[0]
    kernel = preferred_block_size(facts.kv_layers, settings.kv_cache_dtype, major)
    if asked is None or asked % kernel == 0:
        return None
    return (
        "block_size",
        (
            f"engine.block_size {asked} is not a multiple of {kernel}, as this model's attention"
            " kernels need."
        ),
    )


_CHECKS: tuple[Callable[[ModelFacts, KvSettings], Refusal | None], ...] = (
    _unknown,
    _alibi,
    _sparse_gpu,
    _latent_dtype,
    _nvfp4,
    _scaled_e5m2,
    _block_size,
)
