"""Vision towers that families built for themselves, as vLLM 0.33.0 has them."""

from replanner.planning.config_reader import ConfigReader
from replanner.planning.geometry import MOST_LAYERS, WIDEST
from replanner.planning.modules.pieces import COLUMN, ROW
from replanner.planning.modules.stacks import Stack, dense, flat
from replanner.planning.modules.tower_parts import (
    COLORS,
    Tower,
    frames_of,
    layers_of,
    made,
    merger,
    patches,
    places,
    size_of,
    two_linear,
    used_layers,
    vit,
)


def pixtral(root: ConfigReader, hidden: int) -> Tower:
    """RMSNorm, gated, no biases; patches are merged before the projector."""
    vision = root.section("vision_config")
    width = size_of(vision, "hidden_size")
    heads = size_of(vision, "num_attention_heads")
    merge = size_of(root, "spatial_merge_size", default=1)
    stack = Stack(
        layers_of(vision, "num_hidden_layers"),
        width,
        size_of(vision, "intermediate_size"),
        heads,
        gated=True,
        bias=False,
        mlp_bias=False,
        vectors=2,
    )
    pieces = [flat("patch_conv", patches(vision, width) + width), *stack.pieces("vision_tower")]
    if merge > 1:
        merger = width + width * width * merge * merge
        pieces.append(flat("multi_modal_projector.patch_merger", merger))
    bias = root.flag("multimodal_projector_bias")
    pieces += two_linear("multi_modal_projector", (width, hidden, hidden), bias=bias)
    return made(pieces, heads)


def internvl(root: ConfigReader, hidden: int) -> Tower:
    """InternViT with layer scales; heads are padded, so any number of ranks divides them."""
    vision = root.section("vision_config")
    width = size_of(vision, "hidden_size")
    layers = layers_of(vision, "num_hidden_layers")
    normed = vision.flag("qk_normalization", "use_qk_norm")
    rms = vision.text("norm_type", default="layer_norm") == "rms_norm"
    stack = Stack(
        used_layers(ConfigReader({"vision_feature_layer": root.value("select_layer")}), layers),
        width,
        size_of(vision, "intermediate_size"),
        size_of(vision, "num_attention_heads"),
        bias=True,
        vectors=2 + (2 if rms else 4) + (2 if normed else 0),
    )
    shuffled = 4 * width
    pieces = [
        flat("embeddings", patches(vision, width) + (places(vision) + 3) * width),
        *stack.pieces("vision_model.layers"),
        flat("mlp1.0", 2 * shuffled),
        *dense("mlp1.1", hidden, shuffled),
        *dense("mlp1.3", hidden, hidden),
    ]
    return made(pieces)


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


def llama4(root: ConfigReader, hidden: int) -> Tower:
    """models/mllama4.py: a pixel shuffle, an adapter, one linear layer."""
    vision = root.section("vision_config").with_defaults(_LLAMA4_VISION)
    width = size_of(vision, "hidden_size")
    heads = size_of(vision, "num_attention_heads")
    shuffled = size_of(vision, "intermediate_size")
    middle, target = size_of(vision, "projector_input_dim"), size_of(vision, "projector_output_dim")
    stack = vit(vision, layers=layers_of(vision, "num_hidden_layers"), hidden=width)
    side = size_of(vision, "patch_size")
    pieces = [
        flat("vision_model.embeddings", (places(vision) + 2) * width + 4 * width),
        *dense("vision_model.patch_embedding", width, COLORS * side * side, COLUMN, bias=False),
        *stack.pieces("vision_model.layers"),
        *dense("vision_adapter.fc1", middle, shuffled, COLUMN, bias=False),
        *dense("vision_adapter.fc2", target, middle, ROW, bias=False),
        *dense(
            "multi_modal_projector",
            hidden,
            size_of(vision, "vision_output_dim"),
            COLUMN,
            bias=False,
        ),
    ]
    return made(pieces, heads)


def qwen2vl(root: ConfigReader, hidden: int) -> Tower:
    """models/qwen2_vl.py."""
    vision = root.section("vision_config")
    width = size_of(vision, "embed_dim", default=1280)
    ratio = size_of(vision, "mlp_ratio", default=4)
    heads = size_of(vision, "num_heads", default=16)
    stack = Stack(layers_of(vision, "depth", default=32), width, ratio * width, heads)
    target = size_of(vision, "hidden_size", default=hidden)
    pieces = [
        flat("visual.patch_embed", patches(vision, width, frames=frames_of(vision))),
        *stack.pieces("visual.blocks"),
        *merger("visual.merger", (4 * width, target), 2 * width),
    ]
    return made(pieces, heads)


def qwen25vl(root: ConfigReader, hidden: int) -> Tower:
    """models/qwen2_5_vl.py: RMSNorm and a gated feed-forward part with biases."""
    vision = root.section("vision_config")
    width = size_of(vision, "hidden_size", default=1280)
    heads = size_of(vision, "num_heads", default=16)
    stack = Stack(
        layers_of(vision, "depth", default=32),
        width,
        size_of(vision, "intermediate_size", default=3420),
        heads,
        gated=True,
        vectors=2,
    )
    target = size_of(vision, "out_hidden_size", default=hidden)
    pieces = [
        flat("visual.patch_embed", patches(vision, width, frames=frames_of(vision))),
        *stack.pieces("visual.blocks"),
        *merger("visual.merger", (4 * width, target), width),
    ]
    return made(pieces, heads)


