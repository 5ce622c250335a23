"""Finds in a configuration which architecture it describes and where its decoder is described."""

from collections.abc import Mapping
from typing import NamedTuple

from replanner.errors import UnsupportedModel
from replanner.planning.architectures import ARCHITECTURES
from replanner.planning.config_defaults import DECODERS, DEFAULTS, MODEL_TYPES
from replanner.planning.config_reader import ConfigReader
from replanner.planning.families import Family
from replanner.planning.geometry import KV_HEADS, LAYERS, MOST_LAYERS
from replanner.planning.known_architectures import NOT_STANDARD, WITHOUT_A_ROW
from replanner.planning.towers import MULTIMODAL, Build, Multimodal, generic
from replanner.planning.variants import VARIANTS

_TEXT_SECTIONS = ("text_config", "llm_config", "language_config")
# A decoder with another head: the language model's name in place of the task's
_HEADS = ("ForSequenceClassification", "ForRewardModel", "ForTokenClassification")


class Subject(NamedTuple):
    """What to size: the configuration, the part of it about the decoder, and its row.

    `outer` is the whole file where `root` is a part of it (the thinker of an omni model).
    """

    architecture: str
    outer: ConfigReader
    root: ConfigReader
    text: ConfigReader
    family: Family
    towers: tuple[Build, ...] = ()
    guess: str = ""
    unsupported: str = ""


def read_subject(config: Mapping[str, object]) -> Subject:
    """The architecture's row and the decoder's keys, with the defaults of its kind."""
    outer = ConfigReader(config)
    architecture = _architecture(outer)
    root = outer.section("thinker_config") if outer.has("thinker_config") else outer
    section = root.section(*_TEXT_SECTIONS) if root.has(*_TEXT_SECTIONS) else root
    parts = MULTIMODAL.get(architecture)
    name = (parts.decoder if parts else architecture) or _named(section, architecture)
    family = _family(name)
    if architecture in NOT_STANDARD:
        raise UnsupportedModel(f"{architecture} is not modelled, and no standard decoder either.")
    guess = "" if family else _guess(architecture)
    if family is None:
        family, parts = _guessed(section), _guessed_parts(root)
    text = _text(root, section, family)
    if name in VARIANTS:
        family = VARIANTS[name](text, family)
    towers = parts.towers if parts else ()
    subject = Subject(architecture, outer, root, text, family, towers, guess)
    return subject._replace(unsupported=_unsupported(subject))


def _architecture(root: ConfigReader) -> str:
    names = root.texts("architectures")
    kind = root.text("model_type", default="unknown")
    return names[0] if names else MODEL_TYPES.get(kind, DECODERS.get(kind, kind))


# MiniCPM-V says by its version which decoder it has (models/minicpmv.py)
_BY_VERSION = {
    2.0: "MiniCPMForCausalLM",
    2.5: "LlamaForCausalLM",
    2.6: "Qwen2ForCausalLM",
    4.0: "LlamaForCausalLM",
    4.5: "Qwen3ForCausalLM",
}


def _named(section: ConfigReader, architecture: str = "") -> str:
    """The decoder inside a multimodal model: by its architecture, else by its model type."""
    if architecture.startswith("MiniCPMV"):
        return _BY_VERSION.get(section.number("version", default=2.6), "Qwen2ForCausalLM")
    kind = section.text("model_type", default="llama")
    if kind.startswith("deepseek_v") and not section.int("qk_nope_head_dim", default=1):
        return "DeepseekForCausalLM"  # without latent attention (deepseek_vl2.py)
    names = section.texts("architectures")
    if names and names[0] in ARCHITECTURES:
        return names[0]
    return DECODERS.get(kind, kind)


def _family(name: str) -> Family | None:
    found = ARCHITECTURES.get(name)
    if found is not None:
        return found
    for suffix in _HEADS:
        found = ARCHITECTURES.get(name.removesuffix(suffix) + "ForCausalLM")
        if found is not None and name.endswith(suffix):
            return found._replace(headless=True, score="linear", pooling=True)
    return None


def _guess(architecture: str) -> str:
    return (
        f"{architecture[:60]} is not modelled: sized as a standard decoder of the dimensions "
        "that its configuration states."
    )


def _guessed(section: ConfigReader) -> Family:
    """The row of the decoder's model type, or of Llama; latent where the ranks say so."""
    family = ARCHITECTURES.get(_named(section), ARCHITECTURES["LlamaForCausalLM"])
    return family._replace(mixer="latent") if section.has("kv_lora_rank") else family


def _guessed_parts(root: ConfigReader) -> Multimodal | None:
    seen = root.has("vision_config", "vision_tower_config", "audio_config")
    return Multimodal("", (generic,)) if seen else None


# vllm/model_executor/layers/rotary_embedding/__init__.py:102, and what is renamed to one of them
_ROTARY = frozenset(
    {
        *("bailing_mrope", "deepseek_llama_scaling", "deepseek_yarn", "default", "dynamic"),
        *("linear", "llama3", "longrope", "mllama4", "mrope", "ntk", "openpangu", "proportional"),
        *("su", "xdrope", "yarn"),
    }
)


def _unsupported(subject: Subject) -> str:
    """Why vLLM 0.33 would not load the file at all."""
    outer, text, architecture = subject.outer, subject.text, subject.architecture
    kind = outer.text("model_type", default="")
    if text.path != outer.path and kind in DECODERS:
        return f"model_type {kind!r} is a decoder's, but the configuration nests another one"
    if "n_head_kv" in text.names() and not text.has(*KV_HEADS):
        return "n_head_kv is null, so that vLLM cannot tell the number of KV heads"
    rotary = text.section("rope_scaling", "rope_parameters").value("rope_type", "type")
    if isinstance(rotary, str) and rotary not in _ROTARY:
        return f"vLLM 0.33 does not know the rotary embedding {rotary[:40]!r}"
    needed = subject.family.requires
    if needed and not text.flag(needed):
        return f"vLLM 0.33 needs {needed} to be true in the configuration"
    known = architecture in ARCHITECTURES or architecture in MULTIMODAL
    known = known or architecture in WITHOUT_A_ROW or architecture.endswith(_HEADS)
    if known or outer.has("auto_map"):
        return ""
    return f"vLLM 0.33 does not know the architecture {architecture[:60]}"


def _listed_layers(section: ConfigReader) -> Mapping[str, object]:
    """LFM2 used to number the layers that attend; the configuration class names all of them."""
    if not section.has("full_attn_idxs"):
        return {}
    full = frozenset(section.ints("full_attn_idxs", high=MOST_LAYERS))
    count = section.int(*LAYERS, low=1, high=MOST_LAYERS)
    kinds = ["full_attention" if layer in full else "conv" for layer in range(count)]
    return {"layer_types": kinds}


def _text(root: ConfigReader, section: ConfigReader, family: Family) -> ConfigReader:
    for name in family.inside:
        section = section.with_defaults(section.section(name).values)
    section = section.with_defaults({**family.defaults, **_listed_layers(section)})
    if section.path == root.path:
        return section
    kind = section.text("model_type", default="llama")
    inherited = {"tie_word_embeddings": root.value("tie_word_embeddings")}
    stated = {name: value for name, value in inherited.items() if value is not None}
    return section.with_defaults({**DEFAULTS.get(kind, {}), **stated})
