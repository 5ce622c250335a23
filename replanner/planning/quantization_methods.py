"""Reads each quantization method's configuration: one row of METHODS per method."""

from collections.abc import Mapping, Sequence

from replanner.planning.config_reader import ConfigReader
from replanner.planning.dtypes import BYTES
from replanner.planning.facts import Storage
from replanner.planning.name_patterns import NamePatterns
from replanner.planning.quantization_schemes import (
    BY_SIZE,
    FP8,
    FP8_BLOCK,
    FP8_CHANNEL,
    FP8_STATIC,
    LLM_INT8,
    MXFP4,
    MXFP4_EXPERTS,
    MXFP8,
    NF4,
    NVFP4,
    Activation,
    Method,
    Recipe,
    Rule,
    Scope,
)


def _fp8(config: ConfigReader, dtype: str) -> Recipe:
    del dtype
    skipped = config.texts("ignored_layers") or config.texts("modules_to_not_convert")
    block = config.ints("weight_block_size", low=1, high=1 << 16)
    static = config.text("activation_scheme", default="dynamic") == "static"
    if block and len(block) != len(FP8_BLOCK.block):
        raise config.bad("weight_block_size", list(block), "two block sizes")
    if block:
        storage = Storage("fp8", 8, (block[0], block[1]), scale_bytes=4)
    else:
        storage = FP8_STATIC if static else FP8
    return Recipe((Rule(storage),), skipped, label="FP8", activation="fp8")


def _fbgemm(config: ConfigReader, dtype: str) -> Recipe:
    del dtype
    skipped = config.texts("modules_to_not_convert")
    return Recipe((Rule(FP8_CHANNEL),), skipped, label="FP8 (FBGEMM)", activation="fp8")


def _group(config: ConfigReader, *names: str) -> int:
    """Columns that share a scale; -1 says all of them, which Storage writes as 0."""
    return max(0, config.int(*names, default=128, low=-1, high=1 << 20))


def _awq(config: ConfigReader, dtype: str) -> Recipe:
    bits = config.int("bits", "w_bit", low=2, high=8)
    group = _group(config, "group_size", "q_group_size")
    zeros = bits if config.flag("zero_point", default=True) else 0
    storage = Storage("awq", bits, (1, group), scale_bytes=BYTES[dtype], zero_bits=zeros)
    return Recipe((Rule(storage),), config.texts("modules_to_not_convert"), label=f"AWQ INT{bits}")


def _gptq(config: ConfigReader, dtype: str) -> Recipe:
    """`dynamic` is GPTQModel's: regexes behind "-:" are left alone."""
    bits = config.int("bits", low=2, high=8)
    storage = Storage(
        "gptq",
        bits,
        (1, _group(config, "group_size")),
        scale_bytes=BYTES[dtype],
        zero_bits=bits,
    )
    skipped = tuple(
        "re:" + name[2:] for name in config.section("dynamic").names() if name.startswith("-:")
    )
    head: Scope = "linear and head" if config.flag("lm_head") else "linear"
    return Recipe((Rule(storage),), skipped, head, label=f"GPTQ INT{bits}")


def _inc(config: ConfigReader, dtype: str) -> Recipe:
    """Intel's AutoRound packs like GPTQ."""
    recipe = _gptq(config, dtype)
    bits = recipe.rules[0].storage.bits
    return Recipe(recipe.rules, recipe.skipped, recipe.scope, label=f"AutoRound INT{bits:g}")


def _mxfp4(config: ConfigReader, dtype: str) -> Recipe:
    del config, dtype
    return Recipe((Rule(MXFP4_EXPERTS),), scope="experts", label="MXFP4")


def _bitsandbytes(config: ConfigReader, dtype: str) -> Recipe:
    del dtype
    four = config.flag("load_in_4bit", "_load_in_4bit")
    skipped = config.texts("llm_int8_skip_modules")
    storage, label = (NF4, "bitsandbytes NF4") if four else (LLM_INT8, "bitsandbytes INT8")
    return Recipe((Rule(storage),), skipped, label=label)


