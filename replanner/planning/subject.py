"""Finds in a configuration which architecture it describes and where its decoder is described."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from replanner.errors import UnsupportedModel
from replanner.planning.architectures import ARCHITECTURES, VARIANTS
from replanner.planning.config_defaults import DECODERS, DEFAULTS
from replanner.planning.config_reader import ConfigReader
from replanner.planning.families import Family
from replanner.planning.towers import MULTIMODAL, Build

_TEXT_SECTIONS = ("text_config", "llm_config", "language_config")
# A decoder with another head: the language model's name in place of the task's
_HEADS = ("ForSequenceClassification", "ForRewardModel", "ForTokenClassification")


@dataclass(frozen=True, slots=True)
class Subject:
    """What to size: the configuration, the part of it about the decoder, and its row."""

    architecture: str
    root: ConfigReader
    text: ConfigReader
    family: Family
    towers: tuple[Build, ...] = ()


def read_subject(config: Mapping[str, object]) -> Subject:
    """The architecture's row and the decoder's keys, with the defaults of its kind."""
    root = ConfigReader(config)
    architecture = _architecture(root)
    if root.has("thinker_config"):
        root = root.section("thinker_config")
    section = root.section(*_TEXT_SECTIONS) if root.has(*_TEXT_SECTIONS) else root
    multimodal = MULTIMODAL.get(architecture)
    name = (multimodal.decoder if multimodal else architecture) or _named(section)
    family = _family(name)
    text = _text(root, section, family)
    if name in VARIANTS:
        family = VARIANTS[name](text, family)
    return Subject(architecture, root, text, family, multimodal.towers if multimodal else ())


def _architecture(root: ConfigReader) -> str:
    names = root.texts("architectures")
    return names[0] if names else root.text("model_type", default="unknown")


def _named(section: ConfigReader) -> str:
    """The decoder inside a multimodal model: by its architecture, else by its model type."""
    names = section.texts("architectures")
    if names and names[0] in ARCHITECTURES:
        return names[0]
    kind = section.text("model_type", default="llama")
    return DECODERS.get(kind, kind)


def _family(name: str) -> Family:
    found = ARCHITECTURES.get(name)
    if found is not None:
        return found
    for suffix in _HEADS:
        found = ARCHITECTURES.get(name.removesuffix(suffix) + "ForCausalLM")
        if found is not None and name.endswith(suffix):
            return replace(found, headless=True, score="linear", pooling=True)
    raise UnsupportedModel(f"The architecture {name[:60]} is not known.")


def _text(root: ConfigReader, section: ConfigReader, family: Family) -> ConfigReader:
    for name in family.inside:
        section = section.with_defaults(section.section(name).values)
    section = section.with_defaults(family.defaults)
    if section.path == root.path:
        return section
    kind = section.text("model_type", default="llama")
    inherited = {"tie_word_embeddings": root.value("tie_word_embeddings")}
    stated = {name: value for name, value in inherited.items() if value is not None}
    return section.with_defaults({**DEFAULTS.get(kind, {}), **stated})
