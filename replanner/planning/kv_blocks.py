"""Decides how many tokens a KV cache block holds: what the attention kernels accept, and what a
recurrent state needs to fit into one block.

Modelled on vllm/platforms/interface.py:750-1115 and the backends' get_supported_kernel_block_sizes
(vllm/v1/attention/backends/, 0.33.0) with the backend order of vllm/platforms/cuda.py:81.
"""

import math
from collections.abc import Sequence

from replanner.planning.facts import KvLayers, StateKind

DEFAULT_BLOCK_SIZE = 16  # vllm/config/cache.py:185
_SPARSE_MLA = 64  # every sparse MLA backend and the indexer (mla/indexer.py:285)
_COMPRESSED = 256  # DeepSeek-V4 (mla/indexer.py:355, sparse_swa.py:165)
_SPARSE_GQA = 128  # MiniMax-M3 (models/minimax_m3/common/sparse_attention.py:165)
_FLASH_MLA = 64  # mla/flashmla.py:57, the first on Hopper that reads fp8
_FLASHINFER_MLA = 32  # mla/flashinfer_mla.py:204, datacentre Blackwell
_FA4_FP8_WIDE_HEAD = 64  # flash_attn.py:285, Hopper's fp8 kernel for heads of 512
_WIDE_HEAD = 512
_HOPPER, _BLACKWELL, _DESKTOP_BLACKWELL = 9, 10, 12
_MLA_HYBRID_ALIGNMENT = 128  # platforms/interface.py:1055
# Where the prefill kernel can leave a state behind, and at multiples of how many tokens:
# FlashInfer's gated delta net (layers/mamba/gdn/qwen_gdn_linear_attn.py:148, Hopper and later),
# FlashKDA (layers/mamba/kda_checkpoint.py:9), Mamba2 anywhere (mamba_mixer2.py:1108).
_CHECKPOINTS: dict[StateKind, tuple[int, int]] = {
    "mamba2": (1, 0),
    "gdn": (64, _HOPPER),
    "kda": (16, _HOPPER),
}


def quantized(kv_cache_dtype: str) -> bool:
    return kv_cache_dtype.startswith(("fp8", "nvfp4", "int"))


def compressed(layers: Sequence[KvLayers]) -> bool:
    """Does a row stand for several tokens somewhere?"""
    return any(group.tokens_per_row > 1 for group in layers)


def mla_row_dtype(layers: Sequence[KvLayers], kv_cache_dtype: str, capability_major: int) -> str:
    """The dtype that decides a token's bytes: sparse MLA packs rows in its own way.

    layers/attention/mla_attention.py:358 (_canonicalize_sparse_mla_kv_cache_dtype); on
    datacentre Blackwell FlashInfer reads plain fp8.
    """
    kinds = {group.kind for group in layers}
    if not {"mla", "indexer"} <= kinds or kv_cache_dtype.startswith("nvfp4"):
        return kv_cache_dtype
    if capability_major == _DESKTOP_BLACKWELL:
        return "fp8_ds_mla"
    if quantized(kv_cache_dtype) and capability_major != _BLACKWELL:
        return "fp8_ds_mla"
    return kv_cache_dtype


def preferred_block_size(
    layers: Sequence[KvLayers], kv_cache_dtype: str, capability_major: int
) -> int:
    """The block size vLLM takes without --block-size."""
    kinds = {group.kind for group in layers}
    if compressed(layers):
        return _COMPRESSED
    if "indexer" in kinds:
        return _SPARSE_MLA if "mla" in kinds else _SPARSE_GQA
    if "mla" in kinds:
        return _mla_block_size(kv_cache_dtype, capability_major)
    widest = max((group.head_size for group in layers), default=0)
    if capability_major == _HOPPER and quantized(kv_cache_dtype) and widest == _WIDE_HEAD:
        return _FA4_FP8_WIDE_HEAD
    return DEFAULT_BLOCK_SIZE


def _mla_block_size(kv_cache_dtype: str, capability_major: int) -> int:
    if capability_major == _BLACKWELL:
        return _FLASHINFER_MLA
    if capability_major == _HOPPER and quantized(kv_cache_dtype):
        return _FLASH_MLA
    return DEFAULT_BLOCK_SIZE


def checkpoint_alignment(kind: StateKind, capability_major: int) -> int | None:
    """Tokens between the states that a prefill can leave behind, None where it cannot.

    Where it can, a request keeps one more state block.
    """
    tokens, from_major = _CHECKPOINTS.get(kind, (0, 0))
    return tokens if tokens and capability_major >= from_major else None


def hybrid_block_size(
    block_size: int,
    *,
    state_page_bytes: int,
    token_bytes: int,
    alignment: int = 1,
    mla: bool = False,
) -> int:
    """The smallest aligned block whose attention page holds one layer's recurrent state."""
    step = math.lcm(max(block_size, _MLA_HYBRID_ALIGNMENT) if mla else block_size, alignment)
    return step * -(-state_page_bytes // (step * token_bytes))
