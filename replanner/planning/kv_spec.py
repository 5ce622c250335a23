"""Decides what one page of each layer's cache weighs on one GPU and how many a request takes.

Modelled on vLLM's KVCacheSpec classes (vllm/v1/kv_cache_interface.py, 0.33.0).
"""

import functools
from typing import NamedTuple

from replanner.errors import UnsupportedModel
from replanner.planning.facts import KvKind, KvLayers, StateTensor

# vllm/utils/torch_utils.py, STR_DTYPE_TO_TORCH_DTYPE
ELEMENT_BYTES = {
    "float32": 4,
    "bfloat16": 2,
    "float16": 2,
    "half": 2,
    "fp8": 1,
    "fp8_e4m3": 1,
    "fp8_e5m2": 1,
    "fp8_inc": 1,
}
# One opaque row per token: latent, scales and rope (model_executor/layers/attention/
# mla_attention.py:1386). "fp8_ds_mla" = 512 fp8 + 16 scales + 128 bf16 rope.
_PACKED_MLA_ROW_BYTES = {"fp8_ds_mla": 656, "nvfp4_ds_mla": 352}
# FlashInfer's NVFP4: two elements a byte and one fp8 scale for 16 of them
# (v1/attention/backends/flashinfer.py:558, customize_spec).
_NVFP4_BYTES_PER_ELEMENT = (9, 16)
# Packed elements and one fp32 scale each for K and V of every head (triton_attn.py:308).
_PER_TOKEN_HEAD_BITS = {
    "int4_per_token_head": 4,
    "int8_per_token_head": 8,
    "fp8_per_token_head": 8,
}
_HEAD_SCALES_BYTES = 8
KNOWN_DTYPES = (
    *ELEMENT_BYTES,
    *_PACKED_MLA_ROW_BYTES,
    *_PER_TOKEN_HEAD_BITS,
    "nvfp4",
    "nvfp4_4over6",
)


class LayerSpec(NamedTuple):
    """What one layer keeps: equal specs share a block table. Sizes are per GPU.

    `fixed_blocks` is what every request takes whatever its length (recurrent state, encoder).
    """

    kind: KvKind
    block_size: int
    page_bytes: int
    geometry: tuple[int, ...]
    window: int = 0
    fixed_blocks: int = 0

    def resized(self, block_size: int, page_bytes: int) -> "LayerSpec":
        return self._replace(block_size=block_size, page_bytes=page_bytes)

    @property
    def grows(self) -> bool:
        """Does it keep every token of a request?"""
        return self.kind in ("full", "mla", "indexer")


def held_tokens(spec: LayerSpec, tokens: int, in_flight_tokens: int) -> int:
    """Tokens whose cache one request of this length holds at worst.

    A window frees blocks only once they are settled, so it holds what is in flight as well
    (kv_cache_interface.py:864-944: max_admission_blocks_per_request).
    """
    if spec.kind == "sliding":
        return min(spec.window - 1 + in_flight_tokens, tokens)
    if spec.kind == "chunked":
        return min(spec.window + in_flight_tokens, tokens)
    return tokens


def blocks_per_request(spec: LayerSpec, tokens: int, in_flight_tokens: int) -> int:
    """Blocks one request of this length takes from the pool.

    With nothing in flight it is what a settled request holds; vLLM reserves for an encoder the
    whole token budget (kv_cache_interface.py:1221).
    """
    if spec.kind == "cross" and not in_flight_tokens:
        return -(-spec.window // spec.block_size)
    if spec.fixed_blocks:
        return spec.fixed_blocks
    held = -(-held_tokens(spec, tokens, in_flight_tokens) // spec.block_size)
    # a window need not start at a block's first token
    return held + 1 if spec.kind == "sliding" else held


def heads_per_gpu(heads: int, tensor_parallel: int) -> int:
    """KV heads are divided; with more GPUs than heads each has one (config/model.py:1683)."""
    return max(1, heads // tensor_parallel)


def element_bytes(dtype: str) -> int:
    if dtype not in ELEMENT_BYTES:
        raise UnsupportedModel(f"No size is known for the KV cache dtype {dtype[:40]!r}.")
    return ELEMENT_BYTES[dtype]


@functools.lru_cache(maxsize=4096)
def token_bytes(layers: KvLayers, kv_cache_dtype: str, tensor_parallel: int) -> int:
    """Bytes that one token takes in one of these layers on one GPU."""
    heads = heads_per_gpu(layers.kv_heads, tensor_parallel)
    width = layers.head_size + layers.head_size_v
    if layers.element_bytes is not None:
        return heads * width * layers.element_bytes
    if layers.kind == "mla" and kv_cache_dtype in _PACKED_MLA_ROW_BYTES:
        return _PACKED_MLA_ROW_BYTES[kv_cache_dtype]
    if kv_cache_dtype.startswith("nvfp4"):
        numerator, denominator = _NVFP4_BYTES_PER_ELEMENT
        return heads * width * numerator // denominator
    if kv_cache_dtype in _PER_TOKEN_HEAD_BITS:
        return heads * (width * _PER_TOKEN_HEAD_BITS[kv_cache_dtype] // 8 + _HEAD_SCALES_BYTES)
    return heads * width * element_bytes(kv_cache_dtype)


def state_bytes(tensor: StateTensor, dtype: str, tensor_parallel: int, draft_tokens: int) -> int:
    """Bytes of one recurrent-state tensor of one sequence and layer on one GPU."""
    elements = tensor.elements + draft_tokens * tensor.draft_elements
    size = tensor.element_bytes if tensor.element_bytes is not None else element_bytes(dtype)
    return heads_per_gpu(tensor.heads, tensor_parallel) * elements * size
