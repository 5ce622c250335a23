"""How each weight matrix is stored: which scheme a checkpoint or a profile asks for, and where.

One row of METHODS per quantization method. The layouts follow what vLLM 0.33.0 allocates
(vllm/model_executor/layers/quantization/<method>.py, create_weights).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from replanner.errors import UnsupportedModel
from replanner.planning.config_reader import ConfigReader
from replanner.planning.dtypes import BYTES
from replanner.planning.facts import ModelFacts, Parallel, Quantization, Storage
from replanner.planning.modules.pieces import Piece
from replanner.planning.name_patterns import Mode, NamePatterns

Activation = Literal["none", "int8", "fp8", "fp4"]
Scope = Literal["linear", "linear and head", "experts"]

FP8 = Storage("fp8", 8, (0, 0), scale_bytes=4)
FP8_STATIC = Storage("fp8", 8, (0, 0), scale_bytes=4, extra_bytes=4)
FP8_CHANNEL = Storage("fp8", 8, (1, 0), scale_bytes=4)
FP8_BLOCK = Storage("fp8", 8, (128, 128), scale_bytes=4)
INT8_CHANNEL = Storage("int8", 8, (1, 0), scale_bytes=4)
NVFP4 = Storage("nvfp4", 4, (1, 16), scale_bytes=1, extra_bytes=8)
MXFP4 = Storage("mxfp4", 4, (1, 32), scale_bytes=1)
# Experts are padded to what every kernel takes (quantization/mxfp4.py, create_weights)
MXFP4_EXPERTS = replace(MXFP4, units=64)
MXFP8 = Storage("mxfp8", 8, (1, 32), scale_bytes=1)
# bitsandbytes: blocks of 64 with an 8-bit constant (double quantization)
NF4 = Storage("nf4", 4, (1, 64), scale_bytes=1)
LLM_INT8 = Storage("int8", 8, (1, 0), scale_bytes=4)


@dataclass(frozen=True, slots=True)
class Rule:
    """Modules that `names` lists are stored this way; without names, all the others."""

    storage: Storage
    names: NamePatterns | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """The storage of each matrix by its name."""

    dtype: str
    rules: tuple[Rule, ...] = ()
    skipped: NamePatterns = field(default_factory=lambda: NamePatterns((), "exact"))
    scope: Scope = "linear"
    quantization: Quantization | None = None

    def storage(self, name: str, piece: Piece, layer: int = -1) -> Storage:
        """How the matrix called `name` (with {} for the layer) is kept."""
        if piece.element_bytes:
            return Storage(f"{8 * piece.element_bytes} bits", 8 * piece.element_bytes)
        if not self.covers(piece) or self.skipped.match(name, layer):
            return plain_storage(self.dtype)
        for rule in self.rules:
            if rule.names is None or rule.names.match(name, layer):
                return rule.storage
        return plain_storage(self.dtype)

    def covers(self, piece: Piece) -> bool:
        """Whether the method touches this kind of matrix at all."""
        if not self.rules or not piece.quantizable:
            return False
        if piece.part == "head":
            return self.scope == "linear and head"
        return self.scope != "experts" or piece.part == "experts"


def plain_storage(dtype: str) -> Storage:
    """A matrix as it is, in the model's dtype."""
    return Storage(dtype, 8 * BYTES[dtype])


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one method reads from its quantization config."""

    rules: tuple[Rule, ...]
    skipped: tuple[str, ...] = ()
    scope: Scope = "linear"
    label: str = ""
    activation: Activation = "none"
    method: str = ""


@dataclass(frozen=True, slots=True)
class Method:
    """A row per method: how it is read, which GPUs run it, and what vLLM 0.33.0 says to it."""

    name: str
    read: Callable[[ConfigReader, str], Recipe]
    mode: Mode = "exact"
    capability: tuple[int, int] = (7, 5)
    refused: str = ""
    whole_groups: bool = False  # a divided dimension must keep whole groups of scales


def read_scheme(
    where: Sequence[ConfigReader],
    quant_config: Mapping[str, object] | None,
    *,
    dtype: str,
    asked: str | None,
) -> Scheme:
    """The scheme that the checkpoint states in one of these places, or else the one asked for."""
    config = _stated(where, quant_config)
    method = _method(config)
    if not method and asked in ONLINE:
        return _online(asked or "", dtype)
    if not method:
        return Scheme(dtype)
    row = METHODS.get(method)
    if row is None:
        raise UnsupportedModel(
            f"{config.path}: the quantization method {method[:40]!r} is not known."
        )
    recipe = _with_own_experts(row.read(config, dtype), config, where)
    return Scheme(
        dtype,
        recipe.rules,
        NamePatterns(recipe.skipped, row.mode),
        recipe.scope,
        _facts(config, row, recipe),
    )


def _with_own_experts(
    recipe: Recipe, config: ConfigReader, where: Sequence[ConfigReader]
) -> Recipe:
    """DeepSeek-V4: experts in four bits, fp8 with one-byte scales around them."""
    if not any(reader.value("expert_dtype") == "fp4" for reader in where):
        return recipe
    stated = config.text("moe_quant_algo", default="MXFP4").upper()
    experts = NVFP4 if stated == "NVFP4" else MXFP4
    rules = (Rule(replace(rule.storage, scale_bytes=1), rule.names) for rule in recipe.rules)
    own = Rule(experts, NamePatterns((".experts.",), "substring"))
    return replace(recipe, rules=(own, *rules), label=f"{recipe.label}, experts {stated}")


def _stated(
    where: Sequence[ConfigReader], quant_config: Mapping[str, object] | None
) -> ConfigReader:
    """quantization_config of either level, else hf_quant_config.json (ModelOpt before 0.31)."""
    for reader in where:
        for name in ("quantization_config", "compression_config"):
            if reader.has(name):
                return reader.section(name)
    return ConfigReader(quant_config or {}, "hf_quant_config.json")


def _method(config: ConfigReader) -> str:
    """vllm/transformers_utils/model_arch_config_convertor.py, get_quantization_config."""
    named = config.text("quant_method", default="").lower()
    if not named:
        named = "modelopt" if _from_modelopt(config) else ""
    if named.startswith("modelopt"):
        return "modelopt"
    return named


def _from_modelopt(config: ConfigReader) -> bool:
    """hf_quant_config.json names no method; its producer does."""
    return config.has("quantization") and (
        config.section("producer").text("name", default="") == "modelopt"
    )


def _facts(config: ConfigReader, row: Method, recipe: Recipe) -> Quantization:
    smallest = min((rule.storage for rule in recipe.rules), key=lambda storage: storage.bits)
    return Quantization(
        method=recipe.method or row.name,
        label=recipe.label or row.name,
        weight_bits=smallest.bits,
        activation=recipe.activation,
        kv_cache_dtype=_kv_cache_dtype(config),
        min_capability=row.capability,
    )


def _kv_cache_dtype(config: ConfigReader) -> str | None:
    """Checkpoints that state an 8-bit KV scheme get it (vllm/utils/torch_utils.py:443)."""
    stated = config.section("quantization") if config.has("quantization") else config
    if str(stated.value("kv_cache_quant_algo") or "").upper() == "FP8":
        return "fp8_e4m3"
    scheme = stated.value("kv_cache_scheme")
    if not isinstance(scheme, Mapping):
        return None
    reader = stated.section("kv_cache_scheme")
    stored = (reader.text("type", default=""), reader.int("num_bits", default=0))
    return "fp8_e4m3" if stored == ("float", 8) else None


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
    """Each layer's algorithm by its name."""
    layers = config.section("quantized_layers")
    by_algorithm: dict[str, list[str]] = {}
    for name in layers.names():
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


