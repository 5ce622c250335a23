"""Which dtype vLLM runs a model in: the request, else the configuration, else a default."""

from replanner.errors import UnsupportedModel
from replanner.planning.config_reader import ConfigReader

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
_NAMES = {"half": "float16", "float": "float32", "fp16": "float16", "bf16": "bfloat16"}


def model_dtype(root: ConfigReader, text: ConfigReader, asked: str, *, pooling: bool) -> str:
    """vllm/config/model.py:2423: float32 checkpoints run in 16 bits, pooling models in float16."""
    if asked != "auto":
        return _known(asked, "dtype")
    stated = root.value("dtype", "torch_dtype")
    for section in (text, root.section("vision_config"), root.section("encoder_config")):
        stated = stated if stated is not None else section.value("dtype", "torch_dtype")
    name = _known(stated, "torch_dtype") if isinstance(stated, str) else "float32"
    return name if name != "float32" else _sixteen_bits(pooling=pooling)


def _sixteen_bits(*, pooling: bool) -> str:
    return "float16" if pooling else "bfloat16"


def _known(name: str, key: str) -> str:
    short = name.removeprefix("torch.").lower()
    found = _NAMES.get(short, short)
    if found not in BYTES:
        raise UnsupportedModel(f"{key} is {name[:40]!r}, expected one of {', '.join(BYTES)}.")
    return found
