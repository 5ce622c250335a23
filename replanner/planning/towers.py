"""What stands in front of a multimodal decoder: vision and audio towers and their projectors.

One function per tower, as vLLM 0.33.0 builds it (vllm/model_executor/models). Each gets the whole
configuration and the decoder's hidden size, and gives the pieces and the heads that must divide.
"""

from collections.abc import Callable
from dataclasses import dataclass

from replanner.planning.config_reader import ConfigReader
from replanner.planning.geometry import MOST_LAYERS, WIDEST
from replanner.planning.modules.pieces import COLUMN, ROW, Piece
from replanner.planning.modules.stacks import Stack, dense, flat


@dataclass(frozen=True, slots=True)
class Tower:
    """The weights of one tower; `heads` is 0 where nothing has to divide."""

    pieces: tuple[Piece, ...]
    heads: int = 0


Build = Callable[[ConfigReader, int], Tower]
_PATCH = 14
_COLORS = 3


def _size(reader: ConfigReader, *names: str, default: int | None = None) -> int:
    return reader.int(*names, default=default, low=1, high=WIDEST)


def _layers(reader: ConfigReader, *names: str, default: int | None = None) -> int:
    return reader.int(*names, default=default, low=1, high=MOST_LAYERS)


def _made(pieces: list[Piece], heads: int = 0) -> Tower:
    return Tower(tuple(pieces), heads)


def _patches(vision: ConfigReader, hidden: int, *, frames: int = 1) -> int:
    side = _size(vision, "patch_size", default=_PATCH)
    return hidden * vision.int("num_channels", "in_chans", default=_COLORS) * frames * side * side


def _places(vision: ConfigReader) -> int:
    """Patches of one image."""
    side = _size(vision, "image_size") // _size(vision, "patch_size", default=_PATCH)
    return side * side


def _two_linear(at: str, sizes: tuple[int, int, int], *, bias: bool = True) -> list[Piece]:
    """A projector of two layers, divided between them."""
    source, middle, target = sizes
    return [
        *dense(f"{at}.linear_1", middle, source, COLUMN, bias=bias),
        *dense(f"{at}.linear_2", target, middle, ROW, bias=bias),
    ]


def _vit(vision: ConfigReader, *, layers: int, hidden: int) -> Stack:
    return Stack(
        layers,
        hidden,
        _size(vision, "intermediate_size"),
        _size(vision, "num_attention_heads", "num_heads"),
    )


def _siglip_stack(vision: ConfigReader) -> list[Piece]:
    """models/siglip.py: learned positions, a last norm."""
    hidden = _size(vision, "hidden_size")
    embedding = _patches(vision, hidden) + hidden + _places(vision) * hidden
    stack = _vit(vision, layers=_layers(vision, "num_hidden_layers"), hidden=hidden)
    return [
        flat("vision_tower.embeddings", embedding),
        *stack.pieces("vision_tower.layers"),
        flat("vision_tower.post_layernorm", 2 * hidden),
    ]


def _gemma3(root: ConfigReader, hidden: int) -> Tower:
    vision = root.section("vision_config")
    width = _size(vision, "hidden_size")
    projector = flat("multi_modal_projector", width * hidden + width)
    return _made([*_siglip_stack(vision), projector], _size(vision, "num_attention_heads"))


def _paligemma(root: ConfigReader, hidden: int) -> Tower:
    vision = root.section("vision_config")
    projector = dense("multi_modal_projector.linear", hidden, _size(vision, "hidden_size"))
    return _made([*_siglip_stack(vision), *projector], _size(vision, "num_attention_heads"))


def _minicpmv(root: ConfigReader, hidden: int) -> Tower:
    """SigLIP and a resampler of learned queries (models/minicpmv.py)."""
    vision = root.section("vision_config")
    width = _size(vision, "hidden_size")
    queries = _size(root, "query_num", default=64)
    square = hidden * hidden
    resampler = queries * hidden + square + hidden * width
    attention = 4 * square + 4 * hidden
    pieces = [*_siglip_stack(vision), flat("resampler", resampler + attention + 6 * hidden)]
    return _made(pieces, _size(vision, "num_attention_heads"))


