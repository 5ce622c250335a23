"""Decides the one `vllm serve` command line that every artifact carries."""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from replanner.errors import InputError
from replanner.planning.request import is_folder
from replanner.planning.result import EngineConfig, Finding
from replanner.render import flags
from replanner.render.image import parse_image
from replanner.render.serving import PORT

ARGS = "outputs.vllm_args"


def _many(size: int) -> int | None:
    return size if size > 1 else None


def _on(setting: object) -> bool | None:
    return True if setting else None


def _speculative(config: EngineConfig) -> str | None:
    if config.speculative is None:
        return None
    wish = config.speculative
    fields = {
        "method": wish.method,
        "model": wish.model,
        "num_speculative_tokens": wish.num_tokens,
        "revision": wish.revision,  # vLLM 0.33.0 config/speculative.py:455: the draft model's
    }
    return json.dumps({k: v for k, v in fields.items() if v is not None})


# Flag, the profile key that decides it, its value. None drops the flag, True is a bare flag.
OPTIONS: tuple[tuple[str, str, Callable[[EngineConfig], object]], ...] = (
    # --revision also pins the tokenizer (vLLM 0.33.0 config/model.py:609) and code kept beside
    # the weights; code of another repository needs --code-revision in outputs.vllm_args.
    ("revision", "model.revision", lambda c: c.revision),
    ("tensor-parallel-size", "hardware.tp_size", lambda c: c.tensor_parallel_size),
    ("pipeline-parallel-size", "hardware.pp_size", lambda c: _many(c.pipeline_parallel_size)),
    ("data-parallel-size", "hardware.dp_size", lambda c: _many(c.data_parallel_size)),
    (
        "enable-expert-parallel",
        "engine.enable_expert_parallel",
        lambda c: _on(c.enable_expert_parallel),
    ),
    ("dtype", "model.dtype", lambda c: c.dtype),
    ("quantization", "model.quantization", lambda c: c.quantization),
    (
        "kv-cache-dtype",
        "model.kv_cache_dtype",
        lambda c: None if c.kv_cache_dtype == "auto" else c.kv_cache_dtype,
    ),
    ("gpu-memory-utilization", "policy.gpu_memory_utilization", lambda c: c.gpu_memory_utilization),
    ("max-model-len", "model.max_model_len", lambda c: c.max_model_len),
    ("max-num-seqs", "engine.max_num_seqs", lambda c: c.max_num_seqs),
    ("max-num-batched-tokens", "engine.max_num_batched_tokens", lambda c: c.max_num_batched_tokens),
    ("block-size", "engine.block_size", lambda c: c.block_size),
    ("enforce-eager", "engine.enforce_eager", lambda c: _on(c.enforce_eager)),
    ("speculative-config", "engine.speculative", _speculative),
    ("enable-lora", "engine.lora", lambda c: _on(c.lora is not None)),
    ("max-loras", "engine.lora.max_loras", lambda c: c.lora and c.lora.max_loras),
    ("max-lora-rank", "engine.lora.max_rank", lambda c: c.lora and c.lora.max_rank),
)

# Flags that would contradict the plan under another name.
DECIDED: Mapping[str, str] = {
    **{flag: key for flag, key, _ in OPTIONS},
    "model": "model.id",
    "hf-config-path": "model.id",
    "spec-method": "engine.speculative.method",
    "spec-model": "engine.speculative.model",
    "spec-tokens": "engine.speculative.num_tokens",
}

REFUSED: Mapping[str, str] = {
    "api-key": "artifacts are committed; set VLLM_API_KEY in the environment of the server",
    "hf-token": "artifacts are committed; set HF_TOKEN in the environment of the server",
    "config": "a file of further flags would go around the plan; list them in outputs.vllm_args",
    "help": "the server would print its help and stop",
    "uds": "the health checks and the published port need TCP",
}

# Flags that change memory or placement in a way that no figure of the plan accounts for.
UNPLANNED = frozenset({
    "compilation-config", "cpu-offload-gb", "cpu-offload-params", "cudagraph-capture-sizes",
    "data-parallel-backend", "data-parallel-rank", "data-parallel-size-local",
    "decode-context-parallel-size", "enable-dbo", "enable-eplb", "enable-sleep-mode",
    "hf-overrides", "kv-cache-memory-bytes", "kv-transfer-config", "mamba-cache-dtype",
    "mamba-ssm-cache-dtype", "max-cudagraph-capture-size", "nnodes", "num-gpu-blocks-override",
    "offload-backend", "prefill-context-parallel-size",
})  # fmt: skip