def _unknown_layout(config: ConfigReader, dtype: str) -> Recipe:
    """A method whose layout is not modelled: by its bits, where it says them."""
    bits = config.int("bits", "nbits", "weight_bits", low=1, high=8)
    storage = Storage(f"{bits} bits", bits, (1, 128), scale_bytes=BYTES[dtype])
    return Recipe((Rule(storage),))


_NOT_A_METHOD = "is not a quantization method of vLLM 0.33"
_DEPRECATED = "is deprecated in vLLM 0.33 and refused without --allow-deprecated-quantization"
_TURING, _AMPERE = (7, 5), (8, 0)

# min. capability: get_min_capability of each vllm/model_executor/layers/quantization module
METHODS: dict[str, Method] = {
    "fp8": Method("fp8", _fp8, "exact", _TURING, whole_groups=True),
    "fbgemm_fp8": Method("fbgemm_fp8", _fbgemm, "exact", _AMPERE, _DEPRECATED),
    "awq": Method("awq", _awq, "substring", _TURING, whole_groups=True),
    "auto_awq": Method("awq", _awq, "substring", _TURING, whole_groups=True),
    "awq_marlin": Method("awq", _awq, "substring", _TURING, whole_groups=True),
    "gptq": Method("gptq", _gptq, "regex", (6, 0)),
    "auto_gptq": Method("gptq", _gptq, "regex", (6, 0)),
    "gptq_marlin": Method("gptq", _gptq, "regex", (6, 0)),
    "auto-round": Method("inc", _inc, "regex", (6, 0)),
    "inc": Method("inc", _inc, "regex", (6, 0)),
    "compressed-tensors": Method("compressed-tensors", _compressed_tensors, "regex", (7, 0)),
    "modelopt": Method("modelopt", _modelopt, "glob", _TURING),
    "mxfp4": Method("mxfp4", _mxfp4, "glob", _AMPERE),
    "gpt_oss_mxfp4": Method("mxfp4", _mxfp4, "glob", _AMPERE),
    "bitsandbytes": Method("bitsandbytes", _bitsandbytes, "substring", (7, 0), _NOT_A_METHOD),
    "aqlm": Method("aqlm", _unknown_layout, "exact", (6, 0), _NOT_A_METHOD),
    "hqq": Method("hqq", _unknown_layout, "exact", (7, 0), _NOT_A_METHOD),
    "quip": Method("quip", _unknown_layout, "exact", (7, 0), _NOT_A_METHOD),
    "eetq": Method("eetq", _unknown_layout, "exact", (7, 0), _NOT_A_METHOD),
}

