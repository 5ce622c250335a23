"""The table of multimodal architectures: which decoder each one has, and what stands in front."""

from typing import NamedTuple

from replanner.planning.config_reader import ConfigReader
from replanner.planning.geometry import MOST_LAYERS, WIDEST
from replanner.planning.modules import audio
from replanner.planning.modules import vision_clip as clip
from replanner.planning.modules import vision_own as own
from replanner.planning.modules.stacks import Stack
from replanner.planning.modules.tower_parts import Build, Tower, made, two_linear

__all__ = ["MULTIMODAL", "Build", "Multimodal", "Tower", "generic"]


def generic(root: ConfigReader, hidden: int) -> Tower:
    """A tower that is not known: a plain ViT of the dimensions given, and two linear layers."""
    vision = root.section("vision_config", "vision_tower_config", "audio_config")
    width = vision.int("hidden_size", "embed_dim", "d_model", default=0, high=WIDEST)
    layers = vision.int("num_hidden_layers", "depth", "encoder_layers", default=0, high=MOST_LAYERS)
    if not width or not layers:
        return made([])
    inner = vision.int("intermediate_size", "encoder_ffn_dim", default=4 * width, high=WIDEST)
    stack = Stack(layers, width, inner)
    return made(
        [
            *stack.pieces("vision_tower.layers"),
            *two_linear("multi_modal_projector", (width, hidden, hidden)),
        ]
    )


class Multimodal(NamedTuple):
    """A decoder by its own architecture ("" where the configuration names it), and the towers."""

    decoder: str
    towers: tuple[Build, ...]


_QWEN_OMNI = Multimodal("Qwen2ForCausalLM", (audio.omni_audio, own.qwen25vl))
_WHISPER = Multimodal("WhisperForConditionalGeneration", (audio.whisper,))

MULTIMODAL: dict[str, Multimodal] = {
    "DeepseekVLV2ForCausalLM": Multimodal("", (own.deepseek_vl2,)),
    "Gemma3ForConditionalGeneration": Multimodal("Gemma3ForCausalLM", (clip.gemma3,)),
    "Gemma4ForConditionalGeneration": Multimodal(
        "Gemma4ForCausalLM", (own.gemma4_vision, audio.gemma4_audio)
    ),
    "Glm4vForConditionalGeneration": Multimodal("Glm4ForCausalLM", (own.glm4v,)),
    "Glm4vMoeForConditionalGeneration": Multimodal("Glm4MoeForCausalLM", (own.glm4v,)),
    "InternVLChatModel": Multimodal("", (own.internvl,)),
    "KimiK25ForConditionalGeneration": Multimodal("DeepseekV3ForCausalLM", (own.moonvit,)),
    "KimiK3ForConditionalGeneration": Multimodal("KimiK3ForCausalLM", (own.moonvit,)),
    "KimiVLForConditionalGeneration": Multimodal("DeepseekV3ForCausalLM", (own.moonvit,)),
    "Llama4ForConditionalGeneration": Multimodal("Llama4ForCausalLM", (own.llama4,)),
    "LlavaForConditionalGeneration": Multimodal("", (clip.llava,)),
    "LlavaNextForConditionalGeneration": Multimodal("", (clip.llava,)),
    "MiniCPMV": Multimodal("", (clip.minicpmv,)),
    "MiniMaxM3SparseForConditionalGeneration": Multimodal(
        "MiniMaxM3SparseForCausalLM", (clip.minimax3,)
    ),
    "Mistral3ForConditionalGeneration": Multimodal("MistralForCausalLM", (own.pixtral,)),
    "MllamaForConditionalGeneration": Multimodal("MllamaForCausalLM", (clip.mllama,)),
    "MolmoForCausalLM": Multimodal("MolmoForCausalLM", (clip.molmo,)),
    "PaliGemmaForConditionalGeneration": Multimodal("", (clip.paligemma,)),
    "Phi3VForCausalLM": Multimodal("Phi3ForCausalLM", (clip.phi3v,)),
    "Qwen2AudioForConditionalGeneration": Multimodal("Qwen2ForCausalLM", (audio.qwen2_audio,)),
    "Qwen2VLForConditionalGeneration": Multimodal("Qwen2ForCausalLM", (own.qwen2vl,)),
    "Qwen2_5OmniForConditionalGeneration": _QWEN_OMNI,
    "Qwen2_5OmniModel": _QWEN_OMNI,
    "Qwen2_5_VLForConditionalGeneration": Multimodal("Qwen2ForCausalLM", (own.qwen25vl,)),
    "Qwen3ASRForConditionalGeneration": Multimodal("Qwen3ForCausalLM", (audio.qwen3_audio,)),
    "Qwen3OmniMoeForConditionalGeneration": Multimodal(
        "Qwen3MoeForCausalLM", (audio.qwen3_audio, own.qwen3vl)
    ),
    "Qwen3VLForConditionalGeneration": Multimodal("Qwen3ForCausalLM", (own.qwen3vl,)),
    "Qwen3VLMoeForConditionalGeneration": Multimodal("Qwen3MoeForCausalLM", (own.qwen3vl,)),
    "Qwen3_5ForConditionalGeneration": Multimodal("Qwen3_5ForCausalLM", (own.qwen3vl,)),
    "Qwen3_5MoeForConditionalGeneration": Multimodal("Qwen3_5MoeForCausalLM", (own.qwen3vl,)),
    "WhisperForConditionalGeneration": _WHISPER,
}
