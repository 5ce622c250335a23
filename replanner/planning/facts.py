"""The narrow waist: what planning knows of a model once its family no longer matters.

Groups of weight matrices (how large, stored how, divided how) and groups of layers that keep
something per token. Everything past this point is one formula; nothing asks for a model type.
"""

from typing import Literal, NamedTuple

Part = Literal[
    "attention", "mlp", "experts", "router", "embedding", "head", "norm", "tower", "other"
]
Shard = Literal["replicated", "column", "row", "kv", "vocab"]
Place = Literal["first", "layers", "last"]
KvKind = Literal["full", "sliding", "chunked", "mla", "indexer", "state", "cross"]
StateKind = Literal["", "mamba1", "mamba2", "gdn", "kda", "linear", "conv"]


class Parallel(NamedTuple):
    """How many GPUs share a layer (tensor), the stack (pipeline) and the traffic (data)."""

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    experts: bool = False

    @property
    def gpus(self) -> int:
        return self.tensor * self.pipeline * self.data

    @property
    def expert_ranks(self) -> int:
        """Ranks that share the experts (vLLM: EP size = TP x DP where it is on)."""
        return self.tensor * self.data if self.experts else 1


class Storage(NamedTuple):
    """How one matrix element is kept: packed weight bits, and the scales and zeros beside them.

    `block` is (rows, cols) covered by one scale; 0 means the whole extent of that dimension, so
    (1, 0) is one scale per output channel and (0, 0) one per matrix. A rank's share of a divided
    dimension is rounded up to whole `units`.
    """

    name: str
    bits: float
    block: tuple[int, int] = (0, 0)
    scale_bytes: int = 0
    zero_bits: float = 0.0
    extra_bytes: int = 0
    units: int = 1


class WeightMatrix(NamedTuple):
    """Equal matrices, one per layer in `layers` (once where the tuple is empty).

    `rows` is out_features (or the length of a vector, with cols = 1). With `experts` > 0 each
    layer holds that many of them. `heads` counts the KV heads where `shard` is "kv"; a column or
    row split with heads happens only where the ranks divide them.
    `copies` counts equal matrices of towers, whose layers are not the decoder's.
    `units` is the granularity of a column or row split: the divided extent must be a multiple.
    """

    name: str
    part: Part
    rows: int
    cols: int
    storage: Storage
    shard: Shard = "replicated"
    place: Place = "layers"
    layers: tuple[int, ...] = ()
    experts: int = 0
    heads: int = 0
    units: int = 1
    copies: int = 1
    active_share: float = 1.0
    counted: bool = True

    @property
    def matrices(self) -> int:
        return max(1, len(self.layers)) * max(1, self.experts) * self.copies

    @property
    def elements(self) -> int:
        """Logical parameters of all of them, before padding, sharding and packing."""
        return self.rows * self.cols * self.matrices


class StateTensor(NamedTuple):
    """One recurrent-state tensor of a layer and a sequence: `elements` for each of its heads.

    Heads are divided over tensor parallelism and replicated where there are fewer than ranks,
    as KV heads are. `draft_elements` come on top per head for each speculative token.
    """

    heads: int
    elements: int
    element_bytes: int | None = None  # None: the model's dtype decides
    draft_elements: int = 0


class KvLayers(NamedTuple):
    """Layers that keep the same thing for every token (or, for "state", for every sequence).

    MLA keeps one latent vector: kv_heads 1, head_size = kv_lora_rank + qk_rope_head_dim,
    head_size_v 0, not divided by tensor parallelism. An "indexer" is the second cache of sparse
    attention, beside the same layer's own. `window` is the sliding window or the chunk. A row may
    stand for several tokens (compressed attention), and a layer may insist on its own block size
    and on pages of whole multiples of some bytes.
    """

    kind: KvKind
    layers: tuple[int, ...]
    kv_heads: int = 0
    head_size: int = 0
    head_size_v: int = 0
    window: int = 0
    state: tuple[StateTensor, ...] = ()
    state_kind: StateKind = ""
    element_bytes: int | None = None  # None: the KV cache's dtype decides
    encoder_tokens: int = 0
    tokens_per_row: int = 1
    own_block_size: int = 0
    page_alignment: int = 1


class Moe(NamedTuple):
    """Routed experts: how many a layer has, how many a token uses, in how many layers.

    `intermediate_size` is one expert's.
    """

    experts: int
    experts_per_token: int
    layers: int
    intermediate_size: int = 0


class Attention(NamedTuple):
    """What a step computes against the cache: query heads and their width, per attention layer."""

    layers: int
    heads: int
    head_size: int


class Quantization(NamedTuple):
    """The checkpoint's own scheme: vLLM's method name and what people call it."""

    method: str
    label: str
    weight_bits: float
    activation: Literal["none", "int8", "fp8", "fp4"] = "none"
    kv_cache_dtype: str | None = None
    min_capability: tuple[int, int] = (7, 0)


class ModelFacts(NamedTuple):
    """A model as planning sees it. Byte counts rest on `weights`; lengths are in tokens."""

    architecture: str
    model_type: str
    dtype: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_layers: int
    max_model_len: int
    weights: tuple[WeightMatrix, ...]
    kv_layers: tuple[KvLayers, ...]
    attention: Attention
    parameters: int
    active_parameters: int
    moe: Moe | None = None
    quantization: Quantization | None = None
    # (what, how many): vLLM refuses a tensor_parallel_size that does not divide the count
    must_divide: tuple[tuple[str, int], ...] = ()
    kv_heads: int = 0
    pooling: bool = False
    multimodal: bool = False
    media_levels: int = 1  # hidden states that the encoder makes of a token
    whole_media: bool = False  # an image's tokens see each other, so none may be cut off
    rotary_elements: int = 0  # of the tables of positions
    plain_draft: bool = False  # MTP layers keep 16 bits, experts too
    uses_alibi: bool = False
    # vLLM versions between which the architecture exists: (first, last), None = open end
    removed_after: str | None = None
    unsupported: str = ""  # why vLLM would not load the configuration at all
    guess: str = ""
    notes: tuple[str, ...] = ()
