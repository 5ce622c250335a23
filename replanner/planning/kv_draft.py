"""Decides what speculative decoding adds to the KV cache: the layers of the draft."""

from replanner.planning.facts import KvKind, KvLayers, ModelFacts

# Drafts without attention of their own (vllm/config/speculative.py, SpeculativeMethod)
_KEEP_NOTHING = frozenset({"ngram", "ngram_gpu", "suffix", "medusa", "mlp_speculator"})
_WHOLE: tuple[KvKind, ...] = ("full", "mla", "indexer")


def draft_layers(
    facts: ModelFacts, method: str, draft: ModelFacts | None = None
) -> tuple[KvLayers, ...]:
    """Layers of the draft, numbered after the model's own.

    A draft model keeps what its own configuration says. MTP and EAGLE heads without one are a
    single layer like those of the target that keep every token.
    """
    if method in _KEEP_NOTHING:
        return ()
    if draft is not None:
        return tuple(_moved(group, facts.num_layers) for group in draft.kv_layers)
    heads = (_last(facts, kind) for kind in _WHOLE)
    return tuple(group._replace(layers=(facts.num_layers,)) for group in heads if group is not None)


def _moved(group: KvLayers, start: int) -> KvLayers:
    return group._replace(layers=tuple(start + layer for layer in group.layers))


def _last(facts: ModelFacts, kind: KvKind) -> KvLayers | None:
    same = [group for group in facts.kv_layers if group.kind == kind and group.layers]
    return max(same, key=lambda group: group.layers[-1], default=None)
