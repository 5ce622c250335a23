"""Decides the block size, and what a page of each layer weighs on one GPU."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from replanner.planning.facts import KvLayers
from replanner.planning.kv_blocks import (
    checkpoint_alignment,
    compressed,
    hybrid_block_size,
    mla_row_dtype,
    preferred_block_size,
)
from replanner.planning.kv_era import Era, era
from replanner.planning.kv_spec import LayerSpec, heads_per_gpu, state_bytes, token_bytes

_V0_LATENT_ALIGNMENT = 256


class KvSettings(NamedTuple):
    """What the engine is told. `kv_cache_dtype` and `dtype` are resolved: never "auto".

    `prefix_caching` None is the release's default. `draft` are the layers that a speculative
    model adds, numbered after the model's own.
    """

    kv_cache_dtype: str
    dtype: str
    max_model_len: int
    max_num_batched_tokens: int
    vllm_version: str = "0.33.0"
    block_size: int | None = None
    capability: tuple[int, int] = (9, 0)
    prefix_caching: bool | None = None
    speculative_tokens: int = 0
    draft: tuple[KvLayers, ...] = ()


class Pages(NamedTuple):
    """The layers' specs on one GPU, with the layers (by index) that share each.

    `packed`: pages of different sizes lie side by side in a block.
    """

    block_size: int
    specs: Mapping[LayerSpec, tuple[int, ...]]
    packed: bool


def layer_pages(layers: Sequence[KvLayers], tensor: int, settings: KvSettings) -> Pages:
    """Specs of all layers. A state is padded to the page of attention, which grows to hold it."""
    rules = era(settings.vllm_version)
    kept = tuple(layers) if rules.hybrid_groups else _kept_whole(layers)
    row_dtype = mla_row_dtype(kept, settings.kv_cache_dtype, settings.capability[0])
    token = {
        group: _row_bytes(token_bytes(group, row_dtype, tensor), group, rules)
        for group in kept
        if group.kind != "state"
    }
    state = {
        group: _state_bytes(group, tensor, settings) for group in kept if group.kind == "state"
    }
    widest = _widest(token)
    block_size = _block_size(token, state, settings, rules)
    specs: dict[LayerSpec, tuple[int, ...]] = {}
    for group in kept:
        if group in state:
            page = max(state[group], widest * block_size)
            spec = _state_spec(group, page, block_size, settings, aligned=bool(widest))
        else:
            spec = _attention_spec(group, token[group], block_size, tensor, settings)
        specs[spec] = specs.get(spec, ()) + group.layers
    return Pages(block_size, specs, packed=compressed(kept))


def _row_bytes(size: int, group: KvLayers, rules: Era) -> int:
    aligned = group.kind == "mla" and not rules.packed_latents
    return -(-size // _V0_LATENT_ALIGNMENT) * _V0_LATENT_ALIGNMENT if aligned else size


def _widest(token: Mapping[KvLayers, int]) -> int:
    """Bytes of a token in a layer that keeps all (a windowed one if there is none)."""
    whole = [size for group, size in token.items() if _whole(group)]
    return max(whole or token.values(), default=0)


def _whole(group: KvLayers) -> bool:
    return group.kind in ("full", "mla")


def _kept_whole(layers: Sequence[KvLayers]) -> tuple[KvLayers, ...]:
    """Without groups of their own, windowed layers beside full ones keep every token."""
    if not any(_whole(group) for group in layers):
        return tuple(layers)
    return tuple(
        group._replace(kind="full", window=0) if group.kind in ("sliding", "chunked") else group
        for group in layers
    )


def _attention_spec(
    group: KvLayers, row_bytes: int, block_size: int, tensor: int, settings: KvSettings
) -> LayerSpec:
    block_size = group.own_block_size or block_size
    page = block_size // group.tokens_per_row * row_bytes
    heard = max(group.encoder_tokens, settings.max_num_batched_tokens)
    heads = heads_per_gpu(group.kv_heads, tensor)
    return LayerSpec(
        kind=group.kind,
        block_size=block_size,
        page_bytes=-(-page // group.page_alignment) * group.page_alignment,
        geometry=(heads, group.head_size, group.head_size_v),
        window=group.encoder_tokens or group.window,
        fixed_blocks=-(-heard // block_size) if group.kind == "cross" else 0,
    )


def _state_bytes(group: KvLayers, tensor: int, settings: KvSettings) -> int:
    draft = settings.speculative_tokens
    return sum(state_bytes(one, settings.dtype, tensor, draft) for one in group.state)


def _state_spec(
    group: KvLayers, page_bytes: int, block_size: int, settings: KvSettings, *, aligned: bool
) -> LayerSpec:
    """State blocks of a request are few (kv_cache_interface.py:1135).

    Where attention shares the pool and its prefixes are cached, states are kept at block ends.
    """
    rules = era(settings.vllm_version)
    blocks = 1 + settings.speculative_tokens
    if aligned and _states_cached(settings, rules):
        blocks += 1 + (_checkpoint(group, settings, rules) is not None)
    return LayerSpec("state", block_size, page_bytes, (), fixed_blocks=blocks)


def _states_cached(settings: KvSettings, rules: Era) -> bool:
    asked = settings.prefix_caching
    return rules.states_cached_by_default if asked is None else asked


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
    cached = _states_cached(settings, rules)
    alignments = [_checkpoint(group, settings, rules) or 1 for group in state if cached]
    return hybrid_block_size(
        block_size,
        state_page_bytes=max(state.values()),
        token_bytes=_widest(token),
        alignment=max(alignments, default=1),
        mla=any(group.kind == "mla" for group in token),
    )
