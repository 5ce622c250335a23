"""Command lines and the flag table, through vLLM's own argument parser and engine configuration."""

import json
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hostile import SNIPPETS, plan
from peers import peer
from samples import config

from replanner.planning.request import Lora, Speculative
from replanner.render import RenderContext, command, serve_argv
from replanner.render.flags import Flag, spell, table_for
from replanner.render.folders import in_container

BY_KIND = {"int": 1, "float": 0.5, "size": "8k", "str": "x", "json": {}, "json_or_str": {}}
# Refused alone for a reason beyond their spelling: vLLM wants a file, or another setting with it.
NEEDS_MORE = {
    "chat-template",
    "config",
    "data-parallel-multi-port-external-lb",
    "enable-auto-tool-choice",
    "enable-log-outputs",
    "grpc-port",
    "lora-modules",
    "model",
}
HOSTILE = tuple(s for s in SNIPPETS if not s.startswith("-"))
ENGINES: list[dict[str, Any]] = [
    {},
    {"tensor_parallel_size": 2, "pipeline_parallel_size": 2, "data_parallel_size": 2},
    {"enable_expert_parallel": True, "enforce_eager": True, "block_size": 16, "pooling": True},
    {"quantization": "fp8", "kv_cache_dtype": "fp8_e4m3", "dtype": "float16"},
    {"speculative": Speculative("ngram", None, 3), "lora": Lora(4, 64)},
    {"speculative": Speculative("eagle3", "acme/draft", 3, "0" * 40)},
    {"model": "./folder", "revision": None},
    {"extra_args": {"served-model-name": HOSTILE, "chat_template": "$(x) '\n-", "seed": -1}},
    {"extra_args": {"disable_prefix_caching": True, "limit_mm_per_prompt": {"image": 2}}},
    {"extra_args": {"hf-overrides.rope_parameters.factor": 2.0, "middleware": ("a", "b")}},
]


CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "num_hidden_layers": 2,
    "vocab_size": 1000,
    "max_position_embeddings": 4096,
    "torch_dtype": "bfloat16",
}


def answers(
    lines: Iterable[Sequence[str]], configuration: Path | None = None
) -> list[dict[str, Any]]:
    parse = peer("vllm-parse", needs=["vllm/venv/bin/python"])
    path = str(configuration) if configuration else None
    cases = "".join(json.dumps({"argv": list(a), "config": path}) + "\n" for a in lines)
    done = subprocess.run([parse], input=cases, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(lines: Sequence[Sequence[str]]) -> list[tuple[Sequence[str], str]]:
    found = answers(lines)
    return [(a, f["error"]) for a, f in zip(lines, found, strict=True) if not f["ok"]]


def settings_of(flag: Flag) -> list[list[str]]:
    """Command lines that set this one flag in every way the table knows."""
    values: list[object] = list(flag.choices) or [BY_KIND.get(flag.kind, True)]
    if flag.nargs in ("+", "append"):
        values.append((values[0], values[0]))
    if flag.nargs == "?" or flag.kind in ("bool", "switch"):
        values.append(True)
    values += [False] if flag.kind == "bool" else []
    table = table_for("0.33.0")
    argvs = [spell(n, v, table=table, where="x") for n in (flag.name, *flag.off) for v in values]
    return [["vllm", "serve", "acme/model", *argv] for argv in argvs]


def test_vllm_takes_every_command_line() -> None:
    engines = [config(**changes) for changes in ENGINES]
    context = RenderContext(identity="f" * 64)
    scripts = [command.render(plan(e), context)["serve_command.sh"].text for e in engines]
    lines = [serve_argv(e) for e in engines] + [serve_argv(in_container(e)) for e in engines]
    lines += [shlex.split(s.partition("exec ")[2].replace("\\\n", "")) for s in scripts]
    assert refused(lines) == []


def test_vllm_resolves_the_engine_that_was_planned(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    engine = config(model="acme/tiny", tensor_parallel_size=2, max_model_len=2048, dtype="float16")
    (found,) = answers([serve_argv(engine)], tmp_path / "config.json")
    assert found["ok"], found["error"]
    assert found["max_model_len"] == 2048
    assert found["tensor_parallel_size"] == 2
    assert found["dtype"] == "float16"


def test_flag_table_spells_every_flag_as_vllm_reads_it() -> None:
    flags = [f for f in table_for("0.33.0").flags.values() if f.name not in NEEDS_MORE]
    assert refused([line for flag in flags for line in settings_of(flag)]) == []