_MODELOPT = {
    "FP8": (FP8_STATIC, "fp8"),
    "FP8_PER_CHANNEL_PER_TOKEN": (FP8_CHANNEL, "fp8"),
    "FP8_PB_WO": (FP8_BLOCK, "none"),
    "FP8_BLOCK_SCALES": (FP8_BLOCK, "none"),
    "NVFP4": (NVFP4, "fp4"),
    "W4A16_NVFP4": (NVFP4, "none"),
    "MXFP8": (MXFP8, "fp8"),
}
_MODELOPT_NAMES = {"nvfp4": "modelopt_fp4", "mxfp8": "modelopt_mxfp8"}
_NOT_TOWERS = ("vision_tower", "vision_model", "vit_large_projector")


def _modelopt(config: ConfigReader, dtype: str) -> Recipe:
    """Heads are quantized too unless excluded, towers never (modelopt.py:213)."""
    del dtype
    config = config.section("quantization") if config.has("quantization") else config
    algorithm = config.text("quant_algo").upper()
    skipped = (*config.texts("ignore"), *config.texts("exclude_modules"), *_NOT_TOWERS)
    if algorithm == "MIXED_PRECISION":
        return _modelopt_mixed(config, skipped)
    storage, activation = _algorithm(config, algorithm)
    return Recipe(
        (Rule(storage),),
        skipped,
        "linear and head",
        label=f"ModelOpt {algorithm}",
        activation=activation,
        method=_MODELOPT_NAMES.get(storage.name, "modelopt"),
    )


def _algorithm(config: ConfigReader, algorithm: str) -> tuple[Storage, Activation]:
    found = _MODELOPT.get(algorithm)
    if found is None:
        raise config.bad("quant_algo", algorithm, f"one of {', '.join(_MODELOPT)}")
    storage, activation = found
    return storage, activation  # type: ignore[return-value]  # a literal of the table above


def _modelopt_mixed(config: ConfigReader, skipped: Sequence[str]) -> Recipe:
    """Each layer's algorithm by its name; experts are alike, so the first stands for all."""
    layers = config.section("quantized_layers")
    by_algorithm: dict[str, list[str]] = {}
    for name in layers.names():
        if ".experts." in name and ".experts.0." not in name:
            continue
        algorithm = layers.section(name).text("quant_algo").upper()
        by_algorithm.setdefault(algorithm, []).append(name)
    rules = tuple(
        Rule(_algorithm(config, algorithm)[0], NamePatterns(names, "exact"))
        for algorithm, names in by_algorithm.items()
    )
    if not rules:
        raise config.bad("quantized_layers", layers.names(), "a layer at least")
    label = "ModelOpt " + " + ".join(sorted(by_algorithm))
    return Recipe(
        rules, tuple(skipped), "linear and head", label, _first_activation(by_algorithm),
        "modelopt_mixed",
    )  # fmt: skip


def _first_activation(algorithms: Mapping[str, object]) -> Activation:
    return "fp4" if "NVFP4" in algorithms else "fp8"


def _compressed_tensors(config: ConfigReader, dtype: str) -> Recipe:
    """Groups that name modules come before the one that names the class Linear."""
    groups = config.section("config_groups")
    named: list[Rule] = []
    rest: list[Rule] = []
    activation: Activation = "none"
    for name in groups.names():
        group = groups.section(name)
        targets = group.texts("targets")
        if len(targets) == 1 and targets[0].endswith("Attention"):
            continue  # only says how queries are quantized
        storage = _compressed(group, config, dtype)
        activation = _activation(group) if activation == "none" else activation
        if any(target in ("Linear", "RoutedExperts") for target in targets):
            rest.append(Rule(storage))
        else:
            named.append(Rule(storage, NamePatterns(targets, "regex")))
    if not named and not rest:
        raise config.bad("config_groups", config.value("config_groups"), "a group of targets")
    rules = (*named, *rest)
    label = f"compressed-tensors {' + '.join(dict.fromkeys(r.storage.name for r in rules))}"
    return Recipe(rules, config.texts("ignore"), "linear", label, activation)


