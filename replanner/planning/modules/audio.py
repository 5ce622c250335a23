"""Audio towers: Whisper and what grew out of it, a conformer; as vLLM 0.33.0 has them."""

from replanner.planning.config_reader import ConfigReader
from replanner.planning.geometry import WIDEST
from replanner.planning.modules.stacks import Stack, dense, flat
from replanner.planning.modules.tower_parts import (
    Tower,
    layers_of,
    made,
    size_of,
)


def _whisper_front(audio: ConfigReader, width: int) -> int:
    """Two convolutions over the spectrogram, with biases."""
    bins = size_of(audio, "num_mel_bins", default=128)
    return 3 * width * bins + 3 * width * width + 2 * width


def _whisper_stack(audio: ConfigReader, *, divided: bool, key_bias: bool = True) -> Stack:
    return Stack(
        layers_of(audio, "encoder_layers"),
        size_of(audio, "d_model"),
        size_of(audio, "encoder_ffn_dim"),
        size_of(audio, "encoder_attention_heads"),
        key_bias=key_bias,
        divided=divided,
        whole_if_uneven=divided,
    )


def qwen2_audio(root: ConfigReader, hidden: int) -> Tower:
    """transformers' own encoder, whole on every rank."""
    audio = root.section("audio_config")
    width = size_of(audio, "d_model")
    places = size_of(audio, "max_source_positions", default=1500)
    pieces = [
        flat("audio_tower.front", _whisper_front(audio, width) + (places + 2) * width),
        *_whisper_stack(audio, divided=False, key_bias=False).pieces("audio_tower.layers"),
        *dense("multi_modal_projector.linear", hidden, width),
    ]
    return made(pieces)


def omni_audio(root: ConfigReader, hidden: int) -> Tower:
    """Qwen2.5 Omni's: the same encoder without learned positions."""
    audio = root.section("audio_config")
    width, target = size_of(audio, "d_model"), size_of(audio, "output_dim", default=hidden)
    pieces = [
        flat("audio_tower.front", _whisper_front(audio, width) + 2 * width + 2 * target),
        *_whisper_stack(audio, divided=False, key_bias=False).pieces("audio_tower.layers"),
        *dense("audio_tower.proj", target, width),
    ]
    return made(pieces)


def qwen3_audio(root: ConfigReader, hidden: int) -> Tower:
    """Qwen3 ASR and Omni: three convolutions that halve time and frequency, then a ViT."""
    audio = root.section("audio_config")
    width, target = size_of(audio, "d_model"), size_of(audio, "output_dim", default=hidden)
    inner = size_of(audio, "downsample_hidden_size", default=480)
    bins = size_of(audio, "num_mel_bins", default=128)
    halved = -(-bins // 8)
    front = 9 * inner + 2 * 9 * inner * inner + 3 * inner + width * inner * halved + 2 * width
    stack = _whisper_stack(audio, divided=True)
    pieces = [
        flat("audio_tower.front", front),
        *stack.pieces("audio_tower.layers"),
        *dense("audio_tower.proj1", width, width),
        *dense("audio_tower.proj2", target, width),
    ]
    return made(pieces)


def whisper(root: ConfigReader, hidden: int) -> Tower:
    """models/whisper.py: the encoder, with positions of its own."""
    del hidden
    width = size_of(root, "d_model")
    places = size_of(root, "max_source_positions", default=1500)
    stack = _whisper_stack(root, divided=True)
    front = flat("encoder.front", _whisper_front(root, width) + (places + 2) * width)
    return made([front, *stack.pieces("encoder.layers")], stack.heads)


def gemma4_audio(root: ConfigReader, hidden: int) -> Tower:
    """A conformer, whole on every rank: two feed-forward parts, attention, a convolution."""
    if not root.has("audio_config"):
        return made([])
    audio = root.section("audio_config")
    width, layers = size_of(audio, "hidden_size"), layers_of(audio, "num_hidden_layers")
    head = width // size_of(audio, "num_attention_heads")
    first, second = audio.ints("subsampling_conv_channels", low=1, high=WIDEST) or (128, 32)
    target = size_of(audio, "output_proj_dims")
    square = width * width
    feeds = 2 * (8 * square + 2 * width)
    attention = 5 * square + head
    convolution = 3 * square + size_of(audio, "conv_kernel_size") * width + 2 * width
    block = feeds + attention + convolution + 3 * width
    subsampling = 9 * first + first + 9 * first * second + second + width * second * 32
    pieces = [
        flat("audio_tower.layers", layers * block),
        flat("audio_tower.subsampling", subsampling),
        *dense("audio_tower.output_proj", target, width),
        *dense("embed_audio", hidden, target, bias=False),
    ]
    return made(pieces)
