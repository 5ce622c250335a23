"""Decides the block size, and what a page of each layer weighs on one GPU."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from replanner.planning.facts import KvLayers
from replanner.planning.kv_blocks import (
    checkpoint_alignment,
    hybrid_block_size,
    mla_row_dtype,
    preferred_block_size,
)
from replanner.planning.kv_era import Era, era
from replanner.planning.kv_spec import LayerSpec, heads_per_gpu, state_bytes, token_bytes


@dataclass(frozen=True, slots=True)
class KvSettings:
    """What the engine is told. `kv_cache_dtype` and `dtype` are resolved: never "auto".

    `draft` are the layers that a speculative model adds, numbered after the model's own.
    """

    kv_cache_dtype: str
    dtype: str
    max_model_len: int
    max_num_batched_tokens: int
    vllm_version: str = "0.33.0"
    block_size: int | None = None
    capability: tuple[int, int] = (9, 0)
    prefix_caching: bool = True
    speculative_tokens: int = 0
    draft: tuple[KvLayers, ...] = ()


@dataclass(frozen=True, slots=True)
class Pages:
    """The layers' specs on one GPU, with the layers (by index) that share each."""

    block_size: int
    specs: Mapping[LayerSpec, tuple[int, ...]]


def layer_pages(layers: Sequence[KvLayers], tensor: int, settings: KvSettings) -> Pages:
    """Specs of all layers. A state is padded to the page of attention, which grows to hold it."""
    rules = era(settings.vllm_version)
    kept = tuple(layers) if rules.hybrid_groups else _kept_whole(layers)
    row_dtype = mla_row_dtype(kept, settings.kv_cache_dtype, settings.capability[0])
    token = {
        group: token_bytes(group, row_dtype, tensor) for group in kept if group.kind != "state"
    }
    state = {
        group: _state_bytes(group, tensor, settings) for group in kept if group.kind == "state"
    }
    block_size = _block_size(token, state, settings, rules)
    padded = block_size * max((token[group] for group in token if _whole(group)), default=0)
    specs: dict[LayerSpec, tuple[int, ...]] = {}
    for group in kept:
        if group in state:
            blocks = _state_blocks(group, settings, rules)
            spec = LayerSpec(
                "state", block_size, max(padded, state[group]), (), fixed_blocks=blocks
            )
        else:
            spec = _attention_spec(group, block_size * token[group], block_size, tensor)
        specs[spec] = specs.get(spec, ()) + group.layers
    return Pages(block_size, specs)


def _whole(group: KvLayers) -> bool:
    return group.kind in ("full", "mla")


def _kept_whole(layers: Sequence[KvLayers]) -> tuple[KvLayers, ...]:
    """Without groups of their own, windowed layers beside full ones keep every token."""
    if not any(_whole(group) for group in layers):
        return tuple(layers)
    return tuple(
        replace(group, kind="full", window=0) if group.kind in ("sliding", "chunked") else group
        for group in layers
    )


def _attention_spec(group: KvLayers, page_bytes: int, block_size: int, tensor: int) -> LayerSpec:
    heads = heads_per_gpu(group.kv_heads, tensor)
    return LayerSpec(
        kind=group.kind,
        block_size=block_size,
        page_bytes=page_bytes,
        geometry=(heads, group.head_size, group.head_size_v),
        window=group.window,
        fixed_blocks=-(-group.encoder_tokens // block_size),
    )


def _state_bytes(group: KvLayers, tensor: int, settings: KvSettings) -> int:
    draft = settings.speculative_tokens
    return sum(state_bytes(one, settings.dtype, tensor, draft) for one in group.state)


def _state_blocks(group: KvLayers, settings: KvSettings, rules: Era) -> int:
    """State blocks of one request (kv_cache_interface.py:1135)."""
    if not (rules.aligned_states and settings.prefix_caching):
        return 1 + settings.speculative_tokens
    return 2 + settings.speculative_tokens + (_checkpoint(group, settings, rules) is not None)


def _checkpoint(group: KvLayers, settings: KvSettings, rules: Era) -> int | None:
    if not rules.state_checkpoints:
        return None
    return checkpoint_alignment(group.state_kind, settings.capability[0])


def _block_size(
    token: Mapping[KvLayers, int], state: Mapping[KvLayers, int], settings: KvSettings, rules: Era
) -> int:
    preferred = preferred_block_size(tuple(token), settings.kv_cache_dtype, settings.capability[0])
    block_size = settings.block_size or preferred
    if not state or not token:
        return block_size
    alignments = [_checkpoint(group, settings, rules) or 1 for group in state]
    return hybrid_block_size(
        block_size,
        state_page_bytes=max(state.values()),
        token_bytes=max(token[group] for group in token),
        alignment=max(alignments) if settings.prefix_caching else 1,
        mla=any(group.kind == "mla" for group in token),
    )
