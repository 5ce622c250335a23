"""How each weight matrix is stored: which scheme a checkpoint or a profile asks for, and where."""

from collections.abc import Mapping, Sequence

from replanner.errors import UnsupportedModel
from replanner.planning.config_reader import ConfigReader
from replanner.planning.facts import (
    ModelFacts,
    Parallel,
    Quantization,
    Storage,
    WeightMatrix,
)
from replanner.planning.name_patterns import FUSED, NamePatterns
from replanner.planning.quantization_methods import METHODS, TURING, unknown_method
from replanner.planning.quantization_schemes import (
    BY_SIZE,
    FP8,
    FP8_BLOCK,
    FP8_CHANNEL,
    INT8_CHANNEL,
    MXFP4,
    MXFP8,
    NF4,
    NVFP4,
    Activation,
    Method,
    Recipe,
    Rule,
    Scheme,
    Scope,
)
from replanner.planning.versions import at_least
from replanner.planning.weights import shard_shape

# --quantization on a checkpoint that has none: quantized while loading
# (vllm/config/quantization.py, _ONLINE_SHORTHANDS); "fp8" means the first of them
# (model_executor/model_loader/weight_utils.py:346)
ONLINE: dict[str, tuple[Storage, Activation]] = {
    "fp8": (FP8, "fp8"),
    "fp8_per_tensor": (FP8, "fp8"),
    "fp8_per_channel": (FP8_CHANNEL, "fp8"),
    "fp8_per_block": (FP8_BLOCK, "fp8"),
    "int8_per_channel_weight_only": (INT8_CHANNEL, "none"),
    "mxfp4": (MXFP4, "none"),
    "mxfp8": (MXFP8, "fp8"),
    "nvfp4_per_token": (NVFP4, "fp4"),
    "experts_int8": (INT8_CHANNEL, "none"),
    "bitsandbytes": (NF4, "none"),
}
# Of these, the ones that leave linear layers as they are (no `linear` in the same table)
EXPERTS_ONLY = frozenset({"experts_int8", "int8_per_channel_weight_only", "nvfp4_per_token"})
# They quantize while loading too, into layouts that are not modelled
_NOT_MODELLED = frozenset({"humming", "deepspeedfp", "ptpc_fp8", "rtn", "tpu_int8", "ipex"})


_LONGEST_NAME = 40
REFERENCE = "0.33.0"  # the release whose rules these are


def read_scheme(
    where: Sequence[ConfigReader],
    quant_config: Mapping[str, object] | None,
    *,
    dtype: str,
    asked: str | None,
) -> Scheme:
    """The scheme that the checkpoint states in one of these places, or else the one asked for."""
    config = _stated(where, quant_config)
    method = _method(config) or ("gguf" if asked == "gguf" else "")
    if not method and asked in ONLINE:
        return _online(asked or "", dtype)
    if not method and asked in _NOT_MODELLED:
        raise UnsupportedModel(f"How {asked} stores weights that it quantizes is not modelled.")
    if not method:
        return Scheme(dtype)
    row = METHODS.get(method) or unknown_method(method[:_LONGEST_NAME])
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
    rules = (Rule(rule.storage._replace(scale_bytes=1), rule.names) for rule in recipe.rules)
    own = Rule(experts, NamePatterns((".experts.",), "substring"))
    return recipe._replace(rules=(own, *rules), label=f"{recipe.label}, experts {stated}")


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
    if stated.text("kv_cache_quant_algo", default="").upper() == "FP8":
        return "fp8_e4m3"
    scheme = stated.value("kv_cache_scheme")
    if not isinstance(scheme, Mapping):
        return None
    reader = stated.section("kv_cache_scheme")
    stored = (reader.text("type", default=""), reader.int("num_bits", default=0))
    return "fp8_e4m3" if stored == ("float", 8) else None


def _online(asked: str, dtype: str) -> Scheme:
    storage, activation = ONLINE[asked]
    scope: Scope = "experts" if asked in EXPERTS_ONLY else "linear"
    facts = Quantization(asked, f"{asked} (while loading)", storage.bits, activation, None, TURING)
    return Scheme(dtype, (Rule(storage),), scope=scope, quantization=facts)


def fit_to_files(
    weights: Sequence[WeightMatrix], total_bytes: int | None
) -> tuple[WeightMatrix, ...]:
    """Gives matrices of a layout that is not modelled the bits that the files' size leaves them."""
    unknown = [matrix for matrix in weights if matrix.storage == BY_SIZE]
    if not unknown:
        return tuple(weights)
    if total_bytes is None:
        raise UnsupportedModel(
            "How this quantization stores weights is not modelled, and the size of the model's "
            "files is not known."
        )
    rest = sum(matrix.elements * matrix.storage.bits for matrix in weights) - 16 * sum(
        matrix.elements for matrix in unknown
    )
    left = (8 * total_bytes - rest) / max(1, sum(matrix.elements for matrix in unknown))
    fitted = BY_SIZE._replace(bits=round(min(16.0, max(1.0, left)), 3))
    return tuple(
        matrix._replace(storage=fitted) if matrix.storage == BY_SIZE else matrix
        for matrix in weights
    )


def quantization_refusals(
    facts: ModelFacts,
    parallel: Parallel,
    *,
    capability: tuple[int, int] | None = None,
    version: str = REFERENCE,
) -> tuple[str, ...]:
    """Why vLLM would not run this quantization here, one sentence each."""
    scheme = facts.quantization
    if scheme is None:
        return ()
    row = METHODS.get(scheme.method)
    found = []
    if at_least(version, REFERENCE):
        found += [f"{scheme.method} {row.refused}"] if row is not None and row.refused else []
    if capability is not None and capability < scheme.min_capability:
        have, need = (".".join(map(str, pair)) for pair in (capability, scheme.min_capability))
        found.append(f"{scheme.label} needs compute capability {need}, the GPU has {have}")
    return (*found, *_misaligned(facts, parallel, row))


def _misaligned(facts: ModelFacts, parallel: Parallel, row: Method | None) -> list[str]:
    """The first matrix of which a rank's share would cut through a group of scales.

    Two-dimensional blocks must stay whole with any method (validate_fp8_block_shape), groups along
    a row only with some; experts' scales are refined instead.
    """
    groups = row is not None and row.whole_groups
    merged = row is not None and row.merged_may_cut
    for matrix in facts.weights if parallel.tensor > 1 else ():
        tall, wide = matrix.storage.block
        if matrix.experts or not (tall > 1 or (groups and wide > 1)):
            continue
        if merged and matrix.name.rpartition(".")[2] in FUSED:
            continue
        rows, cols = shard_shape(matrix, parallel.tensor)
        if rows != matrix.rows and tall > 1 and rows % tall:
            return [_sentence(matrix.name, matrix.rows, parallel.tensor, tall)]
        if cols != matrix.cols and wide > 1 and cols % wide:
            return [_sentence(matrix.name, matrix.cols, parallel.tensor, wide)]
    return []


def _sentence(name: str, extent: int, ways: int, group: int) -> str:
    part = name.replace("{}", "N")
    return (
        f"{part}: {extent} divided by tensor_parallel_size ({ways}) is no multiple of the "
        f"quantization group ({group})"
    )