def qwen3vl(root: ConfigReader, hidden: int) -> Tower:
    """models/qwen3_vl.py: learned positions; deep layers feed the decoder as well."""
    vision = root.section("vision_config")
    width = size_of(vision, "hidden_size", default=1152)
    heads = size_of(vision, "num_heads", default=16)
    stack = Stack(
        layers_of(vision, "depth", default=27),
        width,
        size_of(vision, "intermediate_size", default=4304),
        heads,
    )
    places = size_of(vision, "num_position_embeddings", default=2304)
    target = size_of(vision, "out_hidden_size", default=hidden)
    deep = len(vision.items("deepstack_visual_indexes"))
    patch = patches(vision, width, frames=frames_of(vision)) + width
    pieces = [
        flat("visual.patch_embed", patch + places * width),
        *stack.pieces("visual.blocks"),
        *merger("visual.merger", (4 * width, target), 2 * width),
    ]
    for index in range(min(deep, MOST_LAYERS)):
        pieces += merger(f"visual.deepstack.{index}", (4 * width, target), 8 * width)
    return made(pieces, heads)


def glm4v(root: ConfigReader, hidden: int) -> Tower:
    """models/glm4_1v.py: a gated merger as wide as the decoder's own layers."""
    vision = root.section("vision_config")
    width = size_of(vision, "hidden_size")
    heads = size_of(vision, "num_heads")
    target = size_of(vision, "out_hidden_size", default=hidden)
    bias = vision.flag("attention_bias")
    stack = Stack(
        layers_of(vision, "depth"),
        width,
        target,
        heads,
        gated=True,
        bias=bias,
        mlp_bias=False,
        vectors=2,
    )
    merged = size_of(vision, "intermediate_size")
    embedding = patches(vision, width, frames=frames_of(vision)) + width
    side = size_of(vision, "spatial_merge_size", default=2)
    pieces = [
        flat("visual.embed", embedding + places(vision) * width + 2 * width),
        *stack.pieces("visual.blocks"),
        flat("visual.downsample", target * width * side * side + target + 2 * target),
        *dense("visual.merger.proj", target, target, COLUMN, bias=False),
        *dense("visual.merger.gate", merged, target, COLUMN, bias=False),
        *dense("visual.merger.up", merged, target, COLUMN, bias=False),
        *dense("visual.merger.down", target, merged, ROW, bias=False),
    ]
    return made(pieces, heads)


def moonvit(root: ConfigReader, hidden: int) -> Tower:
    """Kimi's tower (models/kimi_k25_vit.py)."""
    vision = root.section("vision_config")
    width = size_of(vision, "vt_hidden_size", "hidden_size")
    rms = vision.text("norm_type", default="layernorm") == "rmsnorm"
    biased = vision.flag("linear_bias", default=True)
    stack = Stack(
        layers_of(vision, "vt_num_hidden_layers", "num_hidden_layers"),
        width,
        size_of(vision, "vt_intermediate_size", "intermediate_size"),
        inner=vision.int("qkv_hidden_size", default=width, low=1, high=WIDEST),
        bias=vision.flag("attn_bias", default=True),
        mlp_bias=biased,
        heads=size_of(vision, "vt_num_attention_heads", "num_attention_heads"),
        vectors=2 if rms else 4,
        whole_if_uneven=True,
    )
    grid = size_of(vision, "init_pos_emb_height") * size_of(vision, "init_pos_emb_width")
    patch_bias = width if vision.flag("patch_embed_proj_bias", default=True) else 0
    norm = width if rms else 2 * width
    pieces = [
        flat("patch_embed", patches(vision, width) + patch_bias + grid * width + norm),
        *stack.pieces("vision_tower.blocks"),
        *dense("mm_projector.linear_1", 4 * width, 4 * width, bias=biased),
        *dense("mm_projector.linear_2", hidden, 4 * width, bias=biased),
        flat("mm_projector.norm", hidden if rms else 2 * width),
    ]
    return made(pieces)


def gemma4_vision(root: ConfigReader, hidden: int) -> Tower:
    """transformers' own tower, whole on every rank."""
    vision = root.section("vision_config")
    width, head = size_of(vision, "hidden_size"), size_of(vision, "head_dim")
    side = size_of(vision, "patch_size")
    stack = Stack(
        layers_of(vision, "num_hidden_layers"),
        width,
        size_of(vision, "intermediate_size"),
        gated=True,
        bias=False,
        mlp_bias=False,
        vectors=4,
        extra=2 * head,
        divided=False,
    )
    places = 2 * size_of(vision, "position_embedding_size") * width
    pieces = [
        flat("patch_embedder", places + width * COLORS * side * side),
        *stack.pieces("vision_tower.layers"),
        *dense("embed_vision", hidden, width, bias=False),
    ]
    return made(pieces)


_WIDEST_RATIO = 64.0


def deepseek_vl2(root: ConfigReader, hidden: int) -> Tower:
    """SigLIP from timm, whole on every rank, and a projector (models/deepseek_vl2.py)."""
    vision, projector = root.section("vision_config"), root.section("projector_config")
    width = size_of(vision, "width", default=1152)
    stack = Stack(
        layers_of(vision, "layers", default=27),
        width,
        int(width * max(1.0, min(vision.number("mlp_ratio", default=3.7362), _WIDEST_RATIO))),
        divided=False,
    )
    side = size_of(projector, "downsample_ratio", default=2)
    cells = places(vision.with_defaults({"image_size": 384}))
    pieces = [
        flat("vision.embeddings", patches(vision, width) + (cells + 3) * width),
        *stack.pieces("vision.blocks"),
        *dense("projector.0", hidden, width * side * side),
        *dense("projector.2", hidden, hidden),
        flat("separators", 2 * hidden),
    ]
    return made(pieces)