# --quantization on a checkpoint that has none: quantized while loading
# (vllm/config/quantization.py, _ONLINE_SHORTHANDS); "fp8" named the first of them before 0.33
ONLINE: dict[str, tuple[Storage, Activation]] = {
    "fp8": (FP8, "fp8"),
    "fp8_per_tensor": (FP8, "fp8"),
    "fp8_per_channel": (FP8_CHANNEL, "fp8"),
    "fp8_per_block": (FP8_BLOCK, "fp8"),
    "int8_per_channel_weight_only": (INT8_CHANNEL, "none"),
    "mxfp8": (MXFP8, "fp8"),
    "nvfp4_per_token": (NVFP4, "fp4"),
    "experts_int8": (INT8_CHANNEL, "none"),
    "bitsandbytes": (NF4, "none"),
}


def _online(asked: str, dtype: str) -> Scheme:
    storage, activation = ONLINE[asked]
    scope: Scope = "experts" if asked == "experts_int8" else "linear"
    label = f"{asked} (while loading)"
    facts = Quantization(asked, label, storage.bits, activation, None, _TURING)
    return Scheme(dtype, (Rule(storage),), scope=scope, quantization=facts)


def quantization_refusals(
    facts: ModelFacts, parallel: Parallel, capability: tuple[int, int] | None = None
) -> tuple[str, ...]:
    """Why vLLM 0.33 would not run this quantization here, one sentence each."""
    scheme = facts.quantization
    if scheme is None:
        return ()
    found = []
    row = METHODS.get(scheme.method)
    if row is not None and row.refused:
        found.append(f"{scheme.method} {row.refused}")
    if capability is not None and capability < scheme.min_capability:
        have, need = (".".join(map(str, pair)) for pair in (capability, scheme.min_capability))
        found.append(f"{scheme.label} needs compute capability {need}, the GPU has {have}")
    if row is not None and row.whole_groups:
        found += _misaligned(facts, parallel)
    return tuple(found)


def _misaligned(facts: ModelFacts, parallel: Parallel) -> list[str]:
    """The first matrix whose divided dimension would cut through a group of scales."""
    for matrix in facts.weights:
        tall, wide = matrix.storage.block
        across = parallel.tensor
        if matrix.experts or across == 1:
            continue
        if matrix.shard == "row" and wide > 1 and matrix.cols // across % wide:
            return [_sentence(matrix.name, matrix.cols, across, wide)]
        if matrix.shard == "column" and tall > 1 and matrix.rows // across % tall:
            return [_sentence(matrix.name, matrix.rows, across, tall)]
    return []


def _sentence(name: str, extent: int, ways: int, group: int) -> str:
    part = name.replace("{}", "N")
    return (
        f"{part}: {extent} divided by tensor_parallel_size ({ways}) is no multiple of the "
        f"quantization group ({group})"
    )
