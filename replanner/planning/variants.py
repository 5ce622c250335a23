"""Rows of the table of architectures that a configuration changes in ways no toggle can say."""

from collections.abc import Callable

from replanner.planning.config_reader import ConfigReader
from replanner.planning.families import Family


def _falcon(text: ConfigReader, family: Family) -> Family:
    """Two norms where the branches do not share one (model_executor/models/falcon.py:230)."""
    shared = text.flag("parallel_attn", default=True)
    return family._replace(norms=1 if shared and not text.flag("new_decoder_architecture") else 2)


def _stablelm(text: ConfigReader, family: Family) -> Family:
    """Branches side by side share a norm."""
    return family._replace(norms=1 if text.flag("use_parallel_residual") else 2)


def _chatglm(text: ConfigReader, family: Family) -> Family:
    """LayerNorm instead of RMSNorm where rmsnorm is false."""
    return family._replace(norm_bias=not text.flag("rmsnorm", default=True))


# Rows that the configuration itself changes in a way a toggle cannot say
VARIANTS: dict[str, Callable[[ConfigReader, Family], Family]] = {
    "ChatGLMForConditionalGeneration": _chatglm,
    "ChatGLMModel": _chatglm,
    "FalconForCausalLM": _falcon,
    "RWForCausalLM": _falcon,
    "StableLmForCausalLM": _stablelm,
    "StableLMEpochForCausalLM": _stablelm,
}