def serve_argv(config: EngineConfig) -> list[str]:
    """`vllm serve MODEL --flag value ...`, in a fixed order; InputError for what vLLM refuses."""
    return [item for group in serve_groups(config) for item in group]


def serve_groups(config: EngineConfig) -> list[list[str]]:
    """The same, one list a flag, for artifacts that are read line by line."""
    groups = [["vllm", "serve", _model(config)], *_planned(config), *_extra(config)]
    return [[_printable(item) for item in group] for group in groups if group]


def check_config(config: EngineConfig) -> tuple[Finding, ...]:
    """What people should know about the flags; InputError for what must not be rendered."""
    serve_argv(config)
    parse_image(config.image)
    return (*_unchecked(config), *_unplanned(config))


def port_of(config: EngineConfig) -> int:
    """The port the server listens on."""
    for key, value in config.extra_args.items():
        if flags.canonical(key) == "port" and value is not None:
            return _port(value)
    return PORT


def _port(value: object) -> int:
    text = str(value)
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text) or int(text) > 65535:  # noqa: PLR2004 -- TCP
        raise InputError(f"{ARGS}.port: {text!r} is no port; it is a number from 1 to 65535.")
    return int(text)


def _model(config: EngineConfig) -> str:
    if not config.model or config.model.startswith("-"):
        raise InputError(f"model.id: {config.model!r} would be read as a flag, not as a model.")
    return config.model


def _planned(config: EngineConfig) -> Iterator[list[str]]:
    table = flags.table_for(config.vllm_version)
    for flag, key, value in OPTIONS:
        yield flags.spell(flag, value(config), table=table, where=key)
    if config.pooling and "runner" not in map(flags.canonical, config.extra_args):
        yield flags.spell("runner", "pooling", table=table, where="model.id")


def _extra(config: EngineConfig) -> Iterator[list[str]]:
    table = flags.table_for(config.vllm_version)
    seen: dict[str, str] = {}
    for key in sorted(config.extra_args, key=flags.canonical):
        where = f"{ARGS}.{key}"
        flag = flags.find_flag(key, table, where=where).name
        _refuse(flag, config, where)
        name = flags.canonical(key) if "." in key else flag
        if name in seen:
            raise InputError(f"{where}: {seen[name]!r} already sets --{name}.")
        seen[name] = key
        yield flags.spell(key, config.extra_args[key], table=table, where=where)


def _refuse(flag: str, config: EngineConfig, where: str) -> None:
    if flag in DECIDED:
        raise InputError(
            f"{where}: the plan decides --{flag}; the profile key for it is {DECIDED[flag]}."
        )
    if flag in REFUSED:
        raise InputError(f"{where}: --{flag} cannot be passed: {REFUSED[flag]}.")
    if flag == "tokenizer":
        _check_tokenizer(config, where)


def _check_tokenizer(config: EngineConfig, where: str) -> None:
    # vLLM 0.33.0 config/model.py:609: without its own revision a tokenizer is looked up at the
    # model's commit, which another repository does not have.
    names = {flags.canonical(key): value for key, value in config.extra_args.items()}
    tokenizer = names["tokenizer"]
    if not config.revision or names.get("tokenizer-revision") or tokenizer in (None, config.model):
        return
    if not is_folder(str(tokenizer)):
        raise InputError(
            f"{where}: vLLM would look for {str(tokenizer)!r} at the model's commit.",
            hint=f"Give its own commit as {ARGS}.tokenizer-revision.",
        )


def _printable(item: str) -> str:
    # NUL cannot be in an argv and a lone surrogate in no file; the other controls have no
    # business in one, and would act on the terminal of whoever prints the artifact.
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", item):
        raise InputError(f"a control character cannot be passed to vLLM: {item!a}.")
    return item


def _unchecked(config: EngineConfig) -> Iterator[Finding]:
    if not flags.table_for(config.vllm_version).exact:
        yield Finding(
            "flags_unchecked",
            "info",
            f"There is no table of vLLM {config.vllm_version}'s flags, so the names and choices"
            " of the flags are not checked.",
            f"Checked versions: {', '.join(flags.TABLES)}.",
            "engine.vllm_version",
        )


def _unplanned(config: EngineConfig) -> Iterator[Finding]:
    for key, value in sorted(config.extra_args.items()):
        name = flags.canonical(key).partition(".")[0]
        if value is not None and name in UNPLANNED:
            yield Finding(
                "flag_not_planned",
                "warning",
                f"--{name} changes what the server needs, and no figure of the plan accounts for"
                " it.",
                "",
                f"{ARGS}.{key}",
            )