def _clip_stack(vision: ConfigReader, *, layers: int, frames: int = 1) -> list[Piece]:
    """models/clip.py: a class token, a norm in front."""
    hidden = _size(vision, "hidden_size")
    embedding = _patches(vision, hidden, frames=frames) + 2 * hidden
    if frames == 1:
        embedding += hidden + (_places(vision) + 1) * hidden
    stack = _vit(vision, layers=layers, hidden=hidden)
    return [flat("vision_tower.embeddings", embedding), *stack.pieces("vision_tower.layers")]


_CLIP_LARGE: dict[str, object] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "image_size": 336,
    "patch_size": 14,
}


def _llava(root: ConfigReader, hidden: int) -> Tower:
    """CLIP, SigLIP or Pixtral up to the layer whose output is used, and two linear layers."""
    vision = root.section("vision_config")
    kind = vision.text("model_type", default="clip_vision_model")
    if kind == "pixtral":
        return _pixtral(root, hidden)
    vision = vision if kind.startswith("siglip") else vision.with_defaults(_CLIP_LARGE)
    layers = _used_layers(root, _layers(vision, "num_hidden_layers"))
    width = _size(vision, "hidden_size")
    bias = root.flag("multimodal_projector_bias", default=True)
    projector = _two_linear("multi_modal_projector", (width, hidden, hidden), bias=bias)
    made = (
        _siglip_stack(vision) if kind.startswith("siglip") else _clip_stack(vision, layers=layers)
    )
    newline = [flat("image_newline", hidden)] if root.has("image_grid_pinpoints") else []
    return _made([*made, *projector, *newline], _size(vision, "num_attention_heads"))


def _used_layers(root: ConfigReader, layers: int) -> int:
    """vision_feature_layer counts from the end where it is negative."""
    chosen = root.value("vision_feature_layer")
    if not isinstance(chosen, int) or isinstance(chosen, bool) or not -layers <= chosen < layers:
        return layers
    return layers + chosen + 1 if chosen < 0 else chosen


def _phi3v(root: ConfigReader, hidden: int) -> Tower:
    """CLIP's large model up to the last layer but one; its own copy of the token table."""
    vision = ConfigReader(_CLIP_LARGE)
    width = 4 * 1024
    pieces = [
        *_clip_stack(vision, layers=23),
        flat("separators", 2 * width),
        *dense("img_projection.0", hidden, width),
        *dense("img_projection.2", hidden, hidden),
        Piece("embed_tokens", "tower", _size(root, "vocab_size"), hidden, "vocab"),
    ]
    return _made(pieces, 16)


