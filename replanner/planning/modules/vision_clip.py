"""Vision towers built on CLIP and SigLIP, as vLLM 0.33.0 has them."""

from replanner.planning.config_reader import ConfigReader
from replanner.planning.modules.pieces import COLUMN, ROW, Piece
from replanner.planning.modules.stacks import Stack, dense, flat
from replanner.planning.modules.tower_parts import (
    Tower,
    layers_of,
    made,
    patches,
    places,
    size_of,
    two_linear,
    used_layers,
    vit,
)
from replanner.planning.modules.vision_own import pixtral


def siglip_stack(vision: ConfigReader) -> list[Piece]:
    """models/siglip.py: learned positions, a last norm."""
    hidden = size_of(vision, "hidden_size")
    embedding = patches(vision, hidden) + hidden + places(vision) * hidden
    stack = vit(vision, layers=layers_of(vision, "num_hidden_layers"), hidden=hidden)
    return [
        flat("vision_tower.embeddings", embedding),
        *stack.pieces("vision_tower.layers"),
        flat("vision_tower.post_layernorm", 2 * hidden),
    ]


def gemma3(root: ConfigReader, hidden: int) -> Tower:
    vision = root.section("vision_config")
    width = size_of(vision, "hidden_size")
    projector = flat("multi_modal_projector", width * hidden + width)
    return made([*siglip_stack(vision), projector], size_of(vision, "num_attention_heads"))


def paligemma(root: ConfigReader, hidden: int) -> Tower:
    vision = root.section("vision_config")
    projector = dense("multi_modal_projector.linear", hidden, size_of(vision, "hidden_size"))
    return made([*siglip_stack(vision), *projector], size_of(vision, "num_attention_heads"))


def minicpmv(root: ConfigReader, hidden: int) -> Tower:
    """SigLIP and a resampler of learned queries (models/minicpmv.py)."""
    vision = root.section("vision_config")
    width = size_of(vision, "hidden_size")
    queries = size_of(root, "query_num", default=64)
    square = hidden * hidden
    resampler = queries * hidden + square + hidden * width
    attention = 4 * square + 4 * hidden
    pieces = [*siglip_stack(vision), flat("resampler", resampler + attention + 6 * hidden)]
    return made(pieces, size_of(vision, "num_attention_heads"))


def clip_stack(vision: ConfigReader, *, layers: int, frames: int = 1) -> list[Piece]:
    """models/clip.py: a class token, a norm in front."""
    hidden = size_of(vision, "hidden_size")
    embedding = patches(vision, hidden, frames=frames) + 2 * hidden
    if frames == 1:
        embedding += hidden + (places(vision) + 1) * hidden
    stack = vit(vision, layers=layers, hidden=hidden)
    return [flat("vision_tower.embeddings", embedding), *stack.pieces("vision_tower.layers")]


_CLIP_LARGE: dict[str, object] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "image_size": 336,
    "patch_size": 14,
}


def llava(root: ConfigReader, hidden: int) -> Tower:
    """CLIP, SigLIP or Pixtral up to the layer whose output is used, and two linear layers."""
    vision = root.section("vision_config")
    kind = vision.text("model_type", default="clip_vision_model")
    if kind == "pixtral":
        return pixtral(root, hidden)
    vision = vision if kind.startswith("siglip") else vision.with_defaults(_CLIP_LARGE)
    layers = used_layers(root, layers_of(vision, "num_hidden_layers"))
    width = size_of(vision, "hidden_size")
    bias = root.flag("multimodal_projector_bias", default=True)
    projector = two_linear("multi_modal_projector", (width, hidden, hidden), bias=bias)
    is_siglip = kind.startswith("siglip")
    tower = siglip_stack(vision) if is_siglip else clip_stack(vision, layers=layers)
    newline = [flat("image_newline", hidden)] if root.has("image_grid_pinpoints") else []
    return made([*tower, *projector, *newline], size_of(vision, "num_attention_heads"))


def phi3v(root: ConfigReader, hidden: int) -> Tower:
    """CLIP's large model up to the last layer but one; its own copy of the token table."""
    vision = ConfigReader(_CLIP_LARGE)
    width = 4 * 1024
    pieces = [
        *clip_stack(vision, layers=23),
        flat("separators", 2 * width),
        *dense("img_projection.0", hidden, width),
        *dense("img_projection.2", hidden, hidden),
        Piece("embed_tokens", "tower", size_of(root, "vocab_size"), hidden, "vocab"),
    ]
    return made(pieces, 16)


def molmo(root: ConfigReader, hidden: int) -> Tower:
    """OpenAI's CLIP up to layer 23, attention pooling of two layers (models/molmo.py)."""
    width, layers = 1024, 23
    stack = Stack(layers, width, 4096, 16)
    merged = size_of(root, "intermediate_size")
    pieces = [
        flat("embeddings", 577 * width + width + width * 588 + 2 * width + 4 * width),
        *stack.pieces("vision_backbone.resblocks"),
        *(piece for name in "qkv" for piece in dense(f"pooling.{name}", width, 2 * width, COLUMN)),
        *dense("pooling.o", width, width, ROW),
        *dense("projector.merged", merged, width, COLUMN, bias=False),
        *dense("projector.down", hidden, merged // 2, ROW, bias=False),
    ]
    return made(pieces, 16)


def minimax3(root: ConfigReader, hidden: int) -> Tower:
    """CLIP over frames, a projector, a merger of four patches (vllm/models/minimax_m3)."""
    vision = root.section("vision_config")
    width = size_of(vision, "hidden_size")
    middle = size_of(root, "projector_hidden_size", default=hidden)
    layers = layers_of(vision, "num_hidden_layers")
    pieces = [
        *clip_stack(vision, layers=layers, frames=2),
        *two_linear("multi_modal_projector", (width, middle, hidden)),
        *two_linear("patch_merge_mlp", (4 * hidden, middle, hidden)),
    ]
    return made(pieces, size_of(vision, "num_attention_heads"))


def mllama(root: ConfigReader, hidden: int) -> Tower:
    """Llama 3.2 Vision (up to vLLM 0.10.2): local and global layers over tiles."""
    vision = root.section("vision_config")
    width = size_of(vision, "hidden_size", default=1280)
    tiles, ratios = size_of(vision, "max_num_tiles", default=4), 9
    layers = layers_of(vision, "num_hidden_layers", default=32)
    layers += layers_of(vision, "num_global_layers", default=8)
    heads = size_of(vision, "attention_heads", default=16)
    stack = Stack(
        layers, width, size_of(vision, "intermediate_size", default=5120), heads, bias=False
    )
    cells = places(vision) + 1
    embedding = patches(vision, width) + cells * width + ratios * tiles * (cells + 2) * width
    pieces = [
        flat("vision_model.embeddings", embedding + 5 * width),
        *stack.pieces("vision_model.layers"),
        *dense(
            "multi_modal_projector",
            hidden,
            size_of(vision, "vision_output_dim", default=7680),
            COLUMN,
        ),
    ]
    return made(pieces, heads)