def _compressed(group: ConfigReader, config: ConfigReader, dtype: str) -> Storage:
    """One config group's weights (compressed_tensors/schemes/*.py)."""
    weights = group.section("weights")
    bits = weights.int("num_bits", low=2, high=16)
    strategy = weights.text("strategy", default="tensor")
    size = _group(weights, "group_size") if weights.has("group_size") else 0
    is_float = weights.text("type", default="int") == "float"
    form = group.text("format", default=config.text("format", default=""))
    block = weights.ints("block_structure", low=1, high=1 << 16)
    if is_float and bits == 4:  # noqa: PLR2004 (four bits)
        return NVFP4 if strategy == "tensor_group" else MXFP4
    if is_float and strategy == "group":
        return MXFP8
    shape = (block[0], block[1]) if len(block) == 2 else (1, size)  # noqa: PLR2004 (rows, cols)
    shape = (0, 0) if strategy == "tensor" else shape
    kind = ("fp" if is_float else "int") + str(bits)
    if form == "pack-quantized" or bits < 8:  # noqa: PLR2004 (bits of a byte)
        zeros = 0 if weights.flag("symmetric", default=True) else bits
        return Storage(kind, bits, shape, BYTES[dtype], zeros, extra_bytes=16)
    return Storage(kind, bits, shape, scale_bytes=4)


def _activation(group: ConfigReader) -> Activation:
    inputs = group.section("input_activations")
    if not inputs.names():
        return "none"
    if inputs.text("type", default="int") == "int":
        return "int8"
    return "fp8" if inputs.int("num_bits", default=8) > 4 else "fp4"  # noqa: PLR2004 (bits)


def _by_size(config: ConfigReader, dtype: str) -> Recipe:
    """A layout that is not modelled: the size of the files says how many bits a weight takes."""
    del config, dtype
    return Recipe((Rule(BY_SIZE),), scope="all")


_NOT_A_METHOD = "is not a quantization method of vLLM 0.33"
_DEPRECATED = "is deprecated in vLLM 0.33 and refused without --allow-deprecated-quantization"
_PASCAL, _VOLTA, TURING, _AMPERE = (6, 0), (7, 0), (7, 5), (8, 0)

# min. capability: get_min_capability of each vllm/model_executor/layers/quantization module
METHODS: dict[str, Method] = {
    "fp8": Method("fp8", _fp8, "exact", TURING, whole_groups=True, merged_may_cut=True),
    "fbgemm_fp8": Method("fbgemm_fp8", _fbgemm, "exact", _AMPERE, _DEPRECATED),
    "awq": Method("awq", _awq, "substring", TURING, whole_groups=True),
    "auto_awq": Method("awq", _awq, "substring", TURING, whole_groups=True),
    "awq_marlin": Method("awq", _awq, "substring", TURING, whole_groups=True),
    "gptq": Method("gptq", _gptq, "regex", _PASCAL),
    "auto_gptq": Method("gptq", _gptq, "regex", _PASCAL),
    "gptq_marlin": Method("gptq", _gptq, "regex", _PASCAL),
    "auto-round": Method("inc", _inc, "regex", _PASCAL),
    "inc": Method("inc", _inc, "regex", _PASCAL),
    "compressed-tensors": Method("compressed-tensors", _compressed_tensors, "regex", _VOLTA),
    "modelopt": Method("modelopt", _modelopt, "glob", TURING),
    "mxfp4": Method("mxfp4", _mxfp4, "glob", _AMPERE),
    "gpt_oss_mxfp4": Method("mxfp4", _mxfp4, "glob", _AMPERE),
    "bitsandbytes": Method("bitsandbytes", _bitsandbytes, "substring", _VOLTA, _NOT_A_METHOD),
    **{
        name: Method(name, _by_size, capability=_PASCAL, refused=_NOT_A_METHOD)
        for name in ("aqlm", "deepspeedfp", "eetq", "gguf", "hqq", "marlin", "quip", "squeezellm")
    },
    **{
        name: Method(name, _by_size, capability=TURING)
        for name in ("experts_int8", "fp_quant", "humming", "moe_wna16", "quark", "torchao")
    },
}


def unknown_method(name: str) -> Method:
    """A method that vLLM does not have either."""
    return Method(name, _by_size, refused=_NOT_A_METHOD)