def _molmo(root: ConfigReader, hidden: int) -> Tower:
    """OpenAI's CLIP up to layer 23, attention pooling of two layers (models/molmo.py)."""
    width, layers = 1024, 23
    stack = Stack(layers, width, 4096, 16)
    merged = _size(root, "intermediate_size")
    pieces = [
        flat("embeddings", 577 * width + width + width * 588 + 2 * width + 4 * width),
        *stack.pieces("vision_backbone.resblocks"),
        *(piece for name in "qkv" for piece in dense(f"pooling.{name}", width, 2 * width, COLUMN)),
        *dense("pooling.o", width, width, ROW),
        *dense("projector.merged", merged, width, COLUMN, bias=False),
        *dense("projector.down", hidden, merged // 2, ROW, bias=False),
    ]
    return _made(pieces, 16)


def _pixtral(root: ConfigReader, hidden: int) -> Tower:
    """RMSNorm, gated, no biases; patches are merged before the projector."""
    vision = root.section("vision_config")
    width = _size(vision, "hidden_size")
    heads = _size(vision, "num_attention_heads")
    merge = _size(root, "spatial_merge_size", default=1)
    stack = Stack(
        _layers(vision, "num_hidden_layers"),
        width,
        _size(vision, "intermediate_size"),
        heads,
        gated=True,
        bias=False,
        mlp_bias=False,
        vectors=2,
    )
    pieces = [flat("patch_conv", _patches(vision, width) + width), *stack.pieces("vision_tower")]
    if merge > 1:
        merger = width + width * width * merge * merge
        pieces.append(flat("multi_modal_projector.patch_merger", merger))
    bias = root.flag("multimodal_projector_bias")
    pieces += _two_linear("multi_modal_projector", (width, hidden, hidden), bias=bias)
    return _made(pieces, heads)


def _internvl(root: ConfigReader, hidden: int) -> Tower:
    """InternViT with layer scales; heads are padded, so any number of ranks divides them."""
    vision = root.section("vision_config")
    width = _size(vision, "hidden_size")
    layers = _layers(vision, "num_hidden_layers")
    normed = vision.flag("qk_normalization", "use_qk_norm")
    rms = vision.text("norm_type", default="layer_norm") == "rms_norm"
    stack = Stack(
        _used_layers(ConfigReader({"vision_feature_layer": root.value("select_layer")}), layers),
        width,
        _size(vision, "intermediate_size"),
        _size(vision, "num_attention_heads"),
        bias=True,
        vectors=2 + (2 if rms else 4) + (2 if normed else 0),
    )
    shuffled = 4 * width
    pieces = [
        flat("embeddings", _patches(vision, width) + (_places(vision) + 3) * width),
        *stack.pieces("vision_model.layers"),
        flat("mlp1.0", 2 * shuffled),
        *dense("mlp1.1", hidden, shuffled),
        *dense("mlp1.3", hidden, hidden),
    ]
    return _made(pieces)


def _merger(at: str, sizes: tuple[int, int], norm: int) -> list[Piece]:
    """Four patches become one: two layers, divided between them."""
    middle, target = sizes
    return [flat(f"{at}.norm", norm), *_two_linear(at, (middle, middle, target))]


def _qwen2vl(root: ConfigReader, hidden: int) -> Tower:
    """models/qwen2_vl.py."""
    vision = root.section("vision_config")
    width = _size(vision, "embed_dim", default=1280)
    ratio = _size(vision, "mlp_ratio", default=4)
    heads = _size(vision, "num_heads", default=16)
    stack = Stack(_layers(vision, "depth", default=32), width, ratio * width, heads)
    target = _size(vision, "hidden_size", default=hidden)
    pieces = [
        flat("visual.patch_embed", _patches(vision, width, frames=_frames(vision))),
        *stack.pieces("visual.blocks"),
        *_merger("visual.merger", (4 * width, target), 2 * width),
    ]
    return _made(pieces, heads)


def _frames(vision: ConfigReader) -> int:
    return _size(vision, "temporal_patch_size", default=2)


def _qwen25vl(root: ConfigReader, hidden: int) -> Tower:
    """models/qwen2_5_vl.py: RMSNorm and a gated feed-forward part with biases."""
    vision = root.section("vision_config")
    width = _size(vision, "hidden_size", default=1280)
    heads = _size(vision, "num_heads", default=16)
    stack = Stack(
        _layers(vision, "depth", default=32),
        width,
        _size(vision, "intermediate_size", default=3420),
        heads,
        gated=True,
        vectors=2,
    )
    target = _size(vision, "out_hidden_size", default=hidden)
    pieces = [
        flat("visual.patch_embed", _patches(vision, width, frames=_frames(vision))),
        *stack.pieces("visual.blocks"),
        *_merger("visual.merger", (4 * width, target), width),
    ]
    return _made(pieces, heads)


def _qwen3vl(root: ConfigReader, hidden: int) -> Tower:
    """models/qwen3_vl.py: learned positions; deep layers feed the decoder as well."""
    vision = root.section("vision_config")
    width = _size(vision, "hidden_size", default=1152)
    heads = _size(vision, "num_heads", default=16)
    stack = Stack(
        _layers(vision, "depth", default=27),
        width,
        _size(vision, "intermediate_size", default=4304),
        heads,
    )
    places = _size(vision, "num_position_embeddings", default=2304)
    target = _size(vision, "out_hidden_size", default=hidden)
    deep = len(vision.items("deepstack_visual_indexes"))
    patch = _patches(vision, width, frames=_frames(vision)) + width
    pieces = [
        flat("visual.patch_embed", patch + places * width),
        *stack.pieces("visual.blocks"),
        *_merger("visual.merger", (4 * width, target), 2 * width),
    ]
    for index in range(min(deep, MOST_LAYERS)):
        pieces += _merger(f"visual.deepstack.{index}", (4 * width, target), 8 * width)
    return _made(pieces, heads)


def _glm4v(root: ConfigReader, hidden: int) -> Tower:
    """models/glm4_1v.py: a gated merger as wide as the decoder's own layers."""
    vision = root.section("vision_config")
    width = _size(vision, "hidden_size")
    heads = _size(vision, "num_heads")
    target = _size(vision, "out_hidden_size", default=hidden)
    bias = vision.flag("attention_bias")
    stack = Stack(
        _layers(vision, "depth"),
        width,
        target,
        heads,
        gated=True,
        bias=bias,
        mlp_bias=False,
        vectors=2,
    )
    merged = _size(vision, "intermediate_size")
    embedding = _patches(vision, width, frames=_frames(vision)) + width
    side = _size(vision, "spatial_merge_size", default=2)
    pieces = [
        flat("visual.embed", embedding + _places(vision) * width + 2 * width),
        *stack.pieces("visual.blocks"),
        flat("visual.downsample", target * width * side * side + target + 2 * target),
        *dense("visual.merger.proj", target, target, COLUMN, bias=False),
        *dense("visual.merger.gate", merged, target, COLUMN, bias=False),
        *dense("visual.merger.up", merged, target, COLUMN, bias=False),
        *dense("visual.merger.down", target, merged, ROW, bias=False),
    ]
    return _made(pieces, heads)


def _moonvit(root: ConfigReader, hidden: int) -> Tower:
    """Kimi's tower (models/kimi_k25_vit.py)."""
    vision = root.section("vision_config")
    width = _size(vision, "vt_hidden_size")
    rms = vision.text("norm_type", default="layernorm") == "rmsnorm"
    biased = vision.flag("linear_bias", default=True)
    stack = Stack(
        _layers(vision, "vt_num_hidden_layers"),
        width,
        _size(vision, "vt_intermediate_size"),
        inner=vision.int("qkv_hidden_size", default=width, low=1, high=WIDEST),
        bias=vision.flag("attn_bias", default=True),
        mlp_bias=biased,
        heads=_size(vision, "vt_num_attention_heads"),
        vectors=2 if rms else 4,
        whole_if_uneven=True,
    )
    grid = _size(vision, "init_pos_emb_height") * _size(vision, "init_pos_emb_width")
    patch_bias = width if vision.flag("patch_embed_proj_bias", default=True) else 0
    norm = width if rms else 2 * width
    pieces = [
        flat("patch_embed", _patches(vision, width) + patch_bias + grid * width + norm),
        *stack.pieces("vision_tower.blocks"),
        *dense("mm_projector.linear_1", 4 * width, 4 * width, bias=biased),
        *dense("mm_projector.linear_2", hidden, 4 * width, bias=biased),
        flat("mm_projector.norm", hidden if rms else 2 * width),
    ]
    return _made(pieces)


_LLAMA4_VISION: dict[str, object] = {
    "hidden_size": 768,
    "intermediate_size": 5632,
    "num_attention_heads": 16,
    "num_hidden_layers": 34,
    "image_size": 448,
    "patch_size": 14,
    "vision_output_dim": 7680,
    "projector_input_dim": 4096,
    "projector_output_dim": 4096,
    "pixel_shuffle_ratio": 0.5,
}


def _llama4(root: ConfigReader, hidden: int) -> Tower:
    """models/mllama4.py: a pixel shuffle, an adapter, one linear layer."""
    vision = root.section("vision_config").with_defaults(_LLAMA4_VISION)
    width = _size(vision, "hidden_size")
    heads = _size(vision, "num_attention_heads")
    shuffled = _size(vision, "intermediate_size")
    middle, target = _size(vision, "projector_input_dim"), _size(vision, "projector_output_dim")
    stack = _vit(vision, layers=_layers(vision, "num_hidden_layers"), hidden=width)
    side = _size(vision, "patch_size")
    pieces = [
        flat("vision_model.embeddings", (_places(vision) + 2) * width + 4 * width),
        *dense("vision_model.patch_embedding", width, _COLORS * side * side, COLUMN, bias=False),
        *stack.pieces("vision_model.layers"),
        *dense("vision_adapter.fc1", middle, shuffled, COLUMN, bias=False),
        *dense("vision_adapter.fc2", target, middle, ROW, bias=False),
        *dense(
            "multi_modal_projector", hidden, _size(vision, "vision_output_dim"), COLUMN, bias=False
        ),
    ]
    return _made(pieces, heads)


def _minimax3(root: ConfigReader, hidden: int) -> Tower:
    """CLIP over frames, a projector, a merger of four patches (vllm/models/minimax_m3)."""
    vision = root.section("vision_config")
    width = _size(vision, "hidden_size")
    middle = _size(root, "projector_hidden_size", default=hidden)
    layers = _layers(vision, "num_hidden_layers")
    pieces = [
        *_clip_stack(vision, layers=layers, frames=2),
        *_two_linear("multi_modal_projector", (width, middle, hidden)),
        *_two_linear("patch_merge_mlp", (4 * hidden, middle, hidden)),
    ]
    return _made(pieces, _size(vision, "num_attention_heads"))


def _gemma4_vision(root: ConfigReader, hidden: int) -> Tower:
    """transformers' own tower, whole on every rank."""
    vision = root.section("vision_config")
    width, head = _size(vision, "hidden_size"), _size(vision, "head_dim")
    side = _size(vision, "patch_size")
    stack = Stack(
        _layers(vision, "num_hidden_layers"),
        width,
        _size(vision, "intermediate_size"),
        gated=True,
        bias=False,
        mlp_bias=False,
        vectors=4,
        extra=2 * head,
        divided=False,
    )
    places = 2 * _size(vision, "position_embedding_size") * width
    pieces = [
        flat("patch_embedder", places + width * _COLORS * side * side),
        *stack.pieces("vision_tower.layers"),
        *dense("embed_vision", hidden, width, bias=False),
    ]
    return _made(pieces)


def _gemma4_audio(root: ConfigReader, hidden: int) -> Tower:
    """A conformer, whole on every rank: two feed-forward parts, attention, a convolution."""
    if not root.has("audio_config"):
        return _made([])
    audio = root.section("audio_config")
    width, layers = _size(audio, "hidden_size"), _layers(audio, "num_hidden_layers")
    head = width // _size(audio, "num_attention_heads")
    first, second = audio.ints("subsampling_conv_channels", low=1, high=WIDEST) or (128, 32)
    target = _size(audio, "output_proj_dims")
    square = width * width
    feeds = 2 * (8 * square + 2 * width)
    attention = 5 * square + head
    convolution = 3 * square + _size(audio, "conv_kernel_size") * width + 2 * width
    block = feeds + attention + convolution + 3 * width
    subsampling = 9 * first + first + 9 * first * second + second + width * second * 32
    pieces = [
        flat("audio_tower.layers", layers * block),
        flat("audio_tower.subsampling", subsampling),
        *dense("audio_tower.output_proj", target, width),
        *dense("embed_audio", hidden, target, bias=False),
    ]
    return _made(pieces)


def _whisper_front(audio: ConfigReader, width: int) -> int:
    """Two convolutions over the spectrogram, with biases."""
    bins = _size(audio, "num_mel_bins", default=128)
    return 3 * width * bins + 3 * width * width + 2 * width


def _whisper_stack(audio: ConfigReader, *, divided: bool, key_bias: bool = True) -> Stack:
    return Stack(
        _layers(audio, "encoder_layers"),
        _size(audio, "d_model"),
        _size(audio, "encoder_ffn_dim"),
        _size(audio, "encoder_attention_heads"),
        key_bias=key_bias,
        divided=divided,
        whole_if_uneven=divided,
    )


def _qwen2_audio(root: ConfigReader, hidden: int) -> Tower:
    """transformers' own encoder, whole on every rank."""
    audio = root.section("audio_config")
    width = _size(audio, "d_model")
    places = _size(audio, "max_source_positions", default=1500)
    pieces = [
        flat("audio_tower.front", _whisper_front(audio, width) + (places + 2) * width),
        *_whisper_stack(audio, divided=False, key_bias=False).pieces("audio_tower.layers"),
        *dense("multi_modal_projector.linear", hidden, width),
    ]
    return _made(pieces)


def _omni_audio(root: ConfigReader, hidden: int) -> Tower:
    """Qwen2.5 Omni's: the same encoder without learned positions."""
    audio = root.section("audio_config")
    width, target = _size(audio, "d_model"), _size(audio, "output_dim", default=hidden)
    pieces = [
        flat("audio_tower.front", _whisper_front(audio, width) + 2 * width + 2 * target),
        *_whisper_stack(audio, divided=False, key_bias=False).pieces("audio_tower.layers"),
        *dense("audio_tower.proj", target, width),
    ]
    return _made(pieces)


def _qwen3_audio(root: ConfigReader, hidden: int) -> Tower:
    """Qwen3 ASR and Omni: three convolutions that halve time and frequency, then a ViT."""
    audio = root.section("audio_config")
    width, target = _size(audio, "d_model"), _size(audio, "output_dim", default=hidden)
    inner = _size(audio, "downsample_hidden_size", default=480)
    bins = _size(audio, "num_mel_bins", default=128)
    halved = -(-bins // 8)
    front = 9 * inner + 2 * 9 * inner * inner + 3 * inner + width * inner * halved + 2 * width
    stack = _whisper_stack(audio, divided=True)
    pieces = [
        flat("audio_tower.front", front),
        *stack.pieces("audio_tower.layers"),
        *dense("audio_tower.proj1", width, width),
        *dense("audio_tower.proj2", target, width),
    ]
    return _made(pieces)


def _whisper(root: ConfigReader, hidden: int) -> Tower:
    """models/whisper.py: the encoder, with positions of its own."""
    del hidden
    width = _size(root, "d_model")
    places = _size(root, "max_source_positions", default=1500)
    stack = _whisper_stack(root, divided=True)
    front = flat("encoder.front", _whisper_front(root, width) + (places + 2) * width)
    return _made([front, *stack.pieces("encoder.layers")], stack.heads)


def _mllama(root: ConfigReader, hidden: int) -> Tower:
    """Llama 3.2 Vision (up to vLLM 0.10.2): local and global layers over tiles."""
    vision = root.section("vision_config")
    width = _size(vision, "hidden_size", default=1280)
    tiles, ratios = _size(vision, "max_num_tiles", default=4), 9
    layers = _layers(vision, "num_hidden_layers", default=32)
    layers += _layers(vision, "num_global_layers", default=8)
    heads = _size(vision, "attention_heads", default=16)
    stack = Stack(
        layers, width, _size(vision, "intermediate_size", default=5120), heads, bias=False
    )
    places = _places(vision) + 1
    embedding = _patches(vision, width) + places * width + ratios * tiles * (places + 2) * width
    pieces = [
        flat("vision_model.embeddings", embedding + 5 * width),
        *stack.pieces("vision_model.layers"),
        *dense(
            "multi_modal_projector",
            hidden,
            _size(vision, "vision_output_dim", default=7680),
            COLUMN,
        ),
    ]
    return _made(pieces, heads)


def generic(root: ConfigReader, hidden: int) -> Tower:
    """A tower that is not known: a plain ViT of the dimensions given, and two linear layers."""
    vision = root.section("vision_config", "vision_tower_config", "audio_config")
    width = vision.int("hidden_size", "embed_dim", "d_model", default=0, high=WIDEST)
    layers = vision.int("num_hidden_layers", "depth", "encoder_layers", default=0, high=MOST_LAYERS)
    if not width or not layers:
        return _made([])
    inner = vision.int("intermediate_size", "encoder_ffn_dim", default=4 * width, high=WIDEST)
    stack = Stack(layers, width, inner)
    return _made(
        [
            *stack.pieces("vision_tower.layers"),
            *_two_linear("multi_modal_projector", (width, hidden, hidden)),
        ]
    )


@dataclass(frozen=True, slots=True)
class Multimodal:
    """A decoder by its own architecture ("" where the configuration names it), and the towers."""

    decoder: str
    towers: tuple[Build, ...]


MULTIMODAL: dict[str, Multimodal] = {
    "Gemma3ForConditionalGeneration": Multimodal("Gemma3ForCausalLM", (_gemma3,)),
    "Gemma4ForConditionalGeneration": Multimodal(
        "Gemma4ForCausalLM", (_gemma4_vision, _gemma4_audio)
    ),
    "Glm4vForConditionalGeneration": Multimodal("Glm4ForCausalLM", (_glm4v,)),
    "Glm4vMoeForConditionalGeneration": Multimodal("Glm4MoeForCausalLM", (_glm4v,)),
    "InternVLChatModel": Multimodal("", (_internvl,)),
    "KimiK25ForConditionalGeneration": Multimodal("DeepseekV3ForCausalLM", (_moonvit,)),
    "KimiK3ForConditionalGeneration": Multimodal("KimiK3ForCausalLM", (_moonvit,)),
    "Llama4ForConditionalGeneration": Multimodal("Llama4ForCausalLM", (_llama4,)),
    "LlavaForConditionalGeneration": Multimodal("", (_llava,)),
    "LlavaNextForConditionalGeneration": Multimodal("", (_llava,)),
    "MiniCPMV": Multimodal("", (_minicpmv,)),
    "MiniMaxM3SparseForConditionalGeneration": Multimodal(
        "MiniMaxM3SparseForCausalLM", (_minimax3,)
    ),
    "Mistral3ForConditionalGeneration": Multimodal("MistralForCausalLM", (_pixtral,)),
    "MllamaForConditionalGeneration": Multimodal("MllamaForCausalLM", (_mllama,)),
    "MolmoForCausalLM": Multimodal("MolmoForCausalLM", (_molmo,)),
    "PaliGemmaForConditionalGeneration": Multimodal("", (_paligemma,)),
    "Phi3VForCausalLM": Multimodal("Phi3ForCausalLM", (_phi3v,)),
    "Qwen2AudioForConditionalGeneration": Multimodal("Qwen2ForCausalLM", (_qwen2_audio,)),
    "Qwen2VLForConditionalGeneration": Multimodal("Qwen2ForCausalLM", (_qwen2vl,)),
    "Qwen2_5OmniForConditionalGeneration": Multimodal("Qwen2ForCausalLM", (_omni_audio, _qwen25vl)),
    "Qwen2_5OmniModel": Multimodal("Qwen2ForCausalLM", (_omni_audio, _qwen25vl)),
    "Qwen2_5_VLForConditionalGeneration": Multimodal("Qwen2ForCausalLM", (_qwen25vl,)),
    "Qwen3ASRForConditionalGeneration": Multimodal("Qwen3ForCausalLM", (_qwen3_audio,)),
    "Qwen3OmniMoeForConditionalGeneration": Multimodal(
        "Qwen3MoeForCausalLM", (_qwen3_audio, _qwen3vl)
    ),
    "Qwen3VLForConditionalGeneration": Multimodal("Qwen3ForCausalLM", (_qwen3vl,)),
    "Qwen3VLMoeForConditionalGeneration": Multimodal("Qwen3MoeForCausalLM", (_qwen3vl,)),
    "Qwen3_5ForConditionalGeneration": Multimodal("Qwen3_5ForCausalLM", (_qwen3vl,)),
    "Qwen3_5MoeForConditionalGeneration": Multimodal("Qwen3_5MoeForCausalLM", (_qwen3vl,)),
    "WhisperForConditionalGeneration": Multimodal("WhisperForConditionalGeneration", (_whisper,)),
}
