"""Writes the flag table of the vLLM installed beside this interpreter, read from its own parser.

    VLLM_TARGET_DEVICE=cpu path/to/vllm/python tools/vllm_flags.py > replanner/catalogue/vllm/X.json

No GPU is needed. Known values that the parser itself leaves open (quantization methods, KV cache
types) are read from vLLM's own registries.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, get_args

from vllm import __version__
from vllm.config.cache import CacheDType
from vllm.entrypoints.cli.serve import ServeSubcommand
from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS
from vllm.utils.argparse_utils import FlexibleArgumentParser

KINDS = {"human_readable_int": "size", "human_readable_int_or_auto": "size", "loads": "json"}
KNOWN = {"quantization": list(QUANTIZATION_METHODS), "kv-cache-dtype": list(get_args(CacheDType))}


def parser() -> argparse.ArgumentParser:
    commands = FlexibleArgumentParser(prog="vllm").add_subparsers(dest="subparser")
    return ServeSubcommand().subparser_init(commands)


def kind(convert: Callable[[str], Any] | None) -> str:
    """int, float, str, size (1k, 2M), json, json_or_str; looks through vLLM's optional types."""
    if convert in (int, float, str):
        return convert.__name__
    name = getattr(convert, "__qualname__", "str").rsplit(".", 1)[-1]
    if name in ("_optional_type", "_parse_type"):
        return kind(convert.__closure__[0].cell_contents)
    if name == "union_dict_and_str":
        return "json_or_str"
    return "json" if name == "parse_dataclass" else KINDS.get(name, "str")


def entry(action: argparse.Action) -> tuple[str, dict[str, Any]]:
    name = next(o for o in action.option_strings if o.startswith("--")).removeprefix("--")
    return name, {k: v for k, v in facts(name, action) if v not in (None, [], False)}


def facts(name: str, action: argparse.Action) -> Iterator[tuple[str, Any]]:
    off = sorted(getattr(action, "negative_option_strings", ()))
    switch = "switch" if action.nargs == 0 else kind(action.type)
    yield "type", "bool" if off else switch
    yield "nargs", "append" if type(action).__name__ == "_AppendAction" else action.nargs or None
    yield "choices", [c for c in action.choices or () if c is not None]
    yield "known", KNOWN.get(name)
    yield "off", [o.removeprefix("--") for o in off]
    yield "short", [o[1:] for o in action.option_strings if not o.startswith("--")]


def main() -> None:
    flags = dict(sorted(entry(a) for a in parser()._actions if a.option_strings))  # noqa: SLF001 -- argparse has no public list
    source = f"the argument parser of `vllm serve`, vLLM {__version__}"
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in flags.items())
    head = json.dumps({"vllm_version": __version__, "source": source, "positional": "model_tag"})
    sys.stdout.write(head[:-1] + ', "flags": {\n' + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    main()
